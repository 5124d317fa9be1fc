import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from './controllers/contracts.ts';

/** The time of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, signal === undefined ? { ref: false } : { signal });
  },
};
