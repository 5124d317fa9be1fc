// known -> complete: two milestones after a start.
//
// | milestone | when | what waits for it |
// | --- | --- | --- |
// | known | the first full pass over ClearML is made, and every task of it has its TaskRoutes | leases of ports that nobody held |
// | complete | after that, and all that follows from it has been decided | dropping what an earlier run served |
import type { Clock } from '../controllers/contracts.ts';
import type { Controller } from '../controllers/controller.ts';
import type { Milestone } from './milestone.ts';

/** What {@link settle} looks at. */
export interface SettleParts {
  readonly clock: Clock;
  readonly controllers: readonly Pick<Controller, 'name' | 'queue'>[];
  /** True after the first full pass over ClearML. */
  readonly isSynced: () => boolean;
  readonly known: Milestone;
  readonly completed: Milestone;
}

const SETTLE_MS = 200;
/** What fails at the start is tried again; for so long nothing that was served is dropped for it. */
const FAILURE_PATIENCE_MS = 60_000;

/** Reaches the milestones of a start, in order. */
export async function settle(parts: SettleParts, signal: AbortSignal): Promise<void> {
  await calm(parts, ['task-routes'], signal);
  parts.known.reach();
  await calm(parts, ['task-routes', 'static-routes', 'port-leases', 'upstreams'], signal);
  parts.completed.reach();
}

/** Waits until these controllers have had nothing to do at two looks in a row: a key may be on its way between two of them. */
async function calm(
  { clock, controllers, isSynced }: SettleParts,
  names: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const deciding = controllers.filter(({ name }) => names.includes(name));
  const patienceEnds = clock.now() + FAILURE_PATIENCE_MS;
  let looks = 0;
  while (looks < 2) {
    await clock.sleep(SETTLE_MS, signal);
    const tolerant = clock.now() > patienceEnds;
    const isCalm = deciding.every(({ queue }) => queue.idle && (tolerant || queue.failing === 0));
    looks = isSynced() && isCalm ? looks + 1 : 0;
  }
}
