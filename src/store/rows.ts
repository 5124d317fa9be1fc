import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { API_VERSION, type Kind, type ResourceByKind } from '../resources/kinds.ts';

/** A resource as its row holds it: parts as canonical JSON. */
export interface Row {
  /** Number of the row; 0 before it is inserted. */
  readonly id: number;
  readonly uid: string;
  readonly name: string;
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
export function toResource(kind: Kind, namespace: string, row: Row): ResourceByKind[Kind] {
  const { name, uid, generation } = row;
  const resource = {
    apiVersion: API_VERSION,
    kind,
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

const COLUMNS = 'id, uid, name, version, generation, created, labels, annotations, spec, status';

/** The table of resources: plain statements, prepared once. */
export class ResourceRows {
  readonly #find: StatementSync;
  readonly #list: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #remove: StatementSync;
  readonly #last: StatementSync;
  readonly #keep: StatementSync;
  readonly #namespace: string;

  constructor(database: DatabaseSync, namespace: string) {
    this.#namespace = namespace;
    this.#find = database.prepare(
      `SELECT ${COLUMNS} FROM resource WHERE kind = ? AND namespace = ? AND name = ?`,
    );
    this.#list = database.prepare(
      `SELECT ${COLUMNS} FROM resource WHERE kind = ? AND namespace = ? ORDER BY name`,
    );
    this.#insert = database.prepare(
      `INSERT INTO resource (kind, namespace, ${COLUMNS}) VALUES (?, ?, NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#update = database.prepare(
      'UPDATE resource SET version = ?, generation = ?, labels = ?, annotations = ?, spec = ?, status = ? WHERE id = ?',
    );
    this.#remove = database.prepare('DELETE FROM resource WHERE id = ?');
    this.#last = database.prepare(
      `SELECT max((SELECT max(value) FROM counter), (SELECT coalesce(max(version), 0) FROM resource),
       (SELECT coalesce(max(version), 0) FROM event)) AS version`,
    );
    this.#keep = database.prepare('UPDATE counter SET value = ?');
  }

  find(kind: Kind, name: string): Row | undefined {
    return this.#find.get(kind, this.#namespace, name) as unknown as Row | undefined;
  }

  /** Every resource of a kind, by name. Parsed one by one: the rows are never all in memory beside them. */
  list<K extends Kind>(kind: K): readonly ResourceByKind[K][] {
    const resources: ResourceByKind[K][] = [];
    for (const row of this.#list.iterate(kind, this.#namespace)) {
      const resource = toResource(kind, this.#namespace, row as unknown as Row);
      resources.push(resource as ResourceByKind[K]);
    }
    return resources;
  }

  insert(kind: Kind, row: Row): void {
    const { uid, name, version, generation, created } = row;
    this.#insert.run(
      kind,
      this.#namespace,
      uid,
      name,
      version,
      generation,
      created,
      row.labels,
      row.annotations,
      row.spec,
      row.status,
    );
  }

  update(row: Row): void {
    const { version, generation, labels, annotations, spec, status, id } = row;
    this.#update.run(version, generation, labels, annotations, spec, status, id);
  }

  remove(row: Row): void {
    this.#remove.run(row.id);
  }

  /** The highest version that was ever given out. */
  lastVersion(): number {
    return Number(this.#last.get()?.['version'] ?? 0);
  }

  /** Remembers a version that stands on no row: that of a deletion. */
  keepVersion(version: number): void {
    this.#keep.run(version);
  }
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const fields = value as Readonly<Record<string, unknown>>;
  const result: Record<string, unknown> = {};
  for (const key of Object.keys(fields).sort()) result[key] = sorted(fields[key]);
  return result;
}
