import { expect } from 'chai';
import fc from 'fast-check';
import type { NamedCaller, Said } from '../../../src/access/contracts.ts';
import { judge, needsTask, type Evidence } from '../../../src/access/judge.ts';
import { ACCESS_RULES, type ReadTask } from '../../../src/domain/access-rule.ts';

const ALICE: NamedCaller = { id: 'alice', company: 'tenant', role: 'user', name: 'Alice' };
const TASK: ReadTask = { owner: 'alice', company: 'tenant' };

function verdict(overrides: Partial<Evidence> = {}): string {
  const evidence: Evidence = {
    rule: 'read',
    hasRoute: true,
    caller: { said: ALICE },
    task: { said: TASK },
    company: 'tenant',
    ...overrides,
  };
  return judge(evidence).verdict;
}

function caller(overrides: Partial<NamedCaller>): Said<NamedCaller> {
  return { said: { ...ALICE, ...overrides } };
}

const [NOBODY, REFUSED, DOWN] = [
  { verdict: 'unauthenticated' },
  { verdict: 'refused' },
  { verdict: 'unavailable' },
] as const;

describe('judge', () => {
  it('lets in who may read the task, and names the user', () => {
    const evidence = { rule: 'read', hasRoute: true, company: undefined } as const;

    const answer = judge({ ...evidence, caller: { said: ALICE }, task: { said: TASK } });

    expect(answer).to.deep.equal({ verdict: 'allow', user: 'alice' });
  });

  for (const [what, overrides, expected] of [
    ['nobody', { caller: NOBODY }, 'unauthenticated'],
    ['nobody, while tasks cannot be read', { caller: NOBODY, task: DOWN }, 'unauthenticated'],
    ['a user who is gone, whose token still reads tasks', { caller: REFUSED }, 'unauthenticated'],
    ['a token that ended between both calls', { task: NOBODY }, 'unauthenticated'],
    [
      'a token that ended while users cannot be asked',
      { caller: DOWN, task: NOBODY },
      'unauthenticated',
    ],
    ['somebody while users cannot be asked', { caller: DOWN }, 'unavailable'],
    [
      'somebody while users cannot be asked, with no such task',
      { caller: DOWN, task: REFUSED },
      'unavailable',
    ],
    ['a user while tasks cannot be read', { task: DOWN }, 'unavailable'],
    ['a user without the task', { task: REFUSED }, 'deny'],
    ['a guest who can read the task', { caller: caller({ role: 'guest' }) }, 'deny'],
    [
      'a guest while tasks cannot be read',
      { caller: caller({ role: 'guest' }), task: DOWN },
      'deny',
    ],
    [
      'a user of another company with a public task',
      { caller: caller({ company: 'x' }), task: { said: { ...TASK, company: '' } } },
      'deny',
    ],
    ['a user with a public task', { task: { said: { ...TASK, company: '' } } }, 'deny'],
    ['a user where no route is', { hasRoute: false, task: undefined }, 'deny'],
    [
      'nobody where no route is',
      { hasRoute: false, task: undefined, caller: NOBODY },
      'unauthenticated',
    ],
    ['an owner, by the rule owner', { rule: 'owner' }, 'allow'],
    ['a colleague, by the rule owner', { rule: 'owner', caller: caller({ id: 'bob' }) }, 'deny'],
    ['a colleague, by the rule read', { caller: caller({ id: 'bob' }) }, 'allow'],
    [
      'a colleague, by the rule authenticated',
      { rule: 'authenticated', caller: caller({ id: 'bob' }), task: undefined },
      'allow',
    ],
    [
      'a stranger, by the rule authenticated',
      { rule: 'authenticated', caller: caller({ company: 'x' }), task: undefined },
      'deny',
    ],
    [
      'a guest, by the rule authenticated',
      { rule: 'authenticated', caller: caller({ role: 'guest' }), task: undefined },
      'deny',
    ],
    [
      'a user where no route is, by the rule authenticated',
      { rule: 'authenticated', hasRoute: false, task: undefined },
      'deny',
    ],
    [
      'a user while our own company is not known',
      { rule: 'authenticated', task: undefined, company: undefined },
      'unavailable',
    ],
    [
      'a guest while our own company is not known',
      {
        rule: 'authenticated',
        task: undefined,
        company: undefined,
        caller: caller({ role: 'guest' }),
      },
      'deny',
    ],
    [
      'a user of no company while ours is empty',
      {
        rule: 'authenticated',
        task: undefined,
        company: undefined,
        caller: caller({ company: '' }),
      },
      'unavailable',
    ],
  ] as const satisfies readonly (readonly [string, Partial<Evidence>, string])[]) {
    it(`says ${expected} to ${what}`, () => {
      expect(verdict(overrides)).to.equal(expected);
    });
  }

  it('lets nobody in unless every call that the rule needs went well, whatever they say', () => {
    const fails = fc.constantFrom(NOBODY, REFUSED, DOWN);
    const evidence = fc.record({
      rule: fc.constantFrom(...ACCESS_RULES),
      hasRoute: fc.boolean(),
      caller: fc.oneof(fails, fc.constant({ said: ALICE })),
      task: fc.oneof(fails, fc.constant(undefined), fc.constant({ said: TASK })),
      company: fc.constantFrom('tenant', 'x', undefined),
    });
    fc.assert(
      fc.property(evidence, ({ rule, hasRoute, caller: who, task, company }) => {
        const isIn = judge({ rule, hasRoute, caller: who, task, company }).verdict === 'allow';
        const byTask = task !== undefined && 'said' in task;
        const byRule = rule === 'authenticated' ? company === 'tenant' : byTask;
        return !isIn || (hasRoute && 'said' in who && byRule);
      }),
    );
  });
});

describe('needsTask', () => {
  it('spares the call that says nothing', () => {
    expect(needsTask('read', 'a')).to.equal(true);
    expect(needsTask('owner', 'a')).to.equal(true);
    expect(needsTask('authenticated', 'a')).to.equal(false);
    expect(needsTask('read', '-')).to.equal(false);
  });
});
