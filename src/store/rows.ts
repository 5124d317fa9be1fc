import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { API_VERSION, type Kind, type ManagedFieldsEntry } from '../resources/kinds.ts';
import { frozen } from './canonical.ts';
import { filledParts, type AnyResource } from './next-object.ts';

/** A resource as its row holds it: parts as canonical JSON. */
interface Row {
  readonly kind: Kind;
  readonly name: string;
  readonly uid: string;
  readonly version: number;
  readonly generation: number;
  readonly created: string;
  readonly labels: string;
  readonly annotations: string;
  readonly managed_fields: string;
  readonly spec: string;
  readonly status: string;
}

/** The table of resources: plain statements, prepared once. A size is that of a resource's parts as JSON, in characters. */
export class ResourceRows {
  readonly #load: StatementSync;
  readonly #insert: StatementSync;
  readonly #update: StatementSync;
  readonly #remove: StatementSync;
  readonly #last: StatementSync;
  readonly #keep: StatementSync;
  readonly #namespace: string;

  constructor(database: DatabaseSync, namespace: string) {
    this.#namespace = namespace;
    this.#load = database.prepare(
      `SELECT kind, name, uid, version, generation, created, labels, annotations, managed_fields, spec, status
       FROM resource WHERE namespace = ? ORDER BY kind, name`,
    );
    this.#insert = database.prepare(
      `INSERT INTO resource (version, generation, labels, annotations, managed_fields, spec, status, kind, namespace, name,
       uid, created) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#update = database.prepare(
      `UPDATE resource SET version = ?, generation = ?, labels = ?, annotations = ?, managed_fields = ?, spec = ?, status = ?
       WHERE kind = ? AND namespace = ? AND name = ?`,
    );
    this.#remove = database.prepare(
      `DELETE FROM resource WHERE kind = ? AND namespace = ? AND name = ?
       RETURNING length(labels) + length(annotations) + length(managed_fields) + length(spec) + length(status) AS size`,
    );
    this.#last = database.prepare(
      `SELECT max((SELECT max(value) FROM counter), (SELECT coalesce(max(version), 0) FROM resource),
       (SELECT coalesce(max(version), 0) FROM event)) AS version`,
    );
    this.#keep = database.prepare('UPDATE counter SET value = ?');
  }

  /** Every resource of the namespace, by kind and name. Parsed one by one: the rows are never all in memory beside them. */
  *load(): Generator<AnyResource> {
    for (const row of this.#load.iterate(this.#namespace)) {
      yield toResource(this.#namespace, row as unknown as Row);
    }
  }

  /** Writes a new resource: its size. */
  insert(resource: AnyResource): number {
    const { kind, metadata } = resource;
    const { name, uid, creationTimestamp } = metadata;
    const changing = columns(resource);
    this.#insert.run(...changing, kind, this.#namespace, name, uid, creationTimestamp);
    return sizeOf(changing);
  }

  /** Writes a changed resource: its size. */
  update(resource: AnyResource): number {
    const { kind, metadata } = resource;
    const changing = columns(resource);
    this.#update.run(...changing, kind, this.#namespace, metadata.name);
    return sizeOf(changing);
  }

  /** Removes a resource: the size that it had. */
  remove({ kind, metadata }: AnyResource): number {
    return Number(this.#remove.get(kind, this.#namespace, metadata.name)?.['size'] ?? 0);
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

function toResource(namespace: string, row: Row): AnyResource {
  const { kind, name, uid, generation } = row;
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
      ...filledParts({
        labels: JSON.parse(row.labels) as Record<string, string>,
        annotations: JSON.parse(row.annotations) as Record<string, string>,
        managedFields: JSON.parse(row.managed_fields) as ManagedFieldsEntry[],
      }),
    },
    spec: JSON.parse(row.spec) as unknown,
    status: JSON.parse(row.status) as unknown,
  };
  return frozen(resource) as unknown as AnyResource;
}

/** What a write may change. Parts that came through the store are in canonical order already. */
function columns({ metadata, spec, status }: AnyResource): (string | number)[] {
  return [
    Number(metadata.resourceVersion),
    metadata.generation,
    JSON.stringify(metadata.labels ?? {}),
    JSON.stringify(metadata.annotations ?? {}),
    JSON.stringify(metadata.managedFields ?? []),
    JSON.stringify(spec),
    JSON.stringify(status),
  ];
}

function sizeOf(changing: readonly (string | number)[]): number {
  return changing.reduce<number>(
    (sum, column) => sum + (typeof column === 'string' ? column.length : 0),
    0,
  );
}
