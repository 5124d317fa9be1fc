import { expect } from 'chai';
import { pino } from 'pino';
import { AccessWorld, basic, TASK } from '../support/access-world.ts';
import { aSession } from '../support/sessions.ts';
import { aToken, envelope, refusal, startStub } from '../clearml/support/stub-server.ts';

const NONE = { whoIs: 0, readTask: 0 };

describe('ClearmlDecider', () => {
  it('lets in who may read the task, until the token ends', async () => {
    await using world = await AccessWorld.start();

    const answer = await world.ask(world.token('alice', 100));

    expect(answer).to.include({ verdict: 'allow', user: 'id-of-alice' });
    const expires = answer.verdict === 'allow' ? answer.expires : undefined;
    expect(expires).to.be.within(Date.now(), Date.now() + 110_000);
    expect(await world.verdict(world.token('bob'))).to.equal('allow');
  });

  it('takes the value of a cookie, quoted or not', async () => {
    await using world = await AccessWorld.start();
    const token = world.token('alice');

    expect(await world.verdict(token, { kind: 'cookie' })).to.equal('allow');
    expect(await world.verdict(`"${token}"`, { kind: 'cookie' })).to.equal('allow');
    expect(await world.verdict(`"${token}"`)).to.equal('unauthenticated');
  });

  it('takes an API key with its secret, and a name with its password, which do not end', async () => {
    await using world = await AccessWorld.start();

    const answer = await world.ask(basic('alice', 'pass:word'), { kind: 'basic' });

    expect(answer).to.deep.equal({ verdict: 'allow', user: 'id-of-alice' });
    const key = basic('BOBKEY', 'bob-secret');
    expect(await world.verdict(key, { kind: 'basic' })).to.equal('allow');
    const eve = basic('EVEKEY', 'eve-secret');
    expect(await world.verdict(eve, { kind: 'basic' })).to.equal('deny');
  });

  it('takes a session of ours for the host that it was made for, until it or its token ends', async () => {
    await using world = await AccessWorld.start();
    const token = world.token('alice', 100);
    const user = 'id-of-alice';
    const main = await world.sessions.seal(aSession({ token, user }));
    const host = `${TASK}--x`;
    const route = await world.sessions.seal(aSession({ token, user, host, id: 'session-2' }));
    const short = aSession({ token, user, expires: Date.now() + 50_000 });

    const answer = await world.ask(main, { kind: 'session' });

    expect(answer).to.include({ verdict: 'allow', user, session: 'session-1' });
    const ends = answer.verdict === 'allow' ? answer.expires : undefined;
    expect(ends).to.be.within(Date.now() + 50_001, Date.now() + 100_000);
    expect(await world.ask(await world.sessions.seal(short), { kind: 'session' })).to.include({
      expires: short.expires,
    });
    const onHost = await world.ask(route, { kind: 'session', host });
    expect(onHost).to.include({ verdict: 'allow', session: 'session-2' });
    for (const [value, asked] of [
      [main, { host }],
      [route, {}],
      [route, { host: TASK }],
    ] as const) {
      expect(await world.verdict(value, { kind: 'session', ...asked })).to.equal('unauthenticated');
    }
  });

  it('takes a session for nothing else, and nothing else for a session', async () => {
    await using world = await AccessWorld.start();
    const token = world.token('alice');
    const value = await world.sessions.seal(aSession({ token, user: 'id-of-alice' }));

    for (const kind of ['cookie', 'bearer', 'basic'] as const) {
      expect(await world.verdict(value, { kind })).to.equal('unauthenticated');
    }
    expect(await world.verdict(token, { kind: 'session' })).to.equal('unauthenticated');
    expect(world.calls).to.deep.equal(NONE);
  });

  it('takes no session of somebody else than the owner of its token', async () => {
    await using world = await AccessWorld.start();
    const value = await world.sessions.seal(aSession({ token: world.token('bob'), user: 'alice' }));

    expect(await world.verdict(value, { kind: 'session' })).to.equal('unauthenticated');
  });

  it('denies users of other companies, guests, and tasks that do not exist', async () => {
    await using world = await AccessWorld.start();

    const eve = await world.ask(world.token('eve'));
    expect(eve).to.include({ verdict: 'deny' }).and.to.have.property('user').that.is.not.empty;
    expect(await world.verdict(world.token('guest'))).to.equal('deny');
    const alice = world.token('alice');
    expect(await world.verdict(alice, { task: 'b'.repeat(32) })).to.equal('deny');
    expect(await world.verdict(alice, { task: '' })).to.equal('deny');
    expect(await world.verdict(alice, { task: '__proto__' })).to.equal('deny');
  });

  it('takes revoked, forged and garbled credentials and those of deleted users for nobody', async () => {
    await using world = await AccessWorld.start();
    const revoked = world.token('alice');
    world.api.revoke(revoked);
    const deleted = world.token('bob');
    world.api.removeUser('bob');

    for (const token of [
      revoked,
      deleted,
      `${world.token('alice')}x`,
      aToken({ identity: { user: 'alice' } }),
      'rubbish',
      '',
    ]) {
      expect(await world.verdict(token), token).to.equal('unauthenticated');
    }
    for (const key of [basic('alice', 'wrong'), basic('nobody', 'x'), 'rubbish', '']) {
      expect(await world.verdict(key, { kind: 'basic' }), key).to.equal('unauthenticated');
    }
    const session = await world.sessions.seal(aSession({ token: revoked, user: 'id-of-alice' }));
    expect(await world.verdict(session, { kind: 'session' })).to.equal('unauthenticated');
  });

  it('asks nobody about what has ended or is garbled', async () => {
    await using world = await AccessWorld.start();
    const token = world.token('alice', -1);
    const ended = await world.sessions.seal(aSession({ token, user: 'id-of-alice' }));

    expect(await world.verdict(token)).to.equal('unauthenticated');
    expect(await world.verdict(token, { kind: 'cookie' })).to.equal('unauthenticated');
    expect(await world.verdict(ended, { kind: 'session' })).to.equal('unauthenticated');
    expect(await world.verdict('a.b.c')).to.equal('unauthenticated');
    expect(await world.verdict('bm9jb2xvbg==', { kind: 'basic' })).to.equal('unauthenticated');
    expect(world.calls).to.deep.equal(NONE);
  });

  it('knows callers where no route is, lets none of them in, and asks about no task', async () => {
    await using world = await AccessWorld.start();

    const alice = await world.ask(world.token('alice'), { task: '-' });

    expect(alice).to.include({ verdict: 'deny', user: 'id-of-alice' });
    expect(await world.verdict(world.token('eve'), { task: '-' })).to.equal('deny');
    expect(await world.verdict(aToken(), { task: '-' })).to.equal('unauthenticated');
    expect(world.calls.readTask).to.equal(0);
  });

  it('lets in nobody but the owner by the rule owner', async () => {
    await using world = await AccessWorld.start({ rule: 'owner' });

    expect(await world.verdict(world.token('alice'))).to.equal('allow');
    expect(await world.verdict(world.token('bob'))).to.equal('deny');
    expect(await world.verdict(world.token('eve'))).to.equal('deny');
  });

  it('lets in the whole company by the rule authenticated, and asks about no task', async () => {
    await using world = await AccessWorld.start({ rule: 'authenticated' });
    await world.signIn();

    const task = 'b'.repeat(32);
    expect(await world.verdict(world.token('bob'), { task })).to.equal('allow');
    expect(await world.verdict(world.token('eve'), { task })).to.equal('deny');
    expect(await world.verdict(world.token('guest'), { task })).to.equal('deny');
    expect(await world.verdict(world.token('bob'), { task: '-' })).to.equal('deny');
    expect(world.calls.readTask).to.equal(0);
  });

  it('lets in nobody by that rule while the company of the router is not known, and says so once', async () => {
    const lines: string[] = [];
    const logger = pino({ level: 'warn' }, { write: (line: string) => void lines.push(line) });
    await using world = await AccessWorld.start({ rule: 'authenticated', logger });

    expect(await world.verdict(world.token('bob'))).to.equal('unavailable');
    expect(await world.verdict(world.token('eve'))).to.equal('unavailable');
    expect(lines).to.have.length(1);
    await world.signIn();
    expect(await world.verdict(world.token('bob'))).to.equal('allow');
  });

  for (const endpoint of ['users\\.get_current_user', 'tasks\\.get_by_id']) {
    for (const fault of [
      { kind: 'status', status: 500 },
      { kind: 'throttle', retryAfterSeconds: 1 },
      { kind: 'reset' },
      { kind: 'html' },
      { kind: 'cut' },
    ] as const) {
      it(`says unavailable when ${endpoint} answers with ${fault.kind}`, async () => {
        await using world = await AccessWorld.start();
        world.api.orderFault({ endpoint, fault });

        expect(await world.verdict(world.token('alice'))).to.equal('unavailable');
        const key = basic('BOBKEY', 'bob-secret');
        expect(await world.verdict(key, { kind: 'basic' })).to.equal('unavailable');
      });
    }
  }

  it('denies a public task to users of other companies', async () => {
    const stub = await startStub(({ path }) =>
      path.endsWith('get_by_id')
        ? envelope({ task: { id: TASK, company: '' } })
        : envelope({ user: { id: 'eve', role: 'user', company: { id: 'elsewhere' } } }),
    );
    await using world = await AccessWorld.start({ apiHost: stub.url });

    expect(await world.verdict(aToken())).to.equal('deny');
    await stub.close();
  });

  it('never lets anybody in because an answer is about something else', async () => {
    const stub = await startStub(({ path }, response) => {
      if (path.endsWith('get_by_id')) return envelope({ task: { id: 'other', company: 'c' } });
      return path.endsWith('user')
        ? envelope({ user: { id: 'u', company: 'c' } })
        : refusal(response, 400, 0);
    });
    await using world = await AccessWorld.start({ apiHost: stub.url });

    expect(await world.verdict(aToken())).to.equal('unavailable');
    await stub.close();
  });
});
