import type { RouteTable, TableDelta } from '../domain/route-table.ts';

/** The JSON objects of a table's two parts. */
export interface TableParts {
  readonly http: Buffer;
  readonly tcp: Buffer;
}

/** Small enough that a bucket is written anew in microseconds, few enough to be joined quickly. */
const BUCKETS = 128;

/**
 * A table as JSON, kept in buckets so that one changed route among 10,000 costs the text of its bucket
 * and not of the whole table.
 */
export class TableText {
  readonly #http = new EntriesText();
  readonly #tcp = new EntriesText();

  /** Starts over with `table`. */
  reset(table: RouteTable): void {
    this.#http.reset(table.http);
    this.#tcp.reset(table.tcp);
  }

  apply(delta: TableDelta): void {
    this.#http.apply(delta.http);
    this.#tcp.apply(delta.tcp);
  }

  parts(): TableParts {
    return { http: this.#http.text(), tcp: this.#tcp.text() };
  }
}

interface Bucket {
  readonly members: Map<string, string>;
  /** The members with a comma after each; undefined when they changed since. */
  text: Buffer | undefined;
}

class EntriesText {
  #buckets: Bucket[] = [];

  reset(entries: Readonly<Record<string, unknown>>): void {
    this.#buckets = Array.from({ length: BUCKETS }, () => ({
      members: new Map(),
      text: undefined,
    }));
    this.apply({ set: entries, remove: [] });
  }

  apply(part: {
    readonly set: Readonly<Record<string, unknown>>;
    readonly remove: readonly string[];
  }): void {
    for (const [key, entry] of Object.entries(part.set)) {
      const bucket = this.#bucketOf(key);
      bucket?.members.set(key, `${JSON.stringify(key)}:${JSON.stringify(entry)},`);
    }
    for (const key of part.remove) this.#bucketOf(key)?.members.delete(key);
  }

  text(): Buffer {
    const parts = this.#buckets.map((bucket) => {
      bucket.text ??= Buffer.from([...bucket.members.values()].join(''));
      return bucket.text;
    });
    const joined = Buffer.concat([OPEN, ...parts, CLOSE]);
    if (joined.length === OPEN.length + CLOSE.length) return joined;
    // The last comma becomes the closing brace, and the brace after it is cut off.
    joined[joined.length - 2] = CLOSE_CODE;
    return joined.subarray(0, -1);
  }

  #bucketOf(key: string): Bucket | undefined {
    const bucket = this.#buckets[hash(key) % BUCKETS];
    if (bucket !== undefined) bucket.text = undefined;
    return bucket;
  }
}

const OPEN = Buffer.from('{');
const CLOSE = Buffer.from('}');
const CLOSE_CODE = CLOSE.readUInt8(0);

/** Spreads keys over buckets; task ids differ anywhere, so every character counts. */
function hash(key: string): number {
  let sum = 0;
  for (let index = 0; index < key.length; index += 1) {
    sum = (Math.imul(sum, 31) + key.charCodeAt(index)) >>> 0;
  }
  return sum;
}
