import { expect } from 'chai';
import type { EventReader } from '../../src/store/contract.ts';
import type { WatchLimits } from '../../src/api/watch/places.ts';
import { ADMIN, anApiWorld, type ApiWorld } from '../support/api-world.ts';
import { eventually } from '../support/eventually.ts';
import { aTaskRoute } from '../support/resources.ts';

const ROUTES = '/apis/clearway.dev/v1alpha1/namespaces/default/taskroutes';

const atMost = (count: number): WatchLimits => ({
  outside: { all: count, each: count },
  local: 1,
});

async function relabel({ store }: ApiWorld, name: string, app: string): Promise<void> {
  const route = (await store.get('TaskRoute', name))!;
  await store.update({ ...route, metadata: { ...route.metadata, labels: { app } } });
}

describe('the end of a watch', () => {
  it('ends after the time that the client names', async () => {
    await using world = await anApiWorld();
    const watch = await world.watch(`${ROUTES}?watch=1&timeoutSeconds=5`);
    const end = watch.next();
    await eventually(() => expect(world.clock.sleeping).to.equal(1));

    world.clock.advance(5000);

    expect(await end).to.equal(undefined);
    expect(world.clock.sleeping).to.equal(0);
  });

  for (const [random, minutes] of [
    [0, 30],
    [0.5, 45],
    [0.999999, 60],
  ] as const) {
    it(`ends after ${minutes} minutes when the client names no time and chance says ${random}`, async () => {
      await using world = await anApiWorld({ random: () => random });
      const watch = await world.watch(`${ROUTES}?watch=1&timeoutSeconds=0`);
      const end = watch.next();
      await eventually(() => expect(world.clock.sleeping).to.equal(1));

      world.clock.advance(minutes * 60_000 - 5000);
      expect(world.clock.sleeping).to.equal(1);
      world.clock.advance(5000);

      expect(await end).to.equal(undefined);
    });
  }

  it('ends, and leaves nothing behind, when the client goes away while nothing happens', async () => {
    await using world = await anApiWorld({ watchLimits: atMost(1) });
    const client = new AbortController();
    const watch = await world.watch(`${ROUTES}?watch=1&allowWatchBookmarks=true`, {
      signal: client.signal,
    });
    const end = watch.next();
    await eventually(() => expect(world.clock.sleeping).to.equal(2));

    client.abort();

    expect(await end).to.equal(undefined);
    expect(world.clock.sleeping).to.equal(0);
    await world.watch(`${ROUTES}?watch=1`);
  });

  it('frees its place when its reader stops in the middle of the initial events', async () => {
    await using world = await anApiWorld({ watchLimits: atMost(1) });
    for (const name of ['a', 'b', 'c']) await world.store.create(aTaskRoute(`${name}.http`));
    const watch = await world.watch(`${ROUTES}?watch=1&allowWatchBookmarks=true`);
    await watch.next();

    await watch.close();

    expect(world.clock.sleeping).to.equal(0);
    await world.watch(`${ROUTES}?watch=1`);
  });

  it('frees its place when the client is gone before anybody read', async () => {
    await using world = await anApiWorld({ watchLimits: atMost(1) });
    const client = new AbortController();
    await world.watch(`${ROUTES}?watch=1`, { signal: client.signal });

    client.abort();

    await world.watch(`${ROUTES}?watch=1`);
  });

  it('is refused beyond the limit, with a time after which clients try again', async () => {
    await using world = await anApiWorld({ watchLimits: atMost(2) });
    await world.watch(`${ROUTES}?watch=1`);
    await world.watch(`${ROUTES}?watch=1`);

    const refused = await world.ask(`${ROUTES}?watch=1`);

    expect(refused.status).to.equal(429);
    expect(refused.headers['Retry-After']).to.equal('1');
    expect(refused.json['reason']).to.equal('TooManyRequests');
  });

  it('leaves places for others, and for the local user, whoever takes all of his own', async () => {
    const watchLimits = { outside: { all: 3, each: 2 }, local: 1 };
    await using world = await anApiWorld({ watchLimits });
    const path = `${ROUTES}?watch=1`;
    const client = new AbortController();
    const view = { name: 'looker', groups: [], role: 'view' } as const;
    const other = { ...view, name: 'other' };
    const local = { ...ADMIN, isLocal: true };
    await world.watch(path, { user: view });
    await world.watch(path, { user: view, signal: client.signal });

    expect((await world.ask(path, { user: view })).status).to.equal(429);
    await world.watch(path, { user: other });
    expect((await world.ask(path, { user: other })).status).to.equal(429);
    await world.watch(path, { user: local });
    expect((await world.ask(path, { user: local })).status).to.equal(429);

    client.abort();
    await world.watch(path, { user: view });
  });

  it('tells a client that history has passed it by to list again', async () => {
    await using world = await anApiWorld({}, { history: 4 });
    await world.store.create(aTaskRoute('a.http'));
    const { resourceVersion: version } = await world.store.list('TaskRoute');
    for (let index = 0; index < 10; index += 1) await relabel(world, 'a.http', `v${index}`);

    const watch = await world.watch(`${ROUTES}?watch=1&resourceVersion=${version}`);
    const line = await watch.next();

    expect(line?.type).to.equal('ERROR');
    expect(line?.object).to.include({ code: 410, reason: 'Expired' });
    expect(await watch.next()).to.equal(undefined);
  });

  it('says that it failed, and logs why, when its source breaks', async () => {
    const events: EventReader = {
      listEvents: () => Promise.resolve({ items: [], resourceVersion: '7' }),
      watchEvents: () => {
        throw new TypeError('a secret');
      },
    };
    await using world = await anApiWorld({ events });

    const watch = await world.watch('/api/v1/events?watch=1');
    const line = await watch.next();

    expect(line?.type).to.equal('ERROR');
    expect(line?.object).to.include({ code: 500, reason: 'InternalError' });
    expect(JSON.stringify(line)).not.to.include('a secret');
    expect(world.log.join('')).to.include('a secret');
    expect(await watch.next()).to.equal(undefined);
  });

  it('sends many initial events in few pieces, and reads no further than its client', async () => {
    await using world = await anApiWorld();
    for (let index = 0; index < 500; index += 1) {
      await world.store.create(aTaskRoute(`r${index}.http`));
    }
    const answer = await world.watch(`${ROUTES}?watch=1`);

    const lines = await answer.take(500);

    expect(new Set(lines.map(({ object }) => object.metadata.name)).size).to.equal(500);
    expect(answer.pieces).to.be.lessThan(10);
  });
});
