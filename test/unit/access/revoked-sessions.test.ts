import { expect } from 'chai';
import { RevokedSessions } from '../../../src/access/revoked-sessions.ts';
import { LONGEST_SESSION_SECONDS } from '../../../src/settings/schema-access.ts';
import { aSession, RevocationsInMemory } from '../../support/sessions.ts';

const NOW = 1_700_000_000_000;
const LONGEST_MS = LONGEST_SESSION_SECONDS * 1_000;

function session(id: string, user = 'alice', issued = NOW): ReturnType<typeof aSession> {
  return aSession({ id, user, issued, expires: issued + 1_000 });
}

describe('RevokedSessions', () => {
  it('forgets a session when it has ended by itself', () => {
    const store = new RevocationsInMemory();
    const revoked = new RevokedSessions({ store, most: 100 });
    revoked.addSession(session('a'), NOW);
    revoked.save();

    revoked.addSession(session('b', 'alice', NOW + 999), NOW + 999);
    expect(revoked.size).to.equal(2);
    revoked.addSession(session('c', 'alice', NOW + 1_000), NOW + 1_000);
    revoked.save();

    expect([...store.rows.keys()]).to.deep.equal(['session:b', 'session:c']);
    expect(revoked.has(session('a'))).to.equal(false);
  });

  it('remembers a user for as long as any session can live', () => {
    const store = new RevocationsInMemory();
    const revoked = new RevokedSessions({ store, most: 100 });
    revoked.addUser('alice', NOW);
    revoked.save();

    revoked.addUser('bob', NOW + LONGEST_MS - 1);
    expect(revoked.has(session('any', 'alice', NOW))).to.equal(true);
    expect(revoked.has(session('any', 'alice', NOW + 1))).to.equal(false);
    revoked.addUser('bob', NOW + LONGEST_MS);
    revoked.save();
    expect([...store.rows.keys()]).to.deep.equal(['user:bob']);
  });

  it('keeps whole numbers, and bounds what a session says of its end', () => {
    const store = new RevocationsInMemory();
    const revoked = new RevokedSessions({ store, most: 100 });
    revoked.addSession(aSession({ id: 'a', expires: NOW + 0.5 }), NOW);
    revoked.addSession(aSession({ id: 'b', expires: 1e300 }), NOW);
    revoked.save();

    const untils = [...store.rows.values()].map(({ until }) => until);
    expect(untils).to.deep.equal([NOW + 1, NOW + LONGEST_MS]);
  });

  it('knows after a restart what it knew before', () => {
    const store = new RevocationsInMemory();
    const before = new RevokedSessions({ store, most: 100 });
    before.addSession(session('a'), NOW);
    before.addUser('bob', NOW);
    before.save();

    const after = new RevokedSessions({ store, most: 100 });

    expect(after.has(session('a'))).to.equal(true);
    expect(after.has(session('x', 'bob', NOW))).to.equal(true);
    expect(after.has(session('b'))).to.equal(false);
  });

  it('ends all sessions of who has most of them when there are too many, and nobody else’s', () => {
    const store = new RevocationsInMemory();
    const revoked = new RevokedSessions({ store, most: 10 });
    revoked.addSession(session('of-bob', 'bob'), NOW);
    const told = Array.from({ length: 10 }, (_, index) =>
      revoked.addSession(session(`m${index}`, 'mallory'), NOW),
    );
    revoked.save();

    expect(told.at(-1)).to.deep.equal(['session:m9', 'user:mallory']);
    expect([...store.rows.keys()]).to.have.members(['session:of-bob', 'user:mallory']);
    expect(revoked.has(session('m0', 'mallory'))).to.equal(true);
    expect(revoked.has(session('other', 'mallory'))).to.equal(true);
    expect(revoked.has(session('other', 'mallory', NOW + 1))).to.equal(false);
    expect(revoked.has(session('of-bob', 'bob'))).to.equal(true);
    expect(revoked.has(session('other', 'bob'))).to.equal(false);
  });

  it('ends all sessions when there are too many users', () => {
    const store = new RevocationsInMemory();
    const revoked = new RevokedSessions({ store, most: 10 });
    const told = Array.from({ length: 11 }, (_, index) => revoked.addUser(`user-${index}`, NOW));
    revoked.save();

    expect(told.at(-1)).to.deep.equal(['user:user-10', '*']);
    expect([...store.rows.keys()]).to.deep.equal(['*']);
    expect(revoked.has(session('any', 'anybody', NOW))).to.equal(true);
    expect(revoked.has(session('any', 'anybody', NOW + 1))).to.equal(false);
    expect(revoked.addUser('alice', NOW + 5)).to.deep.equal(['user:alice']);
  });
});
