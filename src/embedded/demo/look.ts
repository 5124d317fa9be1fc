import { connect } from 'node:net';
import type { SeenTask } from './clearml.ts';
import type { RouteRow, RouteState } from './table.ts';

/** What one sees at a published address. */
export type Look = 'answers' | 'waits' | 'fails';

/** One endpoint of a task: what was asked for, and the address that was published for it. */
export interface SeenRoute {
  readonly task: SeenTask;
  readonly protocol: 'http' | 'tcp';
  readonly name: string;
  /** Empty while nothing is published. */
  readonly endpoint: string;
}

/** What is known of the router from outside. */
export interface RouterPlace {
  readonly url: string;
  readonly tcpAddress: string;
  readonly tcpPorts: { readonly start: number; readonly end: number };
}

const LOOK_MS = 2000;
/** A port without a route closes at once; one that stays open for this long leads somewhere. */
const OPEN_MS = 400;

/** Finds the endpoints of a task in its runtime: by the keys that ask, never by the shared service key. */
export function routesOf(task: SeenTask, router: RouterPlace): readonly SeenRoute[] {
  return Object.keys(task.runtime).flatMap((key): readonly SeenRoute[] => {
    const http = /^_PORT(?:__(.+))?$/su.exec(key);
    if (http !== null) return [httpRoute(task, http[1] ?? '')];
    const tcp = /^external_tcp_port(?:__(.+))?$/su.exec(key);
    return tcp === null ? [] : [tcpRoute(task, tcp[1] ?? '', router)];
  });
}

/** Tells how far a route is; `look` is undefined while nobody has looked. */
export function stateOf(route: SeenRoute, look: Look | undefined): RouteState {
  const isPublished = route.endpoint !== '';
  if (route.task.status !== 'in_progress') return isPublished ? 'Ending' : 'Ended';
  if (!isPublished) return 'Requested';
  if (look === 'answers') return 'Ready';
  return look === 'fails' ? 'No answer' : 'Waiting';
}

/** Makes the row of a route; `lastEndpoint` is the address that it had, if it has none now. */
export function rowOf(
  route: SeenRoute,
  facts: { readonly look: Look | undefined; readonly lastEndpoint: string; readonly now: number },
): RouteRow {
  const { task, protocol, name } = route;
  return {
    key: keyOf(route),
    task: name === '' ? task.name : `${task.name} / ${name}`,
    user: task.user,
    protocol,
    endpoint: route.endpoint === '' ? facts.lastEndpoint : route.endpoint,
    state: stateOf(route, facts.look),
    ageMs: Number.isNaN(task.started) ? 0 : facts.now - task.started,
  };
}

/** The same for the same route, as long as it lives. */
export function keyOf(route: SeenRoute): string {
  return JSON.stringify([route.task.id, route.protocol, route.name]);
}

/** Looks at a published address as a user would. */
export async function lookAt(route: SeenRoute, token: string, signal: AbortSignal): Promise<Look> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(LOOK_MS)]);
  try {
    return route.protocol === 'http'
      ? await lookAtHttp(route.endpoint, token, limit)
      : await lookAtTcp(route.endpoint, limit);
  } catch {
    return 'fails';
  }
}

async function lookAtHttp(url: string, token: string, signal: AbortSignal): Promise<Look> {
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json' };
  const response = await fetch(url, { headers, signal, redirect: 'manual' });
  await response.body?.cancel();
  if (response.status === 503) return 'waits';
  return response.status === 502 || response.status === 504 ? 'fails' : 'answers';
}

function lookAtTcp(endpoint: string, signal: AbortSignal): Promise<Look> {
  const colon = endpoint.lastIndexOf(':');
  const socket = connect({
    host: endpoint.slice(0, colon),
    port: Number(endpoint.slice(colon + 1)),
  });
  return new Promise<Look>((resolve) => {
    const end = (look: Look): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(look);
    };
    const timer = setTimeout(() => {
      end('answers');
    }, OPEN_MS);
    signal.addEventListener('abort', () => {
      end('fails');
    });
    socket.once('data', () => {
      end('answers');
    });
    socket.once('error', () => {
      end('waits');
    });
    socket.once('close', () => {
      end('waits');
    });
  });
}

function httpRoute(task: SeenTask, name: string): SeenRoute {
  const endpoint = task.runtime[name === '' ? 'endpoint' : `endpoint__${name}`];
  const isUrl = typeof endpoint === 'string' && URL.canParse(endpoint);
  return { task, protocol: 'http', name, endpoint: isUrl ? endpoint : '' };
}

/** The task wrote its own address into the same keys; only an address of the router is published. */
function tcpRoute(task: SeenTask, name: string, router: RouterPlace): SeenRoute {
  const suffix = name === '' ? '' : `__${name}`;
  const address = task.runtime[`external_address${suffix}`];
  const port = Number(task.runtime[`external_tcp_port${suffix}`]);
  const isOurs =
    address === router.tcpAddress && port >= router.tcpPorts.start && port <= router.tcpPorts.end;
  return {
    task,
    protocol: 'tcp',
    name,
    endpoint: isOurs ? `${router.tcpAddress}:${String(port)}` : '',
  };
}
