import { setTimeout as sleep } from 'node:timers/promises';
import { writeReadyFile } from '../demo-api.ts';
import { RouteBoard } from './board.ts';
import { listTasks } from './clearml.ts';
import { supervisorPid } from './gateway.ts';
import type { RestartNote } from './kept-child.ts';
import { runPassingTasks } from './life.ts';
import { keyOf, lookAt, routesOf } from './look.ts';
import type { SeenRoute } from './look.ts';
import { isLoopbackHost } from './options.ts';
import type { DemoOptions } from './options.ts';
import { partFailed, step } from './progress.ts';
import type { ReadyFacts } from './ready-file.ts';
import { Screen } from './screen.ts';
import type { DemoOutput } from './screen.ts';
import { writeKnownHosts } from './stage.ts';
import type { Stage } from './stage.ts';
import { introText } from './texts.ts';
import type { IntroFacts } from './texts.ts';

/** What is shown, how and where. */
export interface PresentParts {
  readonly options: DemoOptions;
  readonly output: DemoOutput;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly stage: Stage;
}

const UP_MS = 60_000;
const REDRAW_MS = 1000;

/** Waits until all is up, tells so, and shows the routes until the signal aborts or the time is over. */
export async function present(parts: PresentParts, signal: AbortSignal): Promise<void> {
  const { options, output, stage } = parts;
  const routes = await step(output, 'Waiting until every endpoint answers', () =>
    waitForRoutes(stage, signal),
  );
  const facts = await readyFacts(stage, routes, signal);
  output.write(introText(await introFacts(options, stage, facts)));
  if (options.readyFile !== undefined) await writeReadyFile(options.readyFile, facts);
  const end = options.durationMs === undefined ? signal : endAfter(options.durationMs, signal);
  try {
    await Promise.all([
      showRoutes(parts, routes, end),
      options.churn ? runPassingTasks(stage.life, end) : undefined,
    ]);
  } catch (error) {
    if (!end.aborted) throw error;
  }
}

function endAfter(ms: number, signal: AbortSignal): AbortSignal {
  return AbortSignal.any([signal, AbortSignal.timeout(ms)]);
}

/** The routes of the lasting tasks, once each of them is published and answers at its address. */
async function waitForRoutes(stage: Stage, signal: AbortSignal): Promise<readonly SeenRoute[]> {
  const wanted = stage.tasks.reduce((sum, { cast }) => sum + cast.endpoints.length, 0);
  const ids = stage.tasks.map(({ id }) => id);
  const deadline = performance.now() + UP_MS;
  for (;;) {
    const tasks = (await listTasks(stage.caller, signal)).filter(({ id }) => ids.includes(id));
    const routes = tasks.flatMap((task) => routesOf(task, stage.router));
    const published = routes.filter(({ endpoint }) => endpoint !== '');
    const looks = await Promise.all(published.map((route) => lookAt(route, stage.token, signal)));
    signal.throwIfAborted();
    if (looks.filter((look) => look === 'answers').length === wanted) return inOrder(ids, routes);
    if (performance.now() > deadline) throw await notUp(stage, published.length, wanted);
    await sleep(200, undefined, { signal });
  }
}

function inOrder(ids: readonly string[], routes: readonly SeenRoute[]): readonly SeenRoute[] {
  const place = (route: SeenRoute): number => ids.indexOf(route.task.id);
  return routes.toSorted((a, b) => place(a) - place(b) || keyOf(a).localeCompare(keyOf(b)));
}

async function notUp(stage: Stage, published: number, wanted: number): Promise<Error> {
  const seconds = String(UP_MS / 1000);
  const count = `${String(published)} of ${String(wanted)} endpoints are published`;
  return partFailed('start', `not every endpoint answers after ${seconds} s; ${count}`, [
    ...['router.log:', ...(await stage.routerProcess.lastLines())],
    ...['proxy.log:', ...(await stage.proxy.lastLines())],
  ]);
}

async function readyFacts(
  stage: Stage,
  routes: readonly SeenRoute[],
  signal: AbortSignal,
): Promise<ReadyFacts> {
  const { name, url, tcpAddress, tcpPorts } = stage.router;
  const metricsUrl = `http://127.0.0.1:${String(stage.metricsPort)}/metrics`;
  return {
    apiHost: stage.caller.apiHost,
    users: stage.users,
    router: { name, url, tcpAddress, tcpPorts, metricsUrl },
    routes: routes.map((route) => ({
      task: route.task.id,
      name: route.name,
      protocol: route.protocol,
      endpoint: route.endpoint,
    })),
    kubeconfig: stage.kubeconfig,
    pids: {
      router: stage.routerProcess.pid,
      proxy: await supervisorPid(stage.proxy.pid, signal),
    },
  };
}

async function introFacts(
  options: DemoOptions,
  stage: Stage,
  facts: ReadyFacts,
): Promise<IntroFacts> {
  const isOpen = !isLoopbackHost(options.host);
  const intro = { ...facts, folder: stage.folder, isOpen };
  const server = stage.tasks.find(({ ssh }) => ssh !== undefined)?.ssh;
  const endpoint = facts.routes.find(({ protocol }) => protocol === 'tcp')?.endpoint;
  if (server === undefined || endpoint === undefined) return intro;
  const { keyFile, user, hostKey } = server;
  const knownHostsFile = await writeKnownHosts(stage.folder, { endpoint, hostKey });
  return { ...intro, ssh: { keyFile, knownHostsFile, user } };
}

async function showRoutes(
  parts: PresentParts,
  routes: readonly SeenRoute[],
  signal: AbortSignal,
): Promise<void> {
  const { stage } = parts;
  const { router, token, caller } = stage;
  const board = new RouteBoard({
    router,
    token,
    listTasks: (until) => listTasks(caller, until),
    now: Date.now,
  });
  const screen = makeScreen(parts);
  for (const child of [stage.routerProcess, stage.proxy]) {
    child.settle((note) => {
      screen.say(noteText(note));
    });
  }
  let pids = [stage.routerProcess.pid, stage.proxy.pid];
  for (;;) {
    const rows = await board.rows(signal);
    // Looks that were cut short tell nothing.
    signal.throwIfAborted();
    screen.show(rows);
    await sleep(REDRAW_MS, undefined, { signal });
    const now = [stage.routerProcess.pid, stage.proxy.pid];
    if (now.join() === pids.join()) continue;
    pids = now;
    const { readyFile } = parts.options;
    if (readyFile !== undefined) {
      await writeReadyFile(readyFile, await readyFacts(stage, routes, signal));
    }
  }
}

function makeScreen({ output, environment, stage }: PresentParts): Screen {
  return new Screen({
    output,
    routerUrl: stage.router.url,
    color: (environment['NO_COLOR'] ?? '') === '',
    timeOfDay: () => new Date().toTimeString().slice(0, 8),
  });
}

function noteText(note: RestartNote): string {
  const head = `The ${note.name} ${note.how}; it is started again. It wrote last:`;
  return [head, ...note.log.map((line) => `  | ${line}`)].join('\n');
}
