import { expect } from 'chai';
import { createMetrics } from '../../../src/telemetry/metrics.ts';

describe('createMetrics', () => {
  it('counts reconciles and calls by labels', async () => {
    const metrics = createMetrics();

    metrics.reconciled('task-routes', 'error', 0.2);
    metrics.clearmlCalled('tasks.get_all_ex', 'ok', 0.1);
    metrics.setRoutes({ http: { ready: 3 }, tcp: { refused: 1 } });
    metrics.setLeases({ held: 1, resting: 2, free: 3, busy: 4 });
    metrics.setTable({ generation: 7, acknowledged: 6 });
    metrics.setProxies({ connected: 2, complete: 1 });
    metrics.setQueueDepth('upstreams', 5);
    metrics.snapshotWritten('ok');
    metrics.accessDecided('basic', 'throttled');
    metrics.fullPassEnded(12_000);

    const text = await metrics.registry.metrics();
    for (const line of [
      'clearway_reconciles_total{controller="task-routes",outcome="error"} 1',
      'clearway_clearml_calls_total{endpoint="tasks.get_all_ex",outcome="ok"} 1',
      'clearway_routes{protocol="http",state="ready"} 3',
      'clearway_routes{protocol="tcp",state="ready"} 0',
      'clearway_port_leases{state="resting"} 2',
      'clearway_table_generation 7',
      'clearway_table_acknowledged_generation 6',
      'clearway_proxies{state="complete"} 1',
      'clearway_queue_depth{controller="upstreams"} 5',
      'clearway_snapshot_writes_total{outcome="ok"} 1',
      'clearway_access_decisions_total{kind="basic",verdict="throttled"} 1',
      'clearway_access_decisions_total{kind="session",verdict="allow"} 0',
      'clearway_full_pass_timestamp_seconds 12',
    ]) {
      expect(text.split('\n')).to.include(line);
    }
  });

  it('keeps the label of an endpoint bounded', async () => {
    const metrics = createMetrics();

    for (let index = 0; index < 100; index++) {
      metrics.clearmlCalled(`tasks.made_up_${String(index)}`, 'refused', 0.1);
    }

    const text = await metrics.registry.metrics();
    expect(text).to.include('clearway_clearml_calls_total{endpoint="other",outcome="refused"} 100');
    expect(text).not.to.include('made_up');
  });

  it('names every metric clearway_ and shares nothing between registries', async () => {
    const [one, two] = [createMetrics(), createMetrics()];

    one.snapshotWritten('error');

    const names = (await one.registry.getMetricsAsJSON()).map(({ name }) => name);
    expect(names.filter((name) => !name.startsWith('clearway_'))).to.deep.equal([]);
    expect(await two.registry.metrics()).to.include(
      'clearway_snapshot_writes_total{outcome="error"} 0',
    );
  });
});
