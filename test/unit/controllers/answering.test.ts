import { expect } from 'chai';
import { Subject } from 'rxjs';
import { answeringController } from '../../../src/controllers/answering.ts';
import type { Answered, DataPlane } from '../../../src/controllers/contracts.ts';
import type { ControllerOptions } from '../../../src/controllers/controller.ts';
import { reportRoute } from '../../../src/controllers/route-status.ts';
import { getCondition } from '../../../src/resources/conditions.ts';
import type { TaskRoute } from '../../../src/resources/kinds.ts';
import { aRouteStore, type RouteStore } from '../../support/route-store.ts';

const SIGNAL = new AbortController().signal;

interface Subjects {
  readonly controller: ControllerOptions;
  readonly answered: Subject<Answered>;
}

function aController({ store, routes, clock }: RouteStore): Subjects {
  const answered = new Subject<Answered>();
  const dataPlane = { answered } as unknown as DataPlane;
  const controller = answeringController({ routes, store, events: store, clock, dataPlane });
  for (const source of controller.sources) source.subscribe();
  return { controller, answered };
}

/** A programmed route. */
async function programmed(world: RouteStore, name: string): Promise<TaskRoute> {
  const { store, clock } = world;
  await reportRoute({ store, events: store, clock }, await world.add(name), () => ({
    verdicts: [{ type: 'Programmed', status: 'True', reason: 'Programmed', message: 'Yes.' }],
  }));
  return world.seen(name);
}

async function answering(world: RouteStore, name: string): Promise<string> {
  const { conditions } = (await world.seen(name)).status;
  return getCondition(conditions ?? [], 'Answering')?.reason ?? 'absent';
}

describe('answeringController', () => {
  it('waits for two minutes, then names the address and the likely causes', async () => {
    await using world = await aRouteStore();
    await programmed(world, 'a.http');
    const { controller } = aController(world);

    expect(await controller.reconcile('a.http', SIGNAL)).to.deep.equal({ againMs: 120_000 });
    expect(await answering(world, 'a.http')).to.equal('WaitingForFirstAnswer');
    world.clock.advance(120_000);
    expect(await controller.reconcile('a.http', SIGNAL)).to.equal(undefined);
    expect(await answering(world, 'a.http')).to.equal('NoAnswerYet');
  });

  it('says that it answers once the proxy saw it, and remembers', async () => {
    await using world = await aRouteStore();
    await programmed(world, 'a.http');
    const { controller, answered } = aController(world);
    answered.next({ route: 'a.http' });
    await controller.reconcile('a.http', SIGNAL);
    expect(await answering(world, 'a.http')).to.equal('Answered');

    world.clock.advance(500_000);
    expect(await controller.reconcile('a.http', SIGNAL)).to.equal(undefined);
    expect(await answering(world, 'a.http')).to.equal('Answered');
  });

  it('does not forget an answer when it looks at a view from before it', async () => {
    await using world = await aRouteStore();
    const before = await programmed(world, 'a.http');
    const routes = { changes: world.routes.changes, get: () => before };
    const stale = { ...world, routes };
    const { controller, answered } = aController(stale as unknown as RouteStore);
    answered.next({ route: 'a.http' });
    await controller.reconcile('a.http', SIGNAL);
    await controller.reconcile('a.http', SIGNAL);

    expect(await answering(world, 'a.http')).to.equal('Answered');
  });

  it('keeps an answer that came before the route was programmed', async () => {
    await using world = await aRouteStore();
    const route = await world.add('a.http');
    const { controller, answered } = aController(world);
    answered.next({ route: 'a.http' });
    await controller.reconcile('a.http', SIGNAL);
    expect(await answering(world, 'a.http')).to.equal('absent');
    const { store, clock } = world;
    await reportRoute({ store, events: store, clock }, route, () => ({
      verdicts: [{ type: 'Programmed', status: 'True', reason: 'Programmed', message: 'Yes.' }],
    }));
    await world.seen('a.http');
    await controller.reconcile('a.http', SIGNAL);

    expect(await answering(world, 'a.http')).to.equal('Answered');
  });

  it('waits again when the target moved', async () => {
    await using world = await aRouteStore();
    await programmed(world, 'a.http');
    const { controller, answered } = aController(world);
    answered.next({ route: 'a.http' });
    await controller.reconcile('a.http', SIGNAL);
    const route = await world.seen('a.http');
    const target = { address: '192.0.2.8', port: 1 };
    await world.store.update<'TaskRoute'>({ ...route, spec: { ...route.spec, target } });
    await world.seen('a.http');
    await controller.reconcile('a.http', SIGNAL);

    expect(await answering(world, 'a.http')).to.equal('WaitingForFirstAnswer');
  });

  it('says nothing of tcp', async () => {
    await using world = await aRouteStore();
    await world.add('a.tcp', { protocol: 'tcp', pathMode: 'strip' }).catch(() => undefined);
    const { controller } = aController(world);

    expect(await controller.reconcile('a.tcp', SIGNAL)).to.equal(undefined);
  });
});
