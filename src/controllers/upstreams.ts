import {
  concatMap,
  distinctUntilChanged,
  filter,
  firstValueFrom,
  from,
  map,
  merge,
  skip,
  startWith,
} from 'rxjs';
import type { Observable } from 'rxjs';
import { isAddress } from '../domain/address.ts';
import {
  resolveUpstream,
  type UpstreamDecision,
  type UpstreamFacts,
} from '../domain/resolve-upstream.ts';
import { hasCode, OperatorError, toOperatorError } from '../errors.ts';
import type { TaskRoute } from '../resources/kinds.ts';
import type { EventStore, ResourceStore } from '../store/contract.ts';
import type { Informer } from '../store/informer.ts';
import type {
  Clock,
  ContainerFact,
  DataPlane,
  Engine,
  EngineFacts,
  NameSource,
  TaskSource,
  WorkerSource,
} from './contracts.ts';
import type { ControllerOptions } from './controller.ts';
import { reportRoute, type RouteReport } from './route-status.ts';
import { routesOfMovedNames, routesOfRenamedTasks } from './upstream-changes.ts';

/** What {@link upstreamController} works with. */
export interface UpstreamDependencies {
  readonly tasks: TaskSource;
  readonly routes: Informer<'TaskRoute'>;
  readonly store: ResourceStore;
  readonly events: EventStore;
  readonly clock: Clock;
  readonly engine: Engine;
  readonly workers: WorkerSource;
  /** Says what the proxy sees of the host that it connects from. */
  readonly dataPlane: Pick<DataPlane, 'changes' | 'host'>;
  readonly names: NameSource;
  /** Subnets that are taken for bridges while the engine cannot be asked. */
  readonly knownBridges: readonly string[];
  readonly allowed?: readonly string[];
  /** Addresses that mean the proxy's host, besides those that the proxy reports. */
  readonly ownAddresses: readonly string[];
  readonly ownPorts: (port: number) => boolean;
}

/** A name, or a task's worker, may move: it is looked up again this often. */
const FOLLOW_MS = 30_000;
/** Workers and engines may come: an unresolved upstream is looked at again this often. */
const UNRESOLVED_MS = 15_000;
/** After a start the proxy is waited for this long: its workers ask again at most two seconds after they failed. */
const HOST_MS = 3_000;

/** Finds where the proxy connects for each TaskRoute: key is its name. */
export function upstreamController(dependencies: UpstreamDependencies): ControllerOptions {
  const { engine, routes, dataPlane, clock } = dependencies;
  let until: number | undefined;
  // An upstream that was decided without the proxy's word might be another task's, if only for a moment.
  const hostKnown = async (signal: AbortSignal): Promise<void> => {
    until ??= clock.now() + HOST_MS;
    const left = until - clock.now();
    if (dataPlane.host === undefined && left > 0) await hostOrTimeout(dependencies, left, signal);
  };
  return {
    name: 'upstreams',
    concurrency: 4,
    sources: [
      routes.changes.pipe(map(({ name }) => name)),
      onEngineChange(engine, routes),
      onHostChange(dataPlane, routes),
      routesOfMovedNames(dependencies),
      routesOfRenamedTasks(dependencies),
    ],
    reconcile: async (name, signal) => {
      const route = routes.get(name);
      if (route?.spec.target === undefined) return undefined;
      await hostKnown(signal);
      const { decision, error } = await resolve(dependencies, route, signal).catch(
        async (thrown: unknown) => {
          await sayUnknown(dependencies, route, thrown);
          throw thrown;
        },
      );
      await reportRoute(dependencies, route, (current) =>
        current.metadata.generation === route.metadata.generation ? report(decision) : undefined,
      );
      if (error !== undefined) throw toOperatorError(error);
      if ('reason' in decision) return { againMs: UNRESOLVED_MS };
      const mayMove = decision.source === 'worker' || !isAddress(route.spec.target.address);
      return mayMove ? { againMs: FOLLOW_MS } : undefined;
    },
  };
}

/** The routes of the tasks whose containers changed; all of them when the engine came, went or has other networks. */
function onEngineChange(engine: Engine, routes: Informer<'TaskRoute'>): Observable<string> {
  let seen: EngineFacts | undefined;
  return engine.changes.pipe(
    concatMap(() => {
      const former = seen;
      seen = engine.facts;
      const changed =
        former === undefined || !isSameEngine(former, seen)
          ? [...routes.items()]
          : changedTasks(former, seen).flatMap((task) => routes.byIndex('task', task));
      return from(changed.map((route) => route.metadata.name));
    }),
  );
}

/** All routes, when what the proxies say of their hosts changed. */
function onHostChange(
  dataPlane: Pick<DataPlane, 'changes' | 'host'>,
  routes: Informer<'TaskRoute'>,
): Observable<string> {
  return dataPlane.changes.pipe(
    startWith(undefined),
    map(() => JSON.stringify(dataPlane.host)),
    distinctUntilChanged(),
    skip(1),
    concatMap(() => from([...routes.items()].map((route) => route.metadata.name))),
  );
}

/** Resolves when a proxy said something of its host, and at the latest after `ms`. */
async function hostOrTimeout(
  { dataPlane, clock }: Pick<UpstreamDependencies, 'dataPlane' | 'clock'>,
  ms: number,
  signal: AbortSignal,
): Promise<void> {
  const said = dataPlane.changes.pipe(filter(() => dataPlane.host !== undefined));
  await firstValueFrom(merge(said, from(clock.sleep(ms, signal))));
}

function isSameEngine(left: EngineFacts, right: EngineFacts): boolean {
  return (
    left.available === right.available && left.bridgeSubnets.join() === right.bridgeSubnets.join()
  );
}

function changedTasks(former: EngineFacts, now: EngineFacts): readonly string[] {
  const texts = (facts: EngineFacts): ReadonlyMap<string, ContainerFact> =>
    new Map(facts.containers.map((container) => [JSON.stringify(container), container]));
  const [before, after] = [texts(former), texts(now)];
  const gone = [...before].filter(([text]) => !after.has(text));
  const come = [...after].filter(([text]) => !before.has(text));
  return [...new Set([...gone, ...come].flatMap(([, { taskId }]) => taskId ?? []))];
}

/** A name that nobody could look up: what was found before holds, but a route without anything needs a word. */
async function sayUnknown(
  dependencies: UpstreamDependencies,
  route: TaskRoute,
  error: unknown,
): Promise<void> {
  if (!hasCode(error, 'UPSTREAM_NAME_UNAVAILABLE') || route.status.upstream !== undefined) return;
  const message = `Nobody could say whether the host name ${route.spec.target?.address ?? ''} has an address. See that the resolver of the router answers; it is asked again.`;
  await reportRoute(dependencies, route, () => ({
    verdicts: [{ type: 'UpstreamResolved', status: 'False', reason: 'NameLookupFailed', message }],
  }));
}

interface Resolution {
  readonly decision: UpstreamDecision;
  /** Why the worker could not be asked; the decision was made without it. */
  readonly error?: unknown;
}

async function resolve(
  dependencies: UpstreamDependencies,
  route: TaskRoute,
  signal: AbortSignal,
): Promise<Resolution> {
  const taskId = route.spec.task.id;
  const base = gather(dependencies, route);
  const decision = resolveUpstream(base);
  // The worker is asked only when nothing better is known: it costs a call.
  if (!('reason' in decision) || decision.reason !== 'AmbiguousBridgeAddress') return { decision };
  try {
    const workerAddress = await dependencies.workers.addressOf(taskId, signal);
    if (workerAddress === undefined) return { decision };
    return { decision: resolveUpstream({ ...base, workerAddress }) };
  } catch (error) {
    // A worker that was found before stays. The address of a container that is gone may be another one's by now.
    if (signal.aborted || route.status.upstream?.source === 'worker') throw error;
    return { decision, error };
  }
}

function gather(dependencies: UpstreamDependencies, route: TaskRoute): UpstreamFacts {
  const target = route.spec.target ?? { address: '', port: 0 };
  const taskId = route.spec.task.id;
  const { facts } = dependencies.engine;
  const host = dependencies.dataPlane.host ?? { addresses: [], bridges: [] };
  const hostname = dependencies.tasks.get(taskId)?.runtime['hostname'];
  return {
    target,
    resolved: addressesOf(dependencies, target.address),
    containers: facts.containers.filter((container) => container.taskId === taskId),
    engineAvailable: facts.available,
    engineSeen: facts.bridgeSubnets.length > 0,
    bridgeSubnets: facts.available
      ? facts.bridgeSubnets
      : [...facts.bridgeSubnets, ...dependencies.knownBridges, ...host.bridges],
    ownAddresses: [...dependencies.ownAddresses, ...host.addresses],
    ownPorts: dependencies.ownPorts,
    ...(typeof hostname === 'string' ? { hostname } : {}),
    ...(dependencies.allowed === undefined ? {} : { allowed: dependencies.allowed }),
  };
}

function addressesOf({ names }: UpstreamDependencies, address: string): readonly string[] {
  if (address === '') return [];
  if (isAddress(address)) return [address];
  const answer = names.lookup(address);
  if (typeof answer === 'object') return answer.addresses;
  // What was decided before stays: this says nothing of the name.
  throw new OperatorError(
    answer === 'pending' ? 'UPSTREAM_NAME_PENDING' : 'UPSTREAM_NAME_UNAVAILABLE',
    { hostName: address },
  );
}

function report(decision: UpstreamDecision): RouteReport {
  if ('reason' in decision) {
    const { reason, message } = decision;
    return {
      verdicts: [{ type: 'UpstreamResolved', status: 'False', reason, message }],
      fields: { upstream: undefined },
    };
  }
  return {
    verdicts: [
      {
        type: 'UpstreamResolved',
        status: 'True',
        reason: RESOLVED[decision.source],
        message: `The proxy connects to ${decision.address} port ${decision.port}.`,
      },
    ],
    fields: { upstream: decision },
  };
}

const RESOLVED = {
  task: 'GivenByTask',
  engine: 'FoundByEngine',
  worker: 'FoundByWorker',
} as const;
