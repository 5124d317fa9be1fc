import type { Logger } from 'pino';
import { Subject, type Observable } from 'rxjs';
import type { Clock, Engine, EngineFacts } from '../controllers/contracts.ts';
import { OperatorError } from '../errors.ts';
import { withSharedNetworks, type SeenContainer } from './container-fact.ts';
import { Dirty, type Work } from './dirty.ts';
import type { EngineClient } from './engine-client.ts';

const INSPECTIONS_AT_ONCE = 4;
const RELIST_MS = 60_000;
const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;

/**
 * The Docker engine as {@link Engine}: what it says now, followed by its events.
 *
 * States and moves:
 *
 * - *dead*: nobody listens on its socket. `available` is false, the known containers and subnets stay: a dead engine
 *   starts no container, so nobody else gets their addresses meanwhile. Its socket is looked at again soon.
 * - *silent*: somebody listens (an engine that starts, before it restarts containers, or one that hangs), but it does not
 *   answer. `available` is false and no container is known: its address may be another one's by now. Only an answer ends it.
 * - *dead or silent -> here*: events opened first, then networks and containers listed; only containers whose list entry changed
 *   since they were last inspected are inspected.
 * - *here*: an event names a container, which alone is inspected again; every minute the list is compared, in
 *   case the engine dropped an event.
 * - *here -> dead or silent*: the stream ended, or the engine did not list its networks or containers.
 *
 * A container that cannot be inspected although the engine lists containers is *troubled*: nothing is known of it, all else
 * goes on. It is tried again at each relisting, and nothing waits for it.
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
  readonly #troubled = new Set<string>();
  #retriesTroubled = false;
  #bridgeSubnets: readonly string[] = [];
  #facts: EngineFacts = { available: false, containers: [], bridgeSubnets: [] };
  #changed = false;
  #state: EngineState = 'dead';
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
      this.#away(error, await this.#client.listens(signal));
      await this.#rest(retryMs, signal);
      retryMs = Math.min(retryMs * 2, LAST_RETRY_MS);
    }
  }

  /** Waits before the next try; as long as the word of a dead engine is kept, only until somebody listens. */
  async #rest(ms: number, signal: AbortSignal): Promise<void> {
    for (let waited = 0; waited < ms && !signal.aborted; waited += FIRST_RETRY_MS) {
      await this.#clock.sleep(FIRST_RETRY_MS, signal).catch(() => undefined);
      if (this.#facts.containers.length === 0 || !(await this.#client.listens(signal))) continue;
      this.#publish('silent');
      return;
    }
  }

  /** One connection, from its opening to its end; returns why it ended. */
  async #session(signal: AbortSignal): Promise<unknown> {
    const scope = new AbortController();
    const inner = AbortSignal.any([signal, scope.signal]);
    const session = { signal: inner, end: (error: unknown) => scope.abort(error) };
    const dirty = new Dirty();
    try {
      const { ended } = await this.#client.openEvents((hint) => dirty.mark(hint), inner);
      ended.catch(() => undefined);
      dirty.markAll();
      for (;;) {
        inner.throwIfAborted();
        await Promise.race([this.#look(dirty.take(), session), ended]);
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

  async #look(work: Work, session: Session): Promise<void> {
    const { signal } = session;
    if (work.networks) await this.#lookAtNetworks(signal);
    const ids = new Set(work.list ? await this.#outdated(signal) : []).union(work.containers);
    void this.#lookAside(ids.intersection(this.#troubled), session);
    await inParallel(ids.difference(this.#troubled), (id) => this.#inspect(id, signal));
  }

  /** Tries troubled containers again; each may take as long as a call may. */
  async #lookAside(ids: ReadonlySet<string>, { signal, end }: Session): Promise<void> {
    if (ids.size === 0 || this.#retriesTroubled) return;
    this.#retriesTroubled = true;
    try {
      await inParallel(ids, async (id) => {
        await this.#inspect(id, signal);
        if (this.#state === 'here') this.#publish('here');
      });
    } catch (error) {
      end(error);
    } finally {
      this.#retriesTroubled = false;
    }
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
    for (const id of [...this.#seen.keys(), ...this.#troubled]) {
      if (!this.#listed.has(id)) this.#forget(id);
    }
    return [...this.#listed.keys()].filter(
      (id) => this.#signatures.get(id) !== this.#listed.get(id),
    );
  }

  async #inspect(id: string, signal: AbortSignal): Promise<void> {
    const signature = this.#listed.get(id);
    const seen = await this.#wordOf(id, signal);
    if (seen === 'troubled') return;
    if (seen === undefined) {
      this.#forget(id);
      return;
    }
    this.#troubled.delete(id);
    if (signature !== undefined) this.#signatures.set(id, signature);
    if (JSON.stringify(this.#seen.get(id)) === JSON.stringify(seen)) return;
    this.#seen.set(id, seen);
    this.#changed = true;
  }

  async #wordOf(id: string, signal: AbortSignal): Promise<SeenContainer | 'troubled' | undefined> {
    try {
      return await this.#client.inspect(id, signal);
    } catch (error) {
      // An engine that lists its containers is well: the trouble is this container's.
      await this.#client.list(signal);
      this.#isTroubled(id, error);
      return 'troubled';
    }
  }

  /** Without a signature, the next relisting takes it for outdated. */
  #isTroubled(id: string, error: unknown): void {
    const isNew = !this.#troubled.has(id);
    this.#forget(id);
    this.#troubled.add(id);
    if (!isNew) return;
    this.#log.warn(
      { container: id.slice(0, 12), reason: reasonOf(error) },
      'the Docker engine cannot inspect a container; it counts as absent',
    );
  }

  #forget(id: string): void {
    this.#troubled.delete(id);
    this.#signatures.delete(id);
    if (this.#seen.delete(id)) this.#changed = true;
  }

  #here(): void {
    if (!this.#facts.available) {
      this.#log.info({ containers: this.#seen.size }, 'the Docker engine answers');
    }
    this.#saidAway = false;
    this.#publish('here');
  }

  #away(error: unknown, listens: boolean): void {
    if (!this.#saidAway) {
      this.#log.warn(
        { reason: reasonOf(error) },
        'the Docker engine cannot be reached; container addresses and events are not known',
      );
    }
    this.#saidAway = true;
    this.#publish(listens || this.#state === 'silent' ? 'silent' : 'dead');
  }

  #publish(state: EngineState): void {
    const same = !this.#changed && this.#state === state;
    if (!same) {
      this.#state = state;
      this.#changed = false;
      this.#facts = {
        available: state === 'here',
        containers: state === 'silent' ? [] : withSharedNetworks(this.#seen),
        bridgeSubnets: this.#bridgeSubnets,
      };
    }
    this.#firstLook.resolve(undefined);
    if (!same) this.#changes.next();
  }
}

/** One connection to the engine: its life, and a way to end it. */
interface Session {
  readonly signal: AbortSignal;
  readonly end: (error: unknown) => void;
}

type EngineState = 'here' | 'dead' | 'silent';

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
