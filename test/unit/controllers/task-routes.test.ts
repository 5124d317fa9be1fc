import { expect } from 'chai';
import { NEVER } from 'rxjs';
import type { TaskSource } from '../../../src/controllers/contracts.ts';
import type { ControllerOptions } from '../../../src/controllers/controller.ts';
import { taskOf, taskRouteController } from '../../../src/controllers/task-routes.ts';
import type { TaskView } from '../../../src/domain/task-view.ts';
import { getCondition } from '../../../src/resources/conditions.ts';
import { TASK_ID, aRouter, aTask } from '../../support/builders.ts';
import { aRouteStore, type RouteStore } from '../../support/route-store.ts';

const SIGNAL = new AbortController().signal;
const NAME = `${TASK_ID}.http`;

interface Subjects {
  readonly controller: ControllerOptions;
  readonly state: { task: TaskView | undefined };
}

function aController({ store, routes, statics, clock }: RouteStore, task = aTask()): Subjects {
  const state: Subjects['state'] = { task };
  const tasks: TaskSource = {
    changes: NEVER,
    get: () => state.task,
    ids: () => [TASK_ID],
    synced: true,
    forget: () => undefined,
    refresh: () => undefined,
  };
  const controller = taskRouteController({
    tasks,
    routes,
    statics,
    store,
    events: store,
    clock,
    router: aRouter(),
    routerObject: 'gw',
    serves: () => true,
    context: {},
  });
  return { controller, state };
}

async function accepted(world: RouteStore): Promise<string | undefined> {
  const { conditions } = (await world.seen(NAME)).status;
  return getCondition(conditions ?? [], 'Accepted')?.reason;
}

describe('taskRouteController', () => {
  it('makes a labelled route, and writes nothing more when nothing changed', async () => {
    await using world = await aRouteStore();
    const { controller } = aController(world);
    await controller.reconcile(TASK_ID, SIGNAL);
    const route = await world.seen(NAME);
    await controller.reconcile(TASK_ID, SIGNAL);

    expect(route.metadata.labels).to.deep.equal({ 'clearway.dev/router': 'gw' });
    expect(await accepted(world)).to.equal('Accepted');
    expect(await world.store.get('TaskRoute', NAME)).to.deep.equal(route);
  });

  it('judges a route that a killed router left without a word', async () => {
    await using world = await aRouteStore();
    const { controller } = aController(world);
    await controller.reconcile(TASK_ID, SIGNAL);
    const { spec, metadata } = await world.seen(NAME);
    await world.store.delete('TaskRoute', NAME);
    const { name, labels = {} } = metadata;
    await world.store.create<'TaskRoute'>({ kind: 'TaskRoute', metadata: { name, labels }, spec });
    expect(await accepted(world)).to.equal(undefined);
    await controller.reconcile(TASK_ID, SIGNAL);

    expect(await accepted(world)).to.equal('Accepted');
  });

  it('turns Accepted when the request is no longer well formed', async () => {
    await using world = await aRouteStore();
    const { controller, state } = aController(world);
    await controller.reconcile(TASK_ID, SIGNAL);
    await world.seen(NAME);
    state.task = aTask({ runtime: { _PORT: 0, _ADDRESS: '192.0.2.7' } });
    await controller.reconcile(TASK_ID, SIGNAL);

    expect(await accepted(world)).to.equal('InvalidPort');
    expect((await world.seen(NAME)).spec).not.to.have.property('target');
  });

  it('deletes the route of a task that ended, says so once, and survives being late', async () => {
    await using world = await aRouteStore();
    const { controller, state } = aController(world);
    await controller.reconcile(TASK_ID, SIGNAL);
    await world.seen(NAME);
    state.task = aTask({ status: 'completed' });
    await controller.reconcile(TASK_ID, SIGNAL);
    await controller.reconcile(TASK_ID, SIGNAL);

    expect((await world.store.list('TaskRoute')).items).to.deep.equal([]);
    const { items: events } = await world.store.listEvents();
    expect(
      events.filter(({ reason }) => reason === 'TaskEnded').map(({ count }) => count),
    ).to.deep.equal([1]);
  });

  it('deletes nothing while ClearML is silent', async () => {
    await using world = await aRouteStore();
    const { controller, state } = aController(world);
    await controller.reconcile(TASK_ID, SIGNAL);
    state.task = undefined;
    await world.seen(NAME);
    await controller.reconcile(TASK_ID, SIGNAL);

    expect((await world.store.list('TaskRoute')).items).to.have.length(1);
  });
});

describe('taskOf', () => {
  it('is the task id of every name of a TaskRoute', () => {
    for (const name of [`${TASK_ID}.http`, `${TASK_ID}--api.http`, `${TASK_ID}--my-api.tcp`]) {
      expect(taskOf(name)).to.equal(TASK_ID);
    }
  });
});
