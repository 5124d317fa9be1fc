import { getCondition } from '../resources/conditions.ts';
import type { StaticRoute, TaskRoute } from '../resources/kinds.ts';
import type { Informer } from '../store/informer.ts';
import type { Verdict } from './route-status.ts';

/** Whether a TaskRoute is accepted, by what it asks for and by what became of the StaticRoute that it names. */
export function acceptance(
  route: TaskRoute,
  statics: Pick<Informer<'StaticRoute'>, 'get'>,
): Verdict {
  const { refusal, staticRoute } = route.spec;
  if (refusal !== undefined) return { type: 'Accepted', status: 'False', ...refusal };
  if (staticRoute === undefined) return ACCEPTED;
  const found = statics.get(staticRoute);
  if (found !== undefined) return atStaticRoute(route, found);
  return {
    type: 'Accepted',
    status: 'False',
    reason: 'StaticRouteNotFound',
    message: `There is no StaticRoute "${shown(staticRoute)}". Ask for one that exists, or create it: the task is served as soon as it is there.`,
  };
}

function atStaticRoute(route: TaskRoute, found: StaticRoute): Verdict {
  const { name } = found.metadata;
  if (!found.spec.enabled) {
    return {
      type: 'Accepted',
      status: 'False',
      reason: 'StaticRouteDisabled',
      message: `StaticRoute "${name}" is disabled. Set its spec.enabled, or ask for another one.`,
    };
  }
  const { route: holder, conditions = [], tasks = [] } = found.status;
  const accepted = getCondition(conditions, 'Accepted');
  if (accepted?.status === 'False') {
    return {
      type: 'Accepted',
      status: 'False',
      reason: 'StaticRouteNotAccepted',
      message: `StaticRoute "${name}" is not served: ${accepted.message}`,
    };
  }
  if (holder === route.metadata.name) return ACCEPTED;
  if (holder === undefined) return BEING_BOUND;
  const task = tasks.find((waiting) => waiting.route === holder);
  return {
    type: 'Accepted',
    status: 'False',
    reason: 'StaticRouteInUse',
    message: `Task ${task?.id ?? holder} came first and is served at StaticRoute "${name}". Whoever waits longest is served when it ends.`,
  };
}

const ACCEPTED: Verdict = {
  type: 'Accepted',
  status: 'True',
  reason: 'Accepted',
  message: 'The endpoint request is well formed and this router serves it.',
};

const BEING_BOUND: Verdict = {
  type: 'Accepted',
  status: 'Unknown',
  reason: 'Pending',
  message:
    'Who is served at the StaticRoute is being decided. If this stays, see the conditions of the StaticRoute.',
};

/** A name that a task wrote, fit for a message. */
function shown(name: string): string {
  return name.slice(0, 64).replace(/[^\x20-\x7e]/g, '?');
}
