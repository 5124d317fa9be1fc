import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect } from 'chai';
import type { WebSocket } from 'ws';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { startTcpEcho } from '../../src/embedded/workloads/tcp-echo.ts';
import type { Workload } from '../../src/embedded/workloads/workload.ts';
import { addTask, ALICE, anEndpoint, startClearml, tokenOf } from '../support/clearml-world.ts';
import { echoed, openWebSocket, startApp, type TaskApp } from '../support/e2e-app.ts';
import { eventually } from '../support/eventually.ts';
import { Gateway } from '../support/gateway-harness.ts';
import { ended, openSocket } from '../support/http-client.ts';

const POLL_MS = 200;
const SOON_MS = 1_000;

/** One idle connection of each sort to a task. */
interface Opened {
  readonly tcp: Socket;
  readonly stream: Socket;
  readonly webSocket: WebSocket;
}

describe('a route that is withdrawn', function () {
  this.timeout(30_000);
  let clearml: EmbeddedClearml;
  let gateway: Gateway;
  let app: TaskApp;
  let echo: Workload;

  before(async () => {
    clearml = await startClearml();
    app = await startApp('an application');
    echo = await startTcpEcho({ address: '127.0.0.1', port: 0, greeting: 'hello' });
    gateway = await Gateway.start({ clearml });
  });

  after(async () => {
    await gateway.stop();
    await app[Symbol.asyncDispose]();
    await echo.close();
    await clearml.close();
  });

  async function runTask(): Promise<{ readonly id: string; readonly tcpPort: number }> {
    const id = addTask(clearml, [anEndpoint('http', app.port), anEndpoint('tcp', echo.port)]);
    const tcpPort = await eventually(() => {
      const { endpoint, external_tcp_port: port } = clearml.tasks.runtime(id);
      expect(endpoint).to.be.a('string');
      expect(port).to.be.within(gateway.tcpPorts.start, gateway.tcpPorts.end);
      return Number(port);
    });
    return { id, tcpPort };
  }

  async function open(task: { readonly id: string; readonly tcpPort: number }): Promise<Opened> {
    const token = tokenOf(clearml, ALICE);
    const [tcp, stream] = [await openSocket(task.tcpPort), await openSocket(gateway.port)];
    stream.write(
      `GET /service/${task.id}/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ${token}\r\n\r\n`,
    );
    await Promise.all([once(tcp, 'data'), once(stream, 'data')]);
    const webSocket = await openWebSocket(`${gateway.url}/service/${task.id}/`, token);
    expect(await echoed(webSocket, 'hello')).to.equal('hello');
    return { tcp, stream, webSocket };
  }

  /** How long until all three ended, in ms. */
  async function endedAll({ tcp, stream, webSocket }: Opened): Promise<number> {
    const from = performance.now();
    await Promise.all([ended(tcp), ended(stream), once(webSocket, 'close')]);
    return performance.now() - from;
  }

  async function stillOpen({ tcp, stream, webSocket }: Opened): Promise<void> {
    expect(await echoed(webSocket, 'still there')).to.equal('still there');
    const heard = once(tcp, 'data');
    tcp.write('still there');
    expect(String((await heard)[0])).to.equal('still there');
    expect(stream.readableEnded || stream.destroyed, 'stream ended').to.equal(false);
  }

  it('ends its idle TCP connection, stream and websocket within a second, and not those of its neighbours', async () => {
    const [going, staying] = [await runTask(), await runTask()];
    const [goingOpen, stayingOpen] = [await open(going), await open(staying)];

    clearml.tasks.setStatus(going.id, 'stopped');

    expect(await endedAll(goingOpen)).to.be.lessThan(POLL_MS + SOON_MS);
    await stillOpen(stayingOpen);
    clearml.tasks.setStatus(staying.id, 'stopped');
    await endedAll(stayingOpen);
  });

  it('ends only the connections of the endpoint that the task gave up', async () => {
    const task = await runTask();
    const opened = await open(task);
    const tcpEnded = ended(opened.tcp);

    clearml.tasks.patchRuntime(task.id, {}, ['external_tcp_port', 'external_address']);

    await tcpEnded;
    expect(await echoed(opened.webSocket, 'still there')).to.equal('still there');
    clearml.tasks.setStatus(task.id, 'completed');
    await Promise.all([once(opened.webSocket, 'close'), ended(opened.stream)]);
  });
});
