import type { DatabaseSync } from 'node:sqlite';
import { toOperatorError, type OperatorError } from '../errors.ts';
import { runStatement, transact } from './database.ts';

/** Every write of a store, and whether writing works. */
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
  one(work: () => void): void {
    this.#observe(() => {
      runStatement(this.#database, work);
    });
  }

  /** Runs several statements, all or none. @throws OperatorError `STORE_WRITE_FAILED`, `STORE_UNUSABLE` */
  all(work: () => void): void {
    this.#observe(() => {
      transact(this.#database, work);
    });
  }

  #observe(work: () => void): void {
    try {
      work();
      this.#problem = undefined;
    } catch (error) {
      this.#problem = toOperatorError(error);
      throw error;
    }
  }
}
