import { expect } from 'chai';
import { anApi, call } from './an-api.ts';

const ASKING = { systemTags: ['external_service'], status: 'in_progress' };

describe('EmbeddedClearml', () => {
  it('shows only what changed since to a poll by last_change, hidden tasks when asked', async () => {
    let now = 1_000_000;
    await using server = await anApi({ now: () => now });
    const { api } = server;
    const ids = Array.from({ length: 600 }, (_, n) =>
      api.tasks.create({ name: `t${n}`, ...ASKING }),
    );
    now += 1000;
    api.tasks.ping(ids[7] ?? '');
    api.tasks.setSystemTags(ids[3] ?? '', ['external_service', 'hidden']);

    const told = await call(api, 'tasks.get_all_ex', {
      system_tags: ['external_service'],
      last_change: [`>=${new Date(now).toISOString()}`],
      order_by: ['last_change'],
      search_hidden: true,
      only_fields: ['id'],
      page: 0,
      page_size: 500,
    });

    expect((told.data['tasks'] as { id: string }[]).map(({ id }) => id)).to.have.members([
      ids[3],
      ids[7],
    ]);
  });

  it('returns every task for an empty list of ids, 500 at most', async () => {
    await using server = await anApi();
    for (let n = 0; n < 501; n += 1) server.api.tasks.create({ name: `t${n}` });

    const told = await call(server.api, 'tasks.get_all_ex', { id: [], only_fields: ['id'] });

    expect(told.data['tasks']).to.have.length(500);
  });

  it('ignores a last_change that cannot be read', async () => {
    await using server = await anApi();
    server.api.tasks.create({ name: 'old' });

    const told = await call(server.api, 'tasks.get_all_ex', { last_change: ['>=tomorrow'] });

    expect(told.data['tasks']).to.have.length(1);
  });

  it('hides the tasks of another company', async () => {
    await using server = await anApi();
    const id = server.api.tasks.create({ name: 'secret', ...ASKING });

    const byId = await call(server.api, 'tasks.get_by_id', { task: id }, 'mallory');
    const listed = await call(server.api, 'tasks.get_all_ex', {}, 'mallory');

    expect(byId.meta).to.include({ result_code: 400, result_subcode: 101 });
    expect(listed.data['tasks']).to.deep.equal([]);
  });

  it('lets the token of a deleted user read tasks, but not say who it is', async () => {
    await using server = await anApi();
    const id = server.api.tasks.create({ name: 'task', ...ASKING });
    const headers = { Authorization: `Bearer ${server.api.token('bob') ?? ''}` };

    server.api.removeUser('bob');

    const who = await fetch(`${server.api.url}/users.get_current_user`, { headers });
    const task = await fetch(`${server.api.url}/tasks.get_by_id?task=${id}`, { headers });
    expect([who.status, task.status]).to.deep.equal([400, 200]);
  });

  it('refuses a revoked token', async () => {
    await using server = await anApi();
    const token = server.api.token('alice') ?? '';

    server.api.revoke(token);

    const headers = { Authorization: `Bearer ${token}` };
    const answer = await fetch(`${server.api.url}/users.get_current_user`, { headers });
    expect(answer.status).to.equal(401);
  });

  it('is the open-source server or the Enterprise one', async () => {
    await using basic = await anApi();
    await using advanced = await anApi({ featureSet: 'advanced' });

    const refused = await call(basic.api, 'routers.get_routes');
    const routes = await call(advanced.api, 'routers.get_routes');
    const claims = JSON.parse(
      Buffer.from(advanced.api.token('alice')?.split('.')[1] ?? '', 'base64url').toString(),
    ) as object;

    expect(refused.status).to.equal(404);
    expect(routes.data).to.deep.equal({ routes: [] });
    expect(claims).to.include({ feature_set: 'advanced', server_version: '3.26.0' });
  });

  it('is the same server on the same port after an outage', async () => {
    await using server = await anApi();
    const { api } = server;
    const before = api.url;
    const id = api.tasks.create({ name: 'task' });

    await api.close();
    const down = await fetch(`${before}/debug.ping`).then(
      () => 'up',
      () => 'down',
    );
    await api.start();

    const told = await call(api, 'tasks.get_by_id', { task: id });
    expect([down, api.url, told.status]).to.deep.equal(['down', before, 200]);
  });

  it('mangles the keys of edit_runtime and keeps those of edit', async () => {
    await using server = await anApi();
    const id = server.api.tasks.create({ name: 'task', ...ASKING, runtime: { _PORT: 1 } });

    await call(server.api, 'tasks.edit_runtime', {
      task: id,
      add_or_update: { _PORT: 2, endpoint: 'u' },
    });
    const mangled = server.api.tasks.runtime(id);
    await call(server.api, 'tasks.edit', { task: id, force: true, runtime: { endpoint__a: 'u' } });

    expect(mangled).to.deep.equal({ _PORT: 1, '%_PORT': 2, endpoint: 'u' });
    expect(server.api.tasks.runtime(id)).to.deep.equal({ endpoint__a: 'u' });
  });

  it('sends NaN bare', async () => {
    await using server = await anApi();
    const id = server.api.tasks.create({ name: 'task', runtime: { loss: NaN } });

    const told = await call(server.api, 'tasks.get_by_id', { task: id });

    expect(told.text).to.contain('"runtime":{"loss":NaN}');
  });

  it('counts the calls', async () => {
    await using server = await anApi();

    await call(server.api, 'v2.23/tasks.get_all');
    await call(server.api, 'tasks.get_all');

    expect(server.api.calls('tasks.get_all')).to.equal(2);
  });
});
