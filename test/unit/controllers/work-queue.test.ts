import { expect } from 'chai';
import fc from 'fast-check';
import { WorkQueue, type Reconcile } from '../../../src/controllers/work-queue.ts';
import { OperatorError } from '../../../src/errors.ts';
import { ManualClock } from '../../support/clocks.ts';
import { aQueue, nothing, turns, type RunningQueue } from '../../support/work-queues.ts';

describe('WorkQueue', () => {
  it('works on a key that is added', async () => {
    await using subject = aQueue(nothing);
    subject.queue.add('a');
    await turns();

    expect(subject.begun).to.deep.equal(['a']);
    expect(subject.queue.idle).to.equal(true);
  });

  it('works on keys that were added before it ran', async () => {
    const clock = new ManualClock(0);
    const begun: string[] = [];
    const queue = new WorkQueue({
      clock,
      random: () => 0,
      concurrency: 2,
      reconcile: (key) => {
        begun.push(key);
        return Promise.resolve(undefined);
      },
      onError: () => undefined,
      onDone: () => undefined,
    });
    queue.add('a');
    queue.add('b');
    expect(queue.depth).to.equal(2);
    const stop = new AbortController();
    const ended = queue.run(stop.signal);
    await turns();
    stop.abort();
    await ended;

    expect(begun).to.deep.equal(['a', 'b']);
  });

  it('holds a key once', async () => {
    await using subject = aQueue(nothing);
    for (const key of ['a', 'a', 'b', 'a']) subject.queue.add(key);
    expect(subject.queue.depth).to.equal(2);
    await turns();

    expect(subject.begun).to.deep.equal(['a', 'b']);
  });

  it('never works on a key twice at a time, and looks again when it was added meanwhile', async () => {
    const gate = Promise.withResolvers<undefined>();
    await using subject = aQueue(() => gate.promise, { concurrency: 3 });
    subject.queue.add('a');
    await turns();
    subject.queue.add('a');
    subject.queue.add('a');
    await turns();
    expect(subject.begun).to.deep.equal(['a']);
    expect(subject.queue.idle).to.equal(false);

    gate.resolve(undefined);
    await turns();
    expect(subject.begun).to.deep.equal(['a', 'a']);
  });

  it('works on as many keys at a time as it has workers', async () => {
    const gate = Promise.withResolvers<undefined>();
    await using subject = aQueue(() => gate.promise, { concurrency: 2 });
    for (const key of ['a', 'b', 'c']) subject.queue.add(key);
    await turns();
    expect(subject.begun).to.deep.equal(['a', 'b']);

    gate.resolve(undefined);
    await turns();
    expect(subject.begun).to.deep.equal(['a', 'b', 'c']);
  });

  it('ends when the signal aborts, after the work at hand, and says nothing of the abort', async () => {
    const subject = aQueue((_key, signal) => {
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    });
    subject.queue.add('a');
    subject.queue.add('b');
    await turns();
    subject.stop.abort();
    await subject.ended;

    expect(subject.begun).to.deep.equal(['a']);
    expect(subject.errors).to.deep.equal([]);
  });

  it('begins nothing by a timer that rings after the end', async () => {
    const subject = aQueue(nothing);
    subject.queue.addAfter('a', 10);
    subject.stop.abort();
    await subject.ended;
    subject.clock.advance(10);
    await turns();

    expect(subject.begun).to.deep.equal([]);
    expect(subject.queue.idle).to.equal(true);
  });

  it('loses no key and never works on one twice at a time, whatever happens', async () => {
    const story = fc.asyncProperty(
      fc.array(anyAction, { maxLength: 40 }),
      fc.array(anyOutcome, { minLength: 1, maxLength: 12 }),
      fc.integer({ min: 1, max: 3 }),
      async (actions, outcomes, concurrency) => {
        const told = await live(actions, outcomes, concurrency);

        expect(told).to.deep.equal({ overlaps: 0, owed: [], idle: true });
      },
    );
    await fc.assert(story, { numRuns: 100 });
  });
});

type Action =
  | { readonly kind: 'add'; readonly key: string }
  | { readonly kind: 'after'; readonly key: string; readonly ms: number }
  | { readonly kind: 'advance'; readonly ms: number }
  | { readonly kind: 'turn' };

const anyKey = fc.constantFrom('a', 'b', 'c', 'd');
const anyAction: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ kind: fc.constant('add' as const), key: anyKey }),
  fc.record({ kind: fc.constant('after' as const), key: anyKey, ms: fc.nat(2_000) }),
  fc.record({ kind: fc.constant('advance' as const), ms: fc.nat(1_000) }),
  fc.record({ kind: fc.constant('turn' as const) }),
);
const anyOutcome = fc.constantFrom('ok', 'again', 'retry', 'blocked', 'slow');

/** Lives through a story until all is calm; says what went wrong. */
async function live(
  actions: readonly Action[],
  outcomes: readonly string[],
  concurrency: number,
): Promise<{
  readonly overlaps: number;
  readonly owed: readonly string[];
  readonly idle: boolean;
}> {
  const working = new Set<string>();
  /** Keys that were asked for since work on them last began. */
  const owed = new Set<string>();
  const told = { overlaps: 0, calls: 0, calm: false };
  const work: Reconcile = async (key) => {
    if (working.has(key)) told.overlaps += 1;
    working.add(key);
    owed.delete(key);
    told.calls += 1;
    const what = told.calm ? 'ok' : outcomes[told.calls % outcomes.length];
    await (what === 'slow' ? subject.clock.sleep(50) : turns());
    working.delete(key);
    if (what === 'retry') throw new OperatorError('CLEARML_UNREACHABLE');
    if (what === 'blocked') throw new OperatorError('CLEARML_REFUSED');
    return what === 'again' ? { againMs: 100 } : undefined;
  };
  await using subject = aQueue(work, { concurrency });
  for (const step of actions) {
    if (step.kind === 'add') owed.add(step.key);
    await take(subject, step);
  }
  told.calm = true;
  for (let round = 0; round < 30; round += 1) {
    subject.clock.advance(60_000);
    for (let turn = 0; turn < 4; turn += 1) await turns();
    if (subject.queue.idle && subject.clock.sleeping === 0) break;
  }
  return { overlaps: told.overlaps, owed: [...owed], idle: subject.queue.idle };
}

async function take({ queue, clock }: RunningQueue, step: Action): Promise<void> {
  switch (step.kind) {
    case 'add':
      queue.add(step.key);
      return;
    case 'after':
      queue.addAfter(step.key, step.ms);
      return;
    case 'advance':
      clock.advance(step.ms);
      return;
    case 'turn':
      await turns();
  }
}
