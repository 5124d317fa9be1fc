import type { Clock } from '../controllers/contracts.ts';
import type { RingLimits } from './event-ring.ts';

/** How much a store remembers beside the resources themselves. */
export interface StoreLimits extends RingLimits {
  /** Changes of each kind that a watch can go back. */
  readonly history: number;
  /** Their size together, as JSON in characters: where it is reached, a watch can go back fewer changes. */
  readonly historySize: number;
}

/**
 * History for a restarted controller to catch up without listing 10,000 routes again; and events of each type for two turns of as
 * many routes, which take about 16 MB of memory and 7 MB of the file.
 */
export const STORE_LIMITS: StoreLimits = {
  history: 4096,
  historySize: 32 * 1024 * 1024,
  events: 20_000,
  eventsSize: 16 * 1024 * 1024,
  eventsOfObject: 10,
  eventWindow: 600_000,
};

/** What a {@link SqliteStore} is opened with. */
export interface SqliteStoreOptions {
  /** The state folder. */
  readonly folder: string;
  readonly namespace: string;
  readonly clock: Pick<Clock, 'now'>;
  /** Makes the uid of a new resource or event. */
  readonly newUid: () => string;
  readonly limits?: StoreLimits;
}
