import { stat } from 'node:fs/promises';
import { request, type IncomingHttpHeaders } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import { PagesServer } from '../../../src/access/pages/pages-server.ts';
import { eventually } from '../../support/eventually.ts';
import { ALICE, startPagesWorld, type PagesWorldOptions } from '../../support/pages-world.ts';
import { tempFolder } from '../../support/temp-folder.ts';

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

interface Asked {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string;
  /** Sends the body without saying how long it is. */
  readonly chunked?: boolean;
}

const FORM = { 'content-type': 'application/x-www-form-urlencoded' };

async function startServer(options: PagesWorldOptions = {}) {
  const world = await startPagesWorld(options);
  const folder = await tempFolder();
  const path = join(folder.path, 'pages.sock');
  const server = new PagesServer({ ...world.deps, place: { path } });
  const stop = new AbortController();
  await server.start(stop.signal);
  return {
    world,
    path,
    server,
    stop,
    ask: (target: string, asked: Asked = {}) => ask(path, target, asked),
    [Symbol.asyncDispose]: async () => {
      await server.close();
      await world[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    },
  };
}

function ask(socketPath: string, path: string, asked: Asked): Promise<Answer> {
  const { method = 'GET', headers = {}, body = '', chunked = false } = asked;
  const length = chunked || body === '' ? {} : { 'content-length': Buffer.byteLength(body) };
  const sent = { host: 'gateway.example.com', ...length, ...headers } as Record<string, string>;
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path, method, headers: sent }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          text: Buffer.concat(chunks).toString(),
        }),
      );
    });
    outgoing.on('error', reject);
    // Given at the end, a body's length is known.
    if (chunked) outgoing.write(body);
    outgoing.end(chunked ? '' : body);
  });
}

describe('PagesServer', () => {
  it('is open for the proxy and nobody else', async () => {
    await using running = await startServer();

    const { mode } = await stat(running.path);

    expect((mode & 0o777).toString(8)).to.equal('660');
  });

  for (const [target, asked] of [
    ['/_clearway/', {}],
    ['/_clearway/sign-in', {}],
    ['/_clearway/sign-in', { method: 'HEAD' }],
    ['/_clearway/sign-in', { method: 'POST', body: 'name=x', headers: FORM }],
    ['/_clearway/sign-in', { method: 'POST', body: '{}', headers: {} }],
    ['/_clearway/sign-in', { method: 'DELETE' }],
    ['/_clearway/nothing', {}],
    ['/elsewhere', {}],
  ] as const satisfies readonly (readonly [string, Asked])[]) {
    it(`guards its answer to ${'method' in asked ? asked.method : 'GET'} ${target}`, async () => {
      await using running = await startServer();

      const { headers } = await running.ask(target, asked);

      expect(headers['cache-control']).to.equal('no-store');
      expect(headers['x-content-type-options']).to.equal('nosniff');
      expect(headers['referrer-policy']).to.be.oneOf(['no-referrer', 'same-origin']);
      expect(headers['content-security-policy']).to.match(
        /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; form-action 'self'; base-uri 'none'; frame-ancestors (?:'none'|https?:)/,
      );
    });
  }

  it('hands over what the proxy says about the request', async () => {
    await using running = await startServer({ edge: { routeDomain: 'apps.example.com' } });

    const { headers } = await running.ask('/_clearway/sign-in?to=%2Fx', {
      headers: { 'x-clearway-host-key': 'abc', host: 'abc.apps.example.com' },
    });
    const plain = await running.ask('/_clearway/sign-in', {
      headers: { 'x-clearway-host-key': '', 'x-forwarded-proto': 'http' },
    });

    expect(headers.location).to.match(
      /^https:\/\/gateway\.example\.com\/_clearway\/sign-in\?host=abc&state=[0-9a-f]{64}&to=%2Fx$/,
    );
    expect(plain.text).to.include('AUTH_SECURE_ENABLED');
  });

  it('reads every Cookie line', async () => {
    await using running = await startServer();
    const { clearml } = running.world;
    const cookie = `${clearml.cookieName}=${clearml.token(ALICE.name) ?? ''}`;

    const { text } = await running.ask('/_clearway/', {
      headers: { cookie: ['a=1', cookie, 'b=2'] },
    });

    expect(text).to.include('Alice Example');
  });

  it('takes all the cookies that the proxy lets through', async () => {
    await using running = await startServer();
    const cookie = Array.from({ length: 8 }, (_, index) => `c${index}=${'x'.repeat(16_000)}`);

    expect((await running.ask('/_clearway/sign-in', { headers: { cookie } })).status).to.equal(200);
  });

  it('answers HEAD without a body', async () => {
    await using running = await startServer();

    const { status, headers, text } = await running.ask('/_clearway/sign-in', { method: 'HEAD' });

    expect(status).to.equal(200);
    expect(Number(headers['content-length'])).to.be.above(1_000);
    expect(text).to.equal('');
  });

  for (const type of [
    undefined,
    'application/json',
    'multipart/form-data; boundary=x',
    'text/plain',
  ]) {
    it(`refuses a body of type ${String(type)}`, async () => {
      await using running = await startServer();
      const headers = type === undefined ? {} : { 'content-type': type };

      const answer = await running.ask('/_clearway/sign-in', {
        method: 'POST',
        body: 'a=1',
        headers,
      });

      expect(answer.status).to.equal(415);
    });
  }

  it('takes a form whose type has a charset', async () => {
    await using running = await startServer();
    const headers = { 'content-type': 'Application/X-WWW-Form-URLEncoded; charset=UTF-8' };

    const answer = await running.ask('/_clearway/sign-in', {
      method: 'POST',
      body: 'a=1',
      headers,
    });

    expect(answer.status).to.equal(403);
  });

  for (const chunked of [false, true]) {
    it(`refuses a body of more than 16 KiB${chunked ? ' that does not say so' : ''}`, async () => {
      await using running = await startServer();
      const fits = `name=${'x'.repeat(16_379)}`;

      const asked = { method: 'POST', headers: FORM, chunked };
      const whole = await running.ask('/_clearway/sign-in', { ...asked, body: fits });
      const long = await running.ask('/_clearway/sign-in', { ...asked, body: `${fits}x` });

      expect([whole.status, long.status]).to.deep.equal([403, 413]);
      expect(long.headers.connection).to.equal('close');
    });
  }

  for (const target of [
    '/_clearway/sign-in/',
    '/_clearway/sign%2Din',
    '/_clearway//sign-in',
    '/_clearway',
    '/sign-in',
    '/_clearway/../_clearway/sign-in',
    '/_clearway/sign-in;x=1',
  ]) {
    it(`has no page at ${target}`, async () => {
      await using running = await startServer();

      expect((await running.ask(target)).status).to.equal(404);
    });
  }

  it('gives up on ClearML when the router stops, and closes', async () => {
    await using running = await startServer();
    const { clearml } = running.world;
    clearml.orderFault({ endpoint: '.*', fault: { kind: 'latency', ms: 60_000 } });
    const cookie = `${clearml.cookieName}=${clearml.token(ALICE.name) ?? ''}`;

    const asked = running
      .ask('/_clearway/', { headers: { cookie } })
      .catch((error: unknown) => error);
    await eventually(() => expect(clearml.calls('users.get_current_user')).to.equal(1));
    running.stop.abort();

    expect(await asked).to.be.instanceOf(Error);
    await eventually(async () => expect(await connectTo(running.path)).to.equal(false));
  });
});

function connectTo(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
