import { expect } from 'chai';
import { NEVER } from 'rxjs';
import type { RuntimePatch, TaskSource, TaskWriter } from '../../../src/controllers/contracts.ts';
import type { ControllerOptions } from '../../../src/controllers/controller.ts';
import { publicationController } from '../../../src/controllers/publication.ts';
import { reportRoute } from '../../../src/controllers/route-status.ts';
import type { TaskView } from '../../../src/domain/task-view.ts';
import { getCondition } from '../../../src/resources/conditions.ts';
import { TASK_ID, aMarkText, aRouter, aTask } from '../../support/builders.ts';
import { aRouteStore, type RouteStore } from '../../support/route-store.ts';

const SIGNAL = new AbortController().signal;
const NAME = `${TASK_ID}.tcp`;
const OURS = { external_address: 'tcp.example', external_tcp_port: 30_000 };
const FIRST = { external_address: '192.0.2.9', external_tcp_port: 22 };
const AGAIN = { external_address: '192.0.2.10', external_tcp_port: 2_222 };

/** A ClearML with one task; `view` is what the watcher has seen of it. */
class OneTask implements TaskWriter {
  readonly hasEditRuntime = true;
  readonly patches: RuntimePatch[] = [];
  readonly forgotten: string[] = [];
  task: TaskView | 'missing';
  view: TaskView;

  constructor(task: TaskView) {
    this.task = task;
    this.view = task;
  }

  read(): Promise<TaskView | 'missing'> {
    return Promise.resolve(this.task);
  }

  editRuntime(_id: string, patch: RuntimePatch): Promise<void> {
    this.patches.push(patch);
    if (this.task === 'missing') return Promise.resolve();
    const kept = Object.entries(this.task.runtime).filter(([key]) => !patch.remove.includes(key));
    this.task = { ...this.task, runtime: { ...Object.fromEntries(kept), ...patch.set } };
    return Promise.resolve();
  }

  replaceRuntime(id: string, patch: RuntimePatch): Promise<void> {
    return this.editRuntime(id, patch);
  }
}

function aController({ store, routes, clock }: RouteStore, one: OneTask): ControllerOptions {
  const tasks: TaskSource = {
    changes: NEVER,
    get: () => one.view,
    ids: () => [TASK_ID],
    synced: true,
    forget: (id) => one.forgotten.push(id),
    refresh: () => undefined,
  };
  return publicationController({
    tasks,
    writer: one,
    routes,
    store,
    events: store,
    clock,
    router: aRouter(),
    serves: () => true,
    context: { tcpAddress: 'tcp.example', tcpPorts: { start: 30_000, end: 30_009 } },
  });
}

/** A TaskRoute that the proxies serve on port 30000, for what the task asked first. */
async function served(world: RouteStore): Promise<void> {
  const { store, clock } = world;
  await store.create<'TaskRoute'>({
    kind: 'TaskRoute',
    metadata: { name: NAME },
    spec: {
      router: 'gw',
      task: { id: TASK_ID, name: 'train' },
      protocol: 'tcp',
      endpointName: '',
      target: { address: '192.0.2.9', port: 22 },
    },
  });
  await reportRoute({ store, events: store, clock }, await world.seen(NAME), () => ({
    verdicts: [{ type: 'Programmed', status: 'True', reason: 'Programmed', message: 'Yes.' }],
    fields: { externalAddress: 'tcp.example', externalPort: 30_000 },
  }));
  await world.seen(NAME);
}

async function publishedReason(world: RouteStore): Promise<string | undefined> {
  const { conditions } = (await world.seen(NAME)).status;
  return getCondition(conditions ?? [], 'Published')?.reason;
}

describe('publicationController', () => {
  it('publishes a served address, and says so', async () => {
    await using world = await aRouteStore();
    await served(world);
    const one = new OneTask(aTask({ runtime: FIRST }));
    await aController(world, one).reconcile(TASK_ID, SIGNAL);

    expect(one.patches).to.deep.equal([
      {
        set: {
          ...OURS,
          upstream_task_port: 22,
          clearway: aMarkText({ upstreams: { 'tcp:': '192.0.2.9:22' } }),
        },
        remove: [],
      },
    ]);
    expect(await publishedReason(world)).to.equal('Published');
  });

  it('does not replace an address that the TaskRoute has not taken over yet', async () => {
    await using world = await aRouteStore();
    await served(world);
    const one = new OneTask(aTask({ runtime: AGAIN }));
    await aController(world, one).reconcile(TASK_ID, SIGNAL);

    expect(one.patches).to.deep.equal([]);
    expect(await publishedReason(world)).to.equal(undefined);
  });

  it('does not replace an address that came after the view', async () => {
    await using world = await aRouteStore();
    await served(world);
    const one = new OneTask(aTask({ runtime: FIRST }));
    one.task = aTask({ runtime: AGAIN });
    await aController(world, one).reconcile(TASK_ID, SIGNAL);

    expect(one.patches).to.deep.equal([]);
  });

  it('writes nothing over the mark that another router has just made', async () => {
    await using world = await aRouteStore();
    await served(world);
    const one = new OneTask(aTask({ runtime: FIRST }));
    one.task = aTask({ runtime: { ...FIRST, clearway: aMarkText({ router: 'other' }) } });
    await aController(world, one).reconcile(TASK_ID, SIGNAL);

    expect(one.patches).to.deep.equal([]);
    expect(await publishedReason(world)).to.equal(undefined);
  });

  it('looks again soon when its write was written over at once', async () => {
    await using world = await aRouteStore();
    await served(world);
    const one = new OneTask(aTask({ runtime: FIRST }));
    const reads = [one.task, aTask({ runtime: FIRST })];
    one.read = () => Promise.resolve(reads.shift() ?? 'missing');

    expect(await aController(world, one).reconcile(TASK_ID, SIGNAL)).to.deep.equal({
      againMs: 300,
    });
    expect(await publishedReason(world)).to.equal(undefined);
  });

  it('forgets a task that does not exist and has no routes', async () => {
    await using world = await aRouteStore();
    const runtime = { ...OURS, clearway: aMarkText({ upstreams: { 'tcp:': '192.0.2.9:22' } }) };
    const one = new OneTask(aTask({ status: 'missing', runtime }));
    one.task = 'missing';
    await aController(world, one).reconcile(TASK_ID, SIGNAL);

    expect(one.forgotten).to.deep.equal([TASK_ID]);
    expect(one.patches).to.deep.equal([]);
  });

  it('does not forget a task whose routes are still there', async () => {
    await using world = await aRouteStore();
    await served(world);
    const one = new OneTask(aTask({ status: 'stopped', runtime: FIRST }));
    await aController(world, one).reconcile(TASK_ID, SIGNAL);

    expect(one.forgotten).to.deep.equal([]);
  });
});
