import type { DatabaseSync, StatementSync } from 'node:sqlite';
import type { SessionRevocation, SessionRevocationStore } from './contract.ts';
import { durably, runStatement } from './database.ts';

/** The table of sessions that are void before their time. */
export class SessionRevocationRows implements SessionRevocationStore {
  readonly #database: DatabaseSync;
  readonly #list: StatementSync;
  readonly #keep: StatementSync;
  readonly #drop: StatementSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
    this.#list = database.prepare('SELECT subject, user, at, until FROM session_revocation');
    this.#keep = database.prepare(
      'INSERT OR REPLACE INTO session_revocation (subject, user, at, until) VALUES (?, ?, ?, ?)',
    );
    this.#drop = database.prepare('DELETE FROM session_revocation WHERE subject = ?');
  }

  list(): readonly SessionRevocation[] {
    return runStatement(
      this.#database,
      () => this.#list.all() as unknown as readonly SessionRevocation[],
    );
  }

  change({ keep, drop }: Parameters<SessionRevocationStore['change']>[0]): void {
    // Nothing else would bring a revocation back.
    durably(this.#database, () => {
      for (const { subject, user, at, until } of keep) this.#keep.run(subject, user, at, until);
      for (const subject of drop) this.#drop.run(subject);
    });
  }
}
