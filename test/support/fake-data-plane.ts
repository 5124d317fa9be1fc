import { Subject, type Observable } from 'rxjs';
import type {
  Answered,
  DataPlane,
  HostFacts,
  ProxyState,
} from '../../src/controllers/contracts.ts';
import {
  EMPTY_TABLE,
  diffTables,
  isEmptyDelta,
  type RouteTable,
} from '../../src/domain/route-table.ts';

/** What a proxy is in these tests: one complete set of workers that takes every table at once, unless told otherwise. */
export class FakeDataPlane implements DataPlane {
  readonly #changes = new Subject<void>();
  readonly #answered = new Subject<Answered>();
  readonly #restored: RouteTable | undefined;
  /** Every table that was applied and differed from the one before. */
  readonly tables: RouteTable[] = [];
  heldPorts: ReadonlySet<number>;
  acknowledged = 0;
  host: HostFacts | undefined = { addresses: [], bridges: [] };
  #generation = 1;
  #isConnected = true;

  constructor(
    options: { readonly ports?: readonly number[]; readonly restored?: RouteTable } = {},
  ) {
    this.heldPorts = new Set(options.ports ?? []);
    this.#restored = options.restored;
  }

  get changes(): Observable<void> {
    return this.#changes;
  }

  get answered(): Observable<Answered> {
    return this.#answered;
  }

  get proxies(): readonly ProxyState[] {
    if (!this.#isConnected) return [];
    return [
      {
        id: 'nginx-1',
        configRevision: 'r1',
        workers: 1,
        liveWorkers: 1,
        complete: true,
        generation: this.acknowledged,
        heldPorts: [...this.heldPorts],
      },
    ];
  }

  /** The table that is served now. */
  get table(): RouteTable {
    return this.tables.at(-1) ?? this.#restored ?? EMPTY_TABLE;
  }

  restored(): RouteTable | undefined {
    return this.#restored;
  }

  apply(table: RouteTable): Promise<number> {
    if (!isEmptyDelta(diffTables(this.table, table))) {
      this.tables.push(table);
      this.#generation += 1;
    }
    if (this.#isConnected) this.#acknowledge();
    return Promise.resolve(this.#generation);
  }

  /** The proxy goes: nobody acknowledges any more. */
  disconnect(): void {
    this.#isConnected = false;
    this.acknowledged = 0;
    this.#changes.next();
  }

  /** The proxy comes, with the newest table. */
  connect(): void {
    this.#isConnected = true;
    this.#acknowledge();
  }

  /** The proxy says this of its host. */
  reportHost(host: HostFacts): void {
    this.host = host;
    this.#changes.next();
  }

  /** The proxy holds these ports of the range from now on. */
  hold(ports: readonly number[]): void {
    this.heldPorts = new Set(ports);
    this.#changes.next();
  }

  /** An application answered for the first time. */
  answer(route: string): void {
    this.#answered.next({ route });
  }

  #acknowledge(): void {
    if (this.acknowledged === this.#generation) return;
    // As over the channel: a moment after the table went live.
    setImmediate(() => {
      if (!this.#isConnected) return;
      this.acknowledged = this.#generation;
      this.#changes.next();
    });
  }
}
