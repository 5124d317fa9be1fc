import { readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { connect as connectTls, type PeerCertificate, type SecureVersion } from 'node:tls';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import { encryptKey, putPair, TestAuthority, type KeyPair } from '../support/certificates.ts';
import { EchoApp } from '../support/echo-app.ts';
import { eventually } from '../support/eventually.ts';
import { openSocket, rawRequest } from '../support/http-client.ts';
import { anHttpEntry, ProxyHarness, type HarnessOptions } from '../support/proxy-harness.ts';
import { tempFolder } from '../support/temp-folder.ts';

describe('the proxy with a certificate', function () {
  this.timeout(40_000);
  let folder: Awaited<ReturnType<typeof tempFolder>>;
  let authority: TestAuthority;
  let first: KeyPair;
  let second: KeyPair;
  let proxy: ProxyHarness;

  before(async () => {
    folder = await tempFolder();
    authority = await TestAuthority.make(folder.path);
    first = await authority.issue();
    second = await authority.issue({ rsa: true });
  });
  after(() => folder[Symbol.asyncDispose]());
  afterEach(() => proxy.stop());

  const start = async (pair: Partial<KeyPair> = first, options: HarnessOptions = {}) => {
    const prepare = (path: string): Promise<void> => putPair(join(path, 'tls'), pair);
    proxy = await ProxyHarness.start({ prepare, ...options });
  };

  /** Shakes hands and gives the certificate that was shown. */
  function handshake(version: SecureVersion = 'TLSv1.3'): Promise<PeerCertificate> {
    return new Promise((done, failed) => {
      const socket = connectTls(
        {
          ...{ port: proxy.port, host: '127.0.0.1', servername: 'localhost' },
          ...{ ca: authority.certificate, minVersion: version, maxVersion: version },
          ciphers: 'DEFAULT@SECLEVEL=0',
        },
        () => {
          done(socket.getPeerCertificate());
          socket.destroy();
        },
      );
      socket.once('error', failed);
    });
  }

  const isListening = (): Promise<boolean> =>
    openSocket(proxy.port).then(
      (socket) => socket.destroy().destroyed,
      () => false,
    );
  const shown = async (): Promise<unknown> => (await handshake()).subject.CN;
  const nameOf = (pair: KeyPair): string => (pair === first ? '1' : '2');
  const put = (pair: Partial<KeyPair>) => putPair(join(proxy.nginxFolder, 'tls'), pair);
  const refusal = 'certificate and key cannot be used; the ones before go on being served';
  const blocked = 'certificate and key cannot be used; nginx is not started without them';

  async function untilProblem(message: string, problem: RegExp): Promise<void> {
    await eventually(
      () => {
        const lines = proxy.lines.filter((line) => line['message'] === message);
        expect(lines.map((line) => String(line['problem'])).join('\n')).to.match(problem);
      },
      { timeoutMs: 10_000 },
    );
  }

  it('speaks TLS 1.2 and 1.3 and nothing older', async () => {
    await start();

    expect((await handshake('TLSv1.3')).subject.CN).to.equal('1');
    expect((await handshake('TLSv1.2')).subject.CN).to.equal('1');
    for (const version of ['TLSv1.1', 'TLSv1'] as const) {
      const outcome = await handshake(version).catch((error: unknown) => error);
      expect(outcome, version).to.be.instanceOf(Error);
    }
    // OpenSSL may refuse the older ones by a setting of the machine; ours must not hang on that.
    const listen = await readFile(join(proxy.runFolder, 'http-listen.conf'), 'utf8');
    expect(listen).to.contain('ssl_protocols TLSv1.2 TLSv1.3;\n');
  });

  it('forwards requests and websockets, and says https to the application', async () => {
    await start(first, { config: { routerScheme: 'http' } });
    const app = await EchoApp.start();
    const sockets = new WebSocketServer({ server: app.server });
    sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
    await proxy.publish({ http: { app: anHttpEntry(app.port) } });

    const socket = new WebSocket(`wss://localhost:${proxy.port}/service/app/`, {
      ca: authority.certificate,
    });
    await new Promise((done, failed) => socket.once('open', done).once('error', failed));
    const echo = new Promise((done) => socket.once('message', done));
    socket.send('hello');

    expect(String(await echo)).to.equal('hello');
    socket.terminate();
    const page = await askTls('/service/app/page');
    expect(page).to.contain('hello from the application');
    expect(app.lastHeader('x-forwarded-proto')).to.deep.equal(['https']);
    sockets.close();
    await app.stop();
  });

  /** One request over TLS 1.3 and HTTP/1.1; gives the whole answer. */
  function askTls(target: string): Promise<string> {
    return new Promise((done, failed) => {
      let text = '';
      const socket = connectTls({
        ...{ port: proxy.port, host: '127.0.0.1', servername: 'localhost' },
        ca: authority.certificate,
      });
      socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      socket.once('error', failed).once('end', () => done(text));
      socket.write(`GET ${target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n`);
    });
  }

  it('serves a changed pair without a restart, and keeps what is open', async () => {
    await start();
    const pid = await proxy.nginxPid();
    const open = connectTls({
      ...{ port: proxy.port, host: '127.0.0.1', servername: 'localhost' },
      ca: authority.certificate,
    });
    await new Promise((done) => open.once('secureConnect', done));

    await put(second);

    await eventually(async () => expect(await shown()).to.equal('2'), { timeoutMs: 15_000 });
    expect(await proxy.nginxPid()).to.equal(pid);
    const answer = new Promise((done) => open.once('data', done));
    open.write('GET /_clearway/healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    expect(String(await answer)).to.match(/^HTTP\/1\.1 200 /);
    open.destroy();
  });

  it('serves the pair before while only half of a new one is there', async () => {
    await start();

    await put({ certificate: second.certificate });
    await untilProblem(refusal, /does not belong/);

    expect(await shown()).to.equal(nameOf(first));
    await put({ key: second.key });
    await eventually(async () => expect(await shown()).to.equal('2'), { timeoutMs: 15_000 });
  });

  it('keeps the pair before when the new one cannot be used, says why once, and takes the next', async () => {
    await start();
    const ended = await authority.issue({ days: -1 });
    const encrypted = await encryptKey(folder.path, second.key);
    const wrong: readonly (readonly [Partial<KeyPair>, RegExp])[] = [
      [{ certificate: second.certificate.slice(0, 300) }, /bad end line/],
      [{ certificate: 'no certificate\n' }, /no start line/],
      [{ certificate: second.certificate, key: encrypted }, /encrypted/],
      [ended, /ended at 20/],
    ];

    for (const [pair, problem] of wrong) {
      await put(pair);
      await untilProblem(refusal, problem);
      expect(await shown()).to.equal('1');
    }
    // Time for two more looks: what was said is not said again.
    await proxy.untilLine({ message: refusal });
    await eventually(async () => {
      const { mtimeMs } = await stat(join(proxy.runFolder, 'live'));
      expect(Date.now() - mtimeMs).to.be.greaterThan(3_000);
    });
    expect(proxy.lines.filter(({ message }) => message === refusal).length).to.equal(wrong.length);
    await put(second);
    await eventually(async () => expect(await shown()).to.equal('2'), { timeoutMs: 15_000 });
  });

  it('does not fall back to plain HTTP when the certificate is taken away', async () => {
    await start();

    await rm(join(proxy.nginxFolder, 'tls'), { recursive: true });
    await untilProblem(refusal, /is missing/);

    expect(await shown()).to.equal('1');
    process.kill(await proxy.nginxPid(), 'SIGKILL');
    await eventually(async () => expect(await shown()).to.equal('1'), { timeoutMs: 15_000 });
    const revision = await proxy.render({ idleSeconds: 700 });
    await proxy.untilComplete(revision);
    expect(await shown()).to.equal('1');
  });

  it('begins to speak TLS when a pair appears in the usual place', async () => {
    await start({});
    expect((await rawRequest(proxy.port, { target: '/_clearway/healthz' })).status).to.equal(200);

    await put(first);

    await eventually(async () => expect(await shown()).to.equal('1'), { timeoutMs: 15_000 });
  });

  it('starts no nginx without the files that were set, until they are there', async () => {
    const [tlsCertificate, tlsKey] = [join(folder.path, 'tls.crt'), join(folder.path, 'tls.key')];
    await start({}, { router: false, config: { tlsCertificate, tlsKey } });

    await untilProblem(blocked, /tls\.crt is missing/);
    expect(await isListening()).to.equal(false);
    await putPair(folder.path, { certificate: first.certificate });
    await untilProblem(blocked, /tls\.key is missing/);
    expect(await isListening()).to.equal(false);
    await putPair(folder.path, { key: first.key });

    await proxy.untilLine({ message: 'nginx started', tls: 'on' }, 15_000);
    expect(await shown()).to.equal('1');
    // Whoever takes the setting away wants plain HTTP.
    await proxy.render({ tlsCertificate: '', tlsKey: '' });
    await proxy.untilLine({ message: 'nginx reloaded', tls: 'off' }, 15_000);
    expect((await rawRequest(proxy.port, { target: '/_clearway/healthz' })).status).to.equal(200);
  });

  it('starts no nginx with half a pair in the usual place', async () => {
    const begun = performance.now();
    await start({ certificate: first.certificate }, { router: false });

    await untilProblem(blocked, /tls\.key is missing/);

    // It is tried again after one second and after two more, and said once.
    await eventually(() => expect(performance.now() - begun).to.be.greaterThan(4_000));
    expect(proxy.lines.filter(({ message }) => message === blocked).length).to.equal(1);
    expect(await isListening()).to.equal(false);
  });

  it('warns of the end of a certificate, and serves one that has ended when there is no other', async () => {
    const soon = await authority.issue({ days: 10 });
    await start(soon);

    const line = await proxy.untilLine({ message: 'the certificate ends soon' });

    expect(line['days']).to.equal('9');
    await proxy.stopSupervisor();
    await put(await authority.issue({ days: -1 }));
    proxy.startSupervisor();
    await proxy.untilLine({ message: 'the certificate has ended: browsers refuse it' });
    await eventually(async () => expect(await isListening()).to.equal(true));
  });

  it('keeps its copies to itself, and the key out of every line', async () => {
    await start();

    await put({ key: second.key });
    await untilProblem(refusal, /does not belong/);

    for (const name of ['tls.crt', 'tls.key', 'new/tls.key']) {
      const { mode } = await stat(join(proxy.runFolder, 'tls', name));
      expect(mode & 0o777, name).to.equal(0o600);
    }
    expect(((await stat(join(proxy.runFolder, 'tls'))).mode & 0o777).toString(8)).to.equal('700');
    expect(await readFile(join(proxy.runFolder, 'tls/tls.key'), 'utf8')).to.equal(first.key);
    const said = proxy.lines.map((line) => JSON.stringify(line)).join('\n');
    for (const { key } of [first, second]) {
      for (const secret of key.split('\n').slice(1, -2)) expect(said).not.to.contain(secret);
    }
  });
});
