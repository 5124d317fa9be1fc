import { expect } from 'chai';
import { AccessWorld, basic, TASK, TOKEN_SECRET } from '../support/access-world.ts';
import { eventually } from '../support/eventually.ts';
import { aSession } from '../support/sessions.ts';
import { bySecret } from '../support/signed-tokens.ts';
import { aToken } from '../clearml/support/stub-server.ts';

/** Makes every call for callers take a while. */
function slowDown(world: AccessWorld, ms = 150): void {
  for (const endpoint of ['users\\.get_current_user', 'tasks\\.get_by_id']) {
    world.api.orderFault({ endpoint, fault: { kind: 'latency', ms } });
  }
}

function forged(index: number): string {
  return aToken({ identity: { user: 'alice', company: 'x' }, index });
}

describe('ClearmlDecider and its calls', () => {
  it('asks once for identical questions that come together', async () => {
    await using world = await AccessWorld.start();
    slowDown(world);
    const token = world.token('alice');

    const verdicts = await Promise.all(Array.from({ length: 50 }, () => world.verdict(token)));

    expect(new Set(verdicts)).to.deep.equal(new Set(['allow']));
    expect(world.calls).to.deep.equal({ whoIs: 1, readTask: 1 });
    await world.verdict(token);
    expect(world.calls).to.deep.equal({ whoIs: 2, readTask: 2 });
  });

  it('asks once who a caller of many tasks is, whatever kind the credential is', async () => {
    await using world = await AccessWorld.start();
    slowDown(world);
    const token = world.token('alice');
    const session = await world.sessions.seal(aSession({ token, user: 'id-of-alice' }));

    const verdicts = await Promise.all([
      world.verdict(token),
      world.verdict(token, { task: 'b'.repeat(32) }),
      world.verdict(token, { task: '-' }),
      world.verdict(`"${token}"`, { kind: 'cookie' }),
      world.verdict(session, { kind: 'session' }),
    ]);

    expect(verdicts).to.deep.equal(['allow', 'deny', 'deny', 'allow', 'allow']);
    expect(world.calls).to.deep.equal({ whoIs: 1, readTask: 2 });
  });

  it('gives nobody the answer of another credential', async () => {
    await using world = await AccessWorld.start();
    slowDown(world);

    const verdicts = await Promise.all([
      world.verdict(world.token('alice')),
      world.verdict(world.token('eve')),
      world.verdict(forged(1)),
      world.verdict(basic('BOBKEY', 'bob-secret'), { kind: 'basic' }),
      world.verdict(basic('BOBKEY', 'wrong'), { kind: 'basic' }),
    ]);

    const [allow, nobody] = ['allow', 'unauthenticated'];
    expect(verdicts).to.deep.equal([allow, 'deny', nobody, allow, nobody]);
  });

  it('asks who it is and what the task is side by side', async () => {
    await using world = await AccessWorld.start();
    slowDown(world, 500);
    let isDecided = false;

    const asked = world.verdict(world.token('alice')).finally(() => (isDecided = true));

    await eventually(() => expect(world.calls).to.deep.equal({ whoIs: 1, readTask: 1 }));
    expect(isDecided).to.equal(false);
    expect(await asked).to.equal('allow');
  });

  it('goes on for the others when the one who asked first goes away', async () => {
    await using world = await AccessWorld.start();
    slowDown(world);
    const token = world.token('alice');
    const leaving = new AbortController();
    const reason = new Error('gone');

    const first = world.ask(token, {}, leaving.signal).catch((error: unknown) => error);
    const others = [1, 2, 3].map(() => world.verdict(token));
    await eventually(() => expect(world.calls.whoIs).to.equal(1));
    leaving.abort(reason);

    expect(await first).to.equal(reason);
    expect(await Promise.all(others)).to.deep.equal(['allow', 'allow', 'allow']);
    expect(world.calls).to.deep.equal({ whoIs: 1, readTask: 1 });
  });

  it('starts anew for who comes after the last one has gone, and counts no failure for that', async () => {
    await using world = await AccessWorld.start();
    slowDown(world);
    const key = basic('BOBKEY', 'bob-secret');
    for (let time = 0; time < 12; time += 1) {
      const leaving = new AbortController();
      const gone = world.ask(key, { kind: 'basic' }, leaving.signal).catch(() => 'gone');
      await new Promise((resolve) => setImmediate(resolve));
      leaving.abort();
      expect(await gone).to.equal('gone');
    }

    expect(await world.verdict(key, { kind: 'basic' })).to.equal('allow');
  });

  it('shares no call with a question that was asked before a revocation', async () => {
    await using world = await AccessWorld.start();
    slowDown(world, 300);
    const token = world.token('alice');

    const before = world.verdict(token);
    await eventually(() => expect(world.calls.whoIs).to.equal(1));
    // ClearML takes the token back, and the gateway voids what was asked until now.
    world.generation += 1;
    const after = world.verdict(token);
    await Promise.all([before, after]);

    expect(world.calls).to.deep.equal({ whoIs: 2, readTask: 2 });
  });

  it('lets in no session that was signed out while ClearML was asked about it', async () => {
    await using world = await AccessWorld.start();
    slowDown(world, 300);
    const session = aSession({ token: world.token('alice'), user: 'id-of-alice' });
    const value = await world.sessions.seal(session);

    const asked = world.verdict(value, { kind: 'session' });
    await eventually(() => expect(world.calls.whoIs).to.equal(1));
    await world.sessions.revoke(session);

    expect(await asked).to.equal('unauthenticated');
  });
});

describe('ClearmlDecider and its limits', () => {
  const client = '192.0.2.1';

  it('asks nobody about a password after too many wrong ones, even the right one', async () => {
    await using world = await AccessWorld.start();
    const guess = (secret: string, from = client): Promise<string> =>
      world.verdict(basic('BOBKEY', secret), { kind: 'basic', client: from });
    for (let index = 0; index < 10; index += 1) {
      expect(await guess(`wrong ${index}`)).to.equal('unauthenticated');
    }
    const { whoIs } = world.calls;

    expect(await guess('wrong')).to.equal('throttled');
    expect(await guess('bob-secret')).to.equal('throttled');
    expect(await guess('bob-secret', '198.51.100.7')).to.equal('throttled');
    expect(world.calls.whoIs).to.equal(whoIs);
    const other = basic('EVEKEY', 'eve-secret');
    expect(await world.verdict(other, { kind: 'basic', client })).to.equal('deny');
  });

  it('lets many guesses at once get no further', async () => {
    await using world = await AccessWorld.start();
    slowDown(world);

    const verdicts = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        world.verdict(basic('BOBKEY', `wrong ${index}`), { kind: 'basic', client }),
      ),
    );

    expect(verdicts.filter((verdict) => verdict === 'unauthenticated')).to.have.length(10);
    expect(verdicts.filter((verdict) => verdict === 'throttled')).to.have.length(50);
    expect(world.calls.whoIs).to.equal(10);
  });

  it('keeps one program with a right key in work, however many of its requests come at once', async () => {
    await using world = await AccessWorld.start();
    slowDown(world);
    const key = basic('BOBKEY', 'bob-secret');

    const verdicts = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        world.verdict(key, { kind: 'basic', client, task: index % 2 === 0 ? TASK : '-' }),
      ),
    );

    expect(verdicts).not.to.include('throttled');
  });

  it('counts nothing while ClearML cannot be asked', async () => {
    await using world = await AccessWorld.start();
    const fault = { kind: 'status', status: 500 } as const;
    world.api.orderFault({ endpoint: 'get_current_user', fault });
    const key = basic('BOBKEY', 'bob-secret');
    for (let index = 0; index < 20; index += 1) {
      expect(await world.verdict(key, { kind: 'basic', client })).to.equal('unavailable');
    }

    world.api.clearFaults();
    expect(await world.verdict(key, { kind: 'basic', client })).to.equal('allow');
  });

  it('spends no calls on the garbage of one address beyond its share, and goes on for others', async () => {
    await using world = await AccessWorld.start();
    const inUse = world.token('alice');
    expect(await world.verdict(inUse, { client })).to.equal('allow');

    const verdicts: string[] = [];
    for (let index = 0; index < 200; index += 1) {
      verdicts.push(await world.verdict(forged(index), { client, task: '-' }));
    }

    const asked = verdicts.filter((verdict) => verdict === 'unauthenticated').length;
    // One more may be asked with each second.
    expect(asked).to.be.within(120, 130);
    expect(verdicts.at(-1)).to.equal('throttled');
    expect(world.calls.whoIs).to.equal(asked + 1);
    expect(await world.verdict(inUse, { client })).to.equal('allow');
    const bob = world.token('bob');
    expect(await world.verdict(bob, { client })).to.equal('throttled');
    expect(await world.verdict(bob, { client: '198.51.100.7' })).to.equal('allow');
  });

  it('spends no call at all on garbage where the key of the server is known', async () => {
    await using world = await AccessWorld.start({ jwks: TOKEN_SECRET });
    await world.signIn();
    for (let index = 0; index < 300; index += 1) {
      expect(await world.verdict(forged(index), { client })).to.equal('unauthenticated');
    }

    expect(world.calls).to.deep.equal({ whoIs: 0, readTask: 0 });
    const signed = bySecret(TOKEN_SECRET, { identity: { user: 'nobody', company: 'x' } });
    expect(await world.verdict(signed, { client })).to.equal('unauthenticated');
    expect(await world.verdict(world.token('bob'), { client })).to.equal('allow');
  });
});
