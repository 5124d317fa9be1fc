import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { TableDelta, TcpEntry } from '../domain/route-table.ts';
import { readIfThere, removeIfThere, writeAtomically } from './files.ts';

/**
 * The line of a port's file: where connections to that port go; undefined when they go nowhere.
 *
 * @remarks
 * The last look before an upstream becomes something that nginx connects to: only an IP address and a
 * port pass, so that no name is looked up and no unix socket is opened.
 */
export function tcpLine(entry: TcpEntry): string | undefined {
  const { upstream } = entry;
  return upstream !== undefined && UPSTREAM.test(upstream) ? `${upstream}\n` : undefined;
}

/** Makes the files of the changed ports: removed ones first, as a withdrawn route must end. */
export async function applyTcpDelta(folder: string, delta: TableDelta['tcp']): Promise<void> {
  const set = Object.entries(delta.set);
  const without = set.filter(([, entry]) => tcpLine(entry) === undefined).map(([port]) => port);
  for (const port of [...delta.remove, ...without]) await removeIfThere(fileOf(folder, port));
  for (const [port, entry] of set) await writePort(folder, port, entry);
}

/** Makes the folder hold exactly the files of `entries`, whatever it holds now. */
export async function syncTcpFiles(
  folder: string,
  entries: Readonly<Record<string, TcpEntry>>,
): Promise<void> {
  for (const name of await readdir(folder)) {
    const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
    if (entry === undefined || tcpLine(entry) === undefined) {
      await removeIfThere(join(folder, name));
    }
  }
  for (const [port, entry] of Object.entries(entries)) {
    const observed = await readIfThere(fileOf(folder, port));
    if (observed !== tcpLine(entry)) await writePort(folder, port, entry);
  }
}

const UPSTREAM = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-fA-F:.]{2,45}\]):\d{1,5}$/;

async function writePort(folder: string, port: string, entry: TcpEntry): Promise<void> {
  const line = tcpLine(entry);
  if (line !== undefined) await writeAtomically(fileOf(folder, port), line, { sync: false });
}

/** The port is a key of the table: digits only, so that it never names a file elsewhere. */
function fileOf(folder: string, port: string): string {
  if (!/^\d{1,5}$/.test(port)) throw new RangeError('the key of a TCP route is not a port');
  return join(folder, port);
}
