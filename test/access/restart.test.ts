import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RevokedSessions } from '../../src/access/revoked-sessions.ts';
import { sessionKey } from '../../src/access/session-key.ts';
import type { SealedSessions } from '../../src/access/sessions.ts';
import { aSession, someSessions } from '../support/sessions.ts';
import { openStore } from '../support/sqlite.ts';
import { tempFolder } from '../support/temp-folder.ts';

const CHILD = join(import.meta.dirname, '..', 'support', 'store-child.ts');

/** Sessions over the store of a state folder, as a router makes them, for the time of `use`. */
async function run<T>(
  folder: string,
  use: (sessions: SealedSessions) => Promise<T>,
  secret?: string,
): Promise<T> {
  const store = openStore(folder);
  try {
    const setting = secret === undefined ? {} : { secret };
    const key = sessionKey({ ...setting, memory: store, randomBytes });
    return await use(someSessions({ key, store: store.sessionRevocations }));
  } finally {
    store.close();
  }
}

/** Numbers of the sessions that a process said it had revoked before it was killed, at least `count` of them. */
async function revokeAndKill(folder: string, tag: string, count: number): Promise<number> {
  const child = spawn(process.execPath, [CHILD, folder, 'revoke', tag], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const closed = once(child, 'close');
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
    if (output.split('\n').length > count) child.kill('SIGKILL');
  });
  await closed;
  return output.split('\n').length - 1;
}

describe('sessions and a restart of the router', () => {
  it('open as before, with the key that was kept', async () => {
    await using temp = await tempFolder();
    const value = await run(temp.path, (sessions) => sessions.seal(aSession()));

    const opened = await run(temp.path, (sessions) => sessions.open(value, undefined));

    expect(opened).to.have.property('id', 'session-1');
  });

  it('stay revoked', async () => {
    await using temp = await tempFolder();
    const values = await run(temp.path, async (sessions) => {
      const made = ['a', 'b', 'c'].map((id) =>
        aSession({ id, user: id === 'c' ? 'bob' : 'alice' }),
      );
      const sealed = await Promise.all(made.map((session) => sessions.seal(session)));
      await sessions.revoke(aSession({ id: 'a' }));
      await sessions.revokeUser('bob');
      return sealed;
    });

    const opened = await run(temp.path, (sessions) =>
      Promise.all(values.map((value) => sessions.open(value, undefined))),
    );

    expect(opened.map((session) => session?.id)).to.deep.equal([undefined, 'b', undefined]);
  });

  it('stay revoked when the router was killed the moment after', async function () {
    this.timeout(30_000);
    await using temp = await tempFolder();
    for (const [tag, count] of [
      ['one', 3],
      ['two', 40],
    ] as const) {
      const acknowledged = await revokeAndKill(temp.path, tag, count);
      expect(acknowledged).to.be.at.least(count);

      const store = openStore(temp.path);
      const revoked = new RevokedSessions({ store: store.sessionRevocations, most: 50_000 });
      store.close();
      for (let number = 0; number < acknowledged; number += 1) {
        expect(revoked.has(aSession({ id: `${tag}.${number}` }))).to.equal(true);
      }
    }
  });

  it('all end when the state is lost with the key in it', async () => {
    await using temp = await tempFolder();
    const value = await run(temp.path, (sessions) => sessions.seal(aSession()));
    await rm(temp.path, { recursive: true });

    expect(await run(temp.path, (sessions) => sessions.open(value, undefined))).to.equal(undefined);
  });

  it('open after a loss of the state, and in every replica, with one secret', async () => {
    await using one = await tempFolder();
    await using two = await tempFolder();
    const secret = 'a secret of the installation';
    const value = await run(one.path, (sessions) => sessions.seal(aSession()), secret);

    const open = (sessions: SealedSessions): Promise<unknown> => sessions.open(value, undefined);
    expect(await run(two.path, open, secret)).to.have.property('id', 'session-1');
    expect(await run(two.path, open, `${secret}!`)).to.equal(undefined);
    expect(await run(one.path, open)).to.equal(undefined);
  });
});
