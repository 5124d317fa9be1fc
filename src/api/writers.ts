import type { ServedResource } from './contracts.ts';
import { ObjectTexts } from './read/object-texts.ts';
import { TableWriter } from './tables/table.ts';

/** Who writes objects and Tables, for all requests. */
export interface Writers {
  readonly texts: ObjectTexts;
  readonly tableOf: (resource: ServedResource) => TableWriter;
  /** Unix time in ms. */
  readonly now: () => number;
}

/** Makes the writers of all resources. */
export function makeWriters(served: readonly ServedResource[], now: () => number): Writers {
  const texts = new ObjectTexts();
  const tables = new Map(
    served.map((resource) => [resource, new TableWriter(resource.columns, texts)]),
  );
  return {
    texts,
    now,
    tableOf: (resource) => tables.get(resource) ?? new TableWriter(resource.columns, texts),
  };
}
