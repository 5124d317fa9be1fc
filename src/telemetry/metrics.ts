import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import {
  boundApiResource,
  boundApiVerb,
  boundEndpoint,
  CLEARML_OUTCOMES,
  CONTROLLERS,
  CREDENTIAL_KINDS,
  LEASE_STATES,
  VERDICTS,
} from './labels.ts';
import type {
  ClearmlOutcome,
  ControllerName,
  CredentialLabel,
  LeaseState,
  RouteState,
  VerdictLabel,
} from './labels.ts';

/** Numbers of TaskRoutes by protocol and state; what is absent is zero. */
export type RouteCounts = Readonly<
  Record<'http' | 'tcp', Readonly<Partial<Record<RouteState, number>>>>
>;

/** What the router counts and measures; every label has a bounded set of values. */
export interface Metrics {
  readonly registry: Registry;
  /** A reconcile ended. */
  reconciled(controller: ControllerName, outcome: 'ok' | 'error', seconds: number): void;
  /** Keys that wait in the queue of a controller. */
  setQueueDepth(controller: ControllerName, depth: number): void;
  /** A call of the ClearML API ended; endpoints that are not known count as `other`. */
  clearmlCalled(endpoint: string, outcome: ClearmlOutcome, seconds: number): void;
  /** A complete pass over the tasks ended. */
  fullPassEnded(nowMs: number): void;
  setRoutes(counts: RouteCounts): void;
  setLeases(counts: Readonly<Record<LeaseState, number>>): void;
  /** The route table: what the router made, and what every complete worker set acknowledged. */
  setTable(table: { readonly generation: number; readonly acknowledged: number }): void;
  setProxies(proxies: { readonly connected: number; readonly complete: number }): void;
  /** A snapshot of the table was written, or could not be. */
  snapshotWritten(outcome: 'ok' | 'error'): void;
  /** A request to the resource API was answered; what it is about is bounded here. */
  apiAnswered(answer: ApiAnswerFacts): void;
  /** An access decision was made for a proxy. */
  accessDecided(kind: CredentialLabel, verdict: VerdictLabel): void;
}

/** A request to the resource API, and how it was answered. */
export interface ApiAnswerFacts {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  /** True for a watch. */
  readonly isStream: boolean;
}

const CALL_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const RECONCILE_SECONDS = [0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30];

/** Makes the metrics of one router, in a registry of their own. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  return {
    registry,
    ...controllerMetrics(registry),
    ...clearmlMetrics(registry),
    ...resourceMetrics(registry),
    ...proxyMetrics(registry),
    ...apiMetrics(registry),
  };
}

/** Adds what prom-client knows of the process (`process_*`, `nodejs_*`): memory, CPU, event loop. */
export function collectProcessMetrics({ registry }: Metrics): void {
  collectDefaultMetrics({ register: registry });
}

function controllerMetrics(registry: Registry): Pick<Metrics, 'reconciled' | 'setQueueDepth'> {
  const registers = [registry];
  const reconciles = new Counter({
    name: 'clearway_reconciles_total',
    help: 'Reconciles that ended, by controller and outcome (ok, error).',
    labelNames: ['controller', 'outcome'],
    registers,
  });
  const duration = new Histogram({
    name: 'clearway_reconcile_duration_seconds',
    help: 'How long reconciles took, by controller.',
    labelNames: ['controller'],
    buckets: RECONCILE_SECONDS,
    registers,
  });
  const depth = new Gauge({
    name: 'clearway_queue_depth',
    help: 'Keys that wait in the queue of a controller.',
    labelNames: ['controller'],
    registers,
  });
  for (const controller of CONTROLLERS) {
    depth.set({ controller }, 0);
    for (const outcome of ['ok', 'error']) reconciles.inc({ controller, outcome }, 0);
  }
  return {
    reconciled: (controller, outcome, seconds) => {
      reconciles.inc({ controller, outcome });
      duration.observe({ controller }, seconds);
    },
    setQueueDepth: (controller, keys) => depth.set({ controller }, keys),
  };
}

function clearmlMetrics(registry: Registry): Pick<Metrics, 'clearmlCalled' | 'fullPassEnded'> {
  const registers = [registry];
  const calls = new Counter({
    name: 'clearway_clearml_calls_total',
    help: `Calls of the ClearML API, by endpoint and outcome (${CLEARML_OUTCOMES.join(', ')}).`,
    labelNames: ['endpoint', 'outcome'],
    registers,
  });
  const duration = new Histogram({
    name: 'clearway_clearml_call_duration_seconds',
    help: 'How long calls of the ClearML API took, by endpoint.',
    labelNames: ['endpoint'],
    buckets: CALL_SECONDS,
    registers,
  });
  const lastPass = new Gauge({
    name: 'clearway_full_pass_timestamp_seconds',
    help: 'Unix time at which the last complete pass over the tasks ended; 0 before the first.',
    registers,
  });
  return {
    clearmlCalled: (name, outcome, seconds) => {
      const endpoint = boundEndpoint(name);
      calls.inc({ endpoint, outcome });
      duration.observe({ endpoint }, seconds);
    },
    fullPassEnded: (nowMs) => lastPass.set(nowMs / 1000),
  };
}

function resourceMetrics(registry: Registry): Pick<Metrics, 'setRoutes' | 'setLeases'> {
  const registers = [registry];
  const routes = new Gauge({
    name: 'clearway_routes',
    help: 'TaskRoutes, by protocol and state (ready, pending, refused).',
    labelNames: ['protocol', 'state'],
    registers,
  });
  const leases = new Gauge({
    name: 'clearway_port_leases',
    help: 'TCP ports of the router, by state (held, resting, free, busy).',
    labelNames: ['state'],
    registers,
  });
  const setRoutes = (counts: RouteCounts): void => {
    for (const protocol of ['http', 'tcp'] as const) {
      for (const state of ['ready', 'pending', 'refused'] as const) {
        routes.set({ protocol, state }, counts[protocol][state] ?? 0);
      }
    }
  };
  const setLeases = (counts: Readonly<Record<LeaseState, number>>): void => {
    for (const state of LEASE_STATES) leases.set({ state }, counts[state]);
  };
  setRoutes({ http: {}, tcp: {} });
  setLeases({ held: 0, resting: 0, free: 0, busy: 0 });
  return { setRoutes, setLeases };
}

function proxyMetrics(
  registry: Registry,
): Pick<Metrics, 'setTable' | 'setProxies' | 'snapshotWritten' | 'accessDecided'> {
  const registers = [registry];
  const generation = new Gauge({
    name: 'clearway_table_generation',
    help: 'Generation of the route table.',
    registers,
  });
  const acknowledged = new Gauge({
    name: 'clearway_table_acknowledged_generation',
    help: 'Lowest generation that every complete worker set acknowledged; 0 without such a set.',
    registers,
  });
  const proxies = new Gauge({
    name: 'clearway_proxies',
    help: 'Proxies, by state: connected counts all, complete those with all of their workers.',
    labelNames: ['state'],
    registers,
  });
  const snapshots = new Counter({
    name: 'clearway_snapshot_writes_total',
    help: 'Writes of the snapshot of the route table, by outcome (ok, error).',
    labelNames: ['outcome'],
    registers,
  });
  const decisions = new Counter({
    name: 'clearway_access_decisions_total',
    help: `Access decisions made for proxies, by kind of credential (${CREDENTIAL_KINDS.join(', ')}) and verdict (${VERDICTS.join(', ')}).`,
    labelNames: ['kind', 'verdict'],
    registers,
  });
  for (const outcome of ['ok', 'error']) snapshots.inc({ outcome }, 0);
  for (const kind of CREDENTIAL_KINDS) {
    for (const verdict of VERDICTS) decisions.inc({ kind, verdict }, 0);
  }
  return {
    setTable: (table) => {
      generation.set(table.generation);
      acknowledged.set(table.acknowledged);
    },
    setProxies: ({ connected, complete }) => {
      proxies.set({ state: 'connected' }, connected);
      proxies.set({ state: 'complete' }, complete);
    },
    snapshotWritten: (outcome) => snapshots.inc({ outcome }),
    accessDecided: (kind, verdict) => decisions.inc({ kind, verdict }),
  };
}

function apiMetrics(registry: Registry): Pick<Metrics, 'apiAnswered'> {
  const requests = new Counter({
    name: 'clearway_api_requests_total',
    help: 'Requests to the resource API that were answered, by verb (watch counts when it begins), resource and status code.',
    labelNames: ['verb', 'resource', 'code'],
    registers: [registry],
  });
  return {
    apiAnswered: ({ method, path, status, isStream }) => {
      const verb = boundApiVerb(method, isStream);
      requests.inc({ verb, resource: boundApiResource(path), code: String(status) });
    },
  };
}
