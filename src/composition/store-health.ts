import type { SqliteStore } from '../store/sqlite-store.ts';
import type { HealthState } from '../telemetry/health.ts';
import type { Logger } from '../telemetry/logger.ts';

/** What the store adds to the health of the router. A folder that is full or read-only loses nothing, but keeps nothing new. */
export function storeHealth(
  store: Pick<SqliteStore, 'meta' | 'writeProblem'>,
): Pick<HealthState, 'storeUsable'> & Pick<Partial<HealthState>, 'storeProblem'> {
  const storeUsable = isUsable(store);
  const { writeProblem } = store;
  if (writeProblem === undefined) return { storeUsable };
  const { problem, path } = writeProblem.details;
  return { storeUsable, storeProblem: `${String(path)}: ${String(problem)}` };
}

/** Says so when the last run's last changes are gone. */
export function warnOfLoss(
  store: Pick<SqliteStore, 'hasLostChanges'>,
  folder: string,
  logger: Logger,
): void {
  if (!store.hasLostChanges) return;
  const hint =
    'Routes come back from ClearML by themselves; look whether the last changes of StaticRoutes and credentials are there.';
  logger.warn(
    { path: folder, hint },
    'the last changes of the state are lost, as after a power cut',
  );
}

function isUsable(store: Pick<SqliteStore, 'meta'>): boolean {
  try {
    store.meta('instances');
    return true;
  } catch {
    return false;
  }
}
