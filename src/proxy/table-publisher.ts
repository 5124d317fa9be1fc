import type { Logger } from 'pino';
import type { AccessSubject, Clock } from '../controllers/contracts.ts';
import { diffTables, EMPTY_TABLE, isEmptyDelta, type RouteTable } from '../domain/route-table.ts';
import { OperatorError } from '../errors.ts';
import type { ChannelFormat } from './channel-format.ts';
import { readIfThere, syncPath, writeAtomically } from './files.ts';
import type { NginxFolder } from './folder.ts';
import { formatSnapshot, parseSnapshot } from './snapshot.ts';
import {
  appendToLog,
  changesSince,
  startLog,
  type TableChange,
  type TableLog,
} from './table-log.ts';
import { Revocations, type Revoked } from './revocations.ts';
import { TableText, type TableParts } from './table-text.ts';
import { applyTcpDelta, syncTcpFiles } from './tcp-files.ts';

/** Most subjects that workers are told of one by one. */
const MOST_REVOKED = 2_000;

/** Most changed entries that are kept for workers that lag behind; more, and the full table is cheaper. */
const LOG_LIMIT = 4096;

/** What a {@link TablePublisher} works with. */
export interface TablePublisherDeps {
  readonly folder: NginxFolder;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Longest time in ms for which a worker uses a decision. */
  readonly decisionMs: number;
  /** Hears how each write of the folder went. */
  readonly onSnapshot?: (outcome: 'ok' | 'error') => void;
}

interface FolderWork {
  readonly snapshot: readonly Buffer[];
  readonly makeTcpFiles: () => Promise<void>;
  readonly mayFail: boolean;
}

/**
 * Holds the route table, writes it to the nginx folder and answers what a worker needs.
 *
 * @remarks
 * States: *unknown* (no usable snapshot and nothing applied yet: workers are told nothing and keep what
 * they have), then *published*. The moves of a change: its snapshot is renamed, its TCP files are made,
 * only then its generation is published and waiting polls wake. One change is written at a time; those that
 * arrive meanwhile become one. After a failed write the folder may be ahead of what is published, so the
 * next one compares nothing and writes everything.
 *
 * A generation number stands for one table: a failed write burns its number, and a run starts above the
 * snapshot, above the clock, and above every worker that claims more.
 */
export class TablePublisher {
  readonly #deps: TablePublisherDeps;
  readonly #text = new TableText();
  readonly #wakers = new Set<() => void>();
  readonly #revocations: Revocations;
  /** True when workers must hear of revocations that no generation carries yet. */
  #hasNewRevoked = false;
  #log: TableLog | undefined;
  #parts: TableParts | undefined;
  #restored: RouteTable | undefined;
  /** Last number that was given out, to a published table or to a write that runs or failed. */
  #counter = 0;
  /** Numbers below it come from earlier runs: they say nothing of what a worker holds. */
  #runStart = 0;
  #isFolderKnown = false;
  #waiting: { table: RouteTable; readonly done: PromiseWithResolvers<number> } | undefined;
  /** The table that is being written. */
  #underWay: RouteTable | undefined;
  #writing: Promise<void> | undefined;
  #syncing: Promise<void> | undefined;
  #isSynced = true;
  #isClosed = false;

  constructor(deps: TablePublisherDeps) {
    this.#deps = deps;
    // A worker may hear of a revocation a minute late and then still be asked by what it had decided before.
    this.#revocations = new Revocations({ keepMs: deps.decisionMs + 60_000, most: MOST_REVOKED });
  }

  /** What workers are told of void decisions. */
  get revoked(): Revoked {
    return this.#revocations.all;
  }

  /** The table of the snapshot that an earlier run left. */
  get restored(): RouteTable | undefined {
    return this.#restored;
  }

  /** Generation of the published table; while none is known, a number above those of earlier runs. */
  get generation(): number {
    return this.#log?.generation ?? this.#counter;
  }

  /** Reads the snapshot and, when it can be used, publishes its table anew. */
  async restore(): Promise<void> {
    const { clock, folder, logger } = this.#deps;
    const text = await readIfThere(folder.snapshot);
    const snapshot = text === undefined ? undefined : parseSnapshot(text);
    this.#counter = Math.max(snapshot?.generation ?? 0, Math.floor(clock.now()));
    this.#runStart = this.#counter + 1;
    if (snapshot === undefined) return;
    if (snapshot.problem !== undefined) {
      logger.warn({ path: folder.snapshot, problem: snapshot.problem }, 'snapshot not used');
    } else if (snapshot.skipped > 0) {
      logger.warn({ path: folder.snapshot, skipped: snapshot.skipped }, 'snapshot partly used');
    }
    this.#restored = snapshot.table;
    this.#revocations.restore(snapshot.revoked, clock.now());
    if (snapshot.table !== undefined) await this.apply(snapshot.table);
  }

  /** Makes `table` live; see `DataPlane.apply`. A table that a later one overtook resolves with the later one's generation. */
  apply(table: RouteTable): Promise<number> {
    if (this.#isClosed) return Promise.reject(new DOMException('closed', 'AbortError'));
    if (this.#waiting === undefined) {
      this.#waiting = { table, done: Promise.withResolvers() };
    } else {
      this.#waiting.table = table;
    }
    const { done } = this.#waiting;
    this.#writing ??= this.#writeWaiting();
    return done.promise;
  }

  /**
   * Voids the decisions about these subjects that were asked for up to now. Resolves with the generation that carries it;
   * undefined while no table is known, when the polls that wait are answered with it. What is asked for
   * after that has a higher generation either way.
   */
  async revoke(subjects: readonly AccessSubject[]): Promise<number | undefined> {
    this.#revocations.add(subjects, this.generation, this.#deps.clock.now());
    this.#hasNewRevoked = true;
    const table = this.#waiting?.table ?? this.#underWay ?? this.#log?.table;
    if (table !== undefined) return this.apply(table);
    this.#counter += 1;
    this.#wake();
    return undefined;
  }

  /** True when this run handed out `generation`, so that it stands for a table that is known. */
  hasPublished(generation: number): boolean {
    return (
      this.#log !== undefined && generation >= this.#runStart && generation <= this.#log.generation
    );
  }

  /**
   * Brings the generation above one that a worker claims: it comes from an earlier run, or from a write
   * that failed, and says nothing of what that worker holds.
   */
  raiseAbove(claimed: number): void {
    if (claimed <= this.generation) return;
    if (claimed > this.#counter) {
      const { clock, logger } = this.#deps;
      logger.warn({ claimed, generation: this.generation }, 'worker is ahead of the route table');
      this.#counter = Math.max(claimed, Math.floor(clock.now()));
      this.#runStart = this.#counter + 1;
      this.#isFolderKnown = false;
      this.#revocations.raise(claimed);
    }
    if (this.#log === undefined || this.#writing !== undefined || this.#isClosed) return;
    this.apply(this.#log.table).catch((error: unknown) => {
      this.#deps.logger.warn({ err: error }, 'route table not written');
    });
  }

  /** What a worker at `generation` must hear now; undefined when there is nothing new for it. */
  answerFor(generation: number, format: ChannelFormat): Buffer | undefined {
    const log = this.#log;
    if (log === undefined || this.#parts === undefined || generation > log.generation)
      return undefined;
    const changes = changesSince(log, generation);
    switch (changes.kind) {
      case 'none':
        return undefined;
      case 'delta':
        return format.delta(log.generation, changes.delta, this.revoked);
      case 'full':
        return format.full(log.generation, this.#parts, this.revoked);
    }
  }

  /** Resolves at the next publication, or when the signal aborts. */
  nextPublication(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#wakers.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#wakers.add(wake);
      signal.addEventListener('abort', wake);
      if (signal.aborted) wake();
    });
  }

  /** Finishes what is being written; later tables are refused. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#writing;
    await this.#syncing;
  }

  async #writeWaiting(): Promise<void> {
    while (this.#waiting !== undefined) {
      const { table, done } = this.#waiting;
      this.#waiting = undefined;
      this.#underWay = table;
      await this.#write(table).then(done.resolve, done.reject);
    }
    this.#underWay = undefined;
    this.#writing = undefined;
  }

  async #write(table: RouteTable): Promise<number> {
    const delta = diffTables(this.#log?.table ?? EMPTY_TABLE, table);
    const isKnown = this.#isFolderKnown && this.#log !== undefined;
    if (isKnown && isEmptyDelta(delta) && !this.#hasNewRevoked) return this.generation;
    this.#hasNewRevoked = false;
    if (isKnown) this.#text.apply(delta);
    else this.#text.reset(table);
    const parts = this.#text.parts();
    const isRouteless = isKnown && isEmptyDelta(delta);
    const { tcp } = this.#deps.folder;
    const makeTcpFiles = (): Promise<void> =>
      isKnown ? applyTcpDelta(tcp, delta.tcp) : syncTcpFiles(tcp, table.tcp);
    let generation: number;
    do {
      generation = this.#counter += 1;
      this.#isFolderKnown = false;
      const snapshot = formatSnapshot(generation, parts, this.revoked);
      const work = { snapshot, makeTcpFiles, mayFail: isRouteless };
      this.#isFolderKnown = await this.#writeFolder(work);
    } while (generation < this.#runStart);
    this.#publish({ table, generation, delta }, parts);
    return generation;
  }

  /**
   * True when it is written. What carries revocations alone may fail: no full disk may keep them from the workers, and no
   * route depends on them.
   *
   * @throws OperatorError `PROXY_WRITE_FAILED`
   */
  async #writeFolder({ snapshot, makeTcpFiles, mayFail }: FolderWork): Promise<boolean> {
    const { folder, logger, onSnapshot } = this.#deps;
    try {
      await writeAtomically(folder.snapshot, snapshot, { sync: false });
      await makeTcpFiles();
      onSnapshot?.('ok');
      return true;
    } catch (cause) {
      onSnapshot?.('error');
      const todo = 'see that the folder can be written and its file system is not full';
      const details = { path: folder.path, todo };
      if (!mayFail) throw new OperatorError('PROXY_WRITE_FAILED', details, { cause });
      logger.warn({ err: cause, ...details }, 'revocations not written to the snapshot');
      return false;
    }
  }

  #publish(change: TableChange, parts: TableParts): void {
    this.#log =
      this.#log === undefined || this.#log.generation < this.#runStart
        ? startLog(change.table, change.generation, LOG_LIMIT)
        : appendToLog(this.#log, change);
    this.#parts = parts;
    this.#wake();
    this.#isSynced = false;
    this.#syncing ??= this.#syncSnapshot();
  }

  #wake(): void {
    for (const wake of this.#wakers) wake();
  }

  /**
   * Brings the snapshot to the disk, off the way of a change: only a crash of the whole machine needs it,
   * and that ends the workers as well.
   */
  async #syncSnapshot(): Promise<void> {
    const path = this.#deps.folder.snapshot;
    while (!this.#isSynced) {
      this.#isSynced = true;
      await syncPath(path).catch((error: unknown) => {
        this.#deps.logger.warn({ path, err: error }, 'snapshot not synced');
      });
    }
    this.#syncing = undefined;
  }
}
