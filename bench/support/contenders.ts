import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { descendantsOf } from '../../src/embedded/workloads/process-tree.ts';
import { until, usage } from './gateway.ts';

/** Something that serves on loopback, as one process on one core. */
export interface Contender {
  readonly httpPort: number;
  readonly tcpPort: number;
  /** Processes of it, all that it started included. */
  pids(): Promise<readonly number[]>;
  /** CPU seconds that these have used. */
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

const NGINX = '/usr/sbin/nginx';
const STREAM_MODULE = '/usr/lib/nginx/modules/ngx_stream_module.so';

const SHARED_HTTP = `
      map $http_upgrade $connection_upgrade {
        default upgrade;
        "" "";
      }`;

/** As one writes it for applications that stream, with the room for cookies that Clearway has. */
const STREAMING = `
        keepalive_requests 1000000;
        client_header_buffer_size 4k;
        proxy_http_version 1.1;
        proxy_buffering off;
        proxy_request_buffering off;`;

const WEBSOCKETS = `
          proxy_set_header Host $http_host;
          proxy_set_header Upgrade $http_upgrade;
          proxy_set_header Connection $connection_upgrade;`;

const FORWARDED = `${WEBSOCKETS}
          proxy_set_header X-Real-IP $remote_addr;
          proxy_set_header X-Forwarded-For $remote_addr;
          proxy_set_header X-Forwarded-Host $http_host;
          proxy_set_header X-Forwarded-Proto $scheme;`;

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
      ${SHARED_HTTP}
      upstream application {
        server 127.0.0.1:${upstreamPort};
        keepalive 256;
      }
      server {
        listen 127.0.0.1:${place.httpPort} backlog=4096;
        ${STREAMING}
        location / {
          proxy_pass http://application;
          ${WEBSOCKETS}
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

/**
 * What an administrator would write by hand in Clearway's place: a location for each task, whose prefix is taken off, the usual
 * forwarded headers, an access log. All tasks share one upstream here and so its idle connections, as they share one address.
 */
export function startRouted(
  place: Place,
  upstreamPort: number,
  tasks: readonly string[],
): Promise<Contender> {
  const locations = tasks.map(
    (task) => `
        location /service/${task}/ {
          proxy_pass http://application/;
          proxy_set_header X-Forwarded-Prefix /service/${task};
          ${FORWARDED}
        }`,
  );
  return startNginx(
    place,
    `http {
      ${SHARED_HTTP}
      access_log access.log combined buffer=4k flush=1s;
      upstream application {
        server 127.0.0.1:${upstreamPort};
        keepalive 256;
      }
      server {
        listen 127.0.0.1:${place.httpPort} backlog=4096;
        ${STREAMING}
        ${locations.join('')}
      }
    }`,
  );
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
  const nginx = startOnCore(place.core, command);
  await until(
    async () =>
      (await fetch(`http://127.0.0.1:${place.httpPort}/`)).status > 0 ? true : undefined,
    5_000,
    20,
  );
  return { ...place, ...nginx };
}

/** Starts a program that may use one core only. */
export function startOnCore(
  core: number,
  command: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Pick<Contender, 'pids' | 'cpu' | 'stop'> {
  const child = spawn('taskset', ['-c', String(core), ...command], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...environment },
  });
  const pids = async (): Promise<readonly number[]> => {
    const { pid = 0 } = child;
    return [pid, ...(await descendantsOf(pid))];
  };
  const cpu = async (): Promise<number> => {
    const used = await Promise.all(
      (await pids()).map((pid) => usage(pid).catch(() => ({ cpu: 0 }))),
    );
    return used.reduce((sum, one) => sum + one.cpu, 0);
  };
  return { pids, cpu, stop: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
