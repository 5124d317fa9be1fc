import { readdir, readFile } from 'node:fs/promises';

/**
 * Lists the children of a process and theirs, nearest first; without the process itself.
 *
 * @remarks Reads /proc (proc(5)). Children of a process that has died belong to init and are not found.
 */
export async function descendantsOf(pid: number): Promise<readonly number[]> {
  const children = new Map<number, number[]>();
  for (const child of await processIds()) {
    const parent = (await readStat(child))?.parent;
    if (parent !== undefined) children.set(parent, [...(children.get(parent) ?? []), child]);
  }
  const found: number[] = [];
  const open = [...(children.get(pid) ?? [])];
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    found.push(next);
    open.push(...(children.get(next) ?? []));
  }
  return found;
}

/** Sends a signal; false when there is no such process any more. */
export function sendSignal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}

/** True while this process runs; a zombie, which nobody has waited for yet, does not. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readStat(pid);
  return stat !== undefined && stat.state !== 'Z' && stat.state !== 'X';
}

async function processIds(): Promise<readonly number[]> {
  const names = await readdir('/proc');
  return names.filter((name) => /^\d+$/u.test(name)).map(Number);
}

async function readStat(
  pid: number,
): Promise<{ readonly state: string | undefined; readonly parent: number } | undefined> {
  try {
    const text = await readFile(`/proc/${String(pid)}/stat`, 'latin1');
    // The name stands in brackets and may hold brackets and spaces itself.
    const [state, parent] = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch {
    return undefined;
  }
}
