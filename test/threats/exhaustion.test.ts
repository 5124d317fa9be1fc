import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect } from 'chai';
import { parseEndpointRequests, pickKnownKeys } from '../../src/domain/endpoint-request.ts';
import { EchoApp } from '../support/echo-app.ts';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';
import { RecordingApp } from './support/recording-app.ts';
import { exchange, WireClient } from './support/wire.ts';

const HEAD = 'Host: gw.example\r\n';
const ALICE = `${HEAD}Authorization: Bearer alice\r\n`;
/** What an honest request may wait behind a hostile one, on a busy machine. */
const SOON_MS = 1_500;
/** Longest line that a pipe takes in one piece (PIPE_BUF of pipe(7)). */
const ONE_WRITE = 4_096;

/** Answers with Set-Cookie lines that take a pattern long. */
function answerLong(request: IncomingMessage, response: ServerResponse): void {
  request.resume();
  const blank = ' '.repeat(3_500);
  response.writeHead(200, {
    'Set-Cookie': [`x${blank}y`, `=${blank}=${blank}x`, `a=1; Path=/${blank}x; Path = ${blank}/`],
    Location: `/x${blank}y`,
  });
  response.end('answer');
}

describe('what one of many can use up', function () {
  this.timeout(40_000);
  let proxy: ProxyHarness;
  let app: EchoApp;
  let sockets: RecordingApp;

  before(async () => {
    app = await EchoApp.start(answerLong);
    sockets = await RecordingApp.start();
    proxy = await ProxyHarness.start({
      config: {
        authEnabled: true,
        workers: 1,
        workerConnections: 4_096,
        rlimitNofile: 8_192,
        hosts: 'gw.example',
      },
      decide: ({ credential }) =>
        credential.startsWith('alice')
          ? { verdict: 'allow', user: credential === 'alice-long' ? 'u'.repeat(6_000) : 'alice' }
          : { verdict: 'unauthenticated' },
    });
    await proxy.publish({
      http: { app: anHttpEntry(app.port), sockets: anHttpEntry(sockets.port) },
    });
  });

  after(async () => {
    await proxy.stop();
    await Promise.all([app.stop(), sockets.stop()]);
  });

  const get = (target: string, lines: string): string => `GET ${target} HTTP/1.1\r\n${lines}\r\n`;

  /** Sends a request beside which everybody else waits, and gives the time in ms until another one is answered. */
  async function delayBehind(bytes: string): Promise<number> {
    const hostile = await WireClient.open(proxy.port);
    const from = performance.now();
    hostile.send(bytes);
    await hostile.until(() => hostile.answers().length > 0, 10_000);
    await exchange(proxy.port, get('/_clearway/healthz', HEAD));
    hostile.destroy();
    return performance.now() - from;
  }

  // Attack: texts on which a matcher takes far longer than they are long, while the worker serves nobody else: in what a stranger sends,
  // and in what an application answers.
  // Outcome: work grows with the length of the text and no faster.
  it('T32: no text of a request or an answer keeps a worker busy', async () => {
    const blank = ' '.repeat(15_000);
    const dots = '/..'.repeat(5_000);
    const hostile: readonly string[] = [
      get('/service/app/x', `${HEAD}Cookie: clearway-x=1;${blank}y\r\n`),
      get('/service/app/x', `${HEAD}Cookie: clearway-x=1;${blank}=${'='.repeat(1_000)}\r\n`),
      get(
        '/service/app/x',
        `${HEAD}Cookie: clearml_token=${blank}y\r\nCookie: a${blank}b\r\nCookie: ${blank}c\r\n`,
      ),
      get('/service/app/x', `${HEAD}Cookie: clearml_token=${';'.repeat(15_000)}\r\n`),
      get('/service/app/x', `${HEAD}Cookie: clearml_token="${'"'.repeat(15_000)}\r\n`),
      get('/service/app/x', `${HEAD}Authorization: Bearer${blank}y${' '.repeat(10)}z\r\n`),
      get('/service/app/x', `${HEAD}Authorization: Basic a${blank}y\r\n`),
      get('/service/app/x', `${HEAD}Origin: http${'://'.repeat(5_000)}\r\nUpgrade: x\r\n`),
      get('/service/app/x', `${HEAD}Accept: ${'text/htm'.repeat(1_900)}\r\n`),
      get('/service/app/x', `${HEAD}X-Clearway-Via: ${'a '.repeat(7_000)}\r\n`),
      get('/service/app/x', `Host: ${'a.'.repeat(7_000)}example\r\n`),
      get('/service/app/x', `Host: ${'['.repeat(7_000)}::1]\r\n`),
      get(`/service/app${dots}`, HEAD),
      get(`/service/app/x${dots}`, HEAD),
      get(`/service/app${'/%2e%2e%2f;'.repeat(1_400)}`, HEAD),
      get(`/${'%5c;'.repeat(3_500)}`, HEAD),
      get(`/_clearway/sign-in?${'to=%2F&'.repeat(2_000)}`, HEAD),
      get('/service/app/x', ALICE),
    ];
    for (const bytes of hostile)
      expect(
        await delayBehind(bytes),
        `${bytes.slice(0, 80)} … ${bytes.slice(-40)}`,
      ).to.be.lessThan(SOON_MS);
    expect(app.seen).to.have.length(1);
  });

  // Attack: headers without end, thousands of cookies, each of which may be a question to ClearML.
  it('T32 headers: bounded, and so is what is asked about them', async () => {
    const line = `X-A: ${'a'.repeat(8_000)}\r\n`;
    for (const lines of [
      line.repeat(40),
      `X-A: ${'a'.repeat(40_000)}\r\n`,
      'X-B: b\r\n'.repeat(60_000),
    ]) {
      const client = await WireClient.open(proxy.port);
      client.send(`GET /service/app/ HTTP/1.1\r\n${HEAD}${lines}`);
      await client.until(() => client.answers().length > 0);
      expect(client.answers()[0]?.status).to.be.oneOf([400, 431, 494]);
      client.destroy();
    }
    const asked = proxy.questions.length;
    const cookies = ['clearml_token', 'clearway-0a1b2c3d', 'clearway-ffffffff'].flatMap((name) =>
      Array.from({ length: 150 }, (_, index) => `${name}=${index}`),
    );
    const answer = await exchange(
      proxy.port,
      get('/service/app/', `${HEAD}Cookie: ${cookies.join('; ')}\r\n`),
    );
    expect(answer.status).to.equal(401);
    expect(proxy.questions.length - asked).to.be.at.most(8);
  });

  // Attack: lines in the log that are long, so that they are cut, mixed with others, or fill the disk.
  it('T32 the log: every line is whole and short, whatever was asked', async () => {
    const long = 'A'.repeat(7_000);
    const requests = [
      get(`/service/app/${'x'.repeat(15_000)}?${long}`, HEAD),
      `${long} /service/app/method HTTP/1.1\r\n${HEAD}\r\n`,
      get('/service/app/referer', `${HEAD}Referer: ${long}\r\nUser-Agent: ${long}\r\n`),
      get('/service/app/user', `${HEAD}Authorization: Bearer alice-long\r\n`),
      get(`/service/app/%0a%22%5c${'\xff'.repeat(3_000)}`, HEAD),
      get('/service/app/host', `Host: ${long}\r\n`),
    ];
    for (const bytes of requests) await exchange(proxy.port, bytes).catch(() => undefined);
    await exchange(proxy.port, get('/service/app/last', HEAD));
    await proxy.untilLine({ path: '/service/app/last' });

    for (const written of proxy.lines) {
      const size = Buffer.byteLength(JSON.stringify(written));
      expect(size, JSON.stringify(written).slice(0, 200)).to.be.lessThan(ONE_WRITE);
    }
  });

  // Attack: one user opens websockets until the worker has no connections left.
  it('T32 websockets: one caller has a share of a worker', async () => {
    const open = (token: string): Promise<WireClient> =>
      WireClient.open(proxy.port).then((client) => {
        const lines = `${HEAD}Authorization: Bearer ${token}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`;
        client.send(get('/service/sockets/switch', lines));
        return client;
      });
    // Two tokens of one user.
    const clients = await Promise.all(
      Array.from({ length: 520 }, (_, index) => open(`alice-${index % 2}`)),
    );
    await Promise.all(
      clients.map((client) => client.until(() => client.answers().length > 0, 10_000)),
    );
    const statuses = clients.map((client) => client.answers()[0]?.status);
    for (const client of clients) client.destroy();

    expect(statuses.filter((status) => status === 101)).to.have.length(500);
    expect(statuses.filter((status) => status === 429)).to.have.length(20);
  });

  // Attack: connections that begin a request and never end it.
  it('T32 slow requests: they hold up nobody else, and are given up', async () => {
    const slow = await Promise.all(Array.from({ length: 300 }, () => WireClient.open(proxy.port)));
    for (const client of slow)
      client.send('GET /service/app/ HTTP/1.1\r\nHost: gw.example\r\nX-A: ');
    const from = performance.now();
    expect((await exchange(proxy.port, get('/_clearway/healthz', HEAD))).status).to.equal(200);
    expect(performance.now() - from).to.be.lessThan(SOON_MS);
    for (const client of slow) client.destroy();
  });

  // Attack: a task with a hundred thousand endpoints.
  it('T32 endpoints: one task has no more than it can use', () => {
    const runtime = Object.fromEntries(
      Array.from({ length: 100_000 }, (_, index) => [`_PORT__n${index}`, 8_080]),
    );
    const from = performance.now();
    const requests = parseEndpointRequests(pickKnownKeys(runtime), { replacedUpstreams: {} });

    expect(performance.now() - from).to.be.lessThan(2_000);
    expect(requests).to.have.length(128);
    expect(requests.filter(({ refusal }) => refusal === undefined)).to.have.length(64);
  });
});
