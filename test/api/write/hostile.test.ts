import { expect } from 'chai';
import fc from 'fast-check';
import {
  openWriteWorld,
  type ReadAnswer,
  type Sent,
  type WriteWorld,
} from './support/write-world.ts';

const QUERIES = ['', '?fieldManager=m', '?fieldManager=m&force=true', '?dryRun=All', '?dryRun=x'];
const OBJECTS = ['application/json', 'application/yaml'];
const PATCHES = [
  'application/merge-patch+json',
  'application/json-patch+json',
  'application/apply-patch+yaml',
];
const OTHER_TYPES = [
  'text/plain',
  '',
  'application/cbor',
  'application/strategic-merge-patch+json',
];

const keys = fc.constantFrom(
  ...['apiVersion', 'kind', 'metadata', 'spec', 'status', 'name', 'labels', 'annotations'],
  ...['managedFields', 'uid', 'resourceVersion', 'generateName', 'path', 'enabled', 'access'],
  ...['conditions', 'tasks', 'targets', 'type', '__proto__', 'constructor', 'toString', 'op'],
  ...['fieldsV1', 'manager', 'operation', 'preconditions', 'dryRun', 'finalizers', 'x'],
);
const texts = fc.constantFrom(
  ...['clearway.dev/v1alpha1', 'StaticRoute', 'chat', '/chat', '', 'All', 'True', 'Apply'],
  ...['add', 'remove', '/spec/path', '/metadata/managedFields', '/__proto__/x', 'ü\u0000\n"'],
);
const { values } = fc.letrec((tie) => ({
  values: fc.oneof(
    { maxDepth: 6, depthSize: 'medium' },
    texts,
    fc.constantFrom(null, true, 7, 1e300),
    fc.array(tie('values'), { maxLength: 3 }),
    fc.array(fc.tuple(keys, tie('values')), { maxLength: 5 }).map(Object.fromEntries),
  ),
}));

/** Mostly what a part of an object should be, else anything at all. */
function mostly(good: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 16, arbitrary: good }, { weight: 1, arbitrary: values });
}

const nearlyGood = fc.record(
  {
    apiVersion: mostly(fc.constant('clearway.dev/v1alpha1')),
    kind: mostly(fc.constant('StaticRoute')),
    metadata: mostly(
      fc.record(
        {
          name: fc.constant('chat'),
          labels: mostly(fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom('1', '2'))),
          managedFields: mostly(fc.constantFrom([], [{}])),
        },
        { requiredKeys: ['name'] },
      ),
    ),
    spec: mostly(
      fc.record(
        {
          path: fc.constantFrom('/a', '/b', '/c', '/d', '/service'),
          enabled: mostly(fc.boolean()),
          pathMode: fc.constantFrom('keep', 'strip', null),
          x: values,
        },
        { requiredKeys: ['path'] },
      ),
    ),
    status: mostly(fc.record({ state: fc.constantFrom('Pending', 'Routing') })),
  },
  { requiredKeys: ['apiVersion', 'kind', 'metadata', 'spec'] },
);

const operation = fc.record(
  {
    op: fc.constantFrom('add', 'replace', 'remove', 'test', 'copy'),
    path: fc.constantFrom(
      ...['/spec/path', '/spec/router', '/metadata/labels', '/metadata/managedFields', '/status'],
      ...['/__proto__/x', '/spec/toString/x', ''],
    ),
    from: fc.constantFrom('/spec/path', '/metadata'),
    value: mostly(fc.constantFrom('/c', { a: 'b' }, [])),
  },
  { requiredKeys: ['op', 'path'] },
);

const bodies = fc.oneof(
  { weight: 6, arbitrary: nearlyGood.map((value) => JSON.stringify(value)) },
  {
    weight: 3,
    arbitrary: fc.array(operation, { maxLength: 2 }).map((list) => JSON.stringify(list)),
  },
  values.map((value) => JSON.stringify(value)),
  values.map((value) => `spec: ${JSON.stringify(value)}\n`),
  fc.string({ unit: 'binary', maxLength: 30 }),
  fc.uint8Array({ maxLength: 30 }).map((bytes) => Buffer.from(bytes)),
);

function writes(
  method: Sent['method'],
  usual: { readonly names: readonly string[]; readonly types: readonly string[] },
): fc.Arbitrary<Sent> {
  const names = ['', 'chat', 'chat/status', 'nope', 'Bad_Name', 'a%2Fb', '__proto__'];
  const often = (some: readonly string[], all: readonly string[]): fc.Arbitrary<string> =>
    fc.oneof(
      { weight: 5, arbitrary: fc.constantFrom(...some) },
      { weight: 1, arbitrary: fc.constantFrom(...all) },
    );
  return fc.record({
    method: fc.constant(method),
    path: fc
      .tuple(often(usual.names, names), fc.constantFrom(...QUERIES))
      .map(([name, query]) => `${name}${query}`),
    type: often(usual.types, [...OBJECTS, ...PATCHES, ...OTHER_TYPES]),
    namespace: often(['default'], ['other']),
    body: bodies,
  });
}

const changes = fc.oneof(
  writes('POST', { names: [''], types: OBJECTS }),
  writes('PUT', { names: ['chat', 'chat/status'], types: OBJECTS }),
  { weight: 4, arbitrary: writes('PATCH', { names: ['chat', 'chat/status'], types: PATCHES }) },
);
const requests = fc.oneof(
  { weight: 6, arbitrary: changes },
  writes('DELETE', { names: ['chat'], types: OBJECTS }),
);

/** What every request finds. */
async function ensureRoute(world: WriteWorld): Promise<void> {
  await world.send({
    method: 'POST',
    body: {
      apiVersion: 'clearway.dev/v1alpha1',
      kind: 'StaticRoute',
      metadata: { name: 'chat', labels: { a: 'b' } },
      spec: { path: '/chat' },
    },
  });
}

async function stored(world: WriteWorld): Promise<string> {
  return JSON.stringify(await world.store.list('StaticRoute'));
}

function expectStatus({ status, body }: ReadAnswer): void {
  expect(body['kind']).to.equal('Status');
  expect(body['status']).to.equal('Failure');
  expect(body['code']).to.equal(status);
  expect(status).to.be.within(400, 503);
  expect(body.message).to.be.a('string').and.not.equal('');
  expect(JSON.stringify(body).length).to.be.below(32_768);
}

describe('answerWrite, sent anything', function () {
  this.timeout(60_000);

  it('ends in an object or a Status, and what is refused or only tried changes nothing', async () => {
    await using world = await openWriteWorld();
    await fc.assert(
      fc.asyncProperty(requests, async (request) => {
        await ensureRoute(world);
        const before = await stored(world);
        const answer = await world.send(request);
        const isTry = request.path?.includes('dryRun') === true;

        if (answer.status >= 300) expectStatus(answer);
        if (answer.status >= 300 || isTry) expect(await stored(world)).to.equal(before);
      }),
      { numRuns: 800 },
    );
  });

  it('answers a dry run as it answers the write itself', async () => {
    await using world = await openWriteWorld();
    const comparable = ({ status, body }: ReadAnswer): unknown => {
      const { uid, ...metadata } = body.metadata;
      return {
        status,
        body: { ...body, metadata: { ...metadata, resourceVersion: '' } },
        isObject: typeof uid,
      };
    };
    await fc.assert(
      fc.asyncProperty(changes, async (request) => {
        fc.pre(request.path?.includes('dryRun') !== true);
        await ensureRoute(world);
        const joint = request.path?.includes('?') === true ? '&' : '?';
        const tried = await world.send({
          ...request,
          path: `${request.path ?? ''}${joint}dryRun=All`,
        });
        const written = await world.send(request);

        expect(comparable(tried)).to.eql(comparable(written));
      }),
      { numRuns: 300 },
    );
  });

  for (const [what, body] of Object.entries({
    'JSON that is too deep': '['.repeat(100_000) + ']'.repeat(100_000),
    'objects that are too deep': '{"a":'.repeat(50_000) + '1' + '}'.repeat(50_000),
    'a number that is too large': '{"apiVersion":1e999}',
    'bytes that are no UTF-8': Buffer.from([0x22, 0xff, 0x22]),
  })) {
    it(`refuses ${what} as JSON and as YAML`, async () => {
      await using world = await openWriteWorld();

      for (const type of ['application/json', 'application/yaml']) {
        const answer = await world.send({ method: 'POST', type, body });

        expectStatus(answer);
        expect(answer.status, type).to.be.oneOf([400, 413]);
      }
    });
  }

  for (const [what, body] of Object.entries({
    'aliases that stand for too much': [
      'a: &a [x, x, x, x, x, x, x, x, x, x]',
      ...Array.from('bcdefghi', (name, index) => {
        const below = 'abcdefgh'.charAt(index);
        return `${name}: &${name} [${`*${below}, `.repeat(9)}*${below}]`;
      }),
    ].join('\n'),
    'an alias within itself': 'spec: &a\n  path: *a\n',
    'two documents': 'a: 1\n---\nb: 2\n',
    'more than the limit': `a: ${'x'.repeat(200_000)}\n`,
    infinity: 'a: .inf\n',
  })) {
    it(`refuses YAML with ${what}`, async () => {
      await using world = await openWriteWorld();

      const answer = await world.send({ method: 'POST', type: 'application/yaml', body });

      expectStatus(answer);
      expect(answer.status).to.be.oneOf([400, 413]);
    });
  }

  it('names fields that stand twice in YAML too', async () => {
    await using world = await openWriteWorld();
    const body = [
      'apiVersion: clearway.dev/v1alpha1',
      'kind: StaticRoute',
      'metadata: {name: twice, labels: {a: b, a: c}}',
      'spec: {path: /twice}',
    ].join('\n');

    const answer = await world.send({ method: 'POST', type: 'application/yaml', body });

    expect(answer.status).to.equal(201);
    expect(answer.warnings).to.eql(['299 - "duplicate field \\"metadata.labels.a\\""']);
  });

  it('sends warnings that fit into headers', async () => {
    await using world = await openWriteWorld();
    const names = Array.from(
      { length: 500 },
      (_, index) => `ü\r\n\u007f"\\${'x'.repeat(300)}${index}`,
    );
    const spec = { path: '/many', ...Object.fromEntries(names.map((name) => [name, 1])) };

    const answer = await world.send({
      method: 'POST',
      body: {
        apiVersion: 'clearway.dev/v1alpha1',
        kind: 'StaticRoute',
        metadata: { name: 'many' },
        spec,
      },
    });

    expect(answer.status).to.equal(201);
    expect(answer.warnings.join('').length).to.be.within(256, 8192);
    for (const warning of answer.warnings) expect(warning).to.match(/^[\x20-\x7e\x80-\xff]+$/);
  });
});
