import { expect } from 'chai';
import { liveness, readiness, type HealthState } from '../../../src/telemetry/health.ts';

function aState(overrides: Partial<HealthState> = {}): HealthState {
  return {
    storeUsable: true,
    channelOpen: true,
    stuckControllers: [],
    tableLoaded: true,
    clearmlReachable: true,
    proxies: { connected: 1, complete: 1 },
    ...overrides,
  };
}

describe('readiness', () => {
  it('is good when users can be served', () => {
    expect(readiness(aState()).status).to.equal(200);
  });

  const TROUBLES: readonly (readonly [name: string, overrides: Partial<HealthState>])[] = [
    ['store', { storeUsable: false }],
    ['controllers', { stuckControllers: ['upstreams'] }],
    ['channel', { channelOpen: false }],
    ['table', { tableLoaded: false }],
    ['proxies', { proxies: { connected: 1, complete: 0 } }],
  ];
  for (const [name, overrides] of TROUBLES) {
    it(`fails and names ${name}`, () => {
      const answer = readiness(aState(overrides));

      expect(answer.status).to.equal(503);
      expect(answer.text).to.match(new RegExp(`^\\[-\\] ${name}: .+$`, 'm'));
    });
  }

  it('notes that ClearML is away and stays good', () => {
    const answer = readiness(aState({ clearmlReachable: false }));

    expect(answer.status).to.equal(200);
    expect(answer.text).to.include('[!] clearml: ');
  });

  it('notes a state that cannot be written and stays good: routes go on', () => {
    const answer = readiness(aState({ storeProblem: '/state/clearway.db: the disk is full' }));

    expect(answer.status).to.equal(200);
    expect(answer.text).to.include(
      '[!] state: new routes wait: /state/clearway.db: the disk is full\n',
    );
  });
});

describe('liveness', () => {
  it('does not ask for a restart because of the outside world', () => {
    const state = aState({
      tableLoaded: false,
      clearmlReachable: false,
      proxies: { connected: 0, complete: 0 },
    });

    expect(liveness(state).status).to.equal(200);
  });

  it('fails when a controller makes no progress', () => {
    expect(liveness(aState({ stuckControllers: ['publication'] })).status).to.equal(503);
  });
});
