import { expect } from 'chai';
import type { RequestAttributes, ResourceRequest } from '../../src/api/contracts.ts';
import { ApiError } from '../../src/api/status.ts';
import { OperatorError } from '../../src/errors.ts';
import { anApiWorld, type AskOptions } from '../support/api-world.ts';
import { aTaskRoute } from '../support/resources.ts';

const GROUP = '/apis/clearway.dev/v1alpha1';
const STATIC = `${GROUP}/namespaces/default/staticroutes`;

/** What the authorizer was asked of one request. */
async function asked(path: string, options?: AskOptions): Promise<RequestAttributes | undefined> {
  const seen: RequestAttributes[] = [];
  await using world = await anApiWorld({
    authorize: (_request, attributes) => {
      seen.push(attributes);
      return Promise.reject(new ApiError('Forbidden', 'no'));
    },
  });
  await world.ask(path, options);
  expect(seen.length).to.be.lessThan(2);
  return seen[0];
}

describe('the authorizer is asked of', () => {
  const routes = { group: 'clearway.dev', version: 'v1alpha1', plural: 'taskroutes' };
  const statics = { ...routes, plural: 'staticroutes' };
  const rows: readonly (readonly [string, string, string, RequestAttributes['resource']])[] = [
    ['GET', `${GROUP}/taskroutes`, 'list', routes],
    ['HEAD', `${GROUP}/taskroutes`, 'list', routes],
    ['GET', `${GROUP}/taskroutes?watch`, 'watch', routes],
    ['GET', `${GROUP}/taskroutes?watch=0`, 'list', routes],
    ['GET', `${STATIC}/a`, 'get', { ...statics, namespace: 'default', name: 'a' }],
    [
      'GET',
      `${STATIC}/a/status`,
      'get',
      { ...statics, namespace: 'default', name: 'a', subresource: 'status' },
    ],
    ['POST', STATIC, 'create', { ...statics, namespace: 'default' }],
    ['PUT', `${STATIC}/a`, 'update', { ...statics, namespace: 'default', name: 'a' }],
    ['PATCH', `${STATIC}/a`, 'patch', { ...statics, namespace: 'default', name: 'a' }],
    ['DELETE', `${STATIC}/a`, 'delete', { ...statics, namespace: 'default', name: 'a' }],
    ['GET', '/api/v1/namespaces', 'list', { group: '', version: 'v1', plural: 'namespaces' }],
    [
      'GET',
      '/api/v1/namespaces/x',
      'get',
      { group: '', version: 'v1', plural: 'namespaces', name: 'x' },
    ],
    [
      'GET',
      '/api/v1/namespaces/x/events',
      'list',
      { group: '', version: 'v1', plural: 'events', namespace: 'x' },
    ],
    [
      'POST',
      '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      'create',
      { group: 'authorization.k8s.io', version: 'v1', plural: 'selfsubjectaccessreviews' },
    ],
    ['GET', '/version', 'get', undefined],
  ];
  for (const [method, path, verb, resource] of rows) {
    it(`${method} ${path} as ${verb}`, async () => {
      const attributes = await asked(path, { method });

      expect(attributes).to.deep.equal({
        verb,
        path: path.replace(/\?.*/, ''),
        ...(resource === undefined ? {} : { resource }),
      });
    });
  }

  it('nothing when there is nothing at the path', async () => {
    expect(await asked(`${GROUP}/nopes`)).to.equal(undefined);
  });

  it('nothing when the resource does not take the verb at all', async () => {
    expect(await asked(`${GROUP}/namespaces/default/taskroutes/a`, { method: 'DELETE' })).to.equal(
      undefined,
    );
  });
});

describe('a request', () => {
  it('that writes goes to who writes, with what renders objects', async () => {
    const seen: ResourceRequest[] = [];
    await using world = await anApiWorld({
      write: async (request, render) => {
        seen.push(request);
        const [object] = (await request.resource.source.list()).items;
        return { ...render(request, object!), status: 201 };
      },
    });
    await world.store.create({
      kind: 'StaticRoute',
      metadata: { name: 'a' },
      spec: { path: '/a', access: 'public', enabled: true },
    });

    const answer = await world.ask(`${STATIC}/a/status?dryRun=All`, { method: 'PATCH' });

    expect(answer.status).to.equal(201);
    expect(answer.json).to.have.property('kind', 'StaticRoute');
    expect(seen[0]).to.include({ verb: 'patch', name: 'a', subresource: 'status' });
    expect(seen[0]).to.include({ namespace: 'default' });
    expect(seen[0]?.query.get('dryRun')).to.equal('All');
  });

  it('that asks who somebody is goes to who reviews', async () => {
    await using world = await anApiWorld({
      reviews: ({ path }) => Promise.resolve({ status: 201, body: JSON.stringify({ path }) }),
    });
    const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';

    expect((await world.ask(path, { method: 'POST' })).json).to.deep.equal({ path });
    expect((await world.ask(path)).status).to.equal(405);
    expect((await world.ask(`${path}/x`, { method: 'POST' })).status).to.equal(404);
  });

  for (const [method, path] of [
    ['DELETE', STATIC],
    ['PUT', STATIC],
    ['PATCH', STATIC],
    ['POST', `${STATIC}/a`],
    ['DELETE', `${STATIC}/a/status`],
    ['PUT', `${GROUP}/namespaces/default/taskroutes/a/status`],
    ['POST', '/api/v1/namespaces'],
    ['POST', '/apis'],
    ['HEAD', `${GROUP}/taskroutes?watch=1`],
  ] as const) {
    it(`${method} ${path} is none that is served`, async () => {
      await using world = await anApiWorld();

      const answer = await world.ask(path, { method });

      expect(answer.status).to.equal(405);
      expect(answer.json['reason']).to.equal('MethodNotAllowed');
    });
  }

  it('to write what people may not write hears why', async () => {
    await using world = await anApiWorld();

    const answer = await world.ask(`${GROUP}/namespaces/default/taskroutes`, { method: 'POST' });

    expect(answer.status).to.equal(405);
    expect(answer.json['message']).to.match(/^task routes are derived from /);
  });

  for (const path of [
    `${GROUP}/taskroutes/a`,
    `${GROUP}/namespaces/default/taskroutes/a/scale`,
    `${GROUP}/namespaces/default/taskroutes/a/status/x`,
    `${GROUP}/namespaces//taskroutes`,
    '/api/v1/namespaces/default/namespaces/x',
    '/apis/clearway.dev/v1/taskroutes',
    '/apis/clearway.dev/v1beta1',
    '/api/v2',
    '/apis//v1',
    '/openapi',
    '/api/v1/namespaces/default/events/a/status',
  ]) {
    it(`for ${path} finds nothing`, async () => {
      await using world = await anApiWorld();

      const answer = await world.ask(path);

      expect(answer.status).to.equal(404);
      expect(answer.json['message']).to.equal('the server could not find the requested resource');
    });
  }

  const failures = [
    ['RESOURCE_VERSION_EXPIRED', 410, 'Expired'],
    ['STORE_WRITE_FAILED', 503, 'ServiceUnavailable'],
    ['UNEXPECTED', 500, 'InternalError'],
  ] as const;
  for (const [code, status, reason] of failures) {
    it(`that ends in ${code} is answered ${status} ${reason}`, async () => {
      await using world = await anApiWorld({
        write: () => Promise.reject(new OperatorError(code, { kind: 'StaticRoute', name: 'a' })),
      });

      const answer = await world.ask(STATIC, { method: 'POST' });

      expect(answer.json).to.include({ kind: 'Status', code: status, reason });
      // With one, clients try again for a minute before they show the message.
      expect(answer.headers).not.to.have.property('Retry-After');
      expect(world.log.length).to.equal(status === 500 ? 1 : 0);
    });
  }

  it('that breaks the router hears nothing of how, and the log does', async () => {
    await using world = await anApiWorld({
      write: () => Promise.reject(new TypeError('a secret')),
    });

    const answer = await world.ask(STATIC, { method: 'POST' });

    expect(answer.status).to.equal(500);
    expect(answer.text).not.to.include('a secret');
    expect(world.log.join('')).to.include('a secret');
  });

  it('for what does not change says so to caches, and all others that nothing may be kept', async () => {
    await using world = await anApiWorld();
    await world.store.create(aTaskRoute('a.http'));

    const list = await world.ask(`${GROUP}/taskroutes`);

    expect(list.headers['Cache-Control']).to.equal('no-cache, private');
    expect((await world.ask('/nope')).headers['Cache-Control']).to.equal('no-cache, private');
    expect((await world.ask('/apis')).headers['Cache-Control']).to.equal('public');
  });
});
