import { chmod, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { descendantsOf } from '../workloads/process-tree.ts';
import type { ChildOrder } from './child.ts';
import type { ClearmlCaller } from './clearml.ts';
import type { RouterPlace } from './look.ts';

/** What router and proxy of the demo are started with. */
export interface GatewayOrder {
  /** Folder of the demo: `nginx`, `run` and the logs are made in it. */
  readonly folder: string;
  readonly router: RouterPlace & { readonly name: string; readonly port: number };
  readonly metricsPort: number;
  readonly apiPort: number;
  /** Key pair that the router works with. */
  readonly caller: ClearmlCaller;
  readonly cookieName: string;
  /** Environment of the demo; only what programs need to run is handed on. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const CLEARWAY = fileURLToPath(new URL('../../../bin/clearway', import.meta.url));
const HANDED_ON = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TMPDIR', 'TZ', 'LOGGER_LEVEL'];
const PROXY_ONLY = { CLEARWAY_STOP_SECONDS: '1' };
const GRACE_MS = 6000;

/** Makes the settings of router and proxy, as an administrator would write them. */
function gatewayEnvironment(order: GatewayOrder): Readonly<Record<string, string>> {
  const { router, caller, folder, environment } = order;
  const inherited = HANDED_ON.flatMap((name) => {
    const value = environment[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  return {
    ...Object.fromEntries(inherited),
    ROUTER_NAME: router.name,
    ROUTER_URL: router.url,
    ROUTER__WEBSERVER__SERVER_PORT: String(router.port),
    CLEARML_API_HOST: caller.apiHost,
    CLEARML_API_ACCESS_KEY: caller.accessKey,
    CLEARML_API_SECRET_KEY: caller.secretKey,
    AUTH_COOKIE_NAME: order.cookieName,
    AUTH_SECURE_ENABLED: String(router.url.startsWith('https:')),
    TCP_ROUTER_ADDRESS: router.tcpAddress,
    TCP_PORT_START: String(router.tcpPorts.start),
    TCP_PORT_END: String(router.tcpPorts.end),
    // The applications of the demo listen on loopback, which is refused unless it is named.
    CLEARWAY_UPSTREAM_CIDRS: '127.0.0.0/8',
    // A new router does not know who had its ports a minute ago; here nobody had.
    CLEARWAY_PORT_REST_SECONDS: '1',
    CLEARWAY_METRICS_PORT: String(order.metricsPort),
    CLEARWAY_API_PORT: String(order.apiPort),
    CLEARWAY_NGINX_FOLDER: join(folder, 'nginx'),
    CLEARWAY_RUN_FOLDER: join(folder, 'run'),
  };
}

/** Makes the folders that router and proxy share. */
export async function makeGatewayFolders(folder: string): Promise<void> {
  // nginx workers may run as another user than this one, and have to get to these folders.
  await chmod(folder, 0o711);
  await mkdir(join(folder, 'nginx'), { mode: 0o755 });
  await mkdir(join(folder, 'run'), { mode: 0o755 });
}

/** Says how router or proxy is started. */
export function childOrder(name: 'router' | 'proxy', order: GatewayOrder): ChildOrder {
  return {
    // They end with the demo even when it is killed: setpriv becomes clearway, the pid is its own.
    command: 'setpriv',
    args: ['--pdeathsig', 'TERM', CLEARWAY, name],
    // Nobody waits for the streams of a demo that ends.
    environment: { ...gatewayEnvironment(order), ...(name === 'proxy' ? PROXY_ONLY : {}) },
    logFile: join(order.folder, `${name}.log`),
    graceMs: GRACE_MS,
  };
}

/** Finds the process id of the proxy's supervisor: the child itself, or what the child started it as. */
export async function supervisorPid(childPid: number, signal: AbortSignal): Promise<number> {
  for (;;) {
    for (const pid of [childPid, ...(await descendantsOf(childPid))]) {
      const commandLine = await readFile(`/proc/${String(pid)}/cmdline`, 'utf8').catch(() => '');
      const isScript = commandLine.split('\0').some((word) => word.endsWith('/proxy/supervisor'));
      if (isScript) return pid;
    }
    await sleep(100, undefined, { signal });
  }
}
