import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { expect } from 'chai';
import { endpointKeys } from '../../../src/embedded/demo/clearml.ts';
import type { SeenTask } from '../../../src/embedded/demo/clearml.ts';
import { lookAt, routesOf, stateOf } from '../../../src/embedded/demo/look.ts';
import type { Look, SeenRoute } from '../../../src/embedded/demo/look.ts';

const ROUTER = {
  url: 'http://127.0.0.1:8080',
  tcpAddress: '127.0.0.1',
  tcpPorts: { start: 20_000, end: 20_019 },
};

function aTask(overrides: Partial<SeenTask> = {}): SeenTask {
  return {
    id: '0123',
    name: 'notebook',
    user: 'alice',
    status: 'in_progress',
    started: 0,
    runtime: {},
    ...overrides,
  };
}

function aRoute(overrides: Partial<SeenRoute> = {}): SeenRoute {
  return { task: aTask(), protocol: 'http', name: '', endpoint: 'http://x/', ...overrides };
}

async function look(server: Server, route: (port: number) => Partial<SeenRoute>): Promise<Look> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const seen = await lookAt(aRoute(route(port)), 'token', AbortSignal.timeout(5000));
  server.close();
  return seen;
}

describe('routesOf', () => {
  const keys = (protocol: 'http' | 'tcp', name: string): Readonly<Record<string, unknown>> =>
    endpointKeys({ protocol, name, address: '127.0.0.1', port: 40_000 });

  it('finds a request before it is answered', () => {
    const task = aTask({ runtime: { ...keys('http', ''), ...keys('tcp', 'db') } });

    const routes = routesOf(task, ROUTER).map(({ protocol, name, endpoint }) => [
      protocol,
      name,
      endpoint,
    ]);

    expect(routes).to.have.deep.members([
      ['http', '', ''],
      ['tcp', 'db', ''],
    ]);
  });

  it('finds the addresses that were published', () => {
    const task = aTask({
      runtime: {
        ...keys('http', 'a__b'),
        endpoint__a__b: 'http://127.0.0.1:8080/service/0123--x/',
        ...keys('tcp', ''),
        external_tcp_port: 20_007,
      },
    });

    const routes = routesOf(task, ROUTER).map(({ name, endpoint }) => [name, endpoint]);

    expect(routes).to.have.deep.members([
      ['a__b', 'http://127.0.0.1:8080/service/0123--x/'],
      ['', '127.0.0.1:20007'],
    ]);
  });

  it('finds nothing in a task without keys', () => {
    expect(routesOf(aTask({ runtime: { progress: '1', _PORTER: 1 } }), ROUTER)).to.deep.equal([]);
  });
});

describe('stateOf', () => {
  const ended = aTask({ status: 'completed' });

  for (const [route, seen, state] of [
    [aRoute({ endpoint: '' }), undefined, 'Requested'],
    [aRoute(), undefined, 'Waiting'],
    [aRoute(), 'waits', 'Waiting'],
    [aRoute(), 'answers', 'Ready'],
    [aRoute(), 'fails', 'No answer'],
    [aRoute({ task: ended }), 'answers', 'Ending'],
    [aRoute({ task: ended, endpoint: '' }), undefined, 'Ended'],
  ] as const) {
    const place = route.endpoint === '' ? 'without an address' : 'with an address';
    it(`is ${state} for a task ${route.task.status} ${place} that ${String(seen)}`, () => {
      expect(stateOf(route, seen)).to.equal(state);
    });
  }
});

describe('lookAt', () => {
  for (const [status, expected] of [
    [200, 'answers'],
    [404, 'answers'],
    [503, 'waits'],
    [502, 'fails'],
  ] as const) {
    it(`takes HTTP status ${String(status)} for "${expected}"`, async () => {
      const server = createHttpServer((_request, response) => {
        response.writeHead(status).end();
      });

      const seen = await look(server, (port) => ({
        endpoint: `http://127.0.0.1:${String(port)}/`,
      }));

      expect(seen).to.equal(expected);
    });
  }

  for (const [what, serve, expected] of [
    ['talks', (socket: Socket) => socket.write('hello'), 'answers'],
    ['stays open', (socket: Socket) => socket.resume(), 'answers'],
    ['closes at once', (socket: Socket) => socket.destroy(), 'waits'],
  ] as const) {
    it(`takes a port that ${what} for "${expected}"`, async () => {
      const server = createServer(serve);

      const seen = await look(server, (port) => ({
        protocol: 'tcp',
        endpoint: `127.0.0.1:${String(port)}`,
      }));

      expect(seen).to.equal(expected);
    });
  }
});
