import { spawnSync } from 'node:child_process';
import { cpus } from 'node:os';

/** Core of what is measured. */
export const PROXY_CORE = 0;

/** Core of the load generator, the application and the router's side; those of the machine count, also once this process is bound to one. */
export const LOAD_CORE = cpus().length > 1 ? 1 : 0;

const INSIDE = '--inside';

/**
 * Runs a measurement in a network namespace of its own, where its connections fill nobody else's tables, on the core of the
 * load: the program is started again there. Its exit code becomes this one's.
 */
export async function inNamespace(
  program: string,
  measure: (args: readonly string[]) => Promise<void>,
): Promise<void> {
  const args = process.argv.slice(2);
  if (args[0] === INSIDE) await measure(args.slice(1));
  else process.exitCode = enter(program, args);
}

function enter(program: string, args: readonly string[]): number {
  // Ports of connections are taken from where nobody listens, and again as soon as they may be.
  const prepare = `ip link set lo up && cd /proc/sys/net/ipv4 &&
    echo '30000 65535' >ip_local_port_range && echo 1 >tcp_tw_reuse && cd / && exec "$@"`;
  const again = [process.execPath, ...process.execArgv, program, INSIDE, ...args];
  const command = ['sh', '-c', prepare, 'sh', 'taskset', '-c', String(LOAD_CORE), ...again];
  const { status, error } = spawnSync('unshare', ['--net', ...command], { stdio: 'inherit' });
  if (error !== undefined) console.error(`unshare(1) cannot be started: ${error.message}`);
  return status ?? 1;
}
