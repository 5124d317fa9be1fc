import type { DestinationStream, Logger } from 'pino';
import { AdminServer } from '../api/admin-server.ts';
import { systemClock } from '../clock.ts';
import { makeController, type Controller } from '../controllers/controller.ts';
import { ensureRouter } from '../controllers/router-status.ts';
import { DockerEngine } from '../docker/engine.ts';
import { EngineClient } from '../docker/engine-client.ts';
import { routerObjectName } from '../domain/route-name.ts';
import { ProxyDataPlane } from '../proxy/data-plane.ts';
import { PROXY_GROUP, nginxFolder } from '../proxy/folder.ts';
import { proxyConfig } from '../proxy/proxy-config.ts';
import { makeRenderer, readTemplates, writeProxyFiles } from '../proxy/render.ts';
import type { Settings } from '../settings.ts';
import { openSqliteStore, type SqliteStore } from '../store/sqlite-store.ts';
import { liveness, readiness, type HealthState } from '../telemetry/health.ts';
import type { ControllerName } from '../telemetry/labels.ts';
import { createLogger } from '../telemetry/logger.ts';
import { collectProcessMetrics, createMetrics } from '../telemetry/metrics.ts';
import { makeAccess } from './access.ts';
import { connectClearml } from './clearml.ts';
import { controllersOf } from './controllers.ts';
import { heldTasks } from './held-tasks.ts';
import { informersOf } from './informers.ts';
import { identifyInstance } from './instance.ts';
import { Milestone } from './milestone.ts';
import { openPages } from './pages.ts';
import { resolveHost } from './name-lookup.ts';
import { serveResourceApi } from './resource-api.ts';
import { warnOfRouteHosts } from './route-hosts.ts';
import { settle } from './settle.ts';
import { storeHealth, warnOfLoss } from './store-health.ts';
import type { RouterParts } from './parts.ts';
import { countProxies, readGauges } from './telemetry.ts';

/** What a router process is made of. */
export interface RouterOptions {
  readonly settings: Settings;
  readonly version: string;
  /** Folder of the templates. */
  readonly templates: string;
  readonly newUid: () => string;
  /** From 0 up to 1. */
  readonly random: () => number;
  /** Where log lines go. */
  readonly destination: DestinationStream;
}

/** No piece of work takes longer: its calls have time-outs. */
const STUCK_MS = 120_000;
const ENGINE_PATIENCE_MS = 3_000;

/**
 * Runs a router until the signal aborts.
 *
 * @throws OperatorError of outcome `fatal`: state folder locked or unusable, nginx folder unusable
 */
export async function runRouter(options: RouterOptions, signal: AbortSignal): Promise<void> {
  const { settings, destination } = options;
  const logger = createLogger({
    level: settings.logLevel,
    router: settings.router.name,
    destination,
  });
  const clock = systemClock;
  const store = openSqliteStore({
    folder: settings.folders.state,
    namespace: settings.router.namespace,
    clock,
    newUid: options.newUid,
  });
  const stop = new AbortController();
  const scope = AbortSignal.any([signal, stop.signal]);
  const parts = makeParts(options, store, logger);
  try {
    logger.info({ version: options.version, instance: parts.instance.id }, 'router starting');
    warnOfLoss(store, settings.folders.state, logger);
    void warnOfRouteHosts(parts, resolveHost, scope);
    await openDataPlane(options, parts, scope);
    void serveResourceApi({ ...parts, newUid: options.newUid }, scope);
    await converge(parts, scope);
  } finally {
    stop.abort();
    await parts.dataPlane.close();
    await parts.clearml.client.close();
    store.close();
    logger.info('router stopped');
  }
}

function makeParts(options: RouterOptions, store: SqliteStore, logger: Logger): RouterParts {
  const { settings, version, random } = options;
  const clock = systemClock;
  const metrics = createMetrics();
  collectProcessMetrics(metrics);
  const onError = (error: unknown): void =>
    logger.warn({ err: error }, 'watching the store failed');
  const { routes, pools, statics } = informersOf({ store, clock, onError });
  const held = heldTasks(routes);
  const clearml = connectClearml({ settings, clock, random, held, metrics });
  const { client } = clearml;
  const wires = { settings, clock, logger, metrics, store, client };
  const access = makeAccess({ ...wires, dataPlane: () => dataPlane });
  const dataPlane = new ProxyDataPlane({
    folder: settings.folders.nginx,
    group: PROXY_GROUP,
    clock,
    logger,
    decider: access.decider,
    freshSeconds: settings.auth.freshSeconds,
    usableSeconds: settings.auth.usableSeconds,
    onSnapshot: (outcome) => metrics.snapshotWritten(outcome),
  });
  const engine = new EngineClient({ socketPath: settings.dockerSocket });
  return {
    settings,
    version,
    random,
    clock,
    logger,
    metrics,
    store,
    instance: identifyInstance(settings, store),
    name: routerObjectName(settings.router.name),
    routes,
    pools,
    statics,
    clearml,
    access,
    engine: new DockerEngine({ client: engine, clock, log: logger }),
    dataPlane,
    known: new Milestone(),
    completed: new Milestone(),
  };
}

/** Listens for proxies, then writes their configuration: whoever starts by it finds the channel open. */
async function openDataPlane(
  options: RouterOptions,
  parts: RouterParts,
  signal: AbortSignal,
): Promise<void> {
  const { settings, dataPlane, access, logger } = parts;
  await dataPlane.start(signal);
  await access.revokeAfterChange();
  await openPages(parts, options.templates, signal);
  const render = makeRenderer(await readTemplates(options.templates));
  const files = render(proxyConfig(settings, 'auto'));
  const folder = nginxFolder(settings.folders.nginx);
  const changed = await writeProxyFiles(folder, files);
  logger.info({ revision: files.revision, changed }, 'nginx configuration rendered');
}

async function converge(parts: RouterParts, signal: AbortSignal): Promise<void> {
  const { store, clock, routes, pools, statics, engine, clearml, logger } = parts;
  await ensureRouter({ store, clock }, parts.name, specsOf(parts.settings));
  const { known, completed } = parts;
  const informers = [routes, pools, statics];
  const controllers = controllersOf(parts).map((options) =>
    makeController(options, {
      clock,
      random: parts.random,
      logger,
      ready: Promise.all([...informers.map(({ synced }) => synced), patience(parts, signal)]),
      onReconcile: (name, outcome, ms) =>
        parts.metrics.reconciled(name as ControllerName, outcome, ms / 1000),
    }),
  );
  const admin = adminServer(parts, controllers);
  await admin.start(signal);
  const isSynced = (): boolean => clearml.watcher.synced;
  const watching = clearml.watcher.stateChanges.subscribe(() => logClearml(parts));
  try {
    await Promise.all([
      ...controllers.map((controller) => controller.run(signal)),
      ...informers.map((informer) => informer.run(signal)),
      engine.run(signal),
      clearml.watcher.run(signal),
      settle({ clock, controllers, isSynced, known, completed }, signal).then(() =>
        logger.info({ routes: [...routes.items()].length }, 'first complete pass is done'),
      ),
    ]);
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    watching.unsubscribe();
  }
}

/** The engine is heard before the first route is decided, but not waited for long. */
async function patience({ engine, clock }: RouterParts, signal: AbortSignal): Promise<void> {
  const wait = clock.sleep(ENGINE_PATIENCE_MS, signal).catch(() => undefined);
  await Promise.race([engine.firstLook, wait]);
}

function logClearml({ clearml, logger }: RouterParts): void {
  const { lastError, unmatchedQueues } = clearml.watcher.state;
  if (lastError !== undefined) {
    logger.warn(
      { code: lastError.code, details: lastError.details },
      'ClearML does not answer as it should',
    );
  }
  if (unmatchedQueues.length > 0)
    logger.warn({ queues: unmatchedQueues }, 'no queue has these names');
}

function specsOf(settings: Settings): Parameters<typeof ensureRouter>[2] {
  const { router, tcp, queues } = settings;
  return {
    router: {
      name: router.name,
      url: router.url,
      ...(tcp === undefined
        ? {}
        : { tcpAddress: tcp.address, tcpPorts: { start: tcp.start, end: tcp.end } }),
      ...(queues === undefined ? {} : { queues: [queues] }),
    },
    pool:
      tcp === undefined
        ? undefined
        : {
            router: router.name,
            start: tcp.start,
            end: tcp.end,
            restSeconds: settings.portRestSeconds,
          },
  };
}

function adminServer(parts: RouterParts, controllers: readonly Controller[]): AdminServer {
  const { metrics, dataPlane, logger, settings } = parts;
  const queueDepths = (): (readonly [ControllerName, number])[] =>
    controllers.map(({ name, queue }) => [name as ControllerName, queue.depth] as const);
  const health = (): HealthState => ({
    ...storeHealth(parts.store),
    channelOpen: dataPlane.isOpen,
    stuckControllers: controllers
      .filter(({ queue }) => queue.longestWorkMs > STUCK_MS)
      .map(({ name }) => name),
    tableLoaded: parts.completed.isReached || dataPlane.restored() !== undefined,
    clearmlReachable: parts.clearml.watcher.state.lastError === undefined,
    proxies: countProxies(dataPlane),
  });
  return new AdminServer({
    path: nginxFolder(settings.folders.nginx).adminSocket,
    group: PROXY_GROUP,
    metrics: async () => {
      readGauges({ ...parts, queueDepths });
      const { registry } = metrics;
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
    healthy: () => liveness(health()),
    ready: () => readiness(health()),
    logger,
  });
}
