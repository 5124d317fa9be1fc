import { expect } from 'chai';
import { aQueue, failing, nothing, turns } from '../../support/work-queues.ts';

describe('WorkQueue, in time', () => {
  it('looks again when the work asks for it', async () => {
    let asked = false;
    await using subject = aQueue(() => {
      const result = asked ? undefined : { againMs: 500 };
      asked = true;
      return Promise.resolve(result);
    });
    subject.queue.add('a');
    await turns();
    subject.clock.advance(499);
    await turns();
    expect(subject.begun).to.have.length(1);

    subject.clock.advance(1);
    await turns();
    expect(subject.begun).to.have.length(2);
    expect(subject.clock.sleeping).to.equal(0);
  });

  it('keeps the earliest of several times to look again', async () => {
    await using subject = aQueue(nothing);
    for (const ms of [900, 300, 600]) subject.queue.addAfter('a', ms);
    subject.clock.advance(300);
    await turns();
    expect(subject.begun).to.have.length(1);

    subject.clock.advance(10_000);
    await turns();
    expect(subject.begun).to.have.length(1);
  });

  it('waits at most a day, however long is asked for', async () => {
    await using subject = aQueue(nothing);
    subject.queue.addAfter('a', 10 ** 12);
    subject.clock.advance(86_400_000);
    await turns();

    expect(subject.begun).to.deep.equal(['a']);
  });

  it('tries again after an error, each time later, at most after a minute', async () => {
    await using subject = aQueue(failing('CLEARML_UNREACHABLE'));
    subject.queue.add('a');
    for (let round = 0; round < 12; round += 1) {
      await turns();
      subject.clock.advance(subject.errors.at(-1)?.retryMs ?? 0);
    }

    const waits = subject.errors.map(({ retryMs }) => retryMs);
    expect(waits.slice(0, 4)).to.deep.equal([200, 400, 800, 1_600]);
    expect(waits.at(-1)).to.equal(60_000);
    expect(new Set(subject.done)).to.deep.equal(new Set(['error']));
  });

  it('spreads retries', async () => {
    await using subject = aQueue(failing('CLEARML_UNREACHABLE'), { random: () => 0 });
    subject.queue.add('a');
    await turns();

    expect(subject.errors[0]?.retryMs).to.equal(100);
  });

  it('waits as long as the error says', async () => {
    await using subject = aQueue(failing('CLEARML_THROTTLED', { delayMs: 7_000 }));
    subject.queue.add('a');
    await turns();
    expect(subject.errors[0]?.retryMs).to.equal(7_000);
    subject.clock.advance(6_999);
    await turns();
    expect(subject.begun).to.have.length(1);

    subject.clock.advance(1);
    await turns();
    expect(subject.begun).to.have.length(2);
  });

  it('begins with short waits again after a success', async () => {
    let calls = 0;
    await using subject = aQueue(() => {
      calls += 1;
      return calls === 3
        ? Promise.resolve(undefined)
        : failing('RESOURCE_CONFLICT')('', new AbortController().signal);
    });
    for (let round = 0; round < 4; round += 1) {
      subject.queue.add('a');
      await turns();
    }

    expect(subject.errors.map(({ retryMs }) => retryMs)).to.deep.equal([200, 400, 200]);
  });

  it('looks at a failed key at once when it is added', async () => {
    await using subject = aQueue(failing('CLEARML_UNREACHABLE'));
    subject.queue.add('a');
    await turns();
    subject.queue.add('a');
    await turns();

    expect(subject.begun).to.have.length(2);
  });

  it('waits for a change after a blocked error', async () => {
    await using subject = aQueue(failing('CLEARML_REFUSED'));
    subject.queue.add('a');
    await turns();
    expect(subject.errors).to.deep.equal([
      { key: 'a', code: 'CLEARML_REFUSED', retryMs: undefined },
    ]);
    expect(subject.clock.sleeping).to.equal(0);

    subject.queue.add('a');
    await turns();
    expect(subject.begun).to.have.length(2);
  });

  it('takes anything that is thrown for a reason to try again', async () => {
    await using subject = aQueue(() => Promise.reject(new TypeError('a bug')));
    subject.queue.add('a');
    await turns();

    expect(subject.errors).to.deep.equal([{ key: 'a', code: 'UNEXPECTED', retryMs: 200 }]);
  });

  it('goes on with other keys while one fails', async () => {
    await using subject = aQueue((key) =>
      (key === 'bad' ? failing('UNEXPECTED') : nothing)(key, new AbortController().signal),
    );
    for (const key of ['bad', 'a', 'b']) subject.queue.add(key);
    await turns();

    expect(subject.done).to.deep.equal(['error', 'ok', 'ok']);
  });
});
