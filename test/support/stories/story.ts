import type { Kind, TaskRoute } from '../../../src/resources/kinds.ts';
import { expect } from 'chai';
import type { SeedTask } from '../../../src/embedded/api/seed.ts';
import type { ControlledRouter, ControlledRouterOptions } from '../controlled-router.ts';
import { anHttpTask, type ControlledWorld } from '../controlled-world.ts';
import { eventually } from '../eventually.ts';

/** A router in a situation, and the object that has to tell of it. */
export interface Situation {
  readonly router: ControlledRouter;
  /** Name of the TaskRoute, or of the object of another kind that the story is about. */
  readonly route: string;
}

/** How an object comes to carry a reason that is not good news. */
export interface Story {
  /** Kind of the object; a TaskRoute unless given. */
  readonly kind?: Kind;
  readonly reason: string;
  /** Type of the condition that carries it; `Event` when an event does. */
  readonly on: string;
  /** What its message says to do. */
  readonly says: RegExp;
  readonly bring: (world: ControlledWorld) => Promise<Situation>;
}

/** An address that a task may give. */
export const TASK_ADDRESS = '192.0.2.7';

/** What is different from a plain router that sees a plain task. */
export interface Circumstances {
  readonly task?: SeedTask;
  readonly options?: Partial<ControlledRouterOptions>;
  /** Name of the endpoint that the story is about; the default one unless given. */
  readonly endpoint?: string;
}

/** A router that sees a task. */
export async function seeing(
  world: ControlledWorld,
  { task = anHttpTask(), options, endpoint = '' }: Circumstances = {},
): Promise<Situation & { readonly task: string }> {
  const id = world.api.tasks.create(task);
  const router = await world.start(options);
  const { metadata } = await routeOf(router, { task: id, endpoint });
  return { router, route: metadata.name, task: id };
}

/** The TaskRoute of an endpoint, once it is there. */
export function routeOf(
  router: ControlledRouter,
  { task, endpoint }: { readonly task: string; readonly endpoint: string },
): Promise<TaskRoute> {
  return eventually(async () => {
    const routes = await router.routes();
    const route = routes.find(
      ({ spec }) => spec.task.id === task && spec.endpointName === endpoint,
    );
    expect(route, `a TaskRoute of ${endpoint}`).not.to.equal(undefined);
    return route!;
  });
}
