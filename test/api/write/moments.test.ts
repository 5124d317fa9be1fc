import { expect } from 'chai';
import fc from 'fast-check';
import { openWriteWorld, type Sent } from './support/write-world.ts';

/**
 * Longest that a request may keep the router busy, in ms of processor time: about half of it is what the largest YAML takes.
 */
const MOMENT = 1000;

const APPLY = 'application/apply-patch+yaml';
const JSON_PATCH = 'application/json-patch+json';
const HEAD = '"apiVersion":"clearway.dev/v1alpha1","kind":"StaticRoute"';

/** How JSON can be large: a long name, deep below others, above many parts. */
interface Shape {
  readonly nameLength: number;
  readonly depth: number;
  readonly count: number;
  readonly part: (index: number) => string;
  readonly isList: boolean;
}

const FIELDS = {
  'the same field': () => '"f:b":{}',
  'other fields': (index: number) => `"f:b${index}":{}`,
  texts: (index: number) => `"b${index}":"v"`,
  'fields twice': (index: number) => `"b${index}":1,"b${index}":1`,
} as const;
const ITEMS = {
  numbers: () => '1',
  objects: () => '{}',
  'keyed objects': (index: number) => `{"type":"T${index}"}`,
} as const;

const shapes: fc.Arbitrary<Shape> = fc
  .record({
    nameLength: fc.constantFrom(1, 60, 317, 20_000, 300_000),
    depth: fc.constantFrom(1, 1, 2, 30, 490),
    count: fc.constantFrom(1, 900, 4000, 30_000, 400_000),
    kind: fc.oneof(
      fc.constantFrom(...Object.values(FIELDS)).map((part) => ({ part, isList: false })),
      fc.constantFrom(...Object.values(ITEMS)).map((part) => ({ part, isList: true })),
    ),
  })
  .map(({ kind, ...sizes }) => ({ ...sizes, ...kind }));

/** JSON of this shape, of about so many characters at most. */
function textOf({ nameLength, depth, count, part, isList }: Shape, room: number): string {
  const name = `f:${'y'.repeat(Math.min(nameLength, Math.floor(room / 2 / depth)))}`;
  const start = `{"${name}":`.repeat(depth);
  const left = (room - start.length - depth) / (part(count).length + 1);
  const parts = Array.from({ length: Math.max(1, Math.min(count, left)) }, (_, at) => part(at));
  const inner = isList ? `[${parts.join()}]` : `{${parts.join()}}`;
  return `${start}${inner}${'}'.repeat(depth)}`;
}

const ENTRY = '"manager":"m","operation":"Apply","apiVersion":"clearway.dev/v1alpha1"';

/** Where it stands in an object. */
const PLACES: readonly ((text: string) => string)[] = [
  (text) => `{${HEAD},"metadata":{"name":"chat"},"spec":{"path":"/a"},"x":${text}}`,
  (text) => `{${HEAD},"metadata":{"name":"chat"},"spec":${text}}`,
  (text) => `{${HEAD},"metadata":{"name":"chat","labels":${text}},"spec":{"path":"/a"}}`,
  (text) => `{${HEAD},"metadata":{"name":"chat","annotations":${text}},"spec":{"path":"/a"}}`,
  (text) =>
    `{${HEAD},"metadata":{"name":"chat","managedFields":[{${ENTRY},"fieldsType":"FieldsV1","fieldsV1":${text}}]},"spec":{"path":"/a"}}`,
  (text) =>
    `{${HEAD},"metadata":{"name":"chat"},"spec":{"path":"/a"},"status":{"conditions":[${text},${'{},'.repeat(40)}{}]}}`,
  (text) =>
    `{${HEAD},"metadata":{"name":"chat"},"spec":{"path":"/a"},"status":{"conditions":${text}}}`,
];

const REQUESTS: readonly Omit<Sent, 'body'>[] = [
  { method: 'POST', path: '?dryRun=All' },
  { method: 'POST', path: '?dryRun=All&fieldValidation=Strict' },
  { method: 'POST', path: '?dryRun=All', type: 'application/yaml' },
  { method: 'PUT', path: 'chat' },
  { method: 'PUT', path: 'chat/status' },
  { method: 'PATCH', path: 'chat' },
  { method: 'PATCH', path: 'chat?fieldManager=kubectl&force=true', type: APPLY },
  { method: 'PATCH', path: 'chat/status?fieldManager=m', type: APPLY },
  { method: 'PATCH', path: 'new?fieldManager=m&dryRun=All', type: APPLY },
];

const objects: fc.Arbitrary<Sent> = fc
  .record({
    request: fc.constantFrom(...REQUESTS),
    shape: shapes,
    place: fc.constantFrom(...PLACES),
    isYaml: fc.boolean(),
  })
  .map(({ request, shape, place, isYaml }) => {
    const asYaml = isYaml && request.type?.endsWith('yaml') === true;
    const text = place(textOf(shape, asYaml ? 64_000 : 1_040_000));
    return { ...request, body: asYaml ? `# YAML\n${text}` : text };
  });

const paths = fc.constantFrom('/spec/a', '/spec/a/0', '/spec/a/-', '/spec/b', '/spec/b/a', '/spec');
const patches: fc.Arbitrary<Sent> = fc
  .record({
    shape: shapes,
    steps: fc.array(
      fc.record({
        op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test'),
        path: paths,
        from: paths,
        value: fc.constantFrom(1, {}, []),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    isList: fc.boolean(),
  })
  .map(({ shape, steps, isList }) => {
    const value = isList ? `[${'0,'.repeat(200_000)}0]` : textOf(shape, 400_000);
    const repeated = JSON.stringify(steps).slice(1, -1);
    const times = Math.min(9990 / steps.length, 600_000 / repeated.length);
    const operations = Array.from({ length: times }, () => repeated).join();
    const body = `[{"op":"add","path":"/spec/a","value":${value}},${operations}]`;
    return { method: 'PATCH', path: 'chat', type: JSON_PATCH, body };
  });

const repeat = (count: number, part: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => part(index)).join();

/** What was found to be slow once, and what was slow in a part of it that chance seldom meets. */
const KNOWN: readonly Sent[] = [
  {
    method: 'POST',
    type: 'application/yaml',
    body: `? "${'y'.repeat(50_000)}"\n: {${repeat(1400, () => 'b0: 1')}}`,
  },
  {
    method: 'POST',
    body: `{"${'y'.repeat(200_000)}":{${repeat(30_000, (index) => `"b${index}":1,"b${index}":1`)}}}`,
  },
  {
    method: 'POST',
    type: 'application/yaml',
    body: `${'{'.repeat(250)}a: ${'x'.repeat(60_000)}}${': 1}'.repeat(249)}`,
  },
  {
    method: 'PATCH',
    path: 'chat',
    body: PLACES[4]!(`{"f:${'y'.repeat(90_000)}":{${repeat(10_000, (at) => `"f:${at}":{}`)}}}`),
  },
  {
    method: 'PATCH',
    path: 'chat/status?fieldManager=m',
    type: APPLY,
    body: PLACES[5]!(`{"type":"${'T'.repeat(300_000)}",${repeat(30_000, (at) => `"b${at}":1`)}}`),
  },
];

async function costOf(send: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await send();
  return process.cpuUsage(before).user / 1000;
}

describe('a body that is made to be slow', function () {
  this.timeout(120_000);

  for (const [what, sent, known] of [
    ['as an object', objects, KNOWN],
    ['as a JSON patch', patches, []],
  ] as const) {
    it(`${what} is answered in a moment, and never as a failure of the router`, async () => {
      await using world = await openWriteWorld();
      await fc.assert(
        fc.asyncProperty(sent, async (request) => {
          await world.send({
            method: 'POST',
            body: `{${HEAD},"metadata":{"name":"chat"},"spec":{"path":"/chat"}}`,
          });
          let status = 0;
          const cost = await costOf(async () => {
            ({ status } = await world.send(request));
          });

          expect(status).to.be.below(500);
          expect(cost).to.be.below(MOMENT);
        }),
        { numRuns: 60, endOnFailure: true, examples: known.map((request) => [request]) },
      );
    });
  }
});
