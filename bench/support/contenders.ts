import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pino } from 'pino';
import { systemClock } from '../../src/clock.ts';
import { descendantsOf } from '../../src/embedded/workloads/process-tree.ts';
import type { RouteTable } from '../../src/domain/route-table.ts';
import { ProxyDataPlane } from '../../src/proxy/data-plane.ts';
import { nginxFolder, prepareFolder } from '../../src/proxy/folder.ts';
import type { ProxyConfig } from '../../src/proxy/proxy-config.ts';
import { makeRenderer, readTemplates, writeProxyFiles } from '../../src/proxy/render.ts';
import { until, usage } from './gateway.ts';

/** Something that serves on loopback, as one process on one core. */
export interface Contender {
  readonly httpPort: number;
  readonly tcpPort: number;
  /** CPU seconds that it and all that it started have used. */
  cpu(): Promise<number>;
  stop(): Promise<void>;
}

/** Where a contender runs. */
export interface Place {
  readonly folder: string;
  readonly core: number;
  readonly httpPort: number;
  readonly tcpPort: number;
}

const TOP = resolve(import.meta.dirname, '../..');
const NGINX = '/usr/sbin/nginx';
const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so';
export const COOKIE_NAME = 'clearml_token_basic';

/** The application: an nginx that answers everything with two bytes. */
export function startUpstream(place: Place): Promise<Contender> {
  return startNginx(
    place,
    `http {
      access_log off;
      keepalive_requests 1000000;
      server {
        listen 127.0.0.1:${place.httpPort} backlog=4096 reuseport;
        return 200 ok;
      }
    }`,
  );
}

/**
 * What Clearway is held against: nginx with one `proxy_pass` as one writes it for applications that stream and use
 * websockets, and the same for a stream. Its access log, when it has one, is nginx's own format, buffered.
 */
export function startBare(
  place: Place,
  upstreamPort: number,
  accessLog: 'log' | 'no log',
): Promise<Contender> {
  return startNginx(
    place,
    `http {
      access_log ${accessLog === 'log' ? 'access.log combined buffer=4k flush=1s' : 'off'};
      map $http_upgrade $connection_upgrade {
        default upgrade;
        "" "";
      }
      upstream application {
        server 127.0.0.1:${upstreamPort};
        keepalive 256;
      }
      server {
        listen 127.0.0.1:${place.httpPort} backlog=4096;
        keepalive_requests 1000000;
        location / {
          proxy_pass http://application;
          proxy_http_version 1.1;
          proxy_set_header Host $http_host;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection $connection_upgrade;
          proxy_buffering off;
          proxy_request_buffering off;
        }
      }
    }
    stream {
      server {
        listen 127.0.0.1:${place.tcpPort} backlog=4096;
        proxy_pass 127.0.0.1:${upstreamPort};
      }
    }`,
  );
}

/** What a Clearway contender serves. */
export interface ClearwayOrder {
  readonly table: RouteTable;
  readonly authEnabled: boolean;
}

/** A proxy as it is delivered, with one worker; the router's side of it lets everybody in. */
export async function startClearway(place: Place, order: ClearwayOrder): Promise<Contender> {
  const nginx = join(place.folder, 'nginx');
  await mkdir(nginx, { recursive: true });
  await prepareFolder(nginxFolder(nginx));
  const plane = new ProxyDataPlane({
    folder: nginx,
    clock: systemClock,
    logger: pino({ level: 'silent' }),
    decider: { decide: () => Promise.resolve({ verdict: 'allow', user: 'bench' }) },
    freshSeconds: 600,
    usableSeconds: 900,
  });
  await plane.start(new AbortController().signal);
  const render = makeRenderer(await readTemplates(join(TOP, 'templates')));
  await writeProxyFiles(nginxFolder(nginx), render(configOf(place, order)));
  const generation = await plane.apply(order.table);
  const environment = {
    CLEARWAY_NGINX_FOLDER: nginx,
    CLEARWAY_RUN_FOLDER: join(place.folder, 'run'),
    CLEARWAY_STOP_SECONDS: '1',
  };
  const supervisor = onCore(place.core, [join(TOP, 'proxy/supervisor')], environment);
  const stop = async (): Promise<void> => {
    await end(supervisor);
    await plane.close();
  };
  await until(
    () => Promise.resolve(plane.acknowledged >= generation ? true : undefined),
    20_000,
    50,
  ).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { ...place, cpu: () => cpuOf(supervisor), stop };
}

function configOf(place: Place, { authEnabled }: ClearwayOrder): ProxyConfig {
  return {
    workers: 1,
    workerConnections: 8_192,
    rlimitNofile: 20_000,
    authEnabled,
    cookieName: COOKIE_NAME,
    sessionCookie: 'clearway-0a1b2c3d',
    idleSeconds: 600,
    routerScheme: 'http',
    routerPort: place.httpPort,
    tcp: true,
    listenPort: place.httpPort,
    tcpStart: place.tcpPort,
    tcpEnd: place.tcpPort + 99,
    metricsPort: 0,
    hosts: '*',
    routerHost: '127.0.0.1',
    routerUrl: 'http://127.0.0.1',
    routeDomain: '',
    corsOrigins: '',
    frameAncestors: '',
    trustedProxies: [],
    trusts: false,
    tlsCertificate: '',
    tlsKey: '',
  };
}

async function startNginx(place: Place, blocks: string): Promise<Contender> {
  await mkdir(place.folder, { recursive: true });
  const configuration = `load_module ${STREAM_MODULE};
    daemon off;
    pid nginx.pid;
    error_log error.log;
    worker_processes 1;
    worker_rlimit_nofile 20000;
    events { worker_connections 8192; }
    ${blocks}`;
  await writeFile(join(place.folder, 'nginx.conf'), configuration);
  const command = [NGINX, '-e', 'error.log', '-p', `${place.folder}/`, '-c', 'nginx.conf'];
  const nginx = onCore(place.core, command);
  await until(
    async () =>
      (await fetch(`http://127.0.0.1:${place.httpPort}/`)).status > 0 ? true : undefined,
    5_000,
    20,
  );
  return { ...place, cpu: () => cpuOf(nginx), stop: () => end(nginx) };
}

function onCore(
  core: number,
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): ChildProcess {
  return spawn('taskset', ['-c', String(core), ...command], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...environment },
  });
}

async function cpuOf({ pid = 0 }: ChildProcess): Promise<number> {
  const pids = [pid, ...(await descendantsOf(pid))];
  const used = await Promise.all(pids.map((one) => usage(one).catch(() => ({ cpu: 0 }))));
  return used.reduce((sum, { cpu }) => sum + cpu, 0);
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
