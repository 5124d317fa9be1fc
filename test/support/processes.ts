import { readFile } from 'node:fs/promises';

/** Pids of the children of a process. */
export async function childrenOf(pid: number): Promise<readonly number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  return children.trim().split(' ').map(Number);
}

/** True while the process runs; one that only waits to be reaped does not. */
export async function isAlive(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat !== '' && !stat.includes(') Z ');
}

/** How many TCP connections of this machine lead to a local port, ended ones not counted. */
export async function connectionsTo(port: number): Promise<number> {
  const lines = (await readFile('/proc/net/tcp', 'utf8')).split('\n').slice(1);
  const peer = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const timeWait = '06';
  return lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , remote, state]) => remote?.endsWith(peer) === true && state !== timeWait).length;
}

/** True when a worker of nginx has been told to end, and serves its last connections or is gone. */
export async function isShuttingDown(pid: number): Promise<boolean> {
  const title = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return title === '' || title.includes('shutting down');
}
