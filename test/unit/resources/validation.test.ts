import { expect } from 'chai';
import fc from 'fast-check';
import type { Kind } from '../../../src/resources/kinds.ts';
import { checkSpec, checkStatus } from '../../../src/resources/validation.ts';
import { META, POOL, ROUTER, specErrors, statusErrors, TASK } from './spec-errors.ts';

/** The spec as a title: what differs from one that is in order. */
function label(spec: unknown): string {
  if (typeof spec !== 'object' || spec === null || Array.isArray(spec)) return typeof spec;
  const ordinary: Readonly<Record<string, unknown>> = { ...TASK, ...ROUTER, ...POOL };
  const odd = Object.entries(spec).filter(([name, value]) => value !== ordinary[name]);
  return JSON.stringify(Object.fromEntries(odd)).slice(0, 80);
}

function metaErrors(metadata: Parameters<typeof checkSpec>[1]): string[] {
  return checkSpec('Router', metadata, ROUTER).errors.map(({ field }) => field);
}

describe('checkSpec', () => {
  it('accepts what is in order', () => {
    expect(specErrors('TaskRoute', TASK)).to.deep.equal([]);
    expect(specErrors('Router', ROUTER)).to.deep.equal([]);
    expect(specErrors('PortPool', POOL)).to.deep.equal([]);
  });

  const wrong: readonly (readonly [Kind, unknown, readonly string[]])[] = [
    ['TaskRoute', undefined, ['spec FieldValueTypeInvalid']],
    ['TaskRoute', [], ['spec FieldValueTypeInvalid']],
    [
      'TaskRoute',
      {},
      ['router', 'task', 'protocol', 'endpointName'].map(
        (name) => `spec.${name} FieldValueRequired`,
      ),
    ],
    ['TaskRoute', { ...TASK, protocol: 'udp' }, ['spec.protocol FieldValueNotSupported']],
    ['TaskRoute', { ...TASK, router: '' }, ['spec.router FieldValueInvalid']],
    ['TaskRoute', { ...TASK, router: null }, ['spec.router FieldValueTypeInvalid']],
    ['TaskRoute', { ...TASK, task: { id: 'A/b', name: '' } }, ['spec.task.id FieldValueInvalid']],
    ['TaskRoute', { ...TASK, task: { id: 'a\n', name: '' } }, ['spec.task.id FieldValueInvalid']],
    [
      'TaskRoute',
      { ...TASK, endpointName: '🎈'.repeat(1_025) },
      ['spec.endpointName FieldValueTooLong'],
    ],
    [
      'TaskRoute',
      { ...TASK, target: { address: 'a', port: '80' } },
      ['spec.target.port FieldValueTypeInvalid'],
    ],
    [
      'TaskRoute',
      { ...TASK, target: { address: 'a', port: 1.5 } },
      ['spec.target.port FieldValueTypeInvalid'],
    ],
    [
      'TaskRoute',
      { ...TASK, target: { address: 'a', port: 0 } },
      ['spec.target.port FieldValueInvalid'],
    ],
    [
      'TaskRoute',
      { ...TASK, target: { address: 'a', port: 65_536 } },
      ['spec.target.port FieldValueInvalid'],
    ],
    ['Router', { ...ROUTER, url: 'https://gateway.example/' }, ['spec.url FieldValueInvalid']],
    ['Router', { ...ROUTER, url: 'https://u:p@gateway.example' }, ['spec.url FieldValueInvalid']],
    ['Router', { ...ROUTER, queues: ['a', ''] }, ['spec.queues[1] FieldValueInvalid']],
    ['Router', { ...ROUTER, queues: 'a' }, ['spec.queues FieldValueTypeInvalid']],
  ];
  for (const [kind, spec, errors] of wrong) {
    it(`refuses ${kind} ${label(spec)} for ${errors.join(', ')}`, () => {
      expect(specErrors(kind, spec)).to.deep.equal(errors);
    });
  }

  it('counts characters and not code units', () => {
    expect(specErrors('TaskRoute', { ...TASK, endpointName: '🎈'.repeat(1_024) })).to.deep.equal(
      [],
    );
  });

  it('drops unknown fields and names them', () => {
    const spec = JSON.parse(
      '{"name":"r","url":"http://a","x":{"y":1},"constructor":1,"__proto__":{"z":1}}',
    ) as unknown;

    const checked = checkSpec('Router', META, spec);

    expect(checked.value).to.deep.equal({ name: 'r', url: 'http://a' });
    expect(checked.unknown).to.have.members(['spec.x', 'spec.constructor', 'spec.__proto__']);
  });

  it('never repeats a value in an error', () => {
    const spec = { ...TASK, protocol: 'hunter2', router: 7, endpointName: 'hunter2'.repeat(500) };

    expect(JSON.stringify(checkSpec('TaskRoute', META, spec).errors)).not.to.include('hunter2');
  });

  it('gives a copy, and never throws, whatever it is given', () => {
    fc.assert(
      fc.property(
        fc.jsonValue(),
        fc.constantFrom<Kind>('TaskRoute', 'Router', 'PortPool'),
        (value, kind) => {
          checkSpec(kind, META, value);
          checkStatus(kind, value);
        },
      ),
    );
    const { value } = checkSpec('TaskRoute', META, TASK);
    expect(value).to.deep.equal(TASK);
    expect(value.task).not.to.equal(TASK.task);
  });

  it('holds names, labels and annotations against the rules of Kubernetes', () => {
    for (const name of ['a', 'a.b-c', '0', `${'a'.repeat(252)}b`]) {
      expect(metaErrors({ name }), name).to.deep.equal([]);
    }
    for (const name of [
      '',
      'A',
      'a_b',
      '-a',
      'a-',
      'a..b',
      '.a',
      'a/b',
      'a\n',
      'ä',
      'a'.repeat(254),
    ]) {
      expect(metaErrors({ name }), name).to.deep.equal(['metadata.name']);
    }
    const labels = { 'clearway.dev/router': 'Router_a.1', plain: '' };
    expect(metaErrors({ name: 'a', labels })).to.deep.equal([]);
    expect(metaErrors({ name: 'a', labels: { k: 'two words' } })).to.deep.equal([
      'metadata.labels[k]',
    ]);
    expect(metaErrors({ name: 'a', labels: { 'a/b/c': 'v' } })).to.deep.equal(['metadata.labels']);
    expect(metaErrors({ name: 'a', annotations: { '/x': 'any text' } })).to.deep.equal([
      'metadata.annotations',
    ]);
    const annotations = { 'example.com/Note': 'x'.repeat(300_000) };
    expect(metaErrors({ name: 'a', annotations })).to.deep.equal(['metadata.annotations']);
  });
});

describe('checkStatus', () => {
  const condition = {
    type: 'Ready',
    status: 'True',
    reason: 'Ready',
    message: '',
    lastTransitionTime: '2026-01-01T00:00:00Z',
  };

  it('accepts an empty status and a full one', () => {
    expect(statusErrors('TaskRoute', {})).to.deep.equal([]);
    const upstream = { address: '::1', port: 1, source: 'engine' };
    expect(statusErrors('TaskRoute', { upstream, conditions: [condition] })).to.deep.equal([]);
  });

  it('refuses two items of one key', () => {
    expect(statusErrors('TaskRoute', { conditions: [condition, condition] })).to.deep.equal([
      'status.conditions[1] FieldValueDuplicate',
    ]);
    const leases = [
      { port: 1, route: 'a' },
      { port: 1, route: 'b' },
    ];
    expect(statusErrors('PortPool', { leases })).to.deep.equal([
      'status.leases[1] FieldValueDuplicate',
    ]);
    expect(statusErrors('PortPool', { busy: [1, 2, 1] })).to.deep.equal([
      'status.busy[2] FieldValueDuplicate',
    ]);
  });

  it('refuses too many items', () => {
    const conditions = Array.from({ length: 33 }, (_, index) => ({
      ...condition,
      type: `T${index}`,
    }));

    expect(statusErrors('TaskRoute', { conditions })).to.deep.equal([
      'status.conditions FieldValueTooMany',
    ]);
  });

  it('knows times', () => {
    const errors = (lastSync: string): number => statusErrors('Router', { lastSync }).length;

    for (const time of [
      '2026-01-01T00:00:00Z',
      '2026-12-31T23:59:60.5Z',
      '2026-01-01T00:00:00+02:00',
    ]) {
      expect(errors(time), time).to.equal(0);
    }
    for (const time of ['', 'now', '2026-01-01', '2026-13-01T00:00:00Z', '2026-01-01T24:00:00Z']) {
      expect(errors(time), time).to.equal(1);
    }
  });
});
