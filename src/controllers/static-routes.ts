import { concatMap, from, map, merge, type Observable } from 'rxjs';
import { hostPort } from '../domain/address.ts';
import { routerObjectName, staticUrl, type HttpPlace } from '../domain/route-name.ts';
import {
  bindStaticRoute,
  standingOf,
  type Binding,
  type Standing,
} from '../domain/static-routes.ts';
import { getCondition } from '../resources/conditions.ts';
import type { StaticRouteStatus } from '../resources/generated.ts';
import type { StaticRoute, TaskRoute } from '../resources/kinds.ts';
import type { Informer } from '../store/informer.ts';
import type { ControllerOptions } from './controller.ts';
import { holds } from './route-status.ts';
import { addressesOf, addressOf, askersOf, type StaticFacts } from './static-facts.ts';
import {
  reportStatus,
  type Report,
  type ReportDependencies,
  type ReportRules,
  type Verdict,
} from './status-report.ts';

/** What {@link staticRouteController} works with. */
export interface StaticRouteDependencies extends StaticFacts, ReportDependencies {
  /** With an index `staticRoute`, by the name that they ask for. */
  readonly routes: Informer<'TaskRoute'>;
  readonly statics: Informer<'StaticRoute'>;
  readonly place: HttpPlace;
}

const RULES: ReportRules<'StaticRoute'> = {
  kind: 'StaticRoute',
  readyTypes: ['Accepted', 'Programmed'],
  readyMessage: 'A task is served at the address.',
};
/** As many tasks as the schema of the status allows. */
const MOST_TASKS = 64;

/** Binds TaskRoutes to StaticRoutes, and says in their status who is served and who waits: key is the StaticRoute's name. */
export function staticRouteController(dependencies: StaticRouteDependencies): ControllerOptions {
  const { routes, statics, store, staticPlace } = dependencies;
  return {
    name: 'static-routes',
    sources: [merge(changedAddresses(statics), askedFor(routes))],
    reconcile: async (name) => {
      const found = statics.get(name);
      if (found === undefined) return undefined;
      const { router } = found.spec;
      // The status of another router's is that router's to write.
      if (router !== undefined && router !== staticPlace.router) {
        const other = await store.get('Router', routerObjectName(router));
        if (other?.spec.name === router) return undefined;
      }
      await reportStatus(RULES, dependencies, found, (current) => decide(dependencies, current));
      return undefined;
    },
  };
}

/** Names of StaticRoutes to look at: the one that changed; all of them when a spec did, for its path may be another one's now. */
function changedAddresses(statics: Informer<'StaticRoute'>): Observable<string> {
  const seen = new Map<string, string>();
  return statics.changes.pipe(
    concatMap(({ name, object }) => {
      const version = object && `${object.metadata.uid} ${String(object.metadata.generation)}`;
      if (version === seen.get(name)) return from([name]);
      if (version === undefined) seen.delete(name);
      else seen.set(name, version);
      return from([...statics.items()].map(({ metadata }) => metadata.name));
    }),
  );
}

/** Names of StaticRoutes that a TaskRoute asks for, or asked for before it changed. */
function askedFor(routes: Informer<'TaskRoute'>): Observable<string> {
  const seen = new Map<string, string>();
  return routes.changes.pipe(
    map(({ name, object }) => {
      const names = new Set([seen.get(name), object?.spec.staticRoute]);
      const wanted = object?.spec.staticRoute;
      if (wanted === undefined) seen.delete(name);
      else seen.set(name, wanted);
      return [...names].filter((wish) => wish !== undefined);
    }),
    concatMap((names) => from(names)),
  );
}

function decide(
  dependencies: StaticRouteDependencies,
  current: StaticRoute,
): Report<StaticRouteStatus> {
  const { routes, staticPlace, place } = dependencies;
  const { name } = current.metadata;
  const address = addressOf(current);
  const others = addressesOf(dependencies).filter((other) => other.name !== name);
  const standing = standingOf(address, [address, ...others], staticPlace);
  const binding = bindStaticRoute(address, standing, askersOf(dependencies, name));
  const holder = binding.holder === undefined ? undefined : routes.get(binding.holder);
  const url = standing.accepted ? staticUrl(place, current.spec.path) : undefined;
  const programmed = programmedOf(current, standing, { holder, url });
  const { upstream } = holder?.status ?? {};
  return {
    verdicts: [acceptedOf(standing), programmed],
    fields: {
      url,
      route: holder?.metadata.name,
      state: stateOf(binding, programmed),
      targets: upstream === undefined ? [] : [hostPort(upstream.address, upstream.port)],
      tasks: tasksOf(routes, binding),
    },
  };
}

function stateOf({ queue }: Binding, programmed: Verdict): StaticRouteStatus['state'] {
  if (programmed.status === 'True') return 'Routing';
  return queue.length === 0 ? 'NotInUse' : 'Pending';
}

function tasksOf(
  routes: Informer<'TaskRoute'>,
  { queue }: Binding,
): NonNullable<StaticRouteStatus['tasks']> {
  return queue.slice(0, MOST_TASKS).flatMap((route) => {
    const task = routes.get(route)?.spec.task;
    return task === undefined ? [] : [{ id: task.id, name: task.name, route }];
  });
}

function acceptedOf(standing: Standing): Verdict {
  if (!standing.accepted) {
    const { reason, message } = standing;
    return { type: 'Accepted', status: 'False', reason, message };
  }
  return {
    type: 'Accepted',
    status: 'True',
    reason: 'Accepted',
    message: 'The address is in order, and this router serves it.',
  };
}

function programmedOf(
  { spec }: StaticRoute,
  standing: Standing,
  { holder, url }: { readonly holder: TaskRoute | undefined; readonly url: string | undefined },
): Verdict {
  if (!standing.accepted) return notProgrammed('NotAccepted', standing.message);
  if (!spec.enabled)
    return notProgrammed(
      'Disabled',
      'It is disabled: set spec.enabled when tasks are to be served there.',
    );
  if (holder === undefined)
    return notProgrammed(
      'NotInUse',
      'No task asks for it. Start one that asks for it by its name (static_route=NAME).',
    );
  if (holds(holder, 'Programmed') && holder.status.endpoint === url) {
    return {
      type: 'Programmed',
      status: 'True',
      reason: 'Programmed',
      message: `Task ${holder.spec.task.id} is served there.`,
    };
  }
  const pending = getCondition(holder.status.conditions ?? [], 'Programmed');
  return pending?.status === 'False' && pending.reason !== 'NotAccepted'
    ? notProgrammed(pending.reason, pending.message)
    : notProgrammed('WaitingForProxy', 'The proxies are being told.');
}

function notProgrammed(reason: string, message: string): Verdict {
  return { type: 'Programmed', status: 'False', reason, message };
}
