import { expect } from 'chai';
import fc from 'fast-check';
import type { EndpointRequest } from '../../../src/domain/endpoint-request.ts';
import {
  ownershipRefusal,
  planTaskRoutes,
  type RouteIntent,
  type TaskRouteFacts,
  type TaskRouteStep,
} from '../../../src/domain/plan-task-routes.ts';
import { conflictRouteName, endpointSlug } from '../../../src/domain/route-name.ts';
import { TASK_ID, aMark, aRequest, aRouter, aTask } from '../../support/builders.ts';

function facts(overrides: Partial<TaskRouteFacts> = {}): TaskRouteFacts {
  return {
    router: aRouter(),
    task: aTask(),
    serves: true,
    mark: undefined,
    requests: [aRequest()],
    observed: [],
    ...overrides,
  };
}

/** The TaskRoutes after a plan. */
function apply(
  observed: readonly RouteIntent[],
  steps: readonly TaskRouteStep[],
): readonly RouteIntent[] {
  const routes = new Map(observed.map((route) => [route.name, route]));
  for (const step of steps) {
    if (step.step === 'deleteRoute') routes.delete(step.name);
    else routes.set(step.route.name, step.route);
  }
  return [...routes.values()];
}

function desired(given: TaskRouteFacts): readonly RouteIntent[] {
  return apply(given.observed, planTaskRoutes(given));
}

const SERVED = desired(facts());
const anyRequest: fc.Arbitrary<EndpointRequest> = fc
  .record({
    protocol: fc.constantFrom('http', 'tcp'),
    name: fc.constantFrom('', 'api', 'API', 'ssh'),
    port: fc.integer({ min: 1, max: 9 }),
    refused: fc.boolean(),
  })
  .map(({ protocol, name, port, refused }) =>
    refused
      ? { protocol, name, refusal: { reason: 'InvalidPort', message: `port ${port}` } }
      : { protocol, name, target: { address: '192.0.2.7', port } },
  );
const anyFacts: fc.Arbitrary<TaskRouteFacts> = fc
  .record({
    requests: fc.array(anyRequest, { maxLength: 6 }),
    former: fc.array(anyRequest, { maxLength: 6 }),
    tags: fc.subarray(['clearway.keep-prefix', 'clearway.keep-prefix:api']),
    status: fc.constantFrom('in_progress', 'stopped', 'missing'),
    serves: fc.constantFrom<boolean | 'unknown'>(true, false, 'unknown'),
    mark: fc.constantFrom(undefined, aMark(), aMark({ router: 'other' }), aMark({ instance: 'x' })),
    tcpEnabled: fc.boolean(),
  })
  .map(({ requests, former, tags, status, serves, mark, tcpEnabled }) =>
    facts({
      requests,
      observed: desired(facts({ requests: former })),
      task: aTask({ tags, status }),
      serves,
      mark,
      router: aRouter({ tcpEnabled }),
    }),
  );

describe('planTaskRoutes', () => {
  it('creates a route for a request', () => {
    expect(planTaskRoutes(facts())).to.deep.equal([
      {
        step: 'createRoute',
        route: {
          name: `${TASK_ID}.http`,
          spec: {
            router: 'gw',
            task: { id: TASK_ID, name: 'train' },
            protocol: 'http',
            endpointName: '',
            pathMode: 'strip',
            target: { address: '192.0.2.7', port: 8888 },
          },
        },
      },
    ]);
  });

  it('plans nothing while ClearML has said nothing of the task', () => {
    expect(planTaskRoutes(facts({ task: undefined, observed: SERVED }))).to.deep.equal([]);
  });

  it('plans nothing while nobody knows whose queue it is', () => {
    expect(planTaskRoutes(facts({ serves: 'unknown', observed: SERVED }))).to.deep.equal([]);
    expect(planTaskRoutes(facts({ serves: 'unknown' }))).to.deep.equal([]);
  });

  for (const [what, overrides, reason] of [
    ['ended', { task: aTask({ status: 'stopped' }) }, 'TaskEnded'],
    ['failed', { task: aTask({ status: 'failed' }) }, 'TaskEnded'],
    ['was enqueued again', { task: aTask({ status: 'queued' }) }, 'TaskEnded'],
    ['does not exist', { task: aTask({ status: 'missing' }) }, 'TaskEnded'],
    ['lost its tag', { task: aTask({ systemTags: [] }) }, 'TaskEnded'],
    [
      'ended while its queue is not known',
      { task: aTask({ status: 'stopped' }), serves: 'unknown' },
      'TaskEnded',
    ],
    ['is of a queue that is not ours', { serves: false }, 'QueueNotServed'],
    ['took its keys back', { requests: [] }, 'EndpointWithdrawn'],
  ] as const) {
    it(`deletes the route of a task that ${what}`, () => {
      expect(planTaskRoutes(facts({ ...overrides, observed: SERVED }))).to.deep.equal([
        { step: 'deleteRoute', name: `${TASK_ID}.http`, reason },
      ]);
    });
  }

  it('updates a route whose target moved', () => {
    const target = { address: '192.0.2.8', port: 9999 };
    const [step, ...rest] = planTaskRoutes(
      facts({ observed: SERVED, requests: [aRequest({ target })] }),
    );

    expect(rest).to.deep.equal([]);
    expect(step).to.have.property('step', 'updateRoute');
    expect(step).to.have.nested.property('route.spec.target').that.deep.equals(target);
  });

  it('gives a refused request a route that says why', () => {
    const refusal = { reason: 'InvalidPort', message: 'no' } as const;
    const [route] = desired(facts({ requests: [{ protocol: 'http', name: '', refusal }] }));

    expect(route?.spec.refusal).to.deep.equal(refusal);
    expect(route?.spec.target).to.equal(undefined);
  });

  it('refuses tcp where the router serves none', () => {
    const router = aRouter({ tcpEnabled: false });
    const [route] = desired(facts({ router, requests: [aRequest({ protocol: 'tcp' })] }));

    expect(route?.spec.refusal?.reason).to.equal('TcpDisabled');
    expect(route?.spec.target).to.equal(undefined);
  });

  it('keeps the target of a route when our own address comes back', () => {
    const tcp = aRequest({ protocol: 'tcp', target: { address: '172.17.0.3', port: 10_022 } });
    const observed = desired(facts({ requests: [tcp] }));
    const loop: EndpointRequest = {
      protocol: 'tcp',
      name: '',
      refusal: { reason: 'LoopToOurselves', message: 'ours' },
    };

    expect(planTaskRoutes(facts({ observed, requests: [loop] }))).to.deep.equal([]);
    const [fresh] = desired(facts({ requests: [loop] }));
    expect(fresh?.spec.refusal?.reason).to.equal('LoopToOurselves');
  });

  for (const [tags, name, mode] of [
    [[], '', 'strip'],
    [['clearway.keep-prefix'], '', 'keep'],
    [['clearway.keep-prefix'], 'api', 'keep'],
    [['clearway.keep-prefix:api'], 'api', 'keep'],
    [['clearway.keep-prefix:api'], '', 'strip'],
    [['clearway.keep-prefix:'], '', 'strip'],
  ] as const) {
    it(`has path mode ${mode} for "${name}" with tags [${tags.join()}]`, () => {
      const [route] = desired(facts({ task: aTask({ tags }), requests: [aRequest({ name })] }));

      expect(route?.spec.pathMode).to.equal(mode);
    });
  }

  it('keeps the route of a task marked by another router, with a refusal', () => {
    const mark = aMark({ router: 'other' });
    const [step] = planTaskRoutes(facts({ mark, observed: SERVED }));

    expect(step).to.have.property('step', 'updateRoute');
    expect(step).to.have.nested.property('route.spec.refusal.reason', 'OwnedByAnotherRouter');
    expect(step).not.to.have.nested.property('route.spec.target');
  });

  it('refuses an endpoint whose address another one of the task has, beside that one', () => {
    const slug = endpointSlug('My API');
    const requests = [aRequest({ name: 'My API' }), aRequest({ name: slug })];
    const [first, second, ...none] = desired(facts({ requests }));

    expect(none).to.deep.equal([]);
    expect(first?.name).to.equal(`${TASK_ID}--${slug}.http`);
    expect(first?.spec.refusal).to.equal(undefined);
    expect(second?.name).not.to.equal(first?.name);
    expect(second?.spec).to.include({ endpointName: slug }).and.not.have.property('target');
    expect(second?.spec.refusal?.reason).to.equal('NameConflict');
    expect(second?.spec.refusal?.message).to.contain('"My API"');
    expect(planTaskRoutes(facts({ requests, observed: [first!, second!] }))).to.deep.equal([]);
  });

  it('lets no refused endpoint take the name of one that is served', () => {
    const slug = endpointSlug('My API');
    const taken = conflictRouteName({ task: TASK_ID, protocol: 'http', endpointName: slug })
      .slice(`${TASK_ID}--`.length)
      .replace('.http', '');
    const requests = [{ name: taken }, { name: 'My API' }, { name: slug }].map((request) =>
      aRequest(request),
    );
    const routes = desired(facts({ requests }));

    expect(routes.filter(({ spec }) => spec.refusal === undefined)).to.have.length(2);
    expect(new Set(routes.map(({ name }) => name)).size).to.equal(routes.length);
  });

  it('makes one route of two names that cannot be told apart', () => {
    const requests = [aRequest(), aRequest({ target: { address: '192.0.2.9', port: 1 } })];

    expect(planTaskRoutes(facts({ requests }))).to.have.length(1);
  });

  it('cuts a long name of a task', () => {
    const [route] = desired(facts({ task: aTask({ name: 'x'.repeat(5_000) }) }));

    expect(route?.spec.task.name).to.have.length(256);
  });

  it('is empty when its steps have been taken', () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        expect(planTaskRoutes({ ...given, observed: desired(given) })).to.deep.equal([]);
      }),
    );
  });

  it('leads to the same routes from wherever it starts', () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        if (given.serves === 'unknown') return;
        const scratch = desired({ ...given, observed: [] });

        expect(byName(desired(given))).to.deep.equal(byName(scratch));
      }),
    );
  });

  it('removes nothing while nothing is known', () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        expect(planTaskRoutes({ ...given, task: undefined })).to.deep.equal([]);
      }),
    );
  });
});

describe('ownershipRefusal', () => {
  for (const [what, mark, router, reason] of [
    ['a task without a mark', undefined, {}, undefined],
    ['its own', aMark(), {}, undefined],
    [
      'its own from before its settings changed',
      aMark({ instance: 'i0' }),
      { formerInstances: ['i0'] },
      undefined,
    ],
    ["another router's", aMark({ router: 'other' }), {}, 'OwnedByAnotherRouter'],
    ["a retired router's that it adopts", aMark({ router: 'old' }), { takeOver: 'old' }, undefined],
    [
      'another installation under its own name',
      aMark({ instance: 'x' }),
      {},
      'DuplicateRouterName',
    ],
    ['that one when told to adopt it', aMark({ instance: 'x' }), { takeOver: 'gw' }, undefined],
  ] as const) {
    it(`says ${reason ?? 'nothing'} of ${what}`, () => {
      expect(ownershipRefusal(aRouter(router), mark)?.reason).to.equal(reason);
    });
  }

  it('shows a hostile router name as plain text', () => {
    const mark = aMark({ router: `\u001b[31m\n${'x'.repeat(500)}` });
    const message = ownershipRefusal(aRouter(), mark)?.message ?? '';

    expect(message).to.match(/^[\x20-\x7e]*$/);
    expect(message.length).to.be.below(400);
  });
});

function byName(routes: readonly RouteIntent[]): readonly RouteIntent[] {
  return routes.toSorted((left, right) => (left.name < right.name ? -1 : 1));
}
