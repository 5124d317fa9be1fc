import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import { putPair, TestAuthority } from '../support/certificates.ts';
import { EchoApp } from '../support/echo-app.ts';
import { ended, headerOf, openSocket, rawRequest, sendRaw } from '../support/http-client.ts';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** What nginx grants a client (templates/nginx.conf.hbs). */
const HEADER_MS = 20_000;
const LINGER_MS = 10_000;
const MOST_HEADERS = 200;
const IDLE_SECONDS = 3;

// T32: exhausting the proxy by slow, long and endless requests.
describe('the proxy limits requests', function () {
  this.timeout(60_000);
  let proxy: ProxyHarness;
  let app: EchoApp;

  before(async () => {
    proxy = await ProxyHarness.start({ config: { idleSeconds: IDLE_SECONDS } });
    app = await EchoApp.start((request, response) => {
      request.on('error', () => undefined).resume();
      if (request.url?.endsWith('/endless') === true) pour(response);
      else request.once('end', () => response.end('hello from the application\n'));
    });
    await proxy.publish({ http: { app: anHttpEntry(app.port, { answered: true }) } });
  });

  after(async () => {
    await proxy.stop();
    await app.stop();
  });

  async function answerTo(text: string): Promise<string> {
    return (await sendRaw(proxy.port, text)).split('\r\n')[0] ?? '';
  }

  async function timeUntilEnd(socket: Socket): Promise<number> {
    const begun = performance.now();
    await ended(socket);
    return performance.now() - begun;
  }

  it('refuses a header line that is longer than a buffer, and many that are longer together', async () => {
    const long = `X-Long: ${'a'.repeat(20_000)}\r\n`;
    const many = Array.from({ length: 6 }, (_, index) => `X-${index}: ${'a'.repeat(12_000)}\r\n`);

    for (const lines of [long, many.join('')]) {
      const text = await sendRaw(
        proxy.port,
        `GET /service/app/ HTTP/1.1\r\nHost: x\r\n${lines}\r\n`,
      );
      expect(text).to.match(/^HTTP\/1\.1 431 /);
      expect(text).to.contain('Headers too long');
    }
    expect(app.seen).to.deep.equal([]);
  });

  it('takes long cookies and tokens', async () => {
    const headers = [
      ['Cookie', `a=${'a'.repeat(7_000)}`],
      ['Authorization', `Bearer ${'a'.repeat(7_000)}`],
    ] as const;

    const answer = await rawRequest(proxy.port, { target: '/service/app/', headers });

    expect(answer.status).to.equal(200);
  });

  it('refuses more headers than anybody sends', async () => {
    const lines = (count: number) =>
      Array.from({ length: count }, (_, index) => [`X-${index}`, 'a'] as const);
    // Host and Connection count as well.
    const ask = (count: number) =>
      rawRequest(proxy.port, { target: '/service/app/', headers: lines(count - 2) });

    expect((await ask(MOST_HEADERS)).status).to.equal(200);
    expect((await ask(MOST_HEADERS + 1)).status).to.equal(431);
  });

  it('refuses a request line that is longer than a buffer', async () => {
    const path = `/${'a'.repeat(40_000)}`;

    expect(await answerTo(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`)).to.match(/^HTTP\/1\.1 414 /);
  });

  it('waits for the headers of a request no longer than it said, however they drip', async () => {
    const [silent, half, dripping] = await Promise.all([1, 2, 3].map(() => openSocket(proxy.port)));
    if (!silent || !half || !dripping) throw new Error('no connections');
    half.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: a');
    dripping.write('GET / HTTP/1.1\r\nHost: x\r\nX-Slow: ');
    const timer = setInterval(() => dripping.write('a'), 500);

    const times = await Promise.all([silent, half, dripping].map(timeUntilEnd));

    clearInterval(timer);
    for (const time of times) expect(time).to.be.within(HEADER_MS - 2_000, HEADER_MS + 10_000);
  });

  it('waits for a TLS handshake no longer than for headers', async () => {
    await using folder = await tempFolder();
    const authority = await TestAuthority.make(folder.path);
    const pair = await authority.issue();
    const secure = await ProxyHarness.start({
      prepare: (path) => putPair(join(path, 'tls'), pair),
    });

    const time = await timeUntilEnd(await openSocket(secure.port));

    await secure.stop();
    expect(time).to.be.within(HEADER_MS - 2_000, HEADER_MS + 10_000);
  });

  it('lets a body stream for as long as it moves, and no longer', async () => {
    const socket = await openSocket(proxy.port);
    socket.write('POST /service/app/ HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n');
    const begun = performance.now();
    const timer = setInterval(() => socket.write('a'), 500);
    setTimeout(() => clearInterval(timer), 2 * IDLE_SECONDS * 1_000);

    const time = await timeUntilEnd(socket);

    expect(performance.now() - begun).to.be.greaterThan(2 * IDLE_SECONDS * 1_000);
    expect(time).to.be.lessThan(4 * IDLE_SECONDS * 1_000);
  });

  it('does not wait for ever for a client that reads nothing', async () => {
    const cut = new Promise((done) =>
      app.server.once('request', (_, response) => response.once('close', done)),
    );
    const socket = await openSocket(proxy.port);
    socket.pause();
    socket.write('GET /service/app/endless HTTP/1.1\r\nHost: x\r\n\r\n');

    await cut;

    socket.destroy();
  });

  it('throws away what follows a refused request, and not for long', async () => {
    const socket = await openSocket(proxy.port);
    const begun = performance.now();
    socket.write(
      'POST /%00 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 1000000\r\n\r\n',
    );
    const timer = setInterval(() => socket.write('a'.repeat(100)), 200);

    await new Promise((done) => socket.once('close', done));

    clearInterval(timer);
    expect(performance.now() - begun).to.be.lessThan(LINGER_MS + 5_000);
  });

  // The pages are the router's; here any location stands for them, with the lines that the template tells.
  it('offers a limit on the pages of the gateway, by address', async () => {
    const file = join(proxy.nginxFolder, 'nginx.conf');
    const page = [
      'location = /_clearway/limited {',
      '  limit_req zone=clearway_pages burst=20 nodelay;',
      '  limit_conn clearway_pages_open 20;',
      '  content_by_lua_block { ngx.say("page") }',
      '}',
    ].join('\n');
    const configuration = await readFile(file, 'utf8');
    await proxy.stopSupervisor();
    await writeFile(file, configuration.replace('location / {', `${page}\nlocation / {`));
    proxy.lines.length = 0;
    proxy.startSupervisor();
    await proxy.untilLine({ message: 'nginx started' });
    const ask = (from: string) => rawRequest(proxy.port, { target: '/_clearway/limited', from });

    const answers = await Promise.all(Array.from({ length: 60 }, () => ask('127.0.0.9')));

    const refused = answers.filter(({ status }) => status === 429);
    expect(answers.filter(({ status }) => status === 200).length).to.be.within(21, 30);
    expect(refused.length).to.be.greaterThan(29);
    expect(headerOf(refused[0] ?? answers[0]!, 'cache-control')).to.equal('no-store');
    expect((await ask('127.0.0.10')).status).to.equal(200);
  });
});

/** Writes for as long as somebody takes it. */
function pour(response: {
  write: (text: string) => boolean;
  once: (on: 'drain' | 'close', then: () => void) => unknown;
}): void {
  while (response.write('a'.repeat(65_536)));
  response.once('drain', () => pour(response));
}
