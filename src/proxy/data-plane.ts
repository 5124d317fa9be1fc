import type { Logger } from 'pino';
import { filter, firstValueFrom, of, startWith, Subject, timeout, type Observable } from 'rxjs';
import type {
  AccessDecider,
  AccessRevoker,
  AccessSubject,
  Answered,
  Clock,
  DataPlane,
  HostFacts,
  ProxyState,
} from '../controllers/contracts.ts';
import type { RouteTable } from '../domain/route-table.ts';
import { channelRoutes } from './channel-requests.ts';
import { ChannelServer } from './channel-server.ts';
import { folderUnusable, nginxFolder, prepareFolder, type NginxFolder } from './folder.ts';
import { acknowledgedBy, heldBy, hostOf, sameProxies } from './observe.ts';
import { TablePublisher } from './table-publisher.ts';
import { WorkerRegistry } from './worker-registry.ts';

/** Time between two looks for workers that are no longer live, in ms. */
const SWEEP_MS = 1_000;

/** Longest wait for the proxies to hear of a revocation, in ms: who signs out is not kept waiting by a proxy that is ill. */
const REVOKE_PATIENCE_MS = 1_000;

/** What a {@link ProxyDataPlane} works with. */
export interface ProxyDataPlaneDeps {
  /** Path of the nginx folder. */
  readonly folder: string;
  /** Group that may read the folder and use its socket, `PROXY_GROUP` in the image; undefined keeps the process's. */
  readonly group?: number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly decider: AccessDecider;
  readonly freshSeconds: number;
  readonly usableSeconds: number;
  /** Hears how each write of the route table to the folder went. */
  readonly onSnapshot?: (outcome: 'ok' | 'error') => void;
}

/**
 * The router's side of the proxy: the table in the nginx folder and on the channel, and what the
 * workers say of themselves.
 *
 * @remarks
 * Nothing is written and nobody is heard before {@link ProxyDataPlane.start}. Restarted over the same
 * folder it serves the snapshot's table under a new, higher generation until the first `apply`; without a
 * usable snapshot it tells workers nothing until then, so that they keep what they have.
 */
export class ProxyDataPlane implements DataPlane, AccessRevoker {
  readonly #deps: ProxyDataPlaneDeps;
  readonly #folder: NginxFolder;
  readonly #publisher: TablePublisher;
  readonly #registry = new WorkerRegistry();
  readonly #server: ChannelServer;
  readonly #changes = new Subject<void>();
  readonly #answered = new Subject<Answered>();
  readonly #stop = new AbortController();
  #proxies: readonly ProxyState[] = [];
  #acknowledged = 0;
  #heldPorts: ReadonlySet<number> = new Set();
  #host: HostFacts | undefined;
  #isLookPlanned = false;
  #closing: Promise<void> | undefined;

  constructor(deps: ProxyDataPlaneDeps) {
    const { clock, logger, decider, freshSeconds, usableSeconds, group, onSnapshot } = deps;
    this.#deps = deps;
    this.#folder = nginxFolder(deps.folder);
    const decisionMs = usableSeconds * 1_000;
    this.#publisher = new TablePublisher({
      folder: this.#folder,
      clock,
      logger,
      decisionMs,
      ...(onSnapshot === undefined ? {} : { onSnapshot }),
    });
    const routes = channelRoutes({
      publisher: this.#publisher,
      registry: this.#registry,
      decider,
      clock,
      logger,
      freshSeconds,
      usableSeconds,
      onWorkers: () => this.#lookSoon(),
      onAnswered: (names) => names.forEach((route) => this.#answered.next({ route })),
    });
    const path = this.#folder.channelSocket;
    this.#server = new ChannelServer({
      path,
      routes,
      logger,
      ...(group === undefined ? {} : { group }),
    });
  }

  get changes(): Observable<void> {
    return this.#changes;
  }

  get answered(): Observable<Answered> {
    return this.#answered;
  }

  get proxies(): readonly ProxyState[] {
    return this.#proxies;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get heldPorts(): ReadonlySet<number> {
    return this.#heldPorts;
  }

  get host(): HostFacts | undefined {
    return this.#host;
  }

  /** True while workers can reach the channel. */
  get isOpen(): boolean {
    return this.#server.isListening;
  }

  /** Generation of the table that workers get now. */
  get generation(): number {
    return this.#publisher.generation;
  }

  /**
   * Prepares the folder, restores the snapshot and listens; ends when the signal aborts.
   *
   * @throws OperatorError `PROXY_FOLDER_UNUSABLE`
   */
  async start(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await prepareFolder(this.#folder, this.#deps.group);
    try {
      await this.#publisher.restore();
    } catch (error) {
      throw folderUnusable(this.#folder.path, error);
    }
    await this.#server.start();
    signal.addEventListener('abort', () => void this.close(), { once: true });
    if (signal.aborted) await this.close();
    void this.#sweep();
  }

  /** Finishes the write that runs, ends every connection and leaves no timer behind. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** @throws OperatorError `PROXY_WRITE_FAILED`; an AbortError after {@link ProxyDataPlane.close} */
  apply(table: RouteTable): Promise<number> {
    return this.#publisher.apply(table);
  }

  restored(): RouteTable | undefined {
    return this.#publisher.restored;
  }

  async revoke(subjects: readonly AccessSubject[]): Promise<void> {
    const generation = await this.#publisher.revoke(subjects);
    if (generation === undefined) return;
    const isKnown = this.#changes.pipe(
      startWith(undefined),
      filter(() => this.#proxies.length === 0 || this.#acknowledged >= generation),
      timeout({ first: REVOKE_PATIENCE_MS, with: () => of(undefined) }),
    );
    await firstValueFrom(isKnown, { defaultValue: undefined });
  }

  async #close(): Promise<void> {
    this.#stop.abort();
    await this.#server.close();
    await this.#publisher.close();
    this.#changes.complete();
    this.#answered.complete();
  }

  async #sweep(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#deps.clock.sleep(SWEEP_MS, signal).catch(() => undefined);
      this.#look();
    }
  }

  /** One look for all polls of a turn: after a publication every worker polls at once. */
  #lookSoon(): void {
    if (this.#isLookPlanned) return;
    this.#isLookPlanned = true;
    queueMicrotask(() => {
      this.#isLookPlanned = false;
      this.#look();
    });
  }

  #look(): void {
    if (this.#stop.signal.aborted) return;
    const proxies = this.#registry.proxies(this.#deps.clock.now());
    if (sameProxies(this.#proxies, proxies)) return;
    this.#logTransitions(proxies);
    this.#proxies = proxies;
    this.#acknowledged = acknowledgedBy(proxies);
    this.#heldPorts = heldBy(proxies);
    // A proxy that is away still stands on its host.
    this.#host = hostOf(proxies) ?? this.#host;
    this.#changes.next();
  }

  #logTransitions(proxies: readonly ProxyState[]): void {
    const { logger } = this.#deps;
    const wasComplete = new Set(
      this.#proxies.filter((proxy) => proxy.complete).map(({ id }) => id),
    );
    for (const { id, configRevision, workers, liveWorkers, complete } of proxies) {
      const fields = { proxy: id, configRevision, workers, liveWorkers };
      if (complete && !wasComplete.has(id)) logger.info(fields, 'proxy complete');
      if (!complete && wasComplete.has(id)) logger.warn(fields, 'proxy incomplete');
      wasComplete.delete(id);
    }
    for (const id of wasComplete) logger.warn({ proxy: id }, 'proxy gone');
  }
}
