import { expect } from 'chai';
import fc from 'fast-check';
import { allows, ROLE_RULES } from '../../../src/api/access/authorize.ts';
import { readReview } from '../../../src/api/access/review-body.ts';
import { ApiError } from '../../../src/api/status.ts';
import { apiWorld, type ApiReply, type ApiWorld } from '../../support/served-api.ts';
import type { IssuedCredential } from '../../../src/api/access/control-api.ts';

const ACCESS = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
const RULES = '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews';
const WHOAMI = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
const PROTOBUF = 'application/vnd.kubernetes.protobuf';

/** What kubectl 1.35.2 posts. */
const SENT = {
  /** `auth can-i patch staticroutes.clearway.dev/docs --subresource=status`, when discovery says nothing. */
  resource:
    '6b3873000a320a17617574686f72697a6174696f6e2e6b38732e696f2f7631121753656c665375626a656374416363657373526576696577125d0a100a0012001a0022002a00320038004200123f0a3d0a0764656661756c74120570617463681a0022002a19737461746963726f757465732e636c6561727761792e64657632067374617475733a04646f63731a08080012001a0020001a002200',
  /** `auth can-i get /version` */
  path: '6b3873000a320a17617574686f72697a6174696f6e2e6b38732e696f2f7631121753656c665375626a656374416363657373526576696577122f0a100a0012001a0022002a003200380042001211120f0a082f76657273696f6e12036765741a08080012001a0020001a002200',
  /** `auth can-i --list` */
  rules:
    '6b3873000a310a17617574686f72697a6174696f6e2e6b38732e696f2f7631121653656c665375626a65637452756c657352657669657712230a100a0012001a0022002a0032003800420012090a0764656661756c741a04180022001a002200',
  /** `auth whoami` */
  whoami:
    '6b3873000a2d0a1861757468656e7469636174696f6e2e6b38732e696f2f7631121153656c665375626a656374526576696577121a0a100a0012001a0022002a0032003800420012060a040a0012001a002200',
} as const;

const decode = (hex: string) => readReview(PROTOBUF, Buffer.from(hex, 'hex'));

function post(
  world: ApiWorld,
  issued: IssuedCredential,
  path: string,
  body: string | Buffer,
): Promise<ApiReply> {
  const type = typeof body === 'string' ? 'application/json' : PROTOBUF;
  return world.call(issued, { method: 'POST', path, headers: { 'Content-Type': type }, body });
}

describe('readReview', () => {
  it('reads what kubectl sends as protobuf', () => {
    const type = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview' };
    expect(decode(SENT.resource)).to.deep.equal({
      ...type,
      namespace: '',
      resource: {
        namespace: 'default',
        verb: 'patch',
        group: '',
        version: '',
        resource: 'staticroutes.clearway.dev',
        subresource: 'status',
        name: 'docs',
      },
    });
    expect(decode(SENT.path)).to.deep.equal({
      ...type,
      namespace: '',
      nonResource: { path: '/version', verb: 'get' },
    });
    expect(decode(SENT.rules)).to.deep.equal({
      ...type,
      kind: 'SelfSubjectRulesReview',
      namespace: 'default',
    });
    expect(decode(SENT.whoami)).to.deep.equal({
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'SelfSubjectReview',
      namespace: '',
    });
  });

  it('reads the same as JSON', () => {
    const { apiVersion, kind, resource } = decode(SENT.resource);
    const body = JSON.stringify({ apiVersion, kind, spec: { resourceAttributes: resource } });

    expect(readReview('application/json; charset=utf-8', Buffer.from(body))).to.deep.equal(
      decode(SENT.resource),
    );
  });

  it('answers any bytes with a review or a refusal, and soon', () => {
    const whole = Object.values(SENT).map((hex) => Buffer.from(hex, 'hex'));
    const changed = fc
      .tuple(fc.constantFrom(...whole), fc.nat(200), fc.uint8Array({ minLength: 1, maxLength: 8 }))
      .map(([bytes, at, put]) =>
        Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + put.length)]),
      );
    const random = fc
      .uint8Array({ maxLength: 300 })
      .map((bytes) => Buffer.concat([Buffer.from('k8s\0', 'latin1'), bytes]));
    const json = fc.json().map((text) => Buffer.from(text));
    const cut = fc
      .tuple(fc.constantFrom(...whole), fc.nat(200))
      .map(([bytes, at]) => bytes.subarray(0, at));

    const bodies = fc.oneof(
      ...[changed, random, cut].map((some) => fc.tuple(fc.constant(PROTOBUF), some)),
      fc.tuple(fc.constant('application/json'), json),
    );
    fc.assert(
      fc.property(bodies, ([type, body]) => {
        try {
          const { kind, namespace, resource } = readReview(type, body);
          expect([kind, namespace].every((text) => typeof text === 'string')).to.equal(true);
          if (resource !== undefined) expect(Object.keys(resource)).to.have.length(7);
        } catch (error) {
          expect(error).to.be.instanceOf(ApiError);
          expect((error as ApiError).code).to.equal(400);
        }
      }),
      { numRuns: 5_000 },
    );
  });

  it('refuses what has no end, says too much, or is of another type', () => {
    const refused: readonly (readonly [string | undefined, Buffer, number])[] = [
      [PROTOBUF, Buffer.from('6b387300', 'hex').subarray(0, 3), 400],
      [PROTOBUF, Buffer.from('6b3873000affffffffffffffffff01', 'hex'), 400],
      [PROTOBUF, Buffer.from('6b3873000b', 'hex'), 400],
      [PROTOBUF, Buffer.concat([Buffer.from('k8s\0'), Buffer.alloc(3_000, 0x08)]), 400],
      ['application/json', Buffer.from('['), 400],
      ['application/json', Buffer.from('{"spec":[]}'), 400],
      ['application/json', Buffer.from('{"spec":{"namespace":1}}'), 400],
      ['application/json', Buffer.from(`{"kind":"${'x'.repeat(3_000)}"}`), 400],
      ['application/yaml', Buffer.from('kind: x'), 415],
      [undefined, Buffer.from('{}'), 415],
    ];
    for (const [type, body, code] of refused) {
      expect(() => readReview(type, body))
        .to.throw(ApiError)
        .with.property('code', code);
    }
  });
});

describe('self-reviews', () => {
  it('tell who is asking', async () => {
    await using opened = await apiWorld();
    const issued = await opened.world.issue({ role: 'view', name: 'looker' });

    const reply = await post(opened.world, issued, WHOAMI, Buffer.from(SENT.whoami, 'hex'));

    expect([reply.status, JSON.parse(reply.text)]).to.deep.equal([
      201,
      {
        kind: 'SelfSubjectReview',
        apiVersion: 'authentication.k8s.io/v1',
        metadata: {},
        status: {
          userInfo: { username: 'looker', groups: ['clearway:view', 'system:authenticated'] },
        },
      },
    ]);
  });

  it('tell what the caller may do, by protobuf and JSON', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const [view, admin] = [await world.issue(), await world.issue({ role: 'admin' })];
    const ask = async (issued: IssuedCredential, spec: object): Promise<boolean> => {
      const type = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview' };
      const reply = await post(world, issued, ACCESS, JSON.stringify({ ...type, spec }));
      expect(reply.status).to.equal(201);
      return (JSON.parse(reply.text) as { status: { allowed: boolean } }).status.allowed;
    };
    const of = (verb: string, resource: string, subresource = ''): object => ({
      resourceAttributes: { verb, group: 'clearway.dev', resource, subresource },
    });
    const path = await post(world, view, ACCESS, Buffer.from(SENT.path, 'hex'));
    expect(JSON.parse(path.text)).to.deep.include({
      spec: { nonResourceAttributes: { path: '/version', verb: 'get' } },
    });

    expect(await ask(view, of('watch', 'taskroutes'))).to.equal(true);
    expect(await ask(view, of('patch', 'staticroutes'))).to.equal(false);
    expect(await ask(admin, of('patch', 'staticroutes'))).to.equal(true);
    expect(await ask(admin, of('update', 'staticroutes', 'status'))).to.equal(true);
    expect(await ask(admin, of('delete', 'taskroutes'))).to.equal(false);
    expect(await ask(admin, of('*', '*'))).to.equal(false);
    expect(
      await ask(admin, { resourceAttributes: { verb: 'list', resource: 'secrets' } }),
    ).to.equal(false);
    expect(await ask(view, { nonResourceAttributes: { path: '/x', verb: 'post' } })).to.equal(
      false,
    );
  });

  it('list the rules of the role', async () => {
    await using opened = await apiWorld();
    const issued = await opened.world.issue({ role: 'admin' });

    const reply = await post(opened.world, issued, RULES, Buffer.from(SENT.rules, 'hex'));

    const { spec, status } = JSON.parse(reply.text) as { spec: object; status: object };
    expect(spec).to.deep.equal({ namespace: 'default' });
    expect(status).to.deep.equal({
      resourceRules: ROLE_RULES.admin.resources,
      nonResourceRules: ROLE_RULES.admin.paths,
      incomplete: false,
    });
  });

  it('say what is wrong with a question', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const issued = await world.issue();
    const type = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview' };
    const both = { resourceAttributes: {}, nonResourceAttributes: {} };

    for (const [path, body, status] of [
      [ACCESS, JSON.stringify({ ...type, spec: both }), 422],
      [ACCESS, JSON.stringify(type), 422],
      [ACCESS, Buffer.from(SENT.rules, 'hex'), 400],
      [RULES, JSON.stringify(type), 400],
      [ACCESS, '{}', 400],
    ] as const) {
      expect((await post(world, issued, path, body)).status).to.equal(status);
    }
    expect((await world.call(issued, { path: ACCESS })).status).to.equal(405);
  });

  it('agree with what requests are allowed', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    const base = '/apis/clearway.dev/v1alpha1/namespaces/default';
    const methods = { get: 'GET', create: 'POST', patch: 'PATCH', delete: 'DELETE' } as const;

    for (const role of ['view', 'admin'] as const) {
      const issued = await world.issue({ role });
      for (const resource of ['staticroutes', 'taskroutes']) {
        for (const [verb, method] of Object.entries(methods)) {
          const path = verb === 'create' ? `${base}/${resource}` : `${base}/${resource}/x`;
          const type = verb === 'patch' ? 'application/merge-patch+json' : 'application/json';
          const call = {
            method,
            path,
            headers: { 'Content-Type': type },
            body: verb === 'get' ? '' : '{}',
          };
          const { status } = await world.call(issued, call);
          const allowed = allows(ROLE_RULES[role], { verb, group: 'clearway.dev', resource });
          expect([403, 405].includes(status), `${role} ${verb} ${resource} ${status}`).to.equal(
            !allowed,
          );
        }
      }
    }
  });
});
