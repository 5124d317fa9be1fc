// Measures access control: many callers, each with a session of its own and several routes, all decisions cached, against nginx
// without and with as many locations in the same run. Fails when a decision was asked for while it measured.
// Run: bench/run.sh access [callers] [routes] [routes of each caller]
import { join } from 'node:path';
import { askAll, SESSION_LENGTH, writeCallers, type Callers } from './support/callers.ts';
import { someTasks, type Clearway } from './support/clearway.ts';
import { startBare, startRouted } from './support/contenders.ts';
import { median } from './support/figures.ts';
import { inNamespace, PROXY_CORE } from './support/namespace.ts';
import {
  aLine,
  CONNECTIONS,
  isSteady,
  load,
  measureRounds,
  printGroup,
  ratiosOf,
  ROUNDS,
  SECONDS,
  type Line,
} from './support/rounds.ts';
import { openStage, type Stage } from './support/stage.ts';

const WARM_SECONDS = 3;
const AIM = 0.9;

/** What is measured. */
interface Contest {
  readonly bare: Line;
  readonly routed: Line;
  readonly guarded: Line;
  readonly open: Line;
  readonly clearway: Clearway;
}

await inNamespace(import.meta.filename, ([callers = 1_000, routes = 1_000, each = 10]) =>
  measure({ callers: Number(callers), tasks: someTasks(Number(routes)), each: Number(each) }),
);

async function measure(order: Callers): Promise<void> {
  const { callers, tasks, each } = order;
  await using stage = await openStage();
  const contest = await setUp(stage, order);
  const { bare, routed, guarded, open, clearway } = contest;
  const lines = [bare, routed, guarded, open];
  for (const line of lines) await load(line, WARM_SECONDS);
  await askAll(guarded, clearway, callers * each);
  const before = clearway.questions();
  await measureRounds(lines);
  const asked = clearway.questions() - before;
  console.log(
    `${callers} callers, each with a session of ${SESSION_LENGTH} characters and ${each} of ${tasks.length} routes: ${callers * each} pairs of caller and route, each in turn`,
  );
  console.log(
    `${CONNECTIONS} connections, ${ROUNDS} rounds of ${SECONDS} s, one worker on core ${PROXY_CORE}; ${before} decisions asked before the rounds, ${asked} during them`,
  );
  printGroup(lines);
  for (const base of [bare, routed]) judge(guarded, base);
  if (!lines.every(isSteady)) {
    console.log('other programs disturbed the rounds: only the CPU column says something');
  }
  if (asked > 0) throw new Error('decisions were asked for during the measurement');
}

async function setUp(stage: Stage, order: Callers): Promise<Contest> {
  const { folder, upstreamPort } = stage;
  const { tasks } = order;
  const bare = await stage.start('bare', (place) => startBare(place, upstreamPort, 'log'));
  const routed = await stage.start('routed', (place) => startRouted(place, upstreamPort, tasks));
  const clearway = await stage.startClearway('guarded', tasks, { authEnabled: true });
  const open = await stage.startClearway('open', tasks, { authEnabled: false });
  const script = await writeCallers(join(folder, 'walk.lua'), order);
  return {
    bare: aLine('bare nginx, one location', bare, script),
    routed: aLine(`bare nginx, ${tasks.length} locations`, routed, script),
    guarded: aLine('Clearway, access control on', clearway, script),
    open: aLine('Clearway, access control off', open, script),
    clearway,
  };
}

function judge(line: Line, base: Line): void {
  const { rates, p99 } = ratiosOf(line, base);
  const verdict = (ratio: number): string =>
    `${ratio.toFixed(2)}, aim ${AIM}: ${ratio >= AIM ? 'met' : 'NOT met'}`;
  console.log(
    `${line.name} against ${base.name}: 1/s ${verdict(median(rates))}; p99 ${verdict(p99)}`,
  );
}
