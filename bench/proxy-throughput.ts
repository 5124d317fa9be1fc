// Measures the data plane with many routes against a bare nginx `proxy_pass` in the same run: one worker on one core, load
// generator and application on another, in a network namespace of its own. On a machine that does other things too, hold the
// CPU time of a request against that of the bare nginx, and not the rates. Run: bench/run.sh proxy [routes]
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RouteTable } from '../src/domain/route-table.ts';
import { anHttpEntry, aTcpEntry } from '../test/support/route-tables.ts';
import {
  COOKIE_NAME,
  startBare,
  startClearway,
  startUpstream,
  type Contender,
  type Place,
} from './support/contenders.ts';
import { runWrk, writeReconnect, writeWalk, type Load } from './support/wrk.ts';

const INSIDE = '--inside';
const ROUNDS = 5;
const SECONDS = 3;
const WARM_SECONDS = 4;
const USERS = 200;
const CONNECTIONS = 64;
const PROXY_CORE = 0;
const LOAD_CORE = Math.min(1, availableParallelism() - 1);

/** A contender under one sort of load; the first line of a group is what the others are held against. */
interface Line {
  readonly name: string;
  readonly url: string;
  readonly script: string;
  readonly contender: Contender;
  readonly samples: Sample[];
}

/** One measurement; `cpu` is what the proxy used for a request, in microseconds. */
type Sample = Load & { readonly cpu: number };

if (process.argv[2] === INSIDE) await measure(Number(process.argv[3] ?? 10_000));
else process.exitCode = enter(process.argv.slice(2));

/** Starts this program again where its connections fill nobody else's tables. */
function enter(args: readonly string[]): number {
  // Ports of connections are taken from where nobody listens, and again as soon as they may be.
  const prepare = `ip link set lo up && cd /proc/sys/net/ipv4 &&
    echo '30000 65535' >ip_local_port_range && echo 1 >tcp_tw_reuse && cd / && exec "$@"`;
  const again = [process.execPath, ...process.execArgv, import.meta.filename, INSIDE, ...args];
  const command = ['sh', '-c', prepare, 'sh', 'taskset', '-c', String(LOAD_CORE), ...again];
  const { status, error } = spawnSync('unshare', ['--net', ...command], { stdio: 'inherit' });
  if (error !== undefined) console.error(`unshare(1) cannot be started: ${error.message}`);
  return status ?? 1;
}

async function measure(routes: number): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'clearway-bench-'));
  await using cleanUp = new AsyncDisposableStack();
  cleanUp.defer(() => rm(folder, { recursive: true, force: true }));
  const groups = await setUp(folder, routes, (contender) => {
    cleanUp.defer(() => contender.stop());
    return contender;
  });
  for (const line of groups.flat()) await load(line, WARM_SECONDS);
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const line of groups.flat()) line.samples.push(await load(line, SECONDS));
  }
  console.log(
    `${routes} routes, ${USERS} users, ${CONNECTIONS} connections, ${ROUNDS} rounds of ${SECONDS} s, one worker on core ${PROXY_CORE}`,
  );
  console.log(
    'the bare nginx keeps connections to its upstream, does not buffer and hands websockets on; it has one location, one upstream, no access control',
  );
  for (const group of groups) print(group);
}

/** Starts everything; gives the lines to measure, in groups. */
async function setUp(
  folder: string,
  routes: number,
  keep: (contender: Contender) => Contender,
): Promise<readonly (readonly Line[])[]> {
  const placeOf = (name: string, index: number): Place => ({
    folder: join(folder, name),
    core: index === 0 ? LOAD_CORE : PROXY_CORE,
    httpPort: 8_000 + index,
    tcpPort: 20_000 + 1_000 * index,
  });
  const { httpPort: upstream } = keep(await startUpstream(placeOf('upstream', 0)));
  const bare = keep(await startBare(placeOf('bare', 1), upstream, 'log'));
  const quiet = keep(await startBare(placeOf('quiet', 4), upstream, 'no log'));
  const tasks = Array.from({ length: routes }, (_, index) => index.toString(16).padStart(32, '0'));
  const clearway = async (
    name: string,
    index: number,
    authEnabled: boolean,
  ): Promise<Contender> => {
    const place = placeOf(name, index);
    return keep(
      await startClearway(place, { table: tableOf(tasks, place, upstream), authEnabled }),
    );
  };
  const guarded = await clearway('guarded', 2, true);
  const open = await clearway('open', 3, false);
  const walk = await writeWalk(join(folder, 'walk.lua'), {
    paths: tasks.map((task) => `/service/${task}/page?x=1`),
    cookies: Array.from(
      { length: USERS },
      (_, user) => `theme=dark; ${COOKIE_NAME}=${aToken(user)}`,
    ),
  });
  const reconnect = await writeReconnect(join(folder, 'reconnect.lua'));
  const http = (name: string, contender: Contender): Line => ({
    name,
    url: urlOf(contender.httpPort),
    script: walk,
    contender,
    samples: [],
  });
  const tcp = (name: string, contender: Contender): Line => ({
    name,
    url: urlOf(contender.tcpPort),
    script: reconnect,
    contender,
    samples: [],
  });
  return [
    [
      http('bare nginx, one proxy_pass, access log', bare),
      http('bare nginx, one proxy_pass, no log', quiet),
      http('Clearway, access control on', guarded),
      http('Clearway, access control off', open),
    ],
    [
      tcp('bare nginx stream, new connections', bare),
      tcp('Clearway TCP endpoint, new connections', open),
    ],
  ];
}

function tableOf(tasks: readonly string[], place: Place, upstream: number): RouteTable {
  const overrides = { port: upstream, answered: true } as const;
  return {
    http: Object.fromEntries(tasks.map((task) => [task, anHttpEntry(task, overrides)])),
    tcp: { [place.tcpPort]: aTcpEntry('f'.repeat(32), { upstream: `127.0.0.1:${upstream}` }) },
  };
}

/** As long as a token of ClearML, and like one: users' tokens differ all along. */
function aToken(user: number): string {
  const part = (number: number): string =>
    createHash('sha512').update(`${user} ${number}`).digest('base64url');
  return Array.from({ length: 5 }, (_, number) => part(number)).join('.');
}

async function load(line: Line, seconds: number): Promise<Sample> {
  const { url, script, contender } = line;
  const before = await contender.cpu();
  const done = await runWrk({ url, script, seconds, core: LOAD_CORE, connections: CONNECTIONS });
  return { ...done, cpu: (((await contender.cpu()) - before) / done.requests) * 1_000_000 };
}

function print(group: readonly Line[]): void {
  const [base] = group;
  const head = ['median of the rounds'.padEnd(42), '1/s'.padStart(7), 'p99 ms'.padStart(8)];
  console.log(`\n${head.join('')}  CPU us   ratio of 1/s, in each round   of CPU`);
  for (const { name, samples } of group) {
    const against = (value: (one: Sample) => number): readonly number[] =>
      samples.map((one, round) => value(one) / value(base?.samples[round] ?? one));
    const rates = against((one) => one.perSecond);
    const cells = [
      name.padEnd(42),
      median(samples.map(({ perSecond }) => perSecond))
        .toFixed(0)
        .padStart(7),
      median(samples.map(({ p99 }) => p99))
        .toFixed(2)
        .padStart(8),
      median(samples.map(({ cpu }) => cpu))
        .toFixed(1)
        .padStart(8),
      `   ${median(rates).toFixed(2)}   ${rates.map((ratio) => ratio.toFixed(2)).join(' ')}`,
      `   ${(1 / median(against(({ cpu }) => cpu))).toFixed(2)}`,
    ];
    console.log(cells.join(''));
  }
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor(sorted.length / 2)] ?? NaN;
}

function urlOf(port: number): string {
  return `http://127.0.0.1:${port}/`;
}
