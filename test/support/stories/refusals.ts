import { MARK_KEY, formatMark } from '../../../src/domain/marks.ts';
import { PORT_MAPPING_KEY } from '../../../src/domain/runtime-keys.ts';
import { aTcpTask, anHttpTask, condition, type ControlledWorld } from '../controlled-world.ts';
import { routeOf, seeing, TASK_ADDRESS, type Situation, type Story } from './story.ts';

const LONG_NAME = 'n'.repeat(256);

/** Requests that are refused, and tasks that are another one's. */
export const REFUSALS: readonly Story[] = [
  refused('InvalidPort', /_PORT must be a whole number/, { _PORT: 70_000 }),
  refused('InvalidAddress', /without scheme, port or path/, { _PORT: 1, _ADDRESS: 'http://x/' }),
  refused('InvalidRuntime', /Reset the task/, []),
  refused('PortNotPublished', /Add -p 8080/, {
    _PORT: 8080,
    _ADDRESS: TASK_ADDRESS,
    [PORT_MAPPING_KEY]: '9000:9000',
  }),
  refused('LoopToOurselves', /where it listens itself/, { _PORT: 443, _ADDRESS: 'gw.example' }),
  ...['UpstreamResolved', 'Programmed', 'Published'].map((on) => ({
    ...refused('NotAccepted', /see Accepted/, { _PORT: 70_000 }),
    on,
  })),
  {
    reason: 'InvalidName',
    on: 'Accepted',
    says: /Give it a shorter one/,
    bring: (world: ControlledWorld): Promise<Situation> =>
      seeing(world, {
        task: anHttpTask({ runtime: { [`_PORT__${LONG_NAME}`]: 1 } }),
        endpoint: LONG_NAME.slice(1),
      }),
  },
  {
    reason: 'TooManyEndpoints',
    on: 'Accepted',
    says: /Ask for fewer/,
    bring: (world: ControlledWorld): Promise<Situation> => {
      const names = Array.from({ length: 65 }, (_, number) => `_PORT__e${String(100 + number)}`);
      const runtime = Object.fromEntries(names.map((name) => [name, 1]));
      return seeing(world, { task: anHttpTask({ runtime }), endpoint: 'e164' });
    },
  },
  {
    reason: 'NameConflict',
    on: 'Accepted',
    says: /Give one of them another name/,
    bring: async (world: ControlledWorld): Promise<Situation> => {
      const runtime = { '_PORT__My API': 1 };
      const first = await seeing(world, { task: anHttpTask({ runtime }), endpoint: 'My API' });
      const slug = first.route.slice(`${first.task}--`.length, -'.http'.length);
      world.api.tasks.patchRuntime(first.task, { [`_PORT__${slug}`]: 2 });
      const second = await routeOf(first.router, { task: first.task, endpoint: slug });
      return { router: first.router, route: second.metadata.name };
    },
  },
  marked('OwnedByAnotherRouter', /CLEARWAY_TAKE_OVER/, 'other'),
  marked('DuplicateRouterName', /Give each router its own name/, 'gw'),
  {
    reason: 'TcpDisabled',
    on: 'Accepted',
    says: /must set TCP_ROUTER_ADDRESS/,
    bring: (world: ControlledWorld): Promise<Situation> =>
      seeing(world, { task: aTcpTask(), options: { isTcpOff: true } }),
  },
  {
    reason: 'QueueNotServed',
    on: 'Event',
    says: /LISTEN_QUEUE_NAME/,
    bring: async (world: ControlledWorld): Promise<Situation> => {
      const state = await world.folder();
      const task = anHttpTask({ queue: 'gpu' });
      const { router, route } = await seeing(world, { task, options: { state } });
      await condition(router, route, ['Ready', 'True Ready']);
      await router[Symbol.asyncDispose]();
      return { router: await world.start({ state, settings: { queues: 'cpu' } }), route };
    },
  },
];

function refused(reason: string, says: RegExp, runtime: unknown): Story {
  return {
    reason,
    on: 'Accepted',
    says,
    bring: (world: ControlledWorld): Promise<Situation> =>
      seeing(world, { task: anHttpTask({ runtime }) }),
  };
}

function marked(reason: string, says: RegExp, router: string): Story {
  return {
    reason,
    on: 'Accepted',
    says,
    bring: (world: ControlledWorld): Promise<Situation> => {
      const mark = formatMark({ router, instance: 'another', upstreams: {} });
      const runtime = { _PORT: 8080, _ADDRESS: TASK_ADDRESS, [MARK_KEY]: mark };
      return seeing(world, { task: anHttpTask({ runtime }) });
    },
  };
}
