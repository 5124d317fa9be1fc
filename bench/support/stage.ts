import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aTcpEntry, anHttpEntry } from '../../test/support/route-tables.ts';
import type { RouteTable } from '../../src/domain/route-table.ts';
import { startClearway, type Clearway, type ClearwayOrder } from './clearway.ts';
import { startUpstream, type Contender, type Place } from './contenders.ts';
import { LOAD_CORE, PROXY_CORE } from './namespace.ts';

/** Where the contenders of one run stand, with the application that all of them lead to. */
export interface Stage extends AsyncDisposable {
  readonly folder: string;
  readonly upstreamPort: number;
  /** Starts a contender on the core of what is measured; it ends with the stage. */
  start<T extends Contender>(name: string, start: (place: Place) => Promise<T>): Promise<T>;
  /** Starts a Clearway in which all these tasks lead to the application, and one TCP endpoint. */
  startClearway(
    name: string,
    tasks: readonly string[],
    order: Omit<ClearwayOrder, 'table'>,
  ): Promise<Clearway>;
}

/** Makes a folder and starts the application, on the core of the load. */
export async function openStage(): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'clearway-bench-'));
  const cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => rm(folder, { recursive: true, force: true }));
  let count = 0;
  const startOn = async <T extends Contender>(
    core: number,
    name: string,
    start: (place: Place) => Promise<T>,
  ): Promise<T> => {
    const [httpPort, tcpPort] = [8_000 + count, 20_000 + 1_000 * count];
    count += 1;
    const contender = await start({ folder: join(folder, name), core, httpPort, tcpPort });
    cleanUp.defer(() => contender.stop());
    return contender;
  };
  const stop = (): Promise<void> => cleanUp.disposeAsync();
  try {
    const { httpPort: upstreamPort } = await startOn(LOAD_CORE, 'upstream', startUpstream);
    const start: Stage['start'] = (name, starter) => startOn(PROXY_CORE, name, starter);
    return {
      folder,
      upstreamPort,
      start,
      startClearway: (name, tasks, order) =>
        start(name, (place) =>
          startClearway(place, { ...order, table: tableOf(tasks, place, upstreamPort) }),
        ),
      [Symbol.asyncDispose]: stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function tableOf(tasks: readonly string[], { tcpPort }: Place, port: number): RouteTable {
  const http = tasks.map((task) => [task, anHttpEntry(task, { port, answered: true })] as const);
  const entry = aTcpEntry('f'.repeat(32), { upstream: `127.0.0.1:${port}` });
  return { http: Object.fromEntries(http), tcp: { [tcpPort]: entry } };
}
