import type { HttpEntry, RouteTable, TcpEntry } from '../../src/domain/route-table.ts';

/** An http entry of a task. */
export function anHttpEntry(task: string, overrides: Partial<HttpEntry> = {}): HttpEntry {
  return { route: `${task}.http`, task, host: '127.0.0.1', port: 8888, since: 1, ...overrides };
}

/** A tcp entry of a task. */
export function aTcpEntry(task: string, overrides: Partial<TcpEntry> = {}): TcpEntry {
  return { route: `${task}.tcp`, task, upstream: '127.0.0.1:22', ...overrides };
}

/** A table with an http route for each of these tasks. */
export function aTable(...tasks: readonly string[]): RouteTable {
  return { http: Object.fromEntries(tasks.map((task) => [task, anHttpEntry(task)])), tcp: {} };
}

/** A table with this many http routes, each with an id of 32 digits. */
export function aLargeTable(size: number): RouteTable {
  return aTable(
    ...Array.from({ length: size }, (_, index) => index.toString(16).padStart(32, '0')),
  );
}
