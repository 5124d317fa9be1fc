import { expect } from 'chai';
import { anApiWorld, type ApiWorld } from '../support/api-world.ts';
import { aPortPool, aTaskRoute } from '../support/resources.ts';

const GROUP = '/apis/clearway.dev/v1alpha1';
const ROUTES = `${GROUP}/namespaces/default/taskroutes`;

async function itemNames(world: ApiWorld, path: string): Promise<readonly string[]> {
  const { items } = (await world.ask(path)).json as {
    readonly items: readonly { readonly metadata: { readonly name: string } }[];
  };
  return items.map(({ metadata }) => metadata.name);
}

describe('a list', () => {
  it('is of one namespace, or of all', async () => {
    await using world = await anApiWorld();
    await world.store.create(aTaskRoute('b.http'));
    await world.store.create(aTaskRoute('a.http'));

    expect(await itemNames(world, `${GROUP}/taskroutes`)).to.deep.equal(['a.http', 'b.http']);
    expect(await itemNames(world, ROUTES)).to.deep.equal(['a.http', 'b.http']);
    expect(await itemNames(world, `${GROUP}/namespaces/other/taskroutes`)).to.deep.equal([]);
  });

  it('is of one kind', async () => {
    await using world = await anApiWorld();
    await world.store.create(aTaskRoute('a.http'));
    await world.store.create(aPortPool('pool'));

    expect(await itemNames(world, `${GROUP}/portpools`)).to.deep.equal(['pool']);
    expect(await itemNames(world, `${GROUP}/routers`)).to.deep.equal([]);
  });

  it('is selected by labels and fields together', async () => {
    await using world = await anApiWorld();
    await world.store.create(aTaskRoute('a.http'));
    await world.store.create(aTaskRoute('b.http'));
    const select = (labels: string, fields: string): Promise<readonly string[]> =>
      itemNames(
        world,
        `${ROUTES}?${String(new URLSearchParams({ labelSelector: labels, fieldSelector: fields }))}`,
      );

    expect(
      await select('clearway.dev/router in (router-a)', 'metadata.name!=a.http'),
    ).to.deep.equal(['b.http']);
    expect(await select('!clearway.dev/router', '')).to.deep.equal([]);
    expect(await select('', 'metadata.namespace=default,metadata.name==b.http')).to.deep.equal([
      'b.http',
    ]);
    expect(await select('', 'metadata.namespace=other')).to.deep.equal([]);
  });

  it('is at the version that was asked for exactly, or expired', async () => {
    await using world = await anApiWorld();
    const { resourceVersion } = await world.store.list('TaskRoute');
    const exactly = `${ROUTES}?resourceVersionMatch=Exact&resourceVersion=${resourceVersion}`;

    expect((await world.ask(exactly)).status).to.equal(200);
    await world.store.create(aTaskRoute('a.http'));

    expect((await world.ask(exactly)).json).to.include({ code: 410, reason: 'Expired' });
    expect((await world.ask(exactly.replace('Exact', 'NotOlderThan'))).status).to.equal(200);
  });

  it('is never older than what the client has seen, as one object is not', async () => {
    await using world = await anApiWorld();
    await world.store.create(aTaskRoute('a.http'));
    const current = (await world.store.list('TaskRoute')).resourceVersion;
    const beyond = String(Number(current) + 1);
    const paths = [
      `${ROUTES}?`,
      `${ROUTES}?resourceVersionMatch=Exact&`,
      `${ROUTES}?resourceVersionMatch=NotOlderThan&`,
      `${ROUTES}/a.http?`,
    ];

    for (const path of paths) {
      expect((await world.ask(`${path}resourceVersion=${current}`)).status, path).to.equal(200);
      const refused = await world.ask(`${path}resourceVersion=${beyond}`);
      expect(refused.json, path).to.deep.include({
        code: 504,
        reason: 'Timeout',
        message: `Timeout: Too large resource version: ${beyond}, current: ${current}`,
        details: {
          causes: [{ reason: 'ResourceVersionTooLarge', message: 'Too large resource version' }],
          retryAfterSeconds: 1,
        },
      });
      expect([refused.status, refused.headers['Retry-After']]).to.deep.equal([504, '1']);
    }
    const huge = await world.ask(`${ROUTES}?resourceVersion=9999999999999999999`);
    expect(huge.status).to.equal(504);
    expect((await world.ask(`${ROUTES}/a.http?resourceVersion=x`)).status).to.equal(400);
  });

  it('is whole, whatever limit is asked for', async () => {
    await using world = await anApiWorld();
    for (const name of ['a', 'b', 'c']) await world.store.create(aTaskRoute(`${name}.http`));

    expect(await itemNames(world, `${ROUTES}?limit=1`)).to.have.length(3);
  });

  it('shows ages as they are when it is asked for', async () => {
    await using world = await anApiWorld();
    await world.store.create(aTaskRoute('a.http'));
    const age = async (): Promise<unknown> => {
      const accept = 'application/json;as=Table;g=meta.k8s.io;v=v1';
      const { rows } = (await world.ask(ROUTES, { accept })).json as {
        readonly rows: readonly { readonly cells: readonly unknown[] }[];
      };
      return rows[0]?.cells[6];
    };

    expect(await age()).to.equal('0s');
    world.clock.advance(90_000);
    expect(await age()).to.equal('90s');
    world.clock.advance(86_400_000);
    expect(await age()).to.equal('24h');
  });
});

describe('an object', () => {
  it('has no status before anybody wrote one', async () => {
    await using world = await anApiWorld();
    const route = await world.store.create(aTaskRoute('a.http'));

    expect((await world.ask(`${ROUTES}/a.http`)).json).not.to.have.property('status');
    await world.store.updateStatus({ ...route, status: { endpoint: 'https://x/' } });
    expect((await world.ask(`${ROUTES}/a.http`)).json['status']).to.deep.equal({
      endpoint: 'https://x/',
    });
  });

  it('is not found in a namespace that it is not in', async () => {
    await using world = await anApiWorld();
    await world.store.create(aTaskRoute('a.http'));

    const answer = await world.ask(`${GROUP}/namespaces/other/taskroutes/a.http`);

    expect(answer.json).to.include({ code: 404, reason: 'NotFound' });
    expect(answer.json['details']).to.deep.equal({
      name: 'a.http',
      group: 'clearway.dev',
      kind: 'taskroutes',
    });
  });

  it('is answered to a HEAD as to a GET', async () => {
    await using world = await anApiWorld();
    await world.store.create(aTaskRoute('a.http'));

    expect((await world.ask(`${ROUTES}/a.http`, { method: 'HEAD' })).status).to.equal(200);
  });
});

describe('events', () => {
  async function withEvents(): Promise<ApiWorld & { readonly uid: string }> {
    const world = await anApiWorld();
    const route = await world.store.create(aTaskRoute('a.http'));
    const common = { kind: 'TaskRoute', name: 'a.http', message: 'm' } as const;
    await world.store.record({ ...common, type: 'Normal', reason: 'Published' });
    await world.store.record({ ...common, type: 'Warning', reason: 'PortInUse' });
    await world.store.record({ ...common, type: 'Warning', reason: 'PortInUse' });
    await world.store.record({ ...common, name: 'b.http', type: 'Normal', reason: 'Published' });
    return { ...world, uid: route.metadata.uid };
  }

  it('are core/v1 Events of their objects', async () => {
    await using world = await withEvents();

    const { items } = (await world.ask('/api/v1/events?fieldSelector=reason%3DPortInUse')).json as {
      readonly items: readonly Readonly<Record<string, unknown>>[];
    };

    expect(items).to.have.length(1);
    expect(items[0]).to.deep.include({
      apiVersion: 'v1',
      kind: 'Event',
      type: 'Warning',
      reason: 'PortInUse',
      message: 'm',
      count: 2,
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:00Z',
      source: { component: 'clearway' },
      involvedObject: {
        kind: 'TaskRoute',
        namespace: 'default',
        name: 'a.http',
        uid: world.uid,
        apiVersion: 'clearway.dev/v1alpha1',
      },
    });
  });

  it('are selected by every field that kubectl names', async () => {
    await using world = await withEvents();
    const count = async (fields: string): Promise<number> => {
      const query = String(new URLSearchParams({ fieldSelector: fields }));
      return (await itemNames(world, `/api/v1/namespaces/default/events?${query}`)).length;
    };

    const object = 'involvedObject.name=a.http,involvedObject.namespace=default';
    expect(await count(`${object},involvedObject.kind=TaskRoute`)).to.equal(2);
    expect(await count(`${object},involvedObject.uid=${world.uid}`)).to.equal(2);
    expect(await count(`${object},involvedObject.uid=other`)).to.equal(0);
    expect(await count('involvedObject.apiVersion=clearway.dev/v1alpha1')).to.equal(3);
    expect(await count('involvedObject.fieldPath=,involvedObject.resourceVersion=')).to.equal(3);
    expect(await count('type!=Normal')).to.equal(1);
    expect(await count('source=clearway,reportingComponent=clearway')).to.equal(3);
  });

  it('are found by their names', async () => {
    await using world = await withEvents();
    const [name] = await itemNames(world, '/api/v1/events');

    expect((await world.ask(`/api/v1/namespaces/default/events/${name!}`)).status).to.equal(200);
    expect((await world.ask('/api/v1/namespaces/default/events/nope')).status).to.equal(404);
  });
});
