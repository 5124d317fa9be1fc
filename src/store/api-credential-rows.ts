import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { ApiCredential, ApiCredentialStore } from './contract.ts';
import { durably, runStatement } from './database.ts';

/** The table of credentials of the resource API. */
export class ApiCredentialRows implements ApiCredentialStore {
  readonly #database: DatabaseSync;
  readonly #list: StatementSync;
  readonly #keep: StatementSync;
  readonly #drop: StatementSync;
  readonly #touch: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#list = database.prepare(
      'SELECT name, role, hash, created, expires, used FROM api_credential ORDER BY name',
    );
    this.#keep = database.prepare(
      'INSERT OR REPLACE INTO api_credential (name, role, hash, created, expires, used) VALUES (?, ?, ?, ?, ?, ?)',
    );
    this.#drop = database.prepare('DELETE FROM api_credential WHERE name = ?');
    this.#touch = database.prepare('UPDATE api_credential SET used = ? WHERE name = ?');
  }

  list(): readonly ApiCredential[] {
    return runStatement(this.#database, () => {
      const rows = this.#list.all() as unknown as readonly Row[];
      return rows.map(({ expires, used, ...others }) => ({
        ...others,
        ...(expires === null ? {} : { expires }),
        ...(used === null ? {} : { used }),
      }));
    });
  }

  change({ keep, drop }: Parameters<ApiCredentialStore['change']>[0]): void {
    durably(this.#database, () => {
      for (const { name, role, hash, created, expires = null, used = null } of keep)
        this.#keep.run(name, role, hash, created, expires, used);
      for (const name of drop) this.#drop.run(name);
    });
  }

  touch(name: string, used: number): void {
    runStatement(this.#database, () => this.#touch.run(used, name));
  }
}

type Row = Omit<ApiCredential, 'expires' | 'used'> & {
  readonly expires: number | null;
  readonly used: number | null;
};
