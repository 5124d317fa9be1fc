import type { StaticRouteSpec } from '../../../src/resources/generated.ts';
import type { StaticRoute } from '../../../src/resources/kinds.ts';
import type { Settings } from '../../../src/settings.ts';
import type { ControlledRouter } from '../controlled-router.ts';
import { anHttpTask, condition, type ControlledWorld } from '../controlled-world.ts';
import { someSettings } from '../some-settings.ts';
import { TASK_ADDRESS, type Situation, type Story } from './story.ts';

/** What keeps a task from a StaticRoute, and a StaticRoute from its address. */
export const STATIC_ROUTES: readonly Story[] = [
  ofTask('InvalidStaticRoute', /static_route=NAME/, { mode: 'tunnel' }),
  ofTask('StaticRouteNotFound', /create it: the task is served as soon as it is there/, {}),
  ofTask('StaticRouteDisabled', /Set its spec\.enabled/, { spec: { enabled: false } }),
  ofTask('StaticRouteNotAccepted', /Set it to the ROUTER_NAME/, { spec: { router: 'nobody' } }),
  {
    ...ofTask('StaticRouteInUse', /Whoever waits longest is served when it ends/, {}),
    bring: async (world: ControlledWorld): Promise<Situation> => {
      const router = await world.start();
      await create(router, 'chat');
      const first = asking(world);
      await condition(router, first, ['Accepted', 'True Accepted']);
      return { router, route: asking(world) };
    },
  },
  {
    ...ofTask('Pending', /see the conditions of the StaticRoute/, {}),
    bring: async (world: ControlledWorld): Promise<Situation> => {
      const router = await world.start();
      const spec = { name: 'other', url: 'https://other.example' };
      await router.store.create<'Router'>({ kind: 'Router', metadata: { name: 'other' }, spec });
      await create(router, 'chat', { router: 'other' });
      return { router, route: asking(world) };
    },
  },
  ofStaticRoute('Accepted', 'OtherRouter', {
    says: /Set it to the ROUTER_NAME/,
    spec: { router: 'nobody' },
  }),
  ofStaticRoute('Accepted', 'NeedsSharedOrigin', {
    says: /CLEARWAY_ROUTE_DOMAIN.*Unset it/,
    settings: { edge: { ...someSettings().edge, routeDomain: 'apps.example' } },
  }),
  {
    ...ofStaticRoute('Accepted', 'PathTaken', { says: /Give one of the two another path/ }),
    bring: async (world: ControlledWorld): Promise<Situation> => {
      const router = await world.start();
      await create(router, 'older');
      await create(router, 'chat');
      // Within one second the uid says who is older.
      const both = (await router.store.list('StaticRoute')).items.toSorted((left, right) =>
        ageOf(left) < ageOf(right) ? -1 : 1,
      );
      return { router, route: both[1]!.metadata.name };
    },
  },
  ...['Programmed', 'Ready'].flatMap((on) => [
    ofStaticRoute(on, 'Disabled', { says: /set spec\.enabled/, spec: { enabled: false } }),
    ofStaticRoute(on, 'NotInUse', { says: /Start one that asks for it by its name/ }),
  ]),
];

function ageOf({ metadata }: StaticRoute): string {
  return `${metadata.creationTimestamp} ${metadata.uid}`;
}

/** A task that asks for the StaticRoute `chat`; gives the name of its TaskRoute. */
function asking(world: ControlledWorld, mode = 'path'): string {
  const wish = { _ROUTER_ENDPOINT_MODE: mode, _ROUTER_ENDPOINT_MODE_PARAM: 'chat' };
  const runtime = { _PORT: 8080, _ADDRESS: TASK_ADDRESS, ...wish };
  return `${world.api.tasks.create(anHttpTask({ runtime }))}.http`;
}

async function create(
  router: ControlledRouter,
  name: string,
  overrides: Partial<StaticRouteSpec> = {},
): Promise<void> {
  const spec: StaticRouteSpec = {
    path: '/chat',
    enabled: true,
    access: 'authenticated',
    ...overrides,
  };
  await router.store.create<'StaticRoute'>({ kind: 'StaticRoute', metadata: { name }, spec });
}

function ofTask(
  reason: string,
  says: RegExp,
  { spec, mode }: { readonly spec?: Partial<StaticRouteSpec>; readonly mode?: string },
): Story {
  return {
    reason,
    on: 'Accepted',
    says,
    bring: async (world) => {
      const router = await world.start();
      if (spec !== undefined) await create(router, 'chat', spec);
      return { router, route: asking(world, mode) };
    },
  };
}

function ofStaticRoute(
  on: string,
  reason: string,
  {
    says,
    spec,
    settings = {},
  }: {
    readonly says: RegExp;
    readonly spec?: Partial<StaticRouteSpec>;
    readonly settings?: Partial<Settings>;
  },
): Story {
  return {
    kind: 'StaticRoute',
    reason,
    on,
    says,
    bring: async (world) => {
      const router = await world.start({ settings });
      await create(router, 'chat', spec);
      return { router, route: 'chat' };
    },
  };
}
