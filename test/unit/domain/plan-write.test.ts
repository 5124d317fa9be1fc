import { expect } from 'chai';
import {
  planWrite,
  type Patch,
  type PublicationStep,
} from '../../../src/domain/plan-publication.ts';
import type { TaskView } from '../../../src/domain/task-view.ts';
import { aTask } from '../../support/builders.ts';

describe('planWrite', () => {
  const now = Date.parse('2026-01-01T00:00:10Z');
  const write = (
    patch: Patch,
    task: TaskView,
    waitingSince = now,
    hasEditRuntime = true,
  ): readonly PublicationStep[] => planWrite(patch, { task, hasEditRuntime, now, waitingSince });
  const fresh = aTask({ lastChange: '2026-01-01T00:00:09.700Z' });
  const quiet = aTask({ lastChange: '2026-01-01T00:00:08.900Z' });
  const plain: Patch = { set: { endpoint: 'u' }, remove: ['browser_endpoint'] };

  it('writes nothing when nothing changed', () => {
    expect(write({ set: {}, remove: [] }, fresh)).to.deep.equal([]);
  });

  it('edits plain keys at once', () => {
    expect(write(plain, fresh)).to.deep.equal([{ step: 'editRuntime', patch: plain }]);
  });

  for (const key of ['endpoint__api', '_PORT', 'a.b', '$a', 'a%b', '__x']) {
    it(`writes the whole runtime for the key ${key}, in one go with the others`, () => {
      const patch = { set: { [key]: 'x', endpoint: 'u' }, remove: [] };

      expect(write(patch, quiet)).to.deep.equal([{ step: 'replaceRuntime', patch }]);
      expect(write({ set: {}, remove: [key] }, quiet)[0]?.step).to.equal('replaceRuntime');
    });
  }

  for (const status of ['completed', 'stopped', 'failed', 'published', 'closed', 'whatever']) {
    it(`writes the whole runtime of a task that is ${status}, at once`, () => {
      expect(write(plain, { ...fresh, status })[0]?.step).to.equal('replaceRuntime');
    });
  }

  it('writes the whole runtime where the server cannot edit keys', () => {
    expect(write(plain, quiet, now, false)[0]?.step).to.equal('replaceRuntime');
  });

  it('waits for a quiet moment before it writes the whole runtime', () => {
    const patch = { set: { endpoint__api: 'u' }, remove: [] };

    expect(write(patch, fresh)).to.deep.equal([{ step: 'waitForQuiet', ms: 700 }]);
  });

  it('does not wait for ever', () => {
    const patch = { set: { endpoint__api: 'u' }, remove: [] };

    expect(write(patch, fresh, now - 5_000)[0]?.step).to.equal('replaceRuntime');
    expect(write(patch, fresh, now - 4_999)[0]?.step).to.equal('waitForQuiet');
  });

  it('never waits longer than a second, though clocks differ', () => {
    const patch = { set: { endpoint__api: 'u' }, remove: [] };
    const ahead = aTask({ lastChange: '2026-01-01T01:00:00Z' });

    expect(write(patch, ahead)).to.deep.equal([{ step: 'waitForQuiet', ms: 1_000 }]);
    expect(write(patch, aTask({ lastChange: 'rubbish' }))[0]?.step).to.equal('replaceRuntime');
  });

  it('finds the five default keys and the mark plain enough', () => {
    const keys = [
      'endpoint',
      'browser_endpoint',
      'external_address',
      'external_tcp_port',
      'upstream_task_port',
      'clearway',
    ];
    const set = Object.fromEntries(keys.map((key) => [key, 'x']));

    expect(write({ set, remove: [] }, fresh)[0]?.step).to.equal('editRuntime');
  });
});
