import { concatMap, from, map, type Observable } from 'rxjs';
import { isAddress } from '../domain/address.ts';
import {
  resolveUpstream,
  type UpstreamDecision,
  type UpstreamFacts,
} from '../domain/resolve-upstream.ts';
import type { TaskRoute } from '../resources/kinds.ts';
import type { EventStore, ResourceStore } from '../store/contract.ts';
import type { Informer } from '../store/informer.ts';
import type { Clock, Engine, TaskSource, WorkerSource } from './contracts.ts';
import type { ControllerOptions } from './controller.ts';
import { reportRoute, type RouteReport } from './route-status.ts';

/** What {@link upstreamController} works with. */
export interface UpstreamDependencies {
  readonly tasks: TaskSource;
  readonly routes: Informer<'TaskRoute'>;
  readonly store: ResourceStore;
  readonly events: EventStore;
  readonly clock: Clock;
  readonly engine: Engine;
  readonly workers: WorkerSource;
  /** All addresses of a host name, from the host's resolver; empty when it does not resolve. */
  readonly lookup: (hostName: string, signal: AbortSignal) => Promise<readonly string[]>;
  /** Subnets that are taken for bridges while the engine cannot be asked. */
  readonly knownBridges: readonly string[];
  readonly allowed?: readonly string[];
  readonly ownAddresses: readonly string[];
  readonly ownPorts: (port: number) => boolean;
}

/** A name may move: it is looked up again this often. */
const FOLLOW_NAME_MS = 30_000;
/** Workers and engines may come: an unresolved upstream is looked at again this often. */
const UNRESOLVED_MS = 15_000;

/** Finds where the proxy connects for each TaskRoute: key is its name. */
export function upstreamController(dependencies: UpstreamDependencies): ControllerOptions {
  const { engine, routes } = dependencies;
  return {
    name: 'upstreams',
    concurrency: 4,
    sources: [routes.changes.pipe(map(({ name }) => name)), onEngineChange(engine, routes)],
    reconcile: async (name, signal) => {
      const route = routes.get(name);
      if (route?.spec.target === undefined) return undefined;
      const decision = resolveUpstream(await gather(dependencies, route, signal));
      await reportRoute(dependencies, route, (current) =>
        current.metadata.generation === route.metadata.generation ? report(decision) : undefined,
      );
      if ('reason' in decision) return { againMs: UNRESOLVED_MS };
      return isAddress(route.spec.target.address) ? undefined : { againMs: FOLLOW_NAME_MS };
    },
  };
}

function onEngineChange(engine: Engine, routes: Informer<'TaskRoute'>): Observable<string> {
  return engine.changes.pipe(
    concatMap(() => from([...routes.items()].map((route) => route.metadata.name))),
  );
}

async function gather(
  dependencies: UpstreamDependencies,
  route: TaskRoute,
  signal: AbortSignal,
): Promise<UpstreamFacts> {
  const target = route.spec.target ?? { address: '', port: 0 };
  const taskId = route.spec.task.id;
  const { facts } = dependencies.engine;
  const resolved = await addressesOf(dependencies, target.address, signal);
  const hostname = dependencies.tasks.get(taskId)?.runtime['hostname'];
  const base: UpstreamFacts = {
    target,
    resolved,
    containers: facts.containers.filter((container) => container.taskId === taskId),
    engineAvailable: facts.available,
    bridgeSubnets: facts.available
      ? facts.bridgeSubnets
      : [...facts.bridgeSubnets, ...dependencies.knownBridges],
    ownAddresses: dependencies.ownAddresses,
    ownPorts: dependencies.ownPorts,
    ...(typeof hostname === 'string' ? { hostname } : {}),
    ...(dependencies.allowed === undefined ? {} : { allowed: dependencies.allowed }),
  };
  // The worker is asked only when nothing better is known: it costs a call.
  const alone = resolveUpstream(base);
  if (!('reason' in alone) || alone.reason !== 'AmbiguousBridgeAddress') return base;
  const workerAddress = await dependencies.workers.addressOf(taskId, signal);
  return workerAddress === undefined ? base : { ...base, workerAddress };
}

async function addressesOf(
  dependencies: UpstreamDependencies,
  address: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (address === '') return [];
  return isAddress(address) ? [address] : dependencies.lookup(address, signal);
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
