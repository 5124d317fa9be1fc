import { expect } from 'chai';
import fc from 'fast-check';
import {
  isEmptyPatch,
  publishPatch,
  withdrawPatch,
  type Patch,
  type PublicationFacts,
  type PublishedEndpoint,
} from '../../../src/domain/plan-publication.ts';
import { MARK_KEY, parseMark } from '../../../src/domain/marks.ts';
import type { TaskView } from '../../../src/domain/task-view.ts';
import { TASK_ID, aMarkText, aTask } from '../../support/builders.ts';

const OWNER = { router: 'gw', instance: 'i1' };
const URL = `https://gw.example/service/${TASK_ID}/`;

function http(endpointName = ''): PublishedEndpoint {
  const url = endpointName === '' ? URL : `https://gw.example/service/${TASK_ID}--${endpointName}/`;
  return { protocol: 'http', endpointName, url };
}

function tcp(
  overrides: Partial<Extract<PublishedEndpoint, { protocol: 'tcp' }>> = {},
): PublishedEndpoint {
  return {
    protocol: 'tcp',
    endpointName: '',
    address: 'tcp.example',
    port: 30_000,
    target: { address: '172.17.0.3', port: 10_022 },
    ...overrides,
  };
}

function facts(...served: readonly PublishedEndpoint[]): PublicationFacts {
  return { owner: OWNER, served, withdrawn: [], known: served, asked: served };
}

/** The task after a write. */
function apply(task: TaskView, patch: Patch): TaskView {
  const kept = Object.entries(task.runtime).filter(([key]) => !patch.remove.includes(key));
  return { ...task, runtime: { ...Object.fromEntries(kept), ...patch.set } };
}

const anyName = fc.constantFrom('', 'api', 'My API', 'a__b');
const anyServed: fc.Arbitrary<readonly PublishedEndpoint[]> = fc
  .uniqueArray(
    fc.record({
      name: anyName,
      protocol: fc.constantFrom('http', 'tcp'),
      port: fc.integer({ min: 1, max: 65_535 }),
    }),
    { selector: ({ name, protocol }) => `${protocol} ${name}` },
  )
  .map((list) =>
    list.map(({ name, protocol, port }) =>
      protocol === 'http' ? http(name) : tcp({ endpointName: name, port }),
    ),
  );
const anyRuntime = fc
  .dictionary(
    fc.constantFrom(
      '_PORT',
      '_SERVICE',
      'hostname',
      'external_address',
      'external_tcp_port',
      'upstream_task_port',
      'endpoint',
      'clearway',
      'user key',
    ),
    fc.oneof(fc.string(), fc.integer(), fc.constant(URL)),
  )
  .map((runtime) => ({ ...runtime }));

describe('publishPatch', () => {
  it('writes the two URLs of an http endpoint, and the mark', () => {
    expect(publishPatch(aTask(), facts(http()))).to.deep.equal({
      set: { endpoint: URL, browser_endpoint: URL, clearway: aMarkText() },
      remove: [],
    });
  });

  it('writes the three keys of a tcp endpoint, and what they replaced into the mark', () => {
    expect(publishPatch(aTask(), facts(tcp())).set).to.deep.equal({
      external_address: 'tcp.example',
      external_tcp_port: 30_000,
      upstream_task_port: 10_022,
      clearway: aMarkText({ upstreams: { 'tcp:': '172.17.0.3:10022' } }),
    });
  });

  it('writes named endpoints under their names', () => {
    const { set } = publishPatch(aTask(), facts(http('api')));

    expect(set).to.include.keys('endpoint__api', 'browser_endpoint__api');
  });

  it('writes only what differs', () => {
    const task = apply(aTask(), publishPatch(aTask(), facts(http())));
    const clobbered = { ...task, runtime: { ...task.runtime, endpoint: 'http://other' } };

    expect(publishPatch(clobbered, facts(http()))).to.deep.equal({
      set: { endpoint: URL },
      remove: [],
    });
  });

  it('writes nothing before any endpoint is served, whatever stands there from an earlier run', () => {
    const task = apply(aTask(), publishPatch(aTask(), facts(http(), http('api'))));

    expect(
      isEmptyPatch(publishPatch(task, { ...facts(), known: [http()], asked: [http()] })),
    ).to.equal(true);
  });

  it('keeps what was published of an endpoint that is not served now', () => {
    const task = apply(aTask(), publishPatch(aTask(), facts(http(), http('api'), tcp())));
    const now = {
      ...facts(http()),
      withdrawn: [],
      known: [http(), http('api'), tcp()],
      asked: [http(), http('api'), tcp()],
    };

    expect(isEmptyPatch(publishPatch(task, now))).to.equal(true);
  });

  it('removes the URLs of an endpoint that the task asks for no more', () => {
    const task = apply(aTask(), publishPatch(aTask(), facts(http(), http('api'))));

    expect(publishPatch(task, facts(http()))).to.deep.equal({
      set: {},
      remove: ['endpoint__api', 'browser_endpoint__api'],
    });
  });

  it('leaves an endpoint key alone that no router wrote', () => {
    const task = aTask({ runtime: { endpoint__x: 'http://app.example/', endpoint__y: 5 } });

    expect(publishPatch(task, facts(http())).remove).to.deep.equal([]);
  });

  it('remembers what was replaced of a refused endpoint that the task still asks for', () => {
    const task = apply(aTask(), publishPatch(aTask(), facts(http(), tcp())));
    const patch = publishPatch(task, { ...facts(http()), asked: [http(), tcp()] });

    expect(patch.set['clearway']).to.equal(undefined);
  });

  it('is empty when it has been written', () => {
    fc.assert(
      fc.property(anyRuntime, anyServed, (runtime, served) => {
        const task = aTask({ runtime });
        const after = apply(task, publishPatch(task, facts(...served)));

        expect(isEmptyPatch(publishPatch(after, facts(...served)))).to.equal(true);
      }),
    );
  });

  it('touches no key that it does not know', () => {
    fc.assert(
      fc.property(anyRuntime, anyServed, (runtime, served) => {
        const { set, remove } = publishPatch(aTask({ runtime }), facts(...served));

        for (const key of [...Object.keys(set), ...remove]) {
          expect(key).to.match(/^(clearway$|(browser_)?endpoint|external_|upstream_task_port)/);
        }
        expect(remove.filter((key) => key in set)).to.deep.equal([]);
      }),
    );
  });
});

describe('publishPatch of tcp that was switched off', () => {
  const runtime = { external_address: '172.17.0.3', external_tcp_port: 10_022 };
  const shown = apply(aTask({ runtime }), publishPatch(aTask({ runtime }), facts(tcp())));
  const off: PublicationFacts = { ...facts(), asked: [tcp()], withdrawn: [''] };

  it('brings back what the task had written, and says so in the mark', () => {
    const back = apply(shown, publishPatch(shown, off));

    const { [MARK_KEY]: mark, ...rest } = back.runtime;
    expect(rest).to.deep.equal(runtime);
    expect(parseMark(mark)).to.deep.include({ router: OWNER.router, upstreams: {} });
    expect(publishPatch(back, { ...off, withdrawn: [] })).to.deep.equal({ set: {}, remove: [] });
  });

  it('leaves the http endpoints of the task as they are', () => {
    const both = apply(shown, publishPatch(shown, facts(http('api'), tcp())));
    const back = apply(both, publishPatch(both, { ...facts(http('api')), withdrawn: [''] }));

    expect(back.runtime).to.include(runtime);
    expect(back.runtime).to.have.property('endpoint__api');
    expect(back.runtime).not.to.have.property('upstream_task_port');
  });
});

describe('withdrawPatch', () => {
  it('restores what our tcp addresses replaced, and removes the rest', () => {
    const before = aTask({
      runtime: { external_address: '172.17.0.3', external_tcp_port: 10_022 },
    });
    const task = apply(before, publishPatch(before, facts(tcp(), http())));

    expect(apply(task, withdrawPatch(task, OWNER, true)).runtime).to.deep.equal(before.runtime);
  });

  it('removes our tcp address where the task had given none of its own', () => {
    const target = { address: '', port: 10_022 };
    const task = apply(aTask({ runtime: {} }), publishPatch(aTask(), facts(tcp({ target }))));

    expect(apply(task, withdrawPatch(task, OWNER, true)).runtime).to.deep.equal({});
  });

  it('gives a task that took its own tcp keys away nothing back', () => {
    const published = apply(aTask(), publishPatch(aTask(), facts(tcp())));
    const task = apply(published, { set: {}, remove: ['external_address', 'external_tcp_port'] });

    expect(withdrawPatch(task, OWNER, false)).to.deep.equal({ set: {}, remove: ['clearway'] });
  });

  it('leaves the marks of other routers and all that belongs to them', () => {
    const task = aTask({ runtime: { endpoint: URL, clearway: aMarkText({ router: 'other' }) } });

    expect(isEmptyPatch(withdrawPatch(task, OWNER, true))).to.equal(true);
  });

  it('does nothing to a task without a mark, whatever the task wrote', () => {
    const runtimes = [{ endpoint: URL }, { endpoint: URL, clearway: 'nonsense' }, {}];

    for (const runtime of runtimes) {
      expect(isEmptyPatch(withdrawPatch(aTask({ runtime }), OWNER, true))).to.equal(true);
    }
  });

  it('survives a mark that somebody made up', () => {
    const upstreams = {
      'tcp:': 'no address',
      'tcp:x': '',
      'tcp:y': '1.2.3.4:99999',
      other: '1.2.3.4:5',
    };
    const patch = withdrawPatch(
      aTask({ runtime: { clearway: aMarkText({ upstreams }) } }),
      OWNER,
      true,
    );

    expect(patch).to.deep.equal({ set: {}, remove: ['clearway'] });
  });

  it('is empty when it has been written, and undoes any publication', () => {
    fc.assert(
      fc.property(anyServed, (served) => {
        const task = apply(aTask(), publishPatch(aTask(), facts(...served)));
        const after = apply(task, withdrawPatch(task, OWNER, true));

        expect(isEmptyPatch(withdrawPatch(after, OWNER, true))).to.equal(true);
        expect(parseMark(after.runtime['clearway'])).to.equal(undefined);
        expect(Object.keys(after.runtime).filter((key) => key.includes('endpoint'))).to.deep.equal(
          [],
        );
        expect(after.runtime).to.include(aTask().runtime);
      }),
    );
  });
});
