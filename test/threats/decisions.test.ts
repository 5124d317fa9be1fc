import { join } from 'node:path';
import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { rawRequest } from '../support/http-client.ts';
import { childrenOf } from '../support/processes.ts';
import {
  anHttpEntry,
  ProxyHarness,
  type Decide,
  type HarnessOptions,
} from '../support/proxy-harness.ts';
import { changeConfiguration } from './support/changed-proxy.ts';
import { FakeRouter, json } from './support/fake-router.ts';
import { RecordingApp } from './support/recording-app.ts';
import { exchange, WireClient } from './support/wire.ts';

type Headers = readonly (readonly [string, string])[];

const MINE = 'a'.repeat(32);
const THEIRS = 'c'.repeat(32);

const bearer = (token: string): Headers => [['Authorization', `Bearer ${token}`]];

describe('decisions that are kept', function () {
  this.timeout(30_000);
  let proxy: ProxyHarness;
  let app: RecordingApp;
  let decide: Decide;

  async function start(options: HarnessOptions = {}): Promise<void> {
    app = await RecordingApp.start();
    proxy = await ProxyHarness.start({
      ...options,
      config: { authEnabled: true, ...options.config },
      decide: (question) => decide(question),
    });
    await proxy.publish({
      http: {
        mine: anHttpEntry(app.port, { task: MINE }),
        'mine--other': anHttpEntry(app.port, { task: MINE, route: 'other.http' }),
        theirs: anHttpEntry(app.port, { task: THEIRS }),
      },
    });
  }

  afterEach(async () => {
    await proxy.stop('SIGKILL');
    await app.stop();
  });

  const statusOf = async (
    headers: Headers,
    target = '/service/mine/x',
    host = 'gw.example',
  ): Promise<number> => (await rawRequest(proxy.port, { target, host, headers })).status;

  // Attack: use a decision for something else than what it is about: another task, another kind of credential, another
  // one that looks like it, one route's session on another route's host.
  // Outcome: each is a question of its own, however often the first one was answered.
  it('T24: a decision is about one credential and one route', async () => {
    decide = ({ kind, credential, task }) => {
      if (kind !== 'bearer' || credential !== 'alice') return { verdict: 'unauthenticated' };
      return { verdict: task === MINE ? 'allow' : 'deny', user: 'alice' };
    };
    await start();
    const others: readonly Headers[] = [
      ...[
        'alice ',
        'Alice',
        'alic',
        'alice1',
        ' alice',
        'bearer alice',
        'alice,alice',
        'alice\tx',
      ].map((text) => bearer(`${text}.`)),
      [['Authorization', 'Basic alice']],
      [['Cookie', 'clearml_token=alice']],
      [['Cookie', 'clearway-0a1b2c3d=alice']],
      [['Cookie', 'clearml_token=Bearer alice']],
    ];
    for (let round = 0; round < 6; round += 1) {
      expect(await statusOf(bearer('alice'))).to.equal(200);
      expect(await statusOf(bearer('alice'), '/service/mine--other/x')).to.equal(200);
      for (const target of ['/service/theirs/x', '/service/unknown/x', '/service/mine-/x', '/x'])
        expect(await statusOf(bearer('alice'), target), target).to.equal(404);
      for (const headers of others)
        expect(await statusOf(headers), JSON.stringify(headers)).to.equal(401);
    }
    expect(app.seen('/x')).to.have.length(12);
  });

  it('T24 on hosts of their own: a session for one host is none for another, though the task is the same', async () => {
    decide = ({ host }) =>
      host === 'mine' ? { verdict: 'allow', user: 'alice' } : { verdict: 'unauthenticated' };
    await start({
      config: { hosts: 'gw.example', routeDomain: 'apps.example', routerUrl: 'http://gw.example' },
    });
    const session: Headers = [['Cookie', 'clearway-0a1b2c3d=s']];

    for (let round = 0; round < 6; round += 1) {
      expect(await statusOf(session, '/x', 'mine.apps.example')).to.equal(200);
      expect(await statusOf(session, '/x', 'mine--other.apps.example')).to.equal(401);
      expect(await statusOf(session, '/x', 'theirs.apps.example')).to.equal(401);
    }
    for (const { host, task } of proxy.questions)
      expect(host).to.equal(task === THEIRS ? 'theirs' : host);
  });

  // Attack: have a refusal kept that later meets somebody who may come in: by failures, and by rubbish in front of what is valid.
  it('T24 refusals: what nobody could say is not kept, and no rubbish hides what is valid', async () => {
    decide = () => ({ verdict: 'unavailable' });
    await start();
    expect([await statusOf(bearer('alice')), await statusOf(bearer('alice'))]).to.deep.equal([
      503, 503,
    ]);
    decide = () => ({ verdict: 'throttled' });
    expect(await statusOf(bearer('alice'))).to.equal(429);

    decide = ({ credential }) =>
      credential === 'alice' ? { verdict: 'allow', user: 'alice' } : { verdict: 'unauthenticated' };
    for (let round = 0; round < 4; round += 1) {
      expect(await statusOf(bearer('alice'))).to.equal(200);
      expect(await statusOf([['Cookie', 'clearml_token=rubbish; clearml_token=alice']])).to.equal(
        200,
      );
      expect(
        await statusOf([['Cookie', 'clearway-0a1b2c3d=rubbish'], ...bearer('alice')]),
      ).to.equal(200);
    }
  });

  // Attack: more wrong credentials than there is room for, so that those who were let in must ask again, or are turned away.
  // Outcome: they displace each other only.
  it('T24 a flood: whoever was let in stays so, without a question', async () => {
    decide = ({ credential }) =>
      credential === 'alice' ? { verdict: 'allow', user: 'alice' } : { verdict: 'unauthenticated' };
    await start({ config: { workers: 1 } });
    await changeConfiguration(proxy, (text) => text.replace(/(clearway_refusals) \d+m/, '$1 64k'));
    expect(await statusOf(bearer('alice'))).to.equal(200);
    const [connections, each] = [9, 500];
    const flood = async (_: unknown, index: number): Promise<void> => {
      const client = await WireClient.open(proxy.port);
      const requests = Array.from(
        { length: each },
        (__, count) =>
          `GET /service/mine/ HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${index}-${count}\r\n\r\n`,
      );
      client.send(requests.join(''));
      const refusals = (): number => client.text.split('HTTP/1.1 401 ').length - 1;
      await client.until(() => refusals() === each, 20_000);
      client.destroy();
      client.destroy();
      expect(refusals()).to.equal(each);
      expect(refusals()).to.equal(each);
    };
    await Promise.all(Array.from({ length: connections }, flood));
    const asked = proxy.questions.length;
    await proxy.stopRouter();

    // The same credential in another text: nothing but the kept decision can know it.
    expect(await statusOf([['Authorization', 'bearer  alice']])).to.equal(200);
    expect(asked).to.equal(connections * each + 1);
  });

  // Attack: go on with a token that has ended, while the router cannot be asked.
  it('T24 a token that has ended: its decision ended with it, also while nobody can be asked', async () => {
    const expires = Date.now() + 2_500;
    decide = () => ({ verdict: 'allow', user: 'alice', expires });
    await start();
    expect(await statusOf(bearer('alice'))).to.equal(200);
    await proxy.stopRouter();

    await eventually(async () => expect(await statusOf(bearer('alice'))).to.equal(503));
    expect(Date.now()).to.be.lessThan(expires + 500);
  });

  // Attack: be asked about twice at a time, and be revoked at the very moment at which the answer comes.
  // Outcome: whoever waited for the answer of the other does not take it when it is void by then.
  it('T24 a revocation beside the answer: whoever waited for the answer is not let in by it', async () => {
    decide = () => ({ verdict: 'unavailable' });
    await start({ config: { workers: 1 } });
    await proxy.stopRouter();
    const router = await FakeRouter.start(join(proxy.nginxFolder, 'router.sock'));
    const [worker = 0] = await childrenOf(await proxy.nginxPid());
    const clients = await Promise.all([1, 2].map(() => WireClient.open(proxy.port)));
    try {
      await eventually(() => expect(router.polls).to.have.length(1));
      for (const client of clients) {
        client.send(
          `GET /service/mine/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer alice\r\n\r\n`,
        );
        // Whatever came before has been read when this is answered.
        await exchange(proxy.port, 'GET /_clearway/healthz HTTP/1.1\r\nHost: x\r\n\r\n');
      }
      await eventually(() => expect(router.questions).to.have.length(1));

      // Stopped, the worker finds both at once when it goes on.
      process.kill(worker, 'SIGSTOP');
      const generation = 2 ** 45;
      const allow = {
        format: 1,
        verdict: 'allow',
        user: 'alice',
        generation,
        fresh: 60,
        usable: 900,
      };
      const none = { set: {}, remove: [] };
      const news = { format: 1, generation: generation + 1, full: false, http: none, tcp: none };
      router.questions[0]?.write(json(allow).bytes);
      router.polls[0]?.write(json({ ...news, revoked: { 'user:alice': generation } }).bytes);
      process.kill(worker, 'SIGCONT');

      await Promise.all(clients.map((client) => client.until(() => client.answers().length > 0)));
      expect(clients.map((client) => client.answers()[0]?.status)).to.deep.equal([200, 503]);
      expect(app.seen()).to.have.length(1);
      clients[0]?.send(
        'GET /service/mine/x HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer alice\r\n\r\n',
      );
      await eventually(() => expect(router.questions).to.have.length(2));
    } finally {
      for (const client of clients) client.destroy();
      await router.stop();
    }
  });
});
