import { expect } from 'chai';
import { WebSocket } from 'ws';
import type { TcpEntry } from '../../src/domain/route-table.ts';
import { ended, openSocket, rawRequest } from '../support/http-client.ts';
import { anHttpEntry, aTcpEntry, ProxyHarness } from '../support/proxy-harness.ts';

const VIA = 'X-Clearway-Via';

describe('loops', function () {
  this.timeout(20_000);
  let one: ProxyHarness;
  let other: ProxyHarness;

  before(async () => {
    one = await ProxyHarness.start({ tcpPorts: 3 });
    other = await ProxyHarness.start({ tcpPorts: 3 });
    const { tcpStart: first } = one.config;
    const to = (upstream: string): TcpEntry => ({ ...aTcpEntry(1), upstream });
    await one.publish({
      http: {
        self: anHttpEntry(one.port, { keep: true }),
        tcp: anHttpEntry(first + 1, { keep: true }),
        loop: anHttpEntry(other.port, { keep: true, answered: true }),
      },
      tcp: {
        [first]: to(`127.0.0.1:${first}`),
        [first + 1]: to(`127.0.0.1:${first + 2}`),
        [first + 2]: to(`127.0.0.1:${first + 1}`),
      },
    });
    await other.publish({ http: { loop: anHttpEntry(one.port, { keep: true, answered: true }) } });
  });

  after(() => Promise.all([one.stop('SIGKILL'), other.stop('SIGKILL')]));

  const requestsOf = (proxy: ProxyHarness): number =>
    proxy.lines.filter(({ message }) => message === 'request').length;

  // Attack: a task gives the gateway's own address, or that of another gateway that leads back, so that one request becomes very many.
  // Outcome: the first request that comes back is answered with 508; an upstream that is a listener of this proxy is none.
  it('T7: a request goes through a gateway once', async () => {
    const forged = [
      [],
      [
        [VIA, 'x'],
        [VIA, 'y'],
      ],
      [
        [VIA, ''],
        ['x_clearway_via', 'z'],
      ],
      [['Connection', VIA]],
    ] as const;
    for (const headers of forged) {
      const answer = await rawRequest(one.port, {
        target: '/service/loop/x',
        headers: [...headers],
      });
      expect(answer.status).to.equal(508);
    }
    for (const key of ['self', 'tcp']) {
      const answer = await rawRequest(one.port, { target: `/service/${key}/x` });
      expect(answer.status, key).to.equal(503);
    }
    await one.untilLine({ path: '/service/tcp/x' });
    // Four times there and back, and two that went nowhere.
    expect([requestsOf(one), requestsOf(other)]).to.deep.equal([10, 4]);
  });

  // Attack: the same by a websocket, which each gateway would hand on for as long as it lasts.
  it('T7 by a websocket: refused as well', async () => {
    const socket = new WebSocket(`ws://127.0.0.1:${one.port}/service/loop/x`);
    const status = await new Promise((done) =>
      socket
        .once('unexpected-response', (_, { statusCode }) => done(statusCode))
        .once('open', () => done(101)),
    );

    expect(status).to.equal(508);
    socket.on('error', () => undefined).terminate();
  });

  // Attack: the same over TCP, which has no headers: a port that leads to itself, and two that lead to each other.
  it('T7 over TCP: no port of the range leads to another one', async () => {
    const { tcpStart: first } = one.config;
    for (const port of [first, first + 1, first + 2]) await ended(await openSocket(port));

    await one.untilLine({ message: 'connection', port: first + 2 });
    const connections = one.lines.filter(({ message }) => message === 'connection');
    expect(connections.map(({ upstream }) => upstream)).to.deep.equal(['', '', '']);
  });
});
