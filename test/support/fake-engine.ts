import { createServer, type ServerResponse } from 'node:http';
import { join } from 'node:path';
import { tempFolder } from './temp-folder.ts';

/** What a fake engine does when it is asked for a container. */
export type InspectFault = 'status 500' | 'hang' | 'reset' | 'nonsense';

/** An engine's API on a socket of its own, for what no real engine does on order. */
export interface FakeEngine extends AsyncDisposable {
  readonly socketPath: string;
  /** Containers by id, with the CLEARML_TASK_ID and the address of each. */
  readonly containers: Map<string, { readonly taskId: string; readonly address: string }>;
  /** Containers that cannot be inspected. */
  readonly faults: Map<string, InspectFault>;
  /** Streams of events that were opened so far. */
  readonly sessions: () => number;
  /** Tells of an event of this container. */
  emit(id: string): void;
  /** From now on lists are answered with this status. */
  failLists(status: number): void;
}

/** Starts a fake engine without containers. */
export async function startFakeEngine(): Promise<FakeEngine> {
  const folder = await tempFolder();
  const socketPath = join(folder.path, 'docker.sock');
  const containers: FakeEngine['containers'] = new Map();
  const faults: FakeEngine['faults'] = new Map();
  const streams: ServerResponse[] = [];
  let listStatus = 200;
  const server = createServer((request, response) => {
    const path = (request.url ?? '').replace(/\?.*$/, '');
    const id = /^\/containers\/(\w+)\/json$/.exec(path)?.[1];
    if (path === '/events') {
      streams.push(response);
      response.flushHeaders();
    } else if (path === '/networks') {
      json(response, 200, []);
    } else if (path === '/containers/json') {
      json(response, listStatus, listStatus === 200 ? [...containers.keys()].map(entryOf) : {});
    } else {
      inspect(response, containers.get(id ?? ''), { id: id ?? '', fault: faults.get(id ?? '') });
    }
  });
  await new Promise<void>((resolve) => server.listen(socketPath, resolve));
  return {
    socketPath,
    containers,
    faults,
    sessions: () => streams.length,
    emit: (id) => {
      const event = { Type: 'container', Action: 'start', Actor: { ID: id, Attributes: {} } };
      streams.at(-1)?.write(`${JSON.stringify(event)}\n`);
    },
    failLists: (status) => (listStatus = status),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      await folder[Symbol.asyncDispose]();
    },
  };
}

function entryOf(id: string): unknown {
  const NetworkSettings = { Networks: {} };
  return { Id: id, Names: [id], State: 'running', Status: 'Up', NetworkSettings, Ports: null };
}

function inspect(
  response: ServerResponse,
  container: { readonly taskId: string; readonly address: string } | undefined,
  { id, fault }: { readonly id: string; readonly fault: InspectFault | undefined },
): void {
  if (fault === 'hang') return;
  if (fault === 'reset') response.destroy();
  else if (fault === 'status 500') json(response, 500, { message: 'layer does not exist' });
  else if (fault === 'nonsense') json(response, 200, { Id: id });
  else if (container === undefined) json(response, 404, { message: 'no such container' });
  else {
    const { taskId, address } = container;
    json(response, 200, {
      Id: id,
      Name: `/${id}`,
      Config: { Env: [`CLEARML_TASK_ID=${taskId}`] },
      HostConfig: { NetworkMode: 'bridge' },
      State: { Running: true, Restarting: false },
      NetworkSettings: {
        Networks: { bridge: { IPAddress: address, GlobalIPv6Address: '' } },
        Ports: {},
      },
    });
  }
}

function json(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value));
}
