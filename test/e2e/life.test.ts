import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { expect } from 'chai';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import {
  callClearml,
  completeTask,
  requestEndpoints,
  startTask,
  type WantedEndpoint,
} from '../../src/embedded/demo/clearml.ts';
import {
  addTask,
  ALICE,
  anEndpoint,
  BOB,
  callerOf,
  EVE,
  startClearml,
  tokenOf,
} from '../support/clearml-world.ts';
import { startApp, type TaskApp } from '../support/e2e-app.ts';
import { eventually } from '../support/eventually.ts';
import { Gateway } from '../support/gateway-harness.ts';
import { openSocket } from '../support/http-client.ts';

const signal = new AbortController().signal;
const MEGABYTE = 1_000_000;
/** A poll of the gateway under test (0.2 s), and time for a busy machine. */
const REACHABLE_MS = 1_000;
/** A whole runtime is only written over when it has been left alone for a second. */
const PUBLISHED_MS = REACHABLE_MS + 1_500;

describe('the life of a task behind the gateway', function () {
  this.timeout(60_000);
  let clearml: EmbeddedClearml;
  let gateway: Gateway;
  let main: TaskApp;
  let api: TaskApp;
  let echo: Server;
  let wanted: readonly WantedEndpoint[];
  let task: string;
  let published: Readonly<Record<string, unknown>>;

  const path = (name = ''): string => `/service/${task}${name}/`;
  const bearer = (account = ALICE): Record<string, string> => ({
    authorization: `Bearer ${tokenOf(clearml, account)}`,
  });

  async function untilPublished(): Promise<Readonly<Record<string, unknown>>> {
    return eventually(() => {
      const runtime = clearml.tasks.runtime(task);
      expect(runtime['endpoint'], 'endpoint').to.be.a('string');
      expect(runtime['endpoint__api'], 'endpoint__api').to.be.a('string');
      expect(runtime['external_tcp_port']).to.be.within(
        gateway.tcpPorts.start,
        gateway.tcpPorts.end,
      );
      return runtime;
    });
  }

  before(async () => {
    clearml = await startClearml();
    main = await startApp('the main application');
    api = await startApp('its api');
    echo = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined).pipe(socket);
    }).listen(0, '127.0.0.1');
    await once(echo, 'listening');
    const { port } = echo.address() as AddressInfo;
    wanted = [
      anEndpoint('http', main.port),
      anEndpoint('http', api.port, 'api'),
      anEndpoint('tcp', port),
    ];
    gateway = await Gateway.start({ clearml, environment: { CLEARWAY_PORT_REST_SECONDS: '2' } });
  });

  after(async () => {
    await gateway.stop();
    await main[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
    echo.close();
    await clearml.close();
  });

  it('begins with an address that answers and stands in the runtime, within a poll', async () => {
    const caller = callerOf(clearml, ALICE);
    task = await startTask(caller, { name: 'an application', queue: 'default' }, signal);
    await requestEndpoints(caller, task, wanted, signal);
    const asked = performance.now();

    await eventually(async () =>
      expect((await gateway.get(path(), bearer())).status).to.equal(200),
    );
    const reachable = performance.now() - asked;
    published = await untilPublished();

    expect(reachable).to.be.lessThan(REACHABLE_MS);
    expect(performance.now() - asked).to.be.lessThan(PUBLISHED_MS);
    expect(published).to.include({
      endpoint: `${gateway.url}${path()}`,
      endpoint__api: `${gateway.url}${path('--api')}`,
      external_address: '127.0.0.1',
    });
  });

  it('has every address answer with the application that it was published for', async () => {
    const answers = await Promise.all([
      gateway.get(path(), bearer()),
      gateway.get(path('--api'), bearer()),
    ]);

    expect(answers).to.deep.equal([
      { status: 200, text: 'the main application' },
      { status: 200, text: 'its api' },
    ]);
  });

  it('lets in by cookie and by token who may read the task, and nobody else', async () => {
    const cookie = `${clearml.cookieName}=${tokenOf(clearml, BOB)}`;
    const statuses = await Promise.all(
      [bearer(), bearer(BOB), { cookie }, bearer(EVE), { authorization: 'Bearer rubbish' }, {}].map(
        async (headers) => (await gateway.get(path(), headers)).status,
      ),
    );

    expect(statuses).to.deep.equal([200, 200, 200, 404, 401, 401]);
  });

  it('carries 100 MB over tcp both ways, and a half-close', async () => {
    const chunk = randomBytes(MEGABYTE);
    const [sent, received] = [createHash('sha256'), createHash('sha256')];
    const socket = await openSocket(Number(published['external_tcp_port']));
    const reading = (async () => {
      for await (const data of socket) received.update(data as Buffer);
    })();

    for (let index = 0; index < 100; index += 1) {
      sent.update(chunk);
      if (!socket.write(chunk)) await once(socket, 'drain');
    }
    socket.end();
    await reading;

    expect(received.digest('hex')).to.equal(sent.digest('hex'));
  });

  it('ends with the addresses gone, from the proxy and from ClearML', async () => {
    await completeTask(callerOf(clearml, ALICE), task, signal);

    await eventually(async () => {
      expect((await gateway.get(path(), bearer())).status).to.equal(404);
      expect((await gateway.get(path('--api'), bearer())).status).to.equal(404);
    });
    await eventually(() => {
      const runtime = clearml.tasks.runtime(task);
      expect(runtime).to.not.have.any.keys('endpoint', 'browser_endpoint', 'endpoint__api');
      expect(Object.keys(runtime).filter((key) => key.includes('clearway'))).to.deep.equal([]);
    });
    await eventually(async () => expect(await gateway.routes()).to.deep.equal([]));
  });

  it('ends with the tcp values that the task itself had written', () => {
    const [, , tcp] = wanted;
    expect(clearml.tasks.runtime(task)).to.include({
      external_address: tcp?.address,
      external_tcp_port: tcp?.port,
    });
  });

  it('leaves its port to nobody else for a while', async () => {
    const [, , tcp] = wanted;
    const other = addTask(clearml, [anEndpoint('tcp', tcp?.port ?? 0)]);

    const port = await eventually(() => {
      const { external_tcp_port: shown } = clearml.tasks.runtime(other);
      expect(shown).to.be.within(gateway.tcpPorts.start, gateway.tcpPorts.end);
      return shown;
    });

    expect(port).to.not.equal(published['external_tcp_port']);
  });

  it('begins again with the same addresses when the task is enqueued again', async () => {
    const caller = callerOf(clearml, ALICE);
    const call = (name: string, body: Record<string, unknown>): Promise<unknown> =>
      callClearml(caller, { name, body }, signal);
    await call('tasks.enqueue', { task, queue_name: 'default', force: true });
    await call('tasks.started', { task, force: true });

    const again = await untilPublished();

    const keys = ['endpoint', 'endpoint__api', 'external_address', 'external_tcp_port'];
    for (const key of keys) expect(again[key], key).to.equal(published[key]);
    await eventually(async () =>
      expect((await gateway.get(path(), bearer())).text).to.equal('the main application'),
    );
  });
});
