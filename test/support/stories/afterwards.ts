import { realClock } from '../clocks.ts';
import { anHttpTask, condition } from '../controlled-world.ts';
import { seeing, TASK_ADDRESS, type Story } from './story.ts';

/** What ClearML does with the address, and what the application does behind it. */
export const AFTERWARDS: readonly Story[] = [
  ...['Published', 'Ready'].map((on): Story => ({
    on,
    reason: 'Pending',
    says: /see the condition ClearMLReachable of the Router/,
    bring: (world) => {
      const fault = { kind: 'status', status: 500, subcode: 0 } as const;
      world.api.orderFault({ endpoint: 'tasks.edit', fault });
      return seeing(world);
    },
  })),
  {
    reason: 'WaitingForQuiet',
    on: 'Published',
    says: /follows within seconds/,
    bring: (world) =>
      seeing(world, {
        // A key that only `tasks.edit` can write, on a task that was written to just now.
        task: anHttpTask({ runtime: { _PORT__api: 1, _ADDRESS__api: TASK_ADDRESS } }),
        endpoint: 'api',
      }),
  },
  {
    reason: 'ContestedByAnotherWriter',
    on: 'Published',
    says: /look for a second gateway/,
    bring: async (world) => {
      const situation = await seeing(world);
      const contest = setInterval(() => {
        if (world.api.tasks.runtime(situation.task)['endpoint'] !== 'http://other') {
          world.api.tasks.patchRuntime(situation.task, { endpoint: 'http://other' });
        }
      }, 20);
      world.atEnd(() => clearInterval(contest));
      return situation;
    },
  },
  {
    reason: 'TaskNotWritable',
    on: 'Published',
    says: /Use credentials of a user who may edit/,
    bring: (world) =>
      seeing(world, {
        task: anHttpTask({ runtime: { _PORT__api: 1, _ADDRESS__api: TASK_ADDRESS, _cls: 'x' } }),
        endpoint: 'api',
      }),
  },
  {
    reason: 'WaitingForFirstAnswer',
    on: 'Answering',
    says: /open its address/,
    bring: (world) => seeing(world),
  },
  {
    reason: 'NoAnswerYet',
    on: 'Answering',
    says: /listens on 127\.0\.0\.1 only, it listens on another port/,
    bring: async (world) => {
      let ahead = 0;
      const clock = { ...realClock, now: () => Date.now() + ahead };
      const situation = await seeing(world, { options: { clock } });
      const { router, route, task } = situation;
      await condition(router, route, ['Answering', 'Unknown WaitingForFirstAnswer']);
      ahead = 121_000;
      world.api.tasks.patchRuntime(task, { _ADDRESS: '192.0.2.8' });
      return situation;
    },
  },
];
