import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { API_VERSION, type Kind, type ResourceByKind } from '../resources/kinds.ts';

/** A resource as its row holds it: parts as canonical JSON. */
export interface Row {
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  readonly version: number;
  readonly generation: number;
  readonly created: string;
  readonly labels: string;
  readonly annotations: string;
  readonly spec: string;
  readonly status: string;
}

/** JSON with the keys in order, so that equal values have equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(sorted(value ?? {}));
}

/** The resource that a row holds; a fresh copy each time. */
export function toResource(row: Row): ResourceByKind[Kind] {
  const { name, namespace, uid, generation } = row;
  const resource = {
    apiVersion: API_VERSION,
    kind: row.kind,
    metadata: {
      name,
      namespace,
      uid,
      resourceVersion: String(row.version),
      generation,
      creationTimestamp: row.created,
      ...(row.labels === EMPTY ? {} : { labels: JSON.parse(row.labels) as unknown }),
      ...(row.annotations === EMPTY ? {} : { annotations: JSON.parse(row.annotations) as unknown }),
    },
    spec: JSON.parse(row.spec) as unknown,
    status: JSON.parse(row.status) as unknown,
  };
  return resource as unknown as ResourceByKind[Kind];
}

/** The canonical form of nothing. */
export const EMPTY = '{}';

/** The table of resources: plain statements, prepared once. */
export class ResourceRows {
  readonly #find: StatementSync;
  readonly #list: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #remove: StatementSync;
  readonly #namespace: string;

  constructor(database: DatabaseSync, namespace: string) {
    const columns =
      'kind, namespace, name, uid, version, generation, created, labels, annotations, spec, status';
    const key = 'kind = ? AND namespace = ? AND name = ?';
    this.#namespace = namespace;
    this.#find = database.prepare(`SELECT ${columns} FROM resource WHERE ${key}`);
    this.#list = database.prepare(
      `SELECT ${columns} FROM resource WHERE kind = ? AND namespace = ? ORDER BY name`,
    );
    this.#insert = database.prepare(
      `INSERT INTO resource (${columns}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#update = database.prepare(
      `UPDATE resource SET version = ?, generation = ?, labels = ?, annotations = ?, spec = ?, status = ? WHERE ${key}`,
    );
    this.#remove = database.prepare(`DELETE FROM resource WHERE ${key}`);
  }

  find(kind: Kind, name: string): Row | undefined {
    return this.#find.get(kind, this.#namespace, name) as unknown as Row | undefined;
  }

  /** Every resource of a kind, by name. Parsed one by one: the rows are never all in memory beside them. */
  list<K extends Kind>(kind: K): readonly ResourceByKind[K][] {
    const resources: ResourceByKind[K][] = [];
    for (const row of this.#list.iterate(kind, this.#namespace)) {
      resources.push(toResource(row as unknown as Row) as ResourceByKind[K]);
    }
    return resources;
  }

  insert(row: Row): void {
    this.#insert.run(
      row.kind,
      row.namespace,
      row.name,
      row.uid,
      row.version,
      row.generation,
      row.created,
      row.labels,
      row.annotations,
      row.spec,
      row.status,
    );
  }

  update(row: Row): void {
    this.#update.run(
      row.version,
      row.generation,
      row.labels,
      row.annotations,
      row.spec,
      row.status,
      row.kind,
      row.namespace,
      row.name,
    );
  }

  remove(row: Row): void {
    this.#remove.run(row.kind, row.namespace, row.name);
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).toSorted(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(entries.map(([key, field]) => [key, sorted(field)]));
}
