import type { DatabaseSync } from 'node:sqlite';
import { toOperatorError, type OperatorError } from '../errors.ts';
import type { Kind } from '../resources/kinds.ts';
import { durably, runStatement, transact } from './database.ts';

/** Kinds whose specs people write: nothing else would bring them back after a power cut. */
const WRITTEN_BY_PEOPLE: ReadonlySet<Kind> = new Set(['StaticRoute']);

/** Every write of a store, which gives what its work gives, and whether writing works. */
export class Writes {
  readonly #database: DatabaseSync;
  #problem: OperatorError | undefined;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  /** Why the last write failed; undefined while writing works. */
  get problem(): OperatorError | undefined {
    return this.#problem;
  }

  /** Runs one statement. @throws OperatorError `STORE_WRITE_FAILED`, `STORE_UNUSABLE` */
  one<T>(work: () => T): T {
    return this.#observe(() => runStatement(this.#database, work));
  }

  /**
   * Runs what writes the spec or the metadata of a resource, or removes it, all or none; where people write the kind, as
   * {@link durable} does.
   * @throws OperatorError `STORE_WRITE_FAILED`, `STORE_UNUSABLE`
   */
  spec<T>(kind: Kind, work: () => T): T {
    return WRITTEN_BY_PEOPLE.has(kind) ? this.durable(work) : this.all(work);
  }

  /** Runs several statements, all or none: on the disk when this returns. @throws OperatorError `STORE_WRITE_FAILED`, `STORE_UNUSABLE` */
  durable<T>(work: () => T): T {
    return this.#observe(() => durably(this.#database, work));
  }

  /** Runs several statements, all or none. @throws OperatorError `STORE_WRITE_FAILED`, `STORE_UNUSABLE` */
  all<T>(work: () => T): T {
    return this.#observe(() => transact(this.#database, work));
  }

  #observe<T>(work: () => T): T {
    try {
      const result = work();
      this.#problem = undefined;
      return result;
    } catch (error) {
      this.#problem = toOperatorError(error);
      throw error;
    }
  }
}
