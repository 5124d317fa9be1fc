// Measures access control: many callers, each with a session of its own and several routes, all decisions cached, against nginx
// without and with as many locations in the same run. Fails when a decision was asked for while it measured.
// Run: bench/run.sh access [callers] [routes] [routes of each caller]
import { join } from 'node:path';
import { aCredential, SESSION_COOKIE, someTasks, type Clearway } from './support/clearway.ts';
import { startBare, startRouted } from './support/contenders.ts';
import { inNamespace, PROXY_CORE } from './support/namespace.ts';
import {
  aLine,
  CONNECTIONS,
  load,
  measureRounds,
  median,
  printGroup,
  ratiosOf,
  ROUNDS,
  SECONDS,
  type Line,
} from './support/rounds.ts';
import { openStage, type Stage } from './support/stage.ts';
import { writeWalk } from './support/wrk.ts';

/** Characters of a sealed session. */
const SESSION_LENGTH = 1_100;
const WARM_SECONDS = 3;
/** Turns of warming up within which every pair must have been decided. */
const WARM_TURNS = 20;
const AIM = 0.9;

/** Who asks for what. */
interface Order {
  readonly callers: number;
  readonly routes: number;
  /** Routes that each caller uses. */
  readonly each: number;
}

/** What is measured. */
interface Contest {
  readonly bare: Line;
  readonly routed: Line;
  readonly guarded: Line;
  readonly open: Line;
  readonly clearway: Clearway;
}

await inNamespace(import.meta.filename, ([callers = 1_000, routes = 1_000, each = 10]) =>
  measure({ callers: Number(callers), routes: Number(routes), each: Number(each) }),
);

async function measure(order: Order): Promise<void> {
  const { callers, routes, each } = order;
  if (each > routes || callers * each < routes) {
    throw new Error('each caller uses some of the routes, and every route is used by somebody');
  }
  await using stage = await openStage();
  const contest = await setUp(stage, order);
  const { bare, routed, guarded, open, clearway } = contest;
  const lines = [bare, routed, guarded, open];
  for (const line of lines) await load(line, WARM_SECONDS);
  await warmUp(guarded, clearway, callers * each);
  const before = clearway.questions();
  await measureRounds(lines);
  const asked = clearway.questions() - before;
  console.log(
    `${callers} callers, each with a session of ${SESSION_LENGTH} characters and ${each} of ${routes} routes: ${callers * each} pairs of caller and route, each in turn`,
  );
  console.log(
    `${CONNECTIONS} connections, ${ROUNDS} rounds of ${SECONDS} s, one worker on core ${PROXY_CORE}; ${before} decisions asked before the rounds, ${asked} during them`,
  );
  printGroup(lines);
  for (const base of [bare, routed]) judge(guarded, base);
  if (asked > 0) throw new Error('decisions were asked for during the measurement');
}

async function setUp(stage: Stage, order: Order): Promise<Contest> {
  const { folder, upstreamPort } = stage;
  const tasks = someTasks(order.routes);
  const bare = await stage.start('bare', (place) => startBare(place, upstreamPort, 'log'));
  const routed = await stage.start('routed', (place) => startRouted(place, upstreamPort, tasks));
  const clearway = await stage.startClearway('guarded', tasks, { authEnabled: true });
  const open = await stage.startClearway('open', tasks, { authEnabled: false });
  const script = await writeWalkOf(join(folder, 'walk.lua'), order, tasks);
  return {
    bare: aLine('bare nginx, one location', bare, script),
    routed: aLine(`bare nginx, ${order.routes} locations`, routed, script),
    guarded: aLine('Clearway, access control on', clearway, script),
    open: aLine('Clearway, access control off', open, script),
    clearway,
  };
}

/** Each caller in turn with its first route, then each with its second one, and so on: the next request is always somebody else's. */
function writeWalkOf(file: string, order: Order, tasks: readonly string[]): Promise<string> {
  const { callers, routes, each } = order;
  const numbers = Array.from({ length: callers }, (_, caller) => caller);
  return writeWalk(file, {
    paths: tasks.map((task) => `/service/${task}/page?x=1`),
    cookies: numbers.map(
      (caller) => `theme=dark; ${SESSION_COOKIE}=${aCredential(caller, SESSION_LENGTH)}`,
    ),
    steps: Array.from({ length: each }, (_, turn) =>
      numbers.map((caller) => [(caller * each + turn) % routes, caller] as const),
    ).flat(),
  });
}

/** Asks until every pair is decided and a whole turn asks for no decision. */
async function warmUp(line: Line, clearway: Clearway, pairs: number): Promise<void> {
  for (let turn = 0; turn < WARM_TURNS; turn += 1) {
    const before = clearway.questions();
    const { requests } = await load(line, WARM_SECONDS);
    if (before >= pairs && clearway.questions() === before && requests >= pairs) return;
  }
  throw new Error(
    `${clearway.questions()} decisions were asked for, of ${pairs} pairs; they do not stay`,
  );
}

function judge(line: Line, base: Line): void {
  const { rates, p99 } = ratiosOf(line, base);
  const verdict = (ratio: number): string =>
    `${ratio.toFixed(2)}, aim ${AIM}: ${ratio >= AIM ? 'met' : 'NOT met'}`;
  console.log(
    `${line.name} against ${base.name}: 1/s ${verdict(median(rates))}; p99 ${verdict(p99)}`,
  );
}
