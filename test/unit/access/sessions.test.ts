import { expect } from 'chai';
import fc from 'fast-check';
import { CompactEncrypt } from 'jose';
import type { AccessSubject } from '../../../src/controllers/contracts.ts';
import { aToken } from '../../clearml/support/stub-server.ts';
import { ManualClock } from '../../support/clocks.ts';
import {
  aSession,
  RevocationsInMemory,
  SESSION_KEY,
  someSessions,
} from '../../support/sessions.ts';

const START = 1_700_000_000_000;
const START_SECONDS = START / 1_000;
/** The alphabet of base64url in its order, and what is not in it. */
const CHARACTERS = Array.from(
  'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/"%; ',
);

/** Anything as a JWE of the session key: what somebody could seal who has it, such as another version. */
function sealed(payload: string, header: Readonly<Record<string, string>> = {}): Promise<string> {
  return new CompactEncrypt(Buffer.from(payload))
    .setProtectedHeader({ alg: 'dir', enc: 'A256GCM', ...header })
    .encrypt(SESSION_KEY);
}

describe('SealedSessions', () => {
  it('opens what it sealed, as it was', async () => {
    const sessions = someSessions();
    const session = aSession({ host: 'a'.repeat(32), name: 'Zoë "Z" <z>' });

    const value = await sessions.seal(session);

    expect(await sessions.open(value, session.host)).to.deep.equal(session);
    expect(value).to.match(/^[\w.-]+$/);
    expect(value.length).to.be.lessThan(4_096);
  });

  it('shows nothing of the session, and never the same value twice', async () => {
    const sessions = someSessions();
    const session = aSession();

    const [one, two] = [await sessions.seal(session), await sessions.seal(session)];

    expect(one).not.to.equal(two);
    const seen = one.split('.').map((part) => Buffer.from(part, 'base64url').toString('latin1'));
    expect(seen.join()).not.to.match(/alice|eyJ|session/i);
  });

  it('binds a session to its host', async () => {
    const sessions = someSessions();
    const [main, route] = [
      await sessions.seal(aSession()),
      await sessions.seal(aSession({ host: 'aaaa' })),
    ];

    expect(await sessions.open(main, undefined)).not.to.equal(undefined);
    expect(await sessions.open(main, 'aaaa')).to.equal(undefined);
    expect(await sessions.open(route, 'aaaa')).not.to.equal(undefined);
    expect(await sessions.open(route, 'aaaa--x')).to.equal(undefined);
    expect(await sessions.open(route, undefined)).to.equal(undefined);
    expect(await sessions.open(route, '')).to.equal(undefined);
  });

  it('ends a session at its time, at that of its token, and at that of the setting', async () => {
    const clock = new ManualClock(START);
    const ends = async (
      overrides: Parameters<typeof aSession>[0],
      sessionSeconds = 86_400,
    ): Promise<number | undefined> => {
      const sessions = someSessions({ clock, sessionSeconds });
      const value = await sessions.seal(aSession({ issued: START, ...overrides }));
      return (await sessions.open(value, undefined))?.expires;
    };

    expect(await ends({ expires: START + 50_000 })).to.equal(START + 50_000);
    expect(await ends({ token: aToken({ exp: START_SECONDS + 40 }) })).to.equal(START + 40_000);
    expect(await ends({}, 30)).to.equal(START + 30_000);
    expect(await ends({ expires: START })).to.equal(undefined);
    expect(await ends({ expires: Infinity }, 60)).to.equal(START + 60_000);
  });

  it('opens nothing after the end', async () => {
    const clock = new ManualClock(START);
    const sessions = someSessions({ clock });
    const value = await sessions.seal(aSession({ issued: START, expires: START + 1_000 }));

    clock.advance(999);
    expect(await sessions.open(value, undefined)).not.to.equal(undefined);
    clock.advance(1);
    expect(await sessions.open(value, undefined)).to.equal(undefined);
  });

  it('holds sessions of an earlier run to a setting that has become shorter', async () => {
    const clock = new ManualClock(START);
    const value = await someSessions({ clock }).seal(aSession({ issued: START }));
    const shorter = someSessions({ clock, sessionSeconds: 60 });

    expect((await shorter.open(value, undefined))?.expires).to.equal(START + 60_000);
    clock.advance(60_000);
    expect(await shorter.open(value, undefined)).to.equal(undefined);
  });

  it('opens nothing of another key', async () => {
    const value = await someSessions({ key: new Uint8Array(32).fill(8) }).seal(aSession());

    expect(await someSessions().open(value, undefined)).to.equal(undefined);
  });

  it('cuts a name that takes the room of the token, and refuses a token that is too long', async () => {
    const sessions = someSessions();
    const value = await sessions.seal(aSession({ name: 'n'.repeat(100_000) }));
    expect(value.length).to.be.lessThan(1_024);
    expect(await sessions.open(value, undefined)).not.to.equal(undefined);

    const long = aSession({ token: 't'.repeat(9_000) });
    const failure: unknown = await sessions.seal(long).catch((error: unknown) => error);
    expect(failure).to.have.property('code', 'CLEARML_MALFORMED');
  });

  it('opens no value that was changed, shortened or put together', async () => {
    const sessions = someSessions();
    const value = await sessions.seal(aSession());
    const other = await sessions.seal(aSession({ id: 'session-2', user: 'bob' }));
    const at = fc.nat({ max: value.length - 1 });
    const replaced = fc
      .tuple(at, fc.constantFrom(...CHARACTERS))
      .map(([index, by]) => value.slice(0, index) + by + value.slice(index + 1));
    const shortened = fc
      .tuple(at, fc.nat({ max: 40 }))
      .map(([index, length]) => value.slice(0, index) + value.slice(index + length + 1));
    const grown = fc
      .tuple(at, fc.constantFrom(...CHARACTERS))
      .map(([index, by]) => value.slice(0, index) + by + value.slice(index));
    const swapped = fc.nat({ max: 4 }).map((part) => {
      const parts = value.split('.');
      parts[part] = other.split('.')[part] ?? '';
      return parts.join('.');
    });
    const mutations = fc.oneof(replaced, shortened, grown, swapped);
    await fc.assert(
      fc.asyncProperty(
        mutations.filter((text) => text !== value && text !== other),
        async (text) => {
          expect(await sessions.open(text, undefined)).to.equal(undefined);
        },
      ),
      { numRuns: 600 },
    );
  });

  it('opens no spelling of a value but one: the last bits of a part mean something too', async () => {
    const sessions = someSessions();
    const value = await sessions.seal(aSession());
    const last = CHARACTERS.indexOf(value.at(-1) ?? '');

    for (let bits = 1; bits < 16; bits += 1) {
      const spelling = value.slice(0, -1) + (CHARACTERS[last ^ bits] ?? '');
      expect(await sessions.open(spelling, undefined)).to.equal(undefined);
    }
  });

  it('opens no text that is none, whatever it is', async () => {
    const sessions = someSessions();
    const none = { alg: 'none' };
    const part = (value: unknown): string =>
      Buffer.from(JSON.stringify(value)).toString('base64url');
    const values = [
      '',
      '....',
      'a'.repeat(9_000),
      aToken(),
      `${part(none)}..${part(aSession())}.AA.AA`,
      await sealed(JSON.stringify(aSession()), { zip: 'DEF' }),
      await sealed('not JSON'),
      await sealed('null'),
      await sealed('"text"'),
      await sealed('[]'),
      await sealed('{}'),
      await sealed(JSON.stringify({ ...aSession(), user: '' })),
      await sealed(JSON.stringify({ ...aSession(), token: 7 })),
      await sealed(JSON.stringify({ ...aSession(), name: null })),
      await sealed(JSON.stringify({ ...aSession(), expires: 'never' })),
      await sealed(JSON.stringify({ ...aSession(), issued: undefined })),
      await sealed(JSON.stringify({ ...aSession(), host: 7 })),
      await sealed(JSON.stringify(aSession({ name: 'n'.repeat(8_192) }))),
    ];

    for (const value of values) {
      for (const host of [undefined, 'aaaa']) {
        expect(await sessions.open(value, host), value.slice(0, 60)).to.equal(undefined);
      }
    }
    expect(
      await sessions.open(await sealed(JSON.stringify(aSession())), undefined),
    ).to.have.property('user');
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'binary' }), async (text) => {
        expect(await sessions.open(text, undefined)).to.equal(undefined);
      }),
    );
  });

  it('opens no session that was revoked, nor those of other hosts that were made of it', async () => {
    const told: AccessSubject[] = [];
    const sessions = someSessions({ onRevoke: (subjects) => told.push(...subjects) });
    const main = await sessions.seal(aSession());
    const route = await sessions.seal(aSession({ host: 'aaaa' }));
    const other = await sessions.seal(aSession({ id: 'session-2' }));

    await sessions.revoke(aSession());

    expect(await sessions.open(main, undefined)).to.equal(undefined);
    expect(await sessions.open(route, 'aaaa')).to.equal(undefined);
    expect(await sessions.open(other, undefined)).not.to.equal(undefined);
    expect(told).to.deep.equal(['session:session-1']);
  });

  it('opens no session of a revoked user, but one that is issued later', async () => {
    const clock = new ManualClock(START);
    const told: AccessSubject[] = [];
    const sessions = someSessions({ clock, onRevoke: (subjects) => told.push(...subjects) });
    const before = await sessions.seal(aSession({ issued: START }));
    const bob = await sessions.seal(aSession({ issued: START, user: 'bob' }));
    clock.advance(10);

    await sessions.revokeUser('alice');

    clock.advance(1);
    const after = await sessions.seal(aSession({ issued: START + 11 }));
    expect(await sessions.open(before, undefined)).to.equal(undefined);
    expect(await sessions.open(bob, undefined)).not.to.equal(undefined);
    expect(await sessions.open(after, undefined)).not.to.equal(undefined);
    expect(told).to.deep.equal(['user:alice']);
  });

  it('has revoked, in memory and on disk, when proxies are told', async () => {
    const store = new RevocationsInMemory();
    const seen: unknown[] = [];
    const opened: Promise<unknown>[] = [];
    const sessions = someSessions({
      store,
      onRevoke: () => {
        seen.push([...store.rows.keys()]);
        opened.push(sessions.open(value, undefined));
      },
    });
    const value = await sessions.seal(aSession());

    await sessions.revoke(aSession());

    expect(seen).to.deep.equal([['session:session-1']]);
    expect(await Promise.all(opened)).to.deep.equal([undefined]);
  });

  it('ends a session, and tells proxies, though the disk is full; and brings it to disk later', async () => {
    const store = new RevocationsInMemory();
    const told: AccessSubject[] = [];
    const sessions = someSessions({ store, onRevoke: (subjects) => told.push(...subjects) });
    const value = await sessions.seal(aSession());
    store.failure = new Error('full');

    const failure: unknown = await sessions.revoke(aSession()).catch((error: unknown) => error);

    expect(failure).to.equal(store.failure);
    expect(await sessions.open(value, undefined)).to.equal(undefined);
    expect(told).to.deep.equal(['session:session-1']);
    store.failure = undefined;
    await sessions.revokeUser('bob');
    expect([...store.rows.keys()]).to.have.members(['session:session-1', 'user:bob']);
  });
});
