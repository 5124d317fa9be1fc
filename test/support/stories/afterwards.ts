import { realClock } from '../clocks.ts';
import { anHttpTask, condition, type ControlledWorld } from '../controlled-world.ts';
import { seeing, TASK_ADDRESS, type Situation, type Story } from './story.ts';

/** What ClearML does with the address, and what the application does behind it. */
export const AFTERWARDS: readonly Story[] = [
  ...['Published', 'Ready'].map((on): Story => ({
    on,
    reason: 'Pending',
    says: /see the condition ClearMLReachable of the Router/,
    bring: (world: ControlledWorld): Promise<Situation> => {
      const fault = { kind: 'latency', ms: 1_500 } as const;
      world.api.orderFault({ endpoint: 'tasks.edit', fault });
      return seeing(world);
    },
  })),
  {
    reason: 'WaitingForQuiet',
    on: 'Published',
    says: /follows within seconds/,
    bring: (world: ControlledWorld): Promise<Situation> =>
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
    bring: async (world: ControlledWorld): Promise<Situation> => {
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
    bring: (world: ControlledWorld): Promise<Situation> =>
      seeing(world, {
        task: anHttpTask({ runtime: { _PORT__api: 1, _ADDRESS__api: TASK_ADDRESS, _cls: 'x' } }),
        endpoint: 'api',
      }),
  },
  {
    reason: 'WaitingForFirstAnswer',
    on: 'Answering',
    says: /open its address/,
    bring: (world: ControlledWorld): Promise<Situation> => seeing(world),
  },
  {
    reason: 'NoAnswerYet',
    on: 'Answering',
    says: /listens on 127\.0\.0\.1 only, it listens on another port/,
    bring: async (world: ControlledWorld): Promise<Situation> => {
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
