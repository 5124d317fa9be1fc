import { map, merge } from 'rxjs';
import { getCondition } from '../resources/conditions.ts';
import type { TaskRoute } from '../resources/kinds.ts';
import type { EventStore, ResourceStore } from '../store/contract.ts';
import type { Informer } from '../store/informer.ts';
import type { Clock, DataPlane } from './contracts.ts';
import type { ControllerOptions } from './controller.ts';
import { holds, reportRoute, type Verdict } from './route-status.ts';

/** What {@link answeringController} works with. */
export interface AnsweringDependencies {
  readonly routes: Informer<'TaskRoute'>;
  readonly store: ResourceStore;
  readonly events: EventStore;
  readonly clock: Clock;
  readonly dataPlane: DataPlane;
}

/** An application that has not answered for this long gets a condition that names the likely causes. */
const PATIENCE_MS = 120_000;

/**
 * Says whether an http application has answered: key is the TaskRoute's name. Only the proxy knows, from its first
 * success; nothing is probed. tcp routes carry bytes that nobody looks at, so they have no such condition.
 */
export function answeringController(dependencies: AnsweringDependencies): ControllerOptions {
  const { routes, dataPlane } = dependencies;
  const answered = new Set<string>();
  const observed = dataPlane.answered.pipe(
    map(({ route }) => {
      answered.add(route);
      return route;
    }),
  );
  return {
    name: 'answering',
    sources: [merge(observed, routes.changes.pipe(map(({ name }) => name)))],
    reconcile: async (name) => {
      const route = routes.get(name);
      if (route === undefined) answered.delete(name);
      if (route === undefined || !isWatched(route)) return undefined;
      const fresh = answered.has(name);
      const now = dependencies.clock.now();
      await reportRoute(dependencies, route, (current) => ({
        verdicts: [decide(current, fresh, now).verdict],
      }));
      if (fresh) answered.delete(name);
      const { againMs } = decide(route, fresh, now);
      return againMs === undefined ? undefined : { againMs };
    },
  };
}

function isWatched(route: TaskRoute): boolean {
  return route.spec.protocol === 'http' && holds(route, 'Programmed');
}

function decide(
  route: TaskRoute,
  fresh: boolean,
  now: number,
): { readonly verdict: Verdict; readonly againMs?: number } {
  const conditions = route.status.conditions ?? [];
  const former = getCondition(conditions, 'Answering');
  const answered =
    former?.status === 'True' && former.observedGeneration === route.metadata.generation;
  if (fresh || answered) return { verdict: ANSWERED };
  const programmed = getCondition(conditions, 'Programmed')?.lastTransitionTime ?? '';
  const remaining = Date.parse(programmed) + PATIENCE_MS - now;
  return remaining > 0 ? { verdict: WAITING, againMs: remaining } : { verdict: silent(route) };
}

const ANSWERED: Verdict = {
  type: 'Answering',
  status: 'True',
  reason: 'Answered',
  message: 'The application has answered.',
};

const WAITING: Verdict = {
  type: 'Answering',
  status: 'Unknown',
  reason: 'WaitingForFirstAnswer',
  message:
    'The application has not answered a request yet; to see whether it does, open its address.',
};

function silent(route: TaskRoute): Verdict {
  const { upstream } = route.status;
  const where =
    upstream === undefined ? 'its address' : `${upstream.address} port ${upstream.port}`;
  return {
    type: 'Answering',
    status: 'False',
    reason: 'NoAnswerYet',
    message: `Nothing has answered at ${where} for two minutes. Likely causes: nobody has opened it yet, the application listens on 127.0.0.1 only, it listens on another port, or it is still starting.`,
  };
}
