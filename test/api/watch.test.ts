import { expect } from 'chai';
import { anApiWorld, type ApiWorld, type WatchReader } from '../support/api-world.ts';
import { eventually } from '../support/eventually.ts';
import { aTaskRoute } from '../support/resources.ts';

const ROUTES = '/apis/clearway.dev/v1alpha1/namespaces/default/taskroutes';
const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io';
const METADATA = 'application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io';

async function label({ store }: ApiWorld, name: string, app: string): Promise<void> {
  const route = (await store.get('TaskRoute', name))!;
  await store.update({ ...route, metadata: { ...route.metadata, labels: { app } } });
}

/** Type and name of the next events. */
async function names(watch: WatchReader, count: number): Promise<readonly string[]> {
  const lines = await watch.take(count);
  return lines.map(({ type, object }) => `${type} ${object.metadata.name}`);
}

async function versionOf({ store }: ApiWorld): Promise<string> {
  return (await store.list('TaskRoute')).resourceVersion;
}

describe('a watch', () => {
  it('tells what there is when no version is named, and then what changes', async () => {
    await using world = await anApiWorld();
    await world.store.create(aTaskRoute('a.http'));
    await world.store.create(aTaskRoute('b.http'));

    const watch = await world.watch(`${ROUTES}?watch=true`);
    expect(await names(watch, 2)).to.deep.equal(['ADDED a.http', 'ADDED b.http']);
    await world.store.create(aTaskRoute('c.http'));
    await label(world, 'a.http', 'web');
    await world.store.delete('TaskRoute', 'b.http');

    expect(await names(watch, 3)).to.deep.equal([
      'ADDED c.http',
      'MODIFIED a.http',
      'DELETED b.http',
    ]);
  });

  it('tells only what came after the version that is named', async () => {
    await using world = await anApiWorld();
    await world.store.create(aTaskRoute('a.http'));
    const version = await versionOf(world);
    await world.store.create(aTaskRoute('b.http'));

    const watch = await world.watch(`${ROUTES}?watch=1&resourceVersion=${version}`);

    expect(await names(watch, 1)).to.deep.equal(['ADDED b.http']);
  });

  it('tells nothing of what there is when the client wants no initial events', async () => {
    await using world = await anApiWorld();
    await world.store.create(aTaskRoute('a.http'));
    const watch = await world.watch(
      `${ROUTES}?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan`,
    );

    const first = names(watch, 1);
    await world.store.create(aTaskRoute('b.http'));
    await eventually(async () => {
      await label(world, 'b.http', String(Math.random()));
    });

    expect((await first)[0]).to.match(/ b\.http$/);
  });

  it('starts with no objects that are older than what the client has seen', async () => {
    await using world = await anApiWorld();
    await world.store.create(aTaskRoute('a.http'));
    const beyond = Number(await versionOf(world)) + 1;
    const watch = await world.watch(
      `${ROUTES}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&resourceVersion=${beyond}`,
    );

    const line = await watch.next();

    expect([line?.type, line?.object.code, line?.object.reason]).to.deep.equal([
      'ERROR',
      504,
      'Timeout',
    ]);
    expect(await watch.next()).to.equal(undefined);
  });

  it('starts with all objects when the client wants them, whatever version it knows', async () => {
    await using world = await anApiWorld();
    await world.store.create(aTaskRoute('a.http'));
    const version = await versionOf(world);

    const watch = await world.watch(
      `${ROUTES}?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=1&resourceVersion=${version}`,
    );
    const [added, bookmark] = await watch.take(2);

    expect(added?.object.metadata.name).to.equal('a.http');
    expect(bookmark?.type).to.equal('BOOKMARK');
    expect(bookmark?.object.metadata.resourceVersion).to.equal(version);
  });

  it('makes an ADDED and a DELETED of a change by which an object starts and ends to be selected', async () => {
    await using world = await anApiWorld();
    await world.store.create(aTaskRoute('a.http'));
    const version = await versionOf(world);
    const watch = await world.watch(
      `${ROUTES}?watch=1&labelSelector=app%3Dweb&resourceVersion=${version}`,
    );

    await label(world, 'a.http', 'web');
    await label(world, 'a.http', 'web');
    await label(world, 'a.http', 'db');
    const after = await versionOf(world);
    await label(world, 'a.http', 'cache');
    await label(world, 'a.http', 'web');
    await world.store.delete('TaskRoute', 'a.http');

    const lines = await watch.take(4);
    expect(lines.map(({ type }) => type)).to.deep.equal(['ADDED', 'DELETED', 'ADDED', 'DELETED']);
    expect(lines[1]?.object.metadata.labels).to.deep.equal({ app: 'web' });
    expect(lines[1]?.object.metadata.resourceVersion).to.equal(after);
  });

  it('follows one object alone by its name', async () => {
    await using world = await anApiWorld();
    await world.store.create(aTaskRoute('a.http'));
    await world.store.create(aTaskRoute('b.http'));
    const watch = await world.watch(`${ROUTES}?watch=1&fieldSelector=metadata.name%3Db.http`);
    expect(await names(watch, 1)).to.deep.equal(['ADDED b.http']);

    await label(world, 'a.http', 'web');
    await label(world, 'b.http', 'web');

    expect(await names(watch, 1)).to.deep.equal(['MODIFIED b.http']);
  });

  it('sends Tables, with columns in the first only', async () => {
    await using world = await anApiWorld();
    await world.store.create(aTaskRoute('a.http'));
    const watch = await world.watch(`${ROUTES}?watch=1`, { accept: TABLE });
    await watch.take(1).then(([first]) => {
      expect(first?.object.columnDefinitions).to.be.an('array');
    });
    world.clock.advance(65_000);
    await label(world, 'a.http', 'web');

    const [second] = await watch.take(1);

    expect(second?.object.columnDefinitions).to.equal(null);
    expect(second?.object.rows?.[0]?.cells).to.include('65s');
    expect(second?.object.rows?.[0]?.object.metadata.labels).to.deep.equal({ app: 'web' });
  });

  it('sends metadata alone to those who want no more', async () => {
    await using world = await anApiWorld();
    await world.store.create(aTaskRoute('a.http'));
    const watch = await world.watch(`${ROUTES}?watch=1&allowWatchBookmarks=true`, {
      accept: METADATA,
    });

    const [added] = await watch.take(1);

    expect(Object.keys(added?.object ?? {})).to.have.members(['kind', 'apiVersion', 'metadata']);
    expect(added?.object.kind).to.equal('PartialObjectMetadata');
  });

  it('sends a bookmark each minute to those who allow it, and only to them', async () => {
    await using world = await anApiWorld();
    await world.store.create(aTaskRoute('a.http'));
    const version = await versionOf(world);
    const query = `watch=1&resourceVersion=${version}`;
    const watch = await world.watch(`${ROUTES}?${query}&allowWatchBookmarks=true`);
    const silent = await world.watch(`${ROUTES}?${query}`);
    const quiet = silent.next();
    const bookmark = watch.take(1);
    await eventually(() => expect(world.clock.sleeping).to.equal(3));

    world.clock.advance(60_000);

    expect((await bookmark)[0]).to.deep.equal({
      type: 'BOOKMARK',
      object: {
        kind: 'TaskRoute',
        apiVersion: 'clearway.dev/v1alpha1',
        metadata: { resourceVersion: version, creationTimestamp: null },
      },
    });
    await label(world, 'a.http', 'web');
    expect((await quiet)?.type).to.equal('MODIFIED');
    expect(await names(watch, 1)).to.deep.equal(['MODIFIED a.http']);
  });
});
