import { expect } from 'chai';
import { BODY_LIMIT } from '../../../src/api/write/body.ts';
import {
  apiWorld,
  aStaticRoute,
  statusIn,
  STATIC_ROUTES,
  type ApiCall,
  type ApiReply,
} from '../../support/served-api.ts';

const JSON_TYPE = { 'Content-Type': 'application/json' } as const;
const OPEN = JSON.stringify({ spec: { access: 'public' } });
const TASK_ROUTES = '/apis/clearway.dev/v1alpha1/namespaces/default/taskroutes';

const told = (reply: ApiReply): readonly unknown[] => {
  const { code, reason, message } = statusIn(reply);
  return [reply.status, code, reason, message];
};

describe('callers of the API', () => {
  const create: ApiCall = {
    method: 'POST',
    path: STATIC_ROUTES,
    headers: JSON_TYPE,
    body: aStaticRoute('docs'),
  };

  it('with the role view read everything and write nothing', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const view = await world.issue({ role: 'view', name: 'looker' });
    const reads = [
      '/api',
      '/apis',
      '/apis/clearway.dev/v1alpha1',
      '/openapi/v3',
      '/version',
      STATIC_ROUTES,
      TASK_ROUTES,
      '/api/v1/events',
      '/api/v1/namespaces/default',
      '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    ];
    for (const path of reads) {
      expect((await world.call(view, { path })).status, path).to.equal(200);
    }

    expect(told(await world.call(view, create))).to.deep.equal([
      403,
      403,
      'Forbidden',
      'staticroutes.clearway.dev is forbidden: User "looker" cannot create resource "staticroutes" in API group "clearway.dev" in the namespace "default"',
    ]);
    const remove = { method: 'DELETE', path: `${STATIC_ROUTES}/docs` };
    const reply = await world.call(view, remove);
    expect(statusIn(reply).details).to.deep.equal({
      name: 'docs',
      group: 'clearway.dev',
      kind: 'staticroutes',
    });
    const status = { ...create, method: 'PUT', path: `${STATIC_ROUTES}/docs/status` };
    expect(told(await world.call(view, status))[3]).to.include('resource "staticroutes/status"');
    expect((await world.store.list('StaticRoute')).items).to.deep.equal([]);
  });

  it('with the role admin write static routes, and hear of others why nobody may', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const admin = await world.issue({ role: 'admin', name: 'ops' });

    expect((await world.call(admin, create)).status).to.equal(201);
    expect((await world.store.list('StaticRoute')).items).to.have.length(1);
    const derived = await world.call(admin, { method: 'DELETE', path: `${TASK_ROUTES}/x` });
    expect(derived.status).to.equal(405);
    expect(statusIn(derived).message).to.include('derived');
    const remove = { method: 'DELETE', path: `${STATIC_ROUTES}/docs` };
    expect((await world.call(admin, remove)).status).to.equal(200);
  });

  it('cannot be pages of a browser, names that lead here, or somebody else', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const admin = await world.issue({ role: 'admin' });
    const refused: readonly (readonly [Record<string, string>, RegExp])[] = [
      [{ Origin: 'https://evil.example' }, /web pages/],
      [{ Origin: 'null' }, /web pages/],
      [{ Origin: 'https://localhost:7443' }, /web pages/],
      [{ Host: 'evil.example' }, /hosts/],
      [{ Host: 'localhost.evil.example:7443' }, /hosts/],
      [{ Host: '127.0.0.1.nip.io' }, /hosts/],
      [{ Host: '192.0.2.1:7443' }, /hosts/],
      [{ 'Impersonate-User': 'root' }, /impersonation/],
      [{ 'Impersonate-Group': 'system:masters' }, /impersonation/],
      [{ 'impersonate-extra-scopes': 'x' }, /impersonation/],
    ];
    for (const [headers, message] of refused) {
      const reply = await world.call(admin, { ...create, headers: { ...JSON_TYPE, ...headers } });
      expect(told(reply).slice(0, 3), JSON.stringify(headers)).to.deep.equal([
        403,
        403,
        'Forbidden',
      ]);
      expect(statusIn(reply).message).to.match(message);
      expect(reply.headers).not.to.have.property('access-control-allow-origin');
    }
    expect((await world.store.list('StaticRoute')).items).to.deep.equal([]);
    for (const host of ['localhost', 'localhost:1', '127.0.0.1:17443', '[::1]:7443', 'LOCALHOST']) {
      const reply = await world.call(admin, { path: '/version', headers: { Host: host } });
      expect(reply.status, host).to.equal(200);
    }
  });

  it('send JSON, YAML or a patch, JSON where they do not say: what a form can send is refused', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const admin = await world.issue({ role: 'admin' });

    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const headers = { 'Content-Type': type };
      const reply = await world.call(admin, { ...create, headers });
      expect(told(reply).slice(0, 3), type).to.deep.equal([415, 415, 'UnsupportedMediaType']);
    }
    const typeless = { ...create, headers: {}, body: aStaticRoute('wiki') };
    expect((await world.call(admin, typeless)).status).to.equal(201);
    const yaml = `apiVersion: clearway.dev/v1alpha1\nkind: StaticRoute\nmetadata: {name: docs}\nspec: {path: /docs}\n`;
    const headers = { 'Content-Type': 'application/yaml; charset=utf-8' };
    expect((await world.call(admin, { ...create, headers, body: yaml })).status).to.equal(201);
  });

  it('write at most 1 MiB at a time', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const admin = await world.issue({ role: 'admin' });
    const tooLong = ' '.repeat(BODY_LIMIT + 1);
    const chunked = { ...JSON_TYPE, 'Transfer-Encoding': 'chunked' };

    for (const headers of [JSON_TYPE, chunked]) {
      const reply = await world.call(admin, { ...create, headers, body: tooLong });
      expect(told(reply).slice(0, 3)).to.deep.equal([413, 413, 'RequestEntityTooLarge']);
    }
    const body = `${' '.repeat(BODY_LIMIT - 1_000)}${aStaticRoute('docs')}`;
    expect((await world.call(admin, { ...create, body })).status).to.equal(201);
  });

  it('name one host, and no more', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const { token, certificateAuthority: ca } = await world.issue();
    const lines = ['Host: localhost\r\n', 'hOST: evil.example\r\n'];
    const rest = `Authorization: Bearer ${token}\r\nConnection: close\r\n\r\n`;
    const heads = [
      [lines.join(''), '1.1 400', 'more than one'],
      [lines.toReversed().join(''), '1.1 400', 'more than one'],
      [`${lines[0]}${lines[0]}`, '1.1 400', 'more than one'],
      ['', '1.1 400', 'has no Host'],
      [lines[0], '1.1 200', 'gitVersion'],
    ] as const;

    for (const [hosts, status, text] of heads) {
      const answer = await world.wire(ca, `GET /version HTTP/1.1\r\n${hosts}${rest}`);
      expect(answer.slice(5, 12), hosts).to.equal(status);
      expect(answer, hosts).to.include(text);
    }
  });

  it('hear a Status for paths that cannot be read', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const view = await world.issue();

    for (const path of ['/%', '/%ff', '/apis/%zz']) {
      expect(told(await world.call(view, { path })).slice(0, 3), path).to.deep.equal([
        400,
        400,
        'BadRequest',
      ]);
    }
  });

  it('are counted by what they do and what came of it', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const view = await world.issue();
    await world.call(view, { path: STATIC_ROUTES });
    await world.call(view, create);
    await world.call(view, { path: '/api/v1/namespaces/events/nothing-that-exists/x' });
    await world.raw({ ca: view.certificateAuthority, path: TASK_ROUTES });

    const text = await world.metrics.registry.metrics();

    for (const labels of [
      'verb="get",resource="staticroutes",code="200"',
      'verb="create",resource="staticroutes",code="403"',
      'verb="get",resource="taskroutes",code="401"',
    ]) {
      expect(text).to.include(`clearway_api_requests_total{${labels}} 1`);
    }
    expect(text).not.to.include('resource="events"');
  });

  describe('that write', () => {
    it('leave one line each, with who, what and what came of it, and nothing that is secret', async () => {
      await using opened = await apiWorld();
      const { world } = opened;
      const admin = await world.issue({ role: 'admin', name: 'ops' });
      const view = await world.issue({ role: 'view', name: 'looker' });
      const command = `kubectl apply --token=${admin.token} ${'x'.repeat(1_000)}\u001b[31m`;
      const headers = { ...JSON_TYPE, 'Kubectl-Command': 'kubectl create' };
      const body = aStaticRoute('docs', '/secret-path');
      await world.call(admin, { ...create, body, headers });
      await world.call(admin, { ...create, path: `${STATIC_ROUTES}?dryRun=All`, body });
      await world.call(view, { method: 'DELETE', path: `${STATIC_ROUTES}/docs` });
      await world.call(admin, { path: STATIC_ROUTES });
      const patch = { method: 'PATCH', path: `${STATIC_ROUTES}/docs`, body: OPEN };
      const types = { 'Content-Type': 'application/merge-patch+json' };
      await world.call(admin, {
        ...patch,
        headers: { ...types, 'Kubectl-Command': command.slice(0, -5) },
      });

      const lines = world.linesOf('write through the resource API');
      const shown = lines
        .filter(({ user }) => user !== 'clearway:local')
        .map(({ user, verb, resource, name, access, status, dryRun }) => [
          ...[user, verb, resource, name, access, status, dryRun],
        ]);
      const resource = 'staticroutes.clearway.dev';
      expect(shown).to.deep.equal([
        ['ops', 'create', resource, 'docs', 'authenticated', 201, false],
        ['ops', 'create', resource, 'docs', undefined, 409, true],
        ['looker', 'delete', resource, 'docs', undefined, 403, false],
        ['ops', 'patch', resource, 'docs', 'public', 200, false],
      ]);
      expect(lines.find(({ status }) => status === 201)?.['level']).to.equal('info');
      expect(String(lines.at(-1)?.['command'])).to.match(
        /^kubectl apply --token=\[redacted\] x+…$/,
      );
      expect(String(lines.at(-1)?.['command']).length).to.be.at.most(200);
      expect(world.log).not.to.include(admin.token).and.not.to.include('/secret-path');
    });

    it('leave the name that was made for them, in whatever form they hear it', async () => {
      await using opened = await apiWorld();
      const { world } = opened;
      const admin = await world.issue({ role: 'admin', name: 'ops' });
      const draft = JSON.parse(aStaticRoute('x', '/x')) as object;
      const body = JSON.stringify({ ...draft, metadata: { generateName: 'made-' } });
      const Accept = 'application/json;as=Table;v=v1;g=meta.k8s.io';
      const reply = await world.call(admin, { ...create, body, headers: { ...JSON_TYPE, Accept } });
      expect(reply.status, reply.text).to.equal(201);

      const [made] = (await world.store.list('StaticRoute')).items;

      expect(made?.metadata.name).to.match(/^made-/);
      const line = world.linesOf('write through the resource API').at(-1);
      expect([line?.['name'], line?.['access']]).to.deep.equal([
        made?.metadata.name,
        'authenticated',
      ]);
    });
  });
});
