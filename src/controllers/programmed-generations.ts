import { Subject, type Observable } from 'rxjs';
import { hostPort } from '../domain/address.ts';
import {
  diffTables,
  EMPTY_TABLE,
  type HttpEntry,
  type RouteTable,
  type TcpEntry,
} from '../domain/route-table.ts';

/** Remembers since which table generation each route's entry is as it is. */
export class ProgrammedGenerations {
  readonly #generations = new Map<string, number>();
  /** `address:port` that the table has for a route. */
  readonly #upstreams = new Map<string, string>();
  /** Where the table has a route: its key, or its port. */
  readonly #keys = new Map<string, string>();
  /** Routes whose generation nobody has seen acknowledged yet, oldest generation first. */
  readonly #pending = new Map<string, number>();
  readonly #changed = new Subject<string>();
  #table: RouteTable = EMPTY_TABLE;

  /** Emits the name of a TaskRoute whose entry changed. */
  get changes(): Observable<string> {
    return this.#changed;
  }

  /** The generation that the proxies must acknowledge for this route; undefined when it is not in the table. */
  of(route: string): number | undefined {
    return this.#generations.get(route);
  }

  /** `address:port` in the table that went live last; undefined while the route has none there. */
  upstreamOf(route: string): string | undefined {
    return this.#upstreams.get(route);
  }

  /** Key, or port, of the route in the table that went live last; undefined while it is not there. */
  keyOf(route: string): string | undefined {
    return this.#keys.get(route);
  }

  /** Takes note of a table that went live with this generation. */
  applied(table: RouteTable, generation: number): void {
    const delta = diffTables(this.#table, table);
    const removed = [
      ...delta.http.remove.map((key) => this.#table.http[key]),
      ...delta.tcp.remove.map((key) => this.#table.tcp[key]),
    ].flatMap((entry) => (entry === undefined ? [] : [entry.route]));
    const set = [...Object.entries(delta.http.set), ...Object.entries(delta.tcp.set)];
    for (const route of removed) {
      this.#generations.delete(route);
      this.#upstreams.delete(route);
      this.#keys.delete(route);
      this.#pending.delete(route);
    }
    for (const [key, entry] of set) {
      const { route } = entry;
      this.#keys.set(route, key);
      const upstream = upstreamIn(entry);
      if (upstream === undefined) this.#upstreams.delete(route);
      else this.#upstreams.set(route, upstream);
      this.#generations.set(route, generation);
      // Deleted first, so that the order of the map is the order of generations.
      this.#pending.delete(route);
      this.#pending.set(route, generation);
    }
    this.#table = table;
    for (const route of new Set([...removed, ...set.map(([, entry]) => entry.route)])) {
      this.#changed.next(route);
    }
  }

  /** The routes that are live by this acknowledged generation and that nobody has confirmed yet. */
  live(acknowledged: number): readonly string[] {
    const live: string[] = [];
    for (const [route, generation] of this.#pending) {
      if (generation > acknowledged) break;
      live.push(route);
    }
    return live;
  }

  /** Somebody looked at this route while this generation was acknowledged: it need not be told of it again. */
  confirm(route: string, acknowledged: number): void {
    const generation = this.#pending.get(route);
    if (generation !== undefined && generation <= acknowledged) this.#pending.delete(route);
  }
}

function upstreamIn(entry: HttpEntry | TcpEntry): string | undefined {
  if ('upstream' in entry) return entry.upstream;
  const { host, port } = entry as HttpEntry;
  return host === undefined || port === undefined ? undefined : hostPort(host, port);
}
