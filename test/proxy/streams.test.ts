import { createHash, randomBytes } from 'node:crypto';
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer, type AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { expect } from 'chai';
import { WebSocket, WebSocketServer } from 'ws';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';
import { EchoApp } from '../support/echo-app.ts';
import { openSocket } from '../support/http-client.ts';

const MIB = 1024 * 1024;

/** `/upload` answers with size and hash of the body; `/early` says when the first bytes are there; `/events` streams. */
function handle(request: IncomingMessage, response: ServerResponse): void {
  if (request.url === '/upload') return void digest(request, response);
  if (request.url === '/early') {
    request.once('data', () => response.write('first bytes are here\n'));
    request.once('end', () => response.end('end\n'));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write('data: one\n\n');
}

async function digest(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const hash = createHash('sha256');
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    hash.update(chunk as Buffer);
  }
  response.end(`${size} ${hash.digest('hex')}`);
}

describe('streams through the proxy', function () {
  this.timeout(30_000);
  let proxy: ProxyHarness;
  let app: EchoApp;
  let sockets: WebSocketServer;

  before(async () => {
    proxy = await ProxyHarness.start();
    app = await EchoApp.start(handle);
    sockets = new WebSocketServer({ server: app.server, path: '/ws' });
    sockets.on('connection', (socket) =>
      socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary })),
    );
    await proxy.publish({ http: { app: anHttpEntry(app.port) } });
  });

  after(async () => {
    sockets.close();
    for (const client of sockets.clients) client.terminate();
    await proxy.stop();
    await app.stop();
  });

  it('carries a websocket both ways', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${proxy.port}/service/app/ws`);
    await new Promise((done) => socket.once('open', done));

    const echo = new Promise<Buffer>((done) =>
      socket.once('message', (data) => done(data as Buffer)),
    );
    const sent = randomBytes(300_000);
    socket.send(sent);

    expect((await echo).equals(sent)).to.equal(true);
    socket.close();
    await new Promise((done) => socket.once('close', done));
  });

  it('lets events through while the stream is open', async () => {
    const controller = new AbortController();
    const answer = await fetch(proxy.url('/service/app/events'), { signal: controller.signal });
    const reader = answer.body?.getReader();

    const first = await reader?.read();

    expect(Buffer.from(first?.value ?? []).toString()).to.equal('data: one\n\n');
    controller.abort();
  });

  it('hands a large body on unchanged, with and without a length', async () => {
    const chunk = randomBytes(MIB);
    const size = 64;
    const expected = createHash('sha256');
    for (let index = 0; index < size; index += 1) expected.update(chunk);
    const digest = expected.digest('hex');

    for (const headers of [{}, { 'content-length': String(size * MIB) }]) {
      const body = await upload(
        proxy.port,
        headers,
        Array.from({ length: size }, () => chunk),
      );

      expect(body).to.equal(`${size * MIB} ${digest}`);
    }
  });

  it('hands the first bytes of a body on before the last ones came', async () => {
    const socket = await openSocket(proxy.port);
    const head = 'POST /service/app/early HTTP/1.1\r\nHost: x\r\nConnection: close\r\n';
    socket.write(`${head}Content-Length: 10\r\n\r\n12345`);

    const answer = await new Promise<string>((done) => socket.once('data', (d) => done(String(d))));

    expect(answer)
      .to.match(/^HTTP\/1.1 200 /)
      .and.to.contain('first bytes are here');
    socket.destroy();
  });
  it('repeats a request on a new connection when an idle one turns out to be closed', async () => {
    const server = createServer((socket) => {
      let count = 0;
      socket.on('error', () => undefined);
      socket.on('data', () => {
        count += 1;
        if (count > 1) return void socket.destroy();
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    await proxy.publish({ http: { once: anHttpEntry(port, { answered: true }) } });

    for (let index = 0; index < 12; index += 1)
      expect((await fetch(proxy.url('/service/once/'))).status).to.equal(200);

    server.close();
  });
});

function upload(
  port: number,
  headers: Record<string, string>,
  chunks: readonly Buffer[],
): Promise<string> {
  return new Promise((done, failed) => {
    const path = '/service/app/upload';
    const options = { port, host: '127.0.0.1', path, method: 'POST', headers };
    const request = httpRequest(options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (part: string) => (text += part));
      response.once('end', () => done(text));
    });
    request.once('error', failed);
    Readable.from(chunks).pipe(request);
  });
}
