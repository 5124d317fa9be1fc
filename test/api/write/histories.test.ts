import { expect } from 'chai';
import fc from 'fast-check';
import {
  kubeApiServerBinary,
  startKubeApiServer,
  type KubeApiServer,
} from '../../support/kube-apiserver.ts';
import { notRun } from '../../support/not-run.ts';
import { realServer } from './support/real-server.ts';
import { tell, type Exchange } from './support/stories.ts';
import { openWriteWorld } from './support/write-world.ts';

/** The same histories each time: what differs on a rare path of a real server must not break a run now and then. */
const RUNS = { seed: 5, numRuns: 25, endOnFailure: true };

const HEAD = { apiVersion: 'clearway.dev/v1alpha1', kind: 'StaticRoute' };
const APPLY = 'application/apply-patch+yaml';

const texts = fc.dictionary(fc.constantFrom('k', 'l'), fc.constantFrom('1', '2'));
const metadata = fc.record({ labels: texts, annotations: texts }, { requiredKeys: [] });
const spec = fc.record(
  {
    path: fc.constantFrom('/a', '/b'),
    enabled: fc.boolean(),
    access: fc.constantFrom('public', 'authenticated'),
    pathMode: fc.constantFrom('keep', 'strip'),
    router: fc.constantFrom('r1', 'r2'),
  },
  { requiredKeys: [] },
);
const condition = fc.record(
  {
    type: fc.constantFrom('A', 'B', 'C'),
    status: fc.constantFrom('True', 'False'),
    reason: fc.constant('R'),
    message: fc.constantFrom('m', 'n'),
    lastTransitionTime: fc.constant('2026-01-01T00:00:00Z'),
    observedGeneration: fc.constantFrom(1, 2),
  },
  { requiredKeys: ['type', 'status', 'reason', 'message', 'lastTransitionTime'] },
);
const task = fc.record({
  id: fc.constantFrom('1', '2'),
  name: fc.constant('n'),
  route: fc.constantFrom('p', 'q', 'r'),
});
const status = fc
  .record(
    {
      state: fc.constantFrom('Pending', 'Routing'),
      targets: fc.array(fc.constantFrom('x', 'y'), { maxLength: 2 }),
      tasks: fc.uniqueArray(task, { selector: ({ route }) => route, maxLength: 3 }),
      conditions: fc.uniqueArray(condition, { selector: ({ type }) => type, maxLength: 3 }),
    },
    { requiredKeys: [] },
  )
  .filter((value) => Object.keys(value).length > 0);

/** What somebody does to the object of a history, as who. */
const steps = fc.record({
  kind: fc.constantFrom('apply', 'apply', 'apply by force', 'merge', 'replace', 'forget managers'),
  at: fc.constantFrom('object' as const, 'status' as const),
  manager: fc.constantFrom('m1', 'm2', 'kubectl'),
  metadata,
  spec: fc.option(spec, { nil: undefined }),
  status: fc.option(status, { nil: undefined }),
});

type Step = typeof steps extends fc.Arbitrary<infer T> ? T : never;

function toExchange(name: string, step: Step): Exchange {
  const { kind, at, manager } = step;
  const subresource = at === 'status' ? '/status' : '';
  return {
    title: `${kind} ${at} as ${manager}`,
    path: `${name}${subresource}?fieldManager=${manager}${kind === 'apply by force' ? '&force=true' : ''}`,
    ...requestOf(kind, partOf(step), name),
  };
}

/** What a step says of the object. An empty status is none to us, and one to Kubernetes. */
function partOf(step: Step): { readonly metadata: object } {
  if (step.at === 'object') return { metadata: step.metadata, ...some({ spec: step.spec }) };
  return { metadata: {}, status: step.status ?? { state: 'NotInUse' } } as { metadata: object };
}

function some(fields: Readonly<Record<string, unknown>>): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function requestOf(
  kind: string,
  part: { readonly metadata: object },
  name: string,
): Pick<Exchange, 'method' | 'type' | 'body'> {
  const whole = { ...HEAD, ...part, metadata: { name, ...part.metadata } };
  if (kind.startsWith('apply')) return { method: 'PATCH', type: APPLY, body: whole };
  // Kubernetes takes labels from their owners when a replacement of the status does not repeat them; we do not.
  if (kind === 'replace' && !('status' in part)) {
    const metadata = { ...whole.metadata, resourceVersion: '$rv' };
    return { method: 'PUT', body: { ...whole, metadata } };
  }
  if (kind !== 'forget managers') return { method: 'PATCH', body: part };
  return { method: 'PATCH', body: { metadata: { managedFields: [{}] } } };
}

interface Told {
  readonly code: number;
  readonly message?: string;
  readonly managedFields?: readonly { readonly manager: string }[];
}

/** Without the names of objects, the order of managers, and the words of what is not valid, which come in no order. */
function normal(answer: unknown): unknown {
  const { managedFields, ...rest } = answer as Told;
  const entries = managedFields?.map((entry) => JSON.stringify(entry)).sort();
  const text = JSON.stringify({ ...rest, entries }).replaceAll(/history-\d+/g, 'history');
  const { message, details, ...others } = JSON.parse(text) as Record<string, unknown>;
  return others['code'] === 422 ? others : { ...others, message, details };
}

/** A real server makes null of a list that an apply emptied, and then refuses it. */
function isKnownFault(answer: unknown): boolean {
  return (answer as Told).message?.includes('Invalid value: "null"') === true;
}

describe('answerWrite, beside a real API server of Kubernetes', function () {
  this.timeout(120_000);
  let server: KubeApiServer | undefined;

  before(async function () {
    const binary = await kubeApiServerBinary();
    if (binary === undefined) notRun(this, 'no kube-apiserver: scripts/install-kube-apiserver.sh');
    server = await startKubeApiServer(binary);
  });

  after(async () => {
    await server?.[Symbol.asyncDispose]();
  });

  it('answers every step of a history alike, down to who owns which field', async () => {
    await using real = realServer(server!);
    let count = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 6, maxLength: 10 }), async (history) => {
        count += 1;
        const name = `history-${count}`;
        const created: Exchange = {
          title: 'create',
          method: 'POST',
          path: '?fieldManager=creator',
          body: { ...HEAD, metadata: { name, labels: { k: '1' } }, spec: { path: '/a' } },
        };
        const exchanges = [created, ...history.map((step) => toExchange(name, step))];
        const story = { file: '', story: name, exchanges };
        await using world = await openWriteWorld();

        const theirs = await tell(story, real.send);
        const ours = await tell(story, world.send);

        const fault = theirs.findIndex(isKnownFault);
        const told = fault < 0 ? exchanges.length : fault;
        exchanges.slice(0, told).forEach((exchange, index) => {
          expect(normal(ours[index]), `${index}: ${JSON.stringify(exchange)}`).to.eql(
            normal(theirs[index]),
          );
        });
      }),
      RUNS,
    );
  });
});
