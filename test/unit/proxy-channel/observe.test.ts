import { expect } from 'chai';
import type { PollReport } from '../../../src/proxy/channel-format.ts';
import { acknowledgedBy, heldBy, hostOf, sameProxies } from '../../../src/proxy/observe.ts';
import { WorkerRegistry } from '../../../src/proxy/worker-registry.ts';

function aReport(overrides: Partial<PollReport> = {}): PollReport {
  return {
    proxy: 'p',
    pid: 100 + (overrides.worker ?? 0),
    worker: 0,
    workers: 2,
    revision: 'r1',
    generation: 1,
    ports: [30_000, 30_001],
    exiting: false,
    ...overrides,
  };
}

/** A registry in which these polls began and ended at time 0. */
function registryOf(...polls: readonly (readonly [Partial<PollReport>, number])[]): WorkerRegistry {
  const registry = new WorkerRegistry();
  for (const [overrides, acknowledged] of polls) {
    const report = aReport(overrides);
    registry.pollBegan(report, acknowledged, 0);
    registry.pollEnded(report, 0);
  }
  return registry;
}

describe('WorkerRegistry', () => {
  it('calls a set complete when all its workers are live', () => {
    const one = registryOf([{ worker: 0 }, 5]).proxies(0);
    const both = registryOf([{ worker: 0 }, 5], [{ worker: 1 }, 4]).proxies(0);

    expect(one).to.have.length(1);
    expect(one[0]).to.include({ complete: false, liveWorkers: 1, workers: 2 });
    expect(both[0]).to.include({
      complete: true,
      liveWorkers: 2,
      generation: 4,
      configRevision: 'r1',
    });
  });

  it('keeps a worker live for ten seconds after its last poll, and while a poll is open', () => {
    const registry = registryOf([{ worker: 0 }, 5]);
    registry.pollBegan(aReport({ worker: 1 }), 5, 0);

    expect(registry.proxies(10_000)[0]).to.include({ complete: true });
    expect(registry.proxies(10_001)[0]).to.include({ complete: false, liveWorkers: 1 });
    registry.pollEnded(aReport({ worker: 1 }), 11_000);
    expect(registry.proxies(21_001)).to.deep.equal([]);
  });

  it('goes by the workers of the revision that came last', () => {
    const registry = registryOf(
      [{ worker: 0 }, 5],
      [{ worker: 1 }, 5],
      [{ worker: 0, pid: 200, revision: 'r2' }, 6],
    );

    expect(registry.proxies(0)[0]).to.include({
      configRevision: 'r2',
      complete: false,
      liveWorkers: 1,
      generation: 6,
    });
  });

  it('does not count workers that are exiting', () => {
    const registry = registryOf([{ worker: 0, workers: 1 }, 5]);
    registry.pollBegan(aReport({ worker: 0, workers: 1, pid: 99, exiting: true }), 1, 0);

    expect(registry.proxies(0)[0]).to.include({ complete: true, generation: 5, liveWorkers: 1 });
  });

  it('shows a proxy whose workers are all exiting as incomplete', () => {
    const registry = registryOf([{ workers: 1, exiting: true }, 5]);

    expect(registry.proxies(0)[0]).to.include({ complete: false, liveWorkers: 0, generation: 0 });
  });

  it('lets the process that took a worker number replace the one before', () => {
    const registry = registryOf(
      [{ worker: 0 }, 1],
      [{ worker: 1 }, 5],
      [{ worker: 0, pid: 300 }, 5],
    );

    expect(registry.proxies(0)[0]).to.include({ complete: true, liveWorkers: 2, generation: 5 });
  });

  it('holds only the ports that every live worker of the set reports', () => {
    const registry = registryOf([{ worker: 0 }, 5], [{ worker: 1, ports: [30_001, 30_002] }, 5]);

    expect(registry.proxies(0)[0]?.heldPorts).to.deep.equal([30_001]);
  });

  it('shows a proxy of another format until it is silent or polls in one of ours', () => {
    const registry = new WorkerRegistry();

    expect(registry.refused('q', 9, 0)).to.equal(true);
    expect(registry.refused('q', 9, 1)).to.equal(false);
    expect(registry.proxies(1)[0]).to.include({ id: 'q', complete: false, unsupportedFormat: 9 });
    registry.pollBegan(aReport({ proxy: 'q' }), 0, 2);
    expect(registry.proxies(2)).to.have.length(1);
    expect(registry.proxies(2)[0]).to.not.have.property('unsupportedFormat');
    registry.refused('r', 9, 2);
    expect(registry.proxies(10_003).map(({ id }) => id)).to.deep.equal(['q']);
  });
});

describe('acknowledgedBy', () => {
  it('is the lowest generation of the complete sets, and 0 without one', () => {
    const registry = registryOf(
      [{ proxy: 'a', workers: 1 }, 7],
      [{ proxy: 'b', workers: 1 }, 9],
      [{ proxy: 'c', workers: 2 }, 2],
    );

    expect(acknowledgedBy(registry.proxies(0))).to.equal(7);
    expect(acknowledgedBy(registryOf([{ workers: 2 }, 7]).proxies(0))).to.equal(0);
    expect(acknowledgedBy([])).to.equal(0);
  });
});

describe('heldBy', () => {
  it('has the ports of complete sets only', () => {
    const registry = registryOf(
      [{ proxy: 'a', workers: 1, ports: [1] }, 7],
      [{ proxy: 'b', workers: 2, ports: [2] }, 7],
    );

    expect([...heldBy(registry.proxies(0))]).to.deep.equal([1]);
  });
});

describe('hostOf', () => {
  const one = { addresses: ['192.0.2.7', '172.18.0.1'], bridges: ['172.18.0.0/16'] };
  const other = { addresses: ['192.0.2.8', '172.18.0.1'], bridges: [] };

  it('is unknown until a proxy in one of our formats polled', () => {
    const registry = new WorkerRegistry();
    registry.refused('q', 9, 0);

    expect(hostOf(registry.proxies(0))).to.equal(undefined);
  });

  it('is empty for a proxy that does not say', () => {
    const proxies = registryOf([{}, 5]).proxies(0);

    expect(hostOf(proxies)).to.deep.equal({ addresses: [], bridges: [] });
  });

  it('puts together what the proxies say', () => {
    const proxies = registryOf(
      [{ host: one }, 5],
      [{ proxy: 'q', pid: 7, host: other }, 5],
    ).proxies(0);

    expect(hostOf(proxies)).to.deep.equal({
      addresses: ['172.18.0.1', '192.0.2.7', '192.0.2.8'],
      bridges: ['172.18.0.0/16'],
    });
  });

  it('makes a difference between two looks', () => {
    const [before, same, after] = [one, { ...one }, other].map((host) =>
      registryOf([{ host }, 5]).proxies(0),
    );

    expect(sameProxies(before ?? [], same ?? [])).to.equal(true);
    expect(sameProxies(before ?? [], after ?? [])).to.equal(false);
    expect(sameProxies(before ?? [], registryOf([{}, 5]).proxies(0))).to.equal(false);
  });
});
