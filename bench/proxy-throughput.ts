// Measures the data plane with many routes against a bare nginx `proxy_pass` in the same run: one worker on one core, load
// generator and application on another, in a network namespace of its own. On a machine that does other things too, hold the
// CPU time of a request against that of the bare nginx, and not the rates. Run: bench/run.sh proxy [routes]
import { join } from 'node:path';
import { aCredential, CLEARML_COOKIE, someTasks } from './support/clearway.ts';
import { startBare } from './support/contenders.ts';
import { inNamespace, PROXY_CORE } from './support/namespace.ts';
import {
  aLine,
  CONNECTIONS,
  load,
  measureRounds,
  printGroup,
  ROUNDS,
  SECONDS,
  type Line,
} from './support/rounds.ts';
import { openStage, type Stage } from './support/stage.ts';
import { writeReconnect, writeWalk } from './support/wrk.ts';

const WARM_SECONDS = 4;
const USERS = 200;

await inNamespace(import.meta.filename, ([routes = 10_000]) => measure(Number(routes)));

async function measure(routes: number): Promise<void> {
  await using stage = await openStage();
  const groups = await setUp(stage, someTasks(routes));
  const lines = groups.flat();
  for (const line of lines) await load(line, WARM_SECONDS);
  await measureRounds(lines);
  console.log(
    `${routes} routes, ${USERS} users, ${CONNECTIONS} connections, ${ROUNDS} rounds of ${SECONDS} s, one worker on core ${PROXY_CORE}`,
  );
  console.log(
    'the bare nginx keeps connections to its upstream, does not buffer and hands websockets on; it has one location, one upstream, no access control',
  );
  for (const group of groups) printGroup(group);
}

/** Starts everything; gives the lines to measure, in groups. */
async function setUp(
  stage: Stage,
  tasks: readonly string[],
): Promise<readonly (readonly Line[])[]> {
  const { folder, upstreamPort } = stage;
  const bare = await stage.start('bare', (place) => startBare(place, upstreamPort, 'log'));
  const quiet = await stage.start('quiet', (place) => startBare(place, upstreamPort, 'no log'));
  const guarded = await stage.startClearway('guarded', tasks, { authEnabled: true });
  const open = await stage.startClearway('open', tasks, { authEnabled: false });
  const walk = await writeWalkOf(join(folder, 'walk.lua'), tasks);
  const reconnect = await writeReconnect(join(folder, 'reconnect.lua'));
  return [
    [
      aLine('bare nginx, one proxy_pass, access log', bare, walk),
      aLine('bare nginx, one proxy_pass, no log', quiet, walk),
      aLine('Clearway, access control on', guarded, walk),
      aLine('Clearway, access control off', open, walk),
    ],
    [
      aLine('bare nginx stream, new connections', bare, reconnect, bare.tcpPort),
      aLine('Clearway TCP endpoint, new connections', open, reconnect, open.tcpPort),
    ],
  ];
}

/** Every task in turn; user number u asks for the u-th share of them. */
function writeWalkOf(file: string, tasks: readonly string[]): Promise<string> {
  const share = Math.ceil(tasks.length / USERS);
  return writeWalk(file, {
    paths: tasks.map((task) => `/service/${task}/page?x=1`),
    cookies: Array.from(
      { length: USERS },
      (_, user) => `theme=dark; ${CLEARML_COOKIE}=${aCredential(user, 434)}`,
    ),
    steps: tasks.map((_, index) => [index, Math.floor(index / share)]),
  });
}
