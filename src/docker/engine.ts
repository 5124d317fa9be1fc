import type { Logger } from 'pino';
import { Subject, type Observable } from 'rxjs';
import type { Clock, ContainerFact, Engine, EngineFacts } from '../controllers/contracts.ts';
import { OperatorError } from '../errors.ts';
import { withSharedNetworks, type SeenContainer } from './container-fact.ts';
import type { EngineClient, EngineHint } from './engine-client.ts';

const INSPECTIONS_AT_ONCE = 4;
const RELIST_MS = 60_000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;

/**
 * The Docker engine as {@link Engine}: what it says now, followed by its events.
 *
 * States and moves:
 *
 * - *away*: `available` is false; connect again with backoff. The containers and subnets that were known stay: a dead
 *   engine starts no container, so nobody else gets their addresses meanwhile.
 * - *away -> here*: events opened first, then networks and containers listed; only containers whose list entry changed
 *   since they were last inspected are inspected.
 * - *here*: an event names a container, which alone is inspected again; every minute the list is compared, in
 *   case the engine dropped an event.
 * - *here -> away*: the stream ended, or a call failed.
 */
export class DockerEngine implements Engine {
  readonly #client: EngineClient;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #changes = new Subject<void>();
  readonly #firstLook = Promise.withResolvers<undefined>();
  readonly #seen = new Map<string, SeenContainer>();
  /** Signatures of the last listing, and those under which containers were last inspected. */
  #listed: ReadonlyMap<string, string> = new Map();
  readonly #signatures = new Map<string, string>();
  #bridgeSubnets: readonly string[] = [];
  #facts: EngineFacts = { available: false, containers: [], bridgeSubnets: [] };
  #changed = false;
  #saidAway = false;

  constructor(deps: {
    readonly client: EngineClient;
    readonly clock: Clock;
    readonly log: Logger;
  }) {
    this.#client = deps.client;
    this.#clock = deps.clock;
    this.#log = deps.log;
  }

  /** Emits once for every batch of events that changed {@link DockerEngine.facts}. */
  get changes(): Observable<void> {
    return this.#changes;
  }

  /** An immutable snapshot: the same object until something changes. */
  get facts(): EngineFacts {
    return this.#facts;
  }

  /** Resolves when the engine was asked once, whatever came of it. */
  get firstLook(): Promise<void> {
    return this.#firstLook.promise;
  }

  /** Follows the engine until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    for (;;) {
      const error = await this.#session(signal);
      if (signal.aborted) return;
      if (this.#facts.available) retryMs = FIRST_RETRY_MS;
      this.#away(error);
      await this.#clock.sleep(retryMs, signal).catch(() => undefined);
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    }
  }

  /** One connection, from its opening to its end; returns why it ended. */
  async #session(signal: AbortSignal): Promise<unknown> {
    const scope = new AbortController();
    const inner = AbortSignal.any([signal, scope.signal]);
    const dirty = new Dirty();
    try {
      const { ended } = await this.#client.openEvents((hint) => dirty.mark(hint), inner);
      ended.catch(() => undefined);
      dirty.markAll();
      for (;;) {
        inner.throwIfAborted();
        await Promise.race([this.#look(dirty.take(), inner), ended]);
        this.#here();
        await Promise.race([this.#waitFor(dirty, inner), ended]);
      }
    } catch (error) {
      return error;
    } finally {
      scope.abort();
    }
  }

  /** Waits for an event, at most until the next relisting. */
  async #waitFor(dirty: Dirty, signal: AbortSignal): Promise<void> {
    const turn = new AbortController();
    const relist = this.#clock.sleep(RELIST_MS, AbortSignal.any([signal, turn.signal])).then(
      () => dirty.markAll(),
      () => undefined,
    );
    await Promise.race([dirty.marked(), relist]);
    turn.abort();
  }

  async #look(work: Work, signal: AbortSignal): Promise<void> {
    if (work.networks) await this.#lookAtNetworks(signal);
    const ids = work.list ? await this.#outdated(signal) : [];
    await inParallel(new Set([...ids, ...work.containers]), (id) => this.#inspect(id, signal));
  }

  async #lookAtNetworks(signal: AbortSignal): Promise<void> {
    const subnets = await this.#client.bridgeSubnets(signal);
    if (subnets.join() === this.#bridgeSubnets.join()) return;
    this.#bridgeSubnets = subnets;
    this.#changed = true;
  }

  /** Drops the containers that are gone; ids of those that are new or look different. */
  async #outdated(signal: AbortSignal): Promise<readonly string[]> {
    this.#listed = await this.#client.list(signal);
    for (const id of this.#seen.keys()) if (!this.#listed.has(id)) this.#forget(id);
    return [...this.#listed.keys()].filter(
      (id) => this.#signatures.get(id) !== this.#listed.get(id),
    );
  }

  async #inspect(id: string, signal: AbortSignal): Promise<void> {
    const signature = this.#listed.get(id);
    const seen = await this.#client.inspect(id, signal);
    if (signature !== undefined) this.#signatures.set(id, signature);
    if (seen === undefined) {
      this.#forget(id);
      return;
    }
    if (JSON.stringify(this.#seen.get(id)) === JSON.stringify(seen)) return;
    this.#seen.set(id, seen);
    this.#changed = true;
  }

  #forget(id: string): void {
    this.#signatures.delete(id);
    if (this.#seen.delete(id)) this.#changed = true;
  }

  #here(): void {
    if (!this.#facts.available) {
      this.#log.info({ containers: this.#seen.size }, 'the Docker engine answers');
    }
    this.#saidAway = false;
    this.#publish(true);
  }

  #away(error: unknown): void {
    if (!this.#saidAway) {
      this.#log.warn(
        { reason: reasonOf(error) },
        'the Docker engine cannot be reached; container addresses and events are not known',
      );
    }
    this.#saidAway = true;
    this.#publish(false);
  }

  #publish(available: boolean): void {
    const silent = !this.#changed && this.#facts.available === available;
    if (!silent) {
      const containers: readonly ContainerFact[] = this.#changed
        ? withSharedNetworks(this.#seen)
        : this.#facts.containers;
      this.#facts = { available, containers, bridgeSubnets: this.#bridgeSubnets };
      this.#changed = false;
    }
    this.#firstLook.resolve(undefined);
    if (!silent) this.#changes.next();
  }
}

interface Work {
  readonly list: boolean;
  readonly networks: boolean;
  readonly containers: ReadonlySet<string>;
}

/** What to look at again, each thing once, however many events named it. */
class Dirty {
  #list = false;
  #networks = false;
  #containers = new Set<string>();
  #mark = Promise.withResolvers<undefined>();

  mark(hint: EngineHint): void {
    if (hint.look === 'networks') this.#networks = true;
    else this.#containers.add(hint.id);
    this.#mark.resolve(undefined);
  }

  markAll(): void {
    this.#list = true;
    this.#networks = true;
    this.#mark.resolve(undefined);
  }

  marked(): Promise<void> {
    return this.#mark.promise;
  }

  take(): Work {
    const work = { list: this.#list, networks: this.#networks, containers: this.#containers };
    this.#list = false;
    this.#networks = false;
    this.#containers = new Set();
    this.#mark = Promise.withResolvers<undefined>();
    return work;
  }
}

async function inParallel(
  ids: ReadonlySet<string>,
  work: (id: string) => Promise<void>,
): Promise<void> {
  const queue = ids.values();
  const lane = async (): Promise<void> => {
    for (const id of queue) await work(id);
  };
  await Promise.all(Array.from({ length: INSPECTIONS_AT_ONCE }, lane));
}

function reasonOf(error: unknown): unknown {
  return error instanceof OperatorError ? error.details['reason'] : String(error);
}
