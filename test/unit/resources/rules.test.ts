import { expect } from 'chai';
import type { Kind } from '../../../src/resources/kinds.ts';
import { SPEC_RULES, STATUS_RULES } from '../../../src/resources/rules.ts';
import { POOL, ROUTER, specErrors, statusErrors, TASK } from './spec-errors.ts';

describe('rules', () => {
  const TCP = { ...TASK, protocol: 'tcp' };
  const PORTS = { start: 1, end: 2 };
  // One row a rule: where it bites, and what it lets through.
  const table: readonly (readonly [Kind, 'spec' | 'status', string, unknown, unknown])[] = [
    ['TaskRoute', 'spec', 'spec.pathMode', TCP, { ...TCP, pathMode: undefined }],
    [
      'TaskRoute',
      'spec',
      'spec.target',
      { ...TASK, target: undefined },
      { ...TASK, target: undefined, refusal: { reason: 'InvalidPort', message: '' } },
    ],
    [
      'TaskRoute',
      'spec',
      'spec.staticRoute',
      { ...TCP, pathMode: undefined, staticRoute: 'chat' },
      { ...TASK, staticRoute: 'chat' },
    ],
    ['StaticRoute', 'spec', 'spec.path', { path: '/Service' }, { path: '/services' }],
    [
      'Router',
      'spec',
      'spec.url',
      { ...ROUTER, url: 'http://a:99999' },
      { ...ROUTER, url: 'http://[::1]:80' },
    ],
    [
      'Router',
      'spec',
      'spec.tcpPorts.end',
      { ...ROUTER, tcpAddress: 'a', tcpPorts: { start: 2, end: 1 } },
      { ...ROUTER, tcpAddress: 'a', tcpPorts: { start: 2, end: 2 } },
    ],
    [
      'Router',
      'spec',
      'spec.tcpAddress',
      { ...ROUTER, tcpPorts: PORTS },
      { ...ROUTER, tcpPorts: PORTS, tcpAddress: 'a' },
    ],
    ['PortPool', 'spec', 'spec.end', { ...POOL, end: 29_999 }, POOL],
    [
      'PortPool',
      'status',
      'status.leases',
      {
        leases: [
          { port: 1, route: 'a' },
          { port: 2, route: 'a' },
        ],
      },
      {
        leases: [
          { port: 1, route: 'a' },
          { port: 2, route: 'b' },
        ],
      },
    ],
  ];

  for (const [kind, part, field, broken, kept] of table) {
    it(`${kind}: ${field}`, () => {
      const errors = part === 'spec' ? specErrors : statusErrors;

      expect(errors(kind, broken)).to.deep.equal([`${field} FieldValueInvalid`]);
      expect(errors(kind, kept)).to.deep.equal([]);
    });
  }

  it('has a row here for each', () => {
    const rules: readonly Readonly<Record<string, readonly { readonly field: string }[]>>[] = [
      SPEC_RULES,
      STATUS_RULES,
    ];
    const fields = rules.flatMap((byKind) =>
      Object.entries(byKind).flatMap(([kind, list]) => list.map(({ field }) => `${kind} ${field}`)),
    );

    expect(table.map(([kind, , field]) => `${kind} ${field}`)).to.have.members(fields);
  });
});
