import { PatchStrategy, type KubernetesObject } from '@kubernetes/client-node';
import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import {
  InformerWorld,
  ObservedInformer,
  ObservedWatch,
  STATIC_ROUTES,
} from './support/informer-world.ts';

interface RouteObject extends KubernetesObject {
  readonly spec?: Readonly<Record<string, unknown>>;
}

const header = {
  apiVersion: 'clearway.dev/v1alpha1',
  kind: 'StaticRoute',
  metadata: { name: 'lab', namespace: 'default' },
};

describe('an informer of @kubernetes/client-node', function () {
  this.timeout(30_000);

  it('sees what there is, and every change', async () => {
    await using world = await InformerWorld.start();
    await world.add('one');
    const observed = new ObservedInformer(new ObservedWatch(world.config), world.objects);
    await observed.informer.start();
    await world.add('two');
    await world.remove('one');
    await eventually(() => {
      expect(observed.told).to.deep.equal(['add one', 'add two', 'delete one']);
    });
    await observed.informer.stop();
  });

  it('goes on after the server ended its watch, and misses nothing', async () => {
    await using world = await InformerWorld.start();
    const watch = new ObservedWatch(world.config, 1);
    const observed = new ObservedInformer(watch, world.objects);
    await observed.informer.start();
    await eventually(() => expect(watch.ends).to.include('end'));
    await world.add('one');
    await eventually(() => expect(observed.told).to.deep.equal(['add one']));
    expect(observed.errors).to.equal(0);
    await observed.informer.stop();
  });

  it('goes on when its connection broke and it is started again, and misses nothing', async () => {
    await using world = await InformerWorld.start();
    await world.add('one');
    const watch = new ObservedWatch(world.config);
    const observed = new ObservedInformer(watch, world.objects);
    await observed.informer.start();
    world.breakConnections();
    await eventually(() => expect(observed.errors).to.equal(1));
    await world.add('two');
    await world.remove('one');
    await observed.informer.start();
    await eventually(() => {
      expect(observed.told).to.deep.equal(['add one', 'add two', 'delete one']);
    });
    await observed.informer.stop();
  });

  it('lists again when history has passed it by', async () => {
    await using world = await InformerWorld.start(4);
    await world.add('one');
    const watch = new ObservedWatch(world.config);
    const observed = new ObservedInformer(watch, world.objects);
    await observed.informer.start();
    world.breakConnections();
    await eventually(() => expect(observed.errors).to.equal(1));
    for (let index = 0; index < 6; index += 1) await world.add(`more-${index}`);
    await world.remove('one');
    await observed.informer.start();
    await eventually(() => expect(observed.names).to.have.length(6));
    expect(watch.refusals).to.deep.equal([410]);
    expect(observed.told).to.include('delete one');
    await world.add('last');
    await eventually(() => expect(observed.names).to.include('last'));
    await observed.informer.stop();
  });

  it('goes on after a restart of the router', async () => {
    await using world = await InformerWorld.start();
    await world.add('one');
    const watch = new ObservedWatch(world.config);
    const observed = new ObservedInformer(watch, world.objects);
    await observed.informer.start();
    await world.restart();
    await world.add('two');
    await eventually(
      async () => {
        if (!observed.names.includes('two')) await observed.informer.start();
        expect(observed.names).to.deep.equal(['one', 'two']);
      },
      { timeoutMs: 15_000, everyMs: 500 },
    );
    await observed.informer.stop();
  });
});

describe('a watch of @kubernetes/client-node', () => {
  it('is told 410 when it asks for what is past', async () => {
    await using world = await InformerWorld.start(2);
    const { metadata } = await world.objects.list(header.apiVersion, header.kind, 'default');
    for (let index = 0; index < 5; index += 1) await world.add(`more-${index}`);
    const watch = new ObservedWatch(world.config);
    const query = { resourceVersion: metadata?.resourceVersion };
    await new Promise((done) => {
      void watch.watch(STATIC_ROUTES, query, () => undefined, done);
    });
    expect(watch.refusals).to.deep.equal([410]);
  });

  it('gets objects with kind and version', async () => {
    await using world = await InformerWorld.start();
    await world.add('one');
    const watch = new ObservedWatch(world.config);
    const seen: RouteObject[] = [];
    const request = await watch.watch(
      STATIC_ROUTES,
      {},
      (_phase, object: RouteObject) => seen.push(object),
      () => undefined,
    );
    const first = await eventually(() => seen[0] ?? expect.fail('nothing yet'));
    expect(first).to.deep.include({ apiVersion: header.apiVersion, kind: header.kind });
    request.abort();
  });
});

describe('KubernetesObjectApi of @kubernetes/client-node', () => {
  it('creates, reads, patches, replaces, lists and deletes', async () => {
    await using world = await InformerWorld.start();
    const api = world.objects;
    const created = await api.create<RouteObject>({ ...header, spec: { path: '/lab' } });
    expect(created.spec).to.include({ path: '/lab', access: 'authenticated', enabled: true });
    const steps = [{ op: 'replace', path: '/spec/access', value: 'public' }];
    const byStep = (await world.customObjects.patchNamespacedCustomObject({
      ...{ group: 'clearway.dev', version: 'v1alpha1', plural: 'staticroutes' },
      ...{ namespace: 'default', name: 'lab', body: steps },
    })) as RouteObject;
    expect(byStep.spec).to.include({ access: 'public' });
    const merge = { ...header, spec: { enabled: false } };
    const merged = await patch(api, merge, PatchStrategy.MergePatch);
    expect(merged.spec).to.include({ enabled: false, access: 'public' });
    const apply = { ...header, spec: { path: '/lab', pathMode: 'keep' } };
    const applied = await patch(api, apply, PatchStrategy.ServerSideApply);
    expect(applied.spec).to.include({ pathMode: 'keep', enabled: false });
    const replaced = await api.replace<RouteObject>({ ...applied, spec: { path: '/room' } });
    expect(replaced.spec).to.include({ path: '/room', access: 'authenticated' });
    const { items } = await api.list(header.apiVersion, header.kind, 'default');
    expect(items.map(({ metadata }) => metadata?.name)).to.deep.equal(['lab']);
    await api.delete(header);
    expect(await codeOf(api.read(header))).to.equal(404);
  });

  it('is told of conflicts', async () => {
    await using world = await InformerWorld.start();
    const api = world.objects;
    const first = await api.create<RouteObject>({ ...header, spec: { path: '/lab' } });
    expect(await codeOf(api.create<RouteObject>({ ...header, spec: { path: '/lab' } }))).to.equal(
      409,
    );
    await api.replace<RouteObject>({ ...first, spec: { path: '/room' } });
    const stale = api.replace<RouteObject>({ ...first, spec: { path: '/hall' } });
    expect(await codeOf(stale)).to.equal(409);
  });
});

function patch(
  api: InformerWorld['objects'],
  body: RouteObject,
  strategy: PatchStrategy,
): Promise<RouteObject> {
  return api.patch(body, undefined, undefined, 'tests', undefined, strategy);
}

/** The HTTP status that a call fails with. */
async function codeOf(call: Promise<unknown>): Promise<number> {
  try {
    await call;
  } catch (error) {
    return (error as { readonly code: number }).code;
  }
  return 200;
}
