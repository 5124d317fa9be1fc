import { expect } from 'chai';
import { duplicateFields } from '../../../src/api/write/json-duplicates.ts';
import { fromFieldsV1 } from '../../../src/api/write/managed/field-set.ts';
import { readYaml } from '../../../src/api/write/yaml-body.ts';
import { openWriteWorld, type Sent, type WriteWorld } from './support/write-world.ts';

const APPLY = 'application/apply-patch+yaml';

function route(metadata: object = {}, status?: object): Record<string, unknown> {
  return {
    apiVersion: 'clearway.dev/v1alpha1',
    kind: 'StaticRoute',
    metadata: { name: 'chat', ...metadata },
    spec: { path: '/chat' },
    ...(status === undefined ? {} : { status }),
  };
}

/** Labels with keys that are as long as keys may be. */
function longLabels(count: number): Record<string, string> {
  const prefix = `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(61)}`;
  return Object.fromEntries(
    Array.from({ length: count }, (_, index) => [`${prefix}/${'k'.repeat(58)}${index}`, 'v']),
  );
}

const applied: Sent = {
  method: 'PATCH',
  path: 'chat?fieldManager=one',
  type: APPLY,
  body: route({ labels: { one: 'v' } }),
};

async function managersOf(world: WriteWorld): Promise<readonly string[]> {
  const live = await world.store.get('StaticRoute', 'chat');
  return (live?.metadata.managedFields ?? []).map(({ manager }) => manager);
}

describe('what stands twice in a body', () => {
  const name = 'y'.repeat(50_000);
  const twice = (count: number): string =>
    Array.from({ length: count }, (_, index) => `"b${index}": 1, "b${index}": 1`).join();

  it('is listed as far as a message lists it, each under a path that is cut', () => {
    const text = `{"${name}": {${twice(400)}}}`;

    for (const paths of [duplicateFields(text), readYaml(`# YAML\n${text}`).duplicates]) {
      expect(paths.join('').length).to.be.within(256, 50 * 256);
    }
    for (const paths of [
      duplicateFields(`{"c": [0, {${twice(400)}}]}`),
      readYaml(`c: [0, {${twice(400)}}]`).duplicates,
    ]) {
      expect(paths).to.have.lengthOf(50);
      expect(paths[49]).to.equal('c[1].b49');
    }
  });

  it('is named once, however often it is there', () => {
    const text = '{"a": {"b": 1, "b": 2, "b": 3}, "a": {"b": 1, "b": 2}, "c\\"": 1, "c\\"": 2}';

    expect(duplicateFields(text)).to.eql(['a.b', 'a', 'c"']);
    expect(readYaml(text).duplicates).to.eql(['a.b', 'a', 'c"']);
  });
});

describe('YAML', () => {
  it('is refused when a key is an object or a list, which JSON has no form for', () => {
    const nested = `${'{'.repeat(100)}a: 1${'}: 1'.repeat(99)}}`;

    for (const text of [nested, '? [a]\n: 1', 'a: &x b\n*x : 1']) {
      expect(() => readYaml(text)).to.throw('a key is neither a text nor a number');
    }
  });
});

describe('FieldsV1', () => {
  it('with longer paths than any field has is not in order', () => {
    const label = `f:${'k'.repeat(317)}`;

    expect(fromFieldsV1({ 'f:metadata': { 'f:labels': { [label]: {} } } })?.size).to.equal(1);
    expect(fromFieldsV1({ [`f:${'k'.repeat(1100)}`]: { 'f:a': {} } })).to.equal(undefined);
    expect(fromFieldsV1({ [label]: { [label]: { [label]: { [label]: {} } } } })).to.equal(
      undefined,
    );
  });
});

describe('a JSON patch', () => {
  it('that nests a document without end is refused', async () => {
    await using world = await openWriteWorld();
    await world.send({ method: 'POST', body: route() });
    const round = [
      { op: 'add', path: '/spec/b', value: {} },
      { op: 'move', from: '/spec/a', path: '/spec/b/a' },
      { op: 'move', from: '/spec/b', path: '/spec/a' },
    ];
    const body = [
      { op: 'add', path: '/spec/a', value: {} },
      ...Array.from({ length: 2500 }, () => round).flat(),
    ];

    const answer = await world.send({
      method: 'PATCH',
      path: 'chat',
      type: 'application/json-patch+json',
      body,
    });

    expect(answer.status).to.equal(422);
    expect(answer.body.message).to.include('deeper than 500 levels');
  });
});

describe('an object', () => {
  it('is refused when it would be too large with its managedFields, and its owners stay', async () => {
    await using world = await openWriteWorld();
    await world.send(applied);
    const before = await world.store.get('StaticRoute', 'chat');

    const answer = await world.send({
      method: 'PATCH',
      path: 'chat?fieldManager=two',
      body: { metadata: { labels: longLabels(700) } },
    });

    expect(answer.status).to.equal(413);
    expect(answer.body.message).to.match(
      /^StaticRoute "chat" would be \d{6} bytes large with its managedFields, and may be at most 262144: /,
    );
    expect(await world.store.get('StaticRoute', 'chat')).to.eql(before);
  });

  it('keeps its owners up to that size', async () => {
    await using world = await openWriteWorld();
    await world.send(applied);

    const answers = [
      await world.send({
        method: 'PATCH',
        path: 'chat?fieldManager=two',
        body: { metadata: { labels: longLabels(380) } },
      }),
      await world.send({
        method: 'PATCH',
        path: 'chat?fieldManager=three',
        body: { metadata: { annotations: { a: 'b' } } },
      }),
    ];

    expect(answers.map(({ status }) => status)).to.eql([200, 200]);
    expect(await managersOf(world)).to.have.members(['one', 'two', 'three']);
  });

  it('that was stored larger keeps its owners when it is made smaller', async () => {
    await using world = await openWriteWorld();
    const labels = longLabels(990);
    const owned = Object.fromEntries(Object.keys(labels).map((key) => [`f:${key}`, {}]));
    const entry = {
      manager: 'one',
      operation: 'Apply' as const,
      apiVersion: 'clearway.dev/v1alpha1',
      time: '2026-01-01T00:00:00Z',
      fieldsType: 'FieldsV1' as const,
      fieldsV1: { 'f:metadata': { 'f:labels': owned }, 'f:spec': { 'f:path': {} } },
    };
    await world.store.create({
      kind: 'StaticRoute',
      metadata: { name: 'chat', labels, managedFields: [entry] },
      spec: { path: '/chat', access: 'authenticated', enabled: true },
    });

    const { status } = await world.send({
      method: 'PATCH',
      path: 'chat?fieldManager=two',
      body: { metadata: { labels: null, annotations: { a: 'b' } } },
    });

    expect(status).to.equal(200);
    expect(await managersOf(world)).to.have.members(['one', 'two']);
  });

  it('is refused alike however it is written, and tried', async () => {
    await using world = await openWriteWorld();
    await world.send({ method: 'POST', body: route() });
    const annotations = { note: 'x'.repeat(262_100) };
    const body = route({ annotations });
    const live = await world.store.get('StaticRoute', 'chat');
    const { resourceVersion } = live!.metadata;

    const answers = [
      await world.send({ method: 'POST', body: { ...body, metadata: { name: 'b', annotations } } }),
      await world.send({
        method: 'PUT',
        path: 'chat?dryRun=All',
        body: route({ annotations, resourceVersion }),
      }),
      await world.send({ method: 'PATCH', path: 'chat', body: { metadata: { annotations } } }),
      await world.send({ ...applied, body }),
      await world.send({
        ...applied,
        path: 'c?fieldManager=m',
        body: { ...body, metadata: { name: 'c', annotations } },
      }),
    ];

    expect(answers.map(({ status }) => status)).to.eql([413, 413, 413, 413, 413]);
    expect((await world.store.list('StaticRoute')).items).to.eql([live]);
  });
});

describe('a refusal', () => {
  it('lists the first fifty conflicts, and says how many there are', async () => {
    await using world = await openWriteWorld();
    const labels = (value: string): object =>
      Object.fromEntries(Array.from({ length: 60 }, (_, index) => [`k${index}`, value]));
    await world.send({ ...applied, body: route({ labels: labels('a') }) });

    const { status, body } = await world.send({
      ...applied,
      path: 'chat?fieldManager=two',
      body: route({ labels: labels('b') }),
    });

    expect(status).to.equal(409);
    expect(body.message).to.match(/^Apply failed with 60 conflicts: [^]*\nand 10 more$/);
    expect((body['details'] as { causes: readonly unknown[] }).causes).to.have.lengthOf(50);
  });

  it('of an apply with too long a list comes before what is in the list is looked at', async () => {
    await using world = await openWriteWorld();
    await world.send({ method: 'POST', body: route() });
    const long = { type: 'T'.repeat(10_000), a: 1, b: 2 };

    const { status, body } = await world.send({
      ...applied,
      path: 'chat/status?fieldManager=m',
      body: route({}, { conditions: Array.from({ length: 33 }, () => long) }),
    });

    expect(status).to.equal(422);
    expect(body.message).to.include('status.conditions: Too many: 33: must have at most 32 items');
    expect(body.message?.length).to.be.below(1000);
  });

  it('repeats no more of a body than people can read', async () => {
    await using world = await openWriteWorld();
    const long = 'x'.repeat(300_000);
    const strict = '?fieldValidation=Strict';
    await world.send({ method: 'POST', body: route() });

    const answers = [
      await world.send({ method: 'POST', path: strict, body: { ...route(), [long]: 1 } }),
      await world.send({ method: 'POST', body: { ...route(), apiVersion: long } }),
      await world.send({ method: 'POST', body: route({ name: long }) }),
      await world.send({ method: 'POST', body: route({ labels: { [long]: 7 } }) }),
      await world.send({ method: 'PUT', path: 'chat', body: route({ uid: long }) }),
      await world.send({ method: 'PUT', path: 'chat', body: route({ name: long }) }),
      await world.send({ ...applied, body: { ...route(), [long]: 1 } }),
      await world.send({ ...applied, body: { ...route(), kind: long } }),
      await world.send({ method: 'DELETE', path: 'chat', body: { preconditions: { uid: long } } }),
      await world.send({
        method: 'PATCH',
        path: 'chat',
        type: 'application/json-patch+json',
        body: [{ op: 'test', path: `/${long}`, value: 1 }],
      }),
    ];

    for (const { status, body } of answers) {
      expect(status).to.be.within(400, 422);
      expect(JSON.stringify(body).length).to.be.below(40_000);
    }
  });
});
