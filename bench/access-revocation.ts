// Measures what decisions take and how they end: the memory of a worker that holds many of them, what a revocation costs those that
// it does not name, and the time until the last worker has dropped a session. Fails when a revoked session is let in once more.
// Run: bench/run.sh revocation [callers] [routes of each caller]...
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rawRequest } from '../test/support/http-client.ts';
import { askAll, aSession, turnSeconds, writeCallers } from './support/callers.ts';
import { SESSION_COOKIE, someTasks, type Clearway } from './support/clearway.ts';
import { median, percentile } from './support/figures.ts';
import { usage } from './support/gateway.ts';
import { inNamespace } from './support/namespace.ts';
import { aLine, load } from './support/rounds.ts';
import { Sessions } from './support/sessions.ts';
import { openStage, type Stage } from './support/stage.ts';

const ROUTES = 1_000;
const WORKERS = 4;
const REVOCATIONS = 100;
/** Connections by which a session is tried: each is some worker's. */
const TRIES = 16;

await inNamespace(import.meta.filename, async ([callers = 1_000, ...each]) => {
  await using stage = await openStage();
  for (const routes of each.length === 0 ? [10, 100] : each) {
    await hold(stage, Number(callers), Number(routes));
  }
  await revoke(stage);
});

/** Fills one worker, and looks what is left after a revocation. */
async function hold(stage: Stage, callers: number, each: number): Promise<void> {
  const tasks = someTasks(ROUTES);
  const sessions = new Sessions(callers);
  const clearway = await stage.startClearway(`each-${each}`, tasks, {
    authEnabled: true,
    decide: sessions.decide,
  });
  const pairs = callers * each;
  const script = await writeCallers(join(stage.folder, 'many.lua'), { callers, tasks, each });
  const line = aLine('Clearway', clearway, script);
  const empty = await memoryOf(clearway);
  await askAll(line, clearway, pairs);
  const full = await memoryOf(clearway);
  print(`memory of a worker: no decision, ${pairs} cached (MiB)`, mib(empty, full));
  const asked = clearway.questions();
  await clearway.plane.revoke(['session:of-nobody']);
  const { requests } = await load(line, turnSeconds(pairs));
  if (requests < pairs) throw new Error('the walk did not come to its end');
  const again = clearway.questions() - asked;
  print(`questions for these ${pairs} pairs after another session was revoked`, again);
}

/** Revokes one session after the other, each known to the workers. */
async function revoke(stage: Stage): Promise<void> {
  const tasks = someTasks(ROUTES);
  const sessions = new Sessions(REVOCATIONS);
  const order = { authEnabled: true, workers: WORKERS, decide: sessions.decide };
  const clearway = await stage.startClearway('several', tasks, order);
  const times: number[] = [];
  for (let caller = 0; caller < REVOCATIONS; caller += 1) {
    await expectStatus(clearway, caller, 200);
    const begin = performance.now();
    await sessions.revoke(caller, clearway);
    times.push(performance.now() - begin);
    await expectStatus(clearway, caller, 401);
  }
  print(
    `session dropped by the last of ${WORKERS} workers after (ms: median, p99 of ${REVOCATIONS})`,
    `${median(times).toFixed(1)}, ${percentile(times, 0.99).toFixed(1)}`,
  );
}

/** @throws Error when one of the tries is answered in another way */
async function expectStatus(
  { httpPort }: Clearway,
  caller: number,
  expected: number,
): Promise<void> {
  const [task = ''] = someTasks(1);
  const headers = [['Cookie', `${SESSION_COOKIE}=${aSession(caller)}`]] as const;
  for (let turn = 0; turn < TRIES; turn += 1) {
    const { status } = await rawRequest(httpPort, { target: `/service/${task}/`, headers });
    if (status !== expected) throw new Error(`${status} instead of ${expected}`);
  }
}

/** Resident memory of the only worker, in MiB. */
async function memoryOf(clearway: Clearway): Promise<number> {
  for (const pid of await clearway.pids()) {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (command.startsWith('nginx: worker process')) return (await usage(pid)).rss;
  }
  throw new Error('there is no worker');
}

function mib(...values: readonly number[]): string {
  return values.map((value) => value.toFixed(1)).join(', ');
}

function print(name: string, value: string | number): void {
  console.log(`${name.padEnd(74)} ${value}`);
}
