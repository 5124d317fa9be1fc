import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import type { Settings } from '../settings.ts';
import {
  found,
  ok,
  withSettings,
  type Check,
  type CheckContext,
  type Finding,
} from './contract.ts';

/** Ports that are tried at a time. */
const BATCH = 64;
const SHOWN_PORTS = 8;

/** Checks of the ports that the proxy listens on. */
export const PORT_CHECKS: readonly Check[] = [
  withSettings('HTTP port', (settings, context, signal) =>
    checkPorts([settings.listenPort], settings, context, signal),
  ),
  withSettings('TCP ports', (settings, context, signal) => {
    const { tcp } = settings;
    if (tcp === undefined) return Promise.resolve(ok('TCP is off'));
    const length = tcp.end - tcp.start + 1;
    const ports = Array.from({ length }, (_, index) => tcp.start + index);
    return checkPorts(ports, settings, context, signal);
  }),
  withSettings('metrics port', (settings, context, signal) =>
    settings.metricsPort === 0
      ? Promise.resolve(ok('CLEARWAY_METRICS_PORT is not set: metrics stay on their unix socket'))
      : checkPorts([settings.metricsPort], settings, context, signal),
  ),
  withSettings('API port', (settings, context, signal) =>
    settings.apiPort === 0
      ? Promise.resolve(ok('CLEARWAY_API_PORT is 0: kubectl has no port of the host'))
      : checkPorts([settings.apiPort], settings, context, signal).then(warnOnly),
  ),
];

/** Everything but kubectl works without the port. */
function warnOnly(findings: readonly Finding[]): readonly Finding[] {
  return findings.map((finding) =>
    finding.level === 'fail' ? { ...finding, level: 'warn' as const } : finding,
  );
}

type PortState = 'free' | 'taken' | 'forbidden';

async function checkPorts(
  ports: readonly number[],
  settings: Settings,
  { machine }: CheckContext,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (machine.inContainer) {
    return found('skip', 'a container does not see the ports of its host: run this on the host');
  }
  const states = await portStates(ports, signal);
  const taken = ports.filter((port) => states.get(port) === 'taken');
  const forbidden = ports.filter((port) => states.get(port) === 'forbidden');
  if (taken.length > 0) return takenFindings(taken, ports, settings, signal);
  if (forbidden.length > 0) {
    const message = `${shown(forbidden)} cannot be tried without more rights; the proxy's image has them`;
    return found('warn', message);
  }
  return ok(`${shown(ports)} free`);
}

async function takenFindings(
  taken: readonly number[],
  ports: readonly number[],
  settings: Settings,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const message = `${shown(taken)} taken on this machine`;
  if (await answers(join(settings.folders.nginx, 'router.sock'), signal)) {
    const todo = 'Nothing needs to be done if it is the proxy of this router: the router runs.';
    return found('warn', message, todo);
  }
  const todo = 'Stop what listens there (ss -ltnp shows it), or set another port.';
  // The proxy leaves busy ports of the range out, so the others can still be used.
  return found(taken.length < ports.length ? 'warn' : 'fail', message, todo);
}

async function portStates(
  ports: readonly number[],
  signal: AbortSignal,
): Promise<ReadonlyMap<number, PortState>> {
  const states = new Map<number, PortState>();
  for (let from = 0; from < ports.length; from += BATCH) {
    signal.throwIfAborted();
    const batch = ports.slice(from, from + BATCH);
    const found = await Promise.all(batch.map((port) => portState(port)));
    for (const [index, port] of batch.entries()) states.set(port, found[index] ?? 'free');
  }
  return states;
}

async function portState(port: number): Promise<PortState> {
  const state = await tryToListen(port, '::');
  return state === 'no such family' ? tryIPv4(port) : state;
}

async function tryIPv4(port: number): Promise<PortState> {
  const state = await tryToListen(port, '0.0.0.0');
  return state === 'no such family' ? 'forbidden' : state;
}

function tryToListen(port: number, host: string): Promise<PortState | 'no such family'> {
  const { promise, resolve } = Promise.withResolvers<PortState | 'no such family'>();
  const server = createServer();
  server.once('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EADDRINUSE') resolve('taken');
    else resolve(error.code === 'EACCES' ? 'forbidden' : 'no such family');
  });
  server.listen({ port, host, exclusive: true }, () => server.close(() => resolve('free')));
  return promise;
}

function answers(path: string, signal: AbortSignal): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const socket = connect({ path, signal });
  socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
  return promise.finally(() => socket.destroy());
}

function shown(ports: readonly number[]): string {
  const [first, last] = [ports[0], ports.at(-1)];
  if (ports.length === 1) return `port ${String(first)} is`;
  const isRange = last !== undefined && first !== undefined && last - first === ports.length - 1;
  if (isRange) return `ports ${String(first)} to ${String(last)} are`;
  const more = ports.length > SHOWN_PORTS ? ' and more' : '';
  return `ports ${ports.slice(0, SHOWN_PORTS).join(', ')}${more} are`;
}
