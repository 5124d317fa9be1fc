import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import {
  addTask,
  ALICE,
  anEndpoint,
  BOB,
  EVE,
  startClearml,
  tokenOf,
} from '../support/clearml-world.ts';
import { EchoApp } from '../support/echo-app.ts';
import { eventually } from '../support/eventually.ts';
import { Gateway } from '../support/gateway-harness.ts';
import {
  headerOf,
  rawRequest,
  sendRaw,
  type RawAnswer,
  type RawRequest,
} from '../support/http-client.ts';

const SOON_MS = 1_000;
const USABLE_SECONDS = 4;

/** A browser without a window: it keeps cookies and sends forms. */
class Visitor {
  readonly #gateway: Gateway;
  readonly #cookies = new Map<string, string>();

  constructor(gateway: Gateway) {
    this.#gateway = gateway;
  }

  get cookie(): string {
    return [...this.#cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  }

  get(path: string): Promise<RawAnswer> {
    return this.#ask({ target: path });
  }

  /** Fills in the form of a page and sends it. */
  async send(path: string, fields: Readonly<Record<string, string>>): Promise<RawAnswer> {
    const { body: html } = await this.get(path);
    const hidden = [...html.matchAll(/<input type="hidden" name="(\w+)" value="([^"]*)"/g)];
    const form = new URLSearchParams(fields);
    for (const [, name = '', value = ''] of hidden) form.set(name, value.replaceAll('&#x3D;', '='));
    return this.#ask({
      method: 'POST',
      target: path.replace(/\?.*/, ''),
      headers: [
        ['Origin', this.#gateway.url],
        ['Content-Type', 'application/x-www-form-urlencoded'],
      ],
      body: form.toString(),
    });
  }

  signIn(name: string, secret: string, to: string): Promise<RawAnswer> {
    return this.send(`/_clearway/sign-in?to=${encodeURIComponent(to)}`, { name, secret });
  }

  async #ask(request: RawRequest): Promise<RawAnswer> {
    const headers = [
      ...(request.headers ?? []),
      ['Accept', 'text/html'],
      ['Cookie', this.cookie],
    ] as const;
    const answer = await rawRequest(this.#gateway.port, { ...request, headers });
    for (const [header, line] of answer.headers) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      if (header === 'set-cookie' && value === '') this.#cookies.delete(name);
      else if (header === 'set-cookie') this.#cookies.set(name, value);
    }
    return answer;
  }
}

describe('who gets in, from end to end', function () {
  this.timeout(60_000);
  let clearml: EmbeddedClearml;
  let app: EchoApp;
  let sockets: WebSocketServer;
  let gateway: Gateway;
  let task: string;
  const opened: WebSocket[] = [];

  before(async () => {
    clearml = await startClearml();
    app = await EchoApp.start();
    sockets = new WebSocketServer({ server: app.server });
    gateway = await Gateway.start({
      clearml,
      environment: {
        CLEARWAY_ACCESS_FRESH_SECONDS: '2',
        CLEARWAY_ACCESS_USABLE_SECONDS: String(USABLE_SECONDS),
      },
    });
    task = addTask(clearml, [anEndpoint('http', app.port)]);
    await eventually(async () =>
      expect(await statusFor({ authorization: bearer(ALICE) })).to.equal(200),
    );
  });

  afterEach(() => {
    clearml.clearFaults();
    for (const socket of opened.splice(0)) socket.terminate();
  });

  after(async () => {
    sockets.close();
    await gateway.stop();
    await app.stop();
    await clearml.close();
  });

  const bearer = (account: typeof ALICE): string => `Bearer ${tokenOf(clearml, account)}`;

  const statusFor = async (headers: Record<string, string>): Promise<number> =>
    (await gateway.get(`/service/${task}/`, headers)).status;

  async function openWebsocket(headers: Record<string, string>): Promise<WebSocket> {
    const url = `${gateway.url.replace('http', 'ws')}/service/${task}/`;
    const socket = new WebSocket(url, { headers: { origin: gateway.url, ...headers } });
    opened.push(socket);
    await new Promise((done, failed) => socket.once('open', done).once('error', failed));
    return socket;
  }

  const closed = (socket: WebSocket): Promise<number> =>
    new Promise((done) => socket.once('close', () => done(performance.now())));

  it('asks ClearML once for as long as a decision is fresh', async () => {
    const authorization = bearer(BOB);
    clearml.resetCalls();

    const answers = Promise.all(Array.from({ length: 60 }, () => statusFor({ authorization })));

    expect(new Set(await answers)).to.deep.equal(new Set([200]));
    expect(clearml.calls('users.get_current_user')).to.equal(1);
  });

  it('takes every credential of somebody who may read the task, and nothing of others', async () => {
    const basic = (name: string, secret: string): string =>
      `Basic ${Buffer.from(`${name}:${secret}`).toString('base64')}`;

    expect(await statusFor({ authorization: basic(ALICE.accessKey, ALICE.secretKey) })).to.equal(
      200,
    );
    expect(await statusFor({ cookie: `${clearml.cookieName}=${tokenOf(clearml, BOB)}` })).to.equal(
      200,
    );
    expect(await statusFor({ authorization: bearer(EVE) })).to.equal(404);
    expect(await statusFor({ authorization: basic(ALICE.accessKey, 'wrong') })).to.equal(401);
    expect(await statusFor({ authorization: `${bearer(ALICE)}x` })).to.equal(401);
  });

  it('lets a user sign in, come back to the page asked for, and sign out of every open connection', async () => {
    const visitor = new Visitor(gateway);
    const path = `/service/${task}/page?x=1`;
    const asked = headerOf(await visitor.get(path), 'location');
    expect(asked).to.equal(`/_clearway/sign-in?to=${encodeURIComponent(path)}`);

    const wrong = await visitor.signIn(ALICE.accessKey, 'wrong', path);
    const right = await visitor.signIn(ALICE.accessKey, ALICE.secretKey, path);

    expect(wrong.status).to.equal(401);
    expect(right.status).to.equal(200);
    expect(right.body).to.match(/http-equiv="refresh" content="0;url=\/service\//);
    expect((await visitor.get(path)).status).to.equal(200);
    const { cookie } = visitor;
    const closing = closed(await openWebsocket({ cookie }));
    const from = performance.now();
    expect((await visitor.send('/_clearway/sign-out', {})).status).to.equal(200);
    expect((await closing) - from).to.be.lessThan(SOON_MS);
    expect(await statusFor({ cookie })).to.equal(401);
  });

  it('lets known callers go on for a bounded time while ClearML is away, and nobody else', async () => {
    const known = bearer(ALICE);
    expect(await statusFor({ authorization: known })).to.equal(200);
    const from = performance.now();
    clearml.orderFault({ endpoint: '.*', fault: { kind: 'status', status: 500 } });

    const unknown = await fetch(`${gateway.url}/service/${task}/`, {
      headers: { authorization: bearer(BOB), connection: 'close' },
    });
    expect([unknown.status, unknown.headers.get('retry-after')]).to.deep.equal([503, '5']);
    await eventually(
      async () => {
        const status = await statusFor({ authorization: known });
        const late = performance.now() - from > USABLE_SECONDS * 1_000;
        expect([200, 503]).to.include(status);
        expect(late ? status : 503, 'late enough').to.equal(503);
        if (!late) throw new Error('not over yet');
      },
      { timeoutMs: 15_000 },
    );
    clearml.clearFaults();
    await eventually(async () => expect(await statusFor({ authorization: known })).to.equal(200));
  });

  it('applies a rule that changed at once, also to open connections', async () => {
    const alice = await openWebsocket({ authorization: bearer(ALICE) });
    const bob = await openWebsocket({ authorization: bearer(BOB) });
    await gateway.router.stop();

    await gateway.router.start({ CLEARWAY_ACCESS: 'owner' });
    await closed(bob);

    await eventually(async () =>
      expect(await statusFor({ authorization: bearer(BOB) })).to.equal(404),
    );
    expect(await statusFor({ authorization: bearer(ALICE) })).to.equal(200);
    expect(alice.readyState).to.equal(WebSocket.OPEN);
  });

  it('takes no lasting connection of nobody', async () => {
    const answer = await sendRaw(
      gateway.port,
      `GET /service/${task}/ HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n`,
    );
    expect(answer).to.match(/^HTTP\/1\.1 401 /);
  });
});
