import type { SeenTask } from './clearml.ts';
import { keyOf, lookAt, routesOf, rowOf } from './look.ts';
import type { Look, RouterPlace, SeenRoute } from './look.ts';
import type { RouteRow } from './table.ts';

/** What a {@link RouteBoard} asks. */
export interface BoardParts {
  readonly router: RouterPlace;
  /** Bearer token of somebody who may see every task. */
  readonly token: string;
  /** Tasks that ask for endpoints, or did. */
  readonly listTasks: (signal: AbortSignal) => Promise<readonly SeenTask[]>;
  /** Unix time in ms. */
  readonly now: () => number;
}

interface Memory {
  route: SeenRoute;
  /** Last address that it had. */
  endpoint: string;
  endedAt: number | undefined;
  look: Look | undefined;
}

const SHOW_ENDED_MS = 15_000;

/** Knows the routes as one sees them from outside: in ClearML, and at their addresses. */
export class RouteBoard {
  readonly #parts: BoardParts;
  readonly #memory = new Map<string, Memory>();

  constructor(parts: BoardParts) {
    this.#parts = parts;
  }

  /** Looks at everything once and gives the rows, oldest task first; ended routes stay for a while. */
  async rows(signal: AbortSignal): Promise<readonly RouteRow[]> {
    const { router, listTasks, token, now } = this.#parts;
    const tasks = await listTasks(signal);
    const routes = tasks.flatMap((task) => routesOf(task, router));
    this.#remember(new Map(routes.map((route) => [keyOf(route), route])));
    const known = [...this.#memory.values()];
    await Promise.all(
      known.map(async (memory) => {
        const isThere = memory.endedAt === undefined && memory.route.endpoint !== '';
        memory.look = isThere ? await lookAt(memory.route, token, signal) : undefined;
      }),
    );
    return known
      .toSorted((a, b) => compareRoutes(a.route, b.route))
      .map(({ route, look, endpoint }) =>
        rowOf(route, { look, lastEndpoint: endpoint, now: now() }),
      );
  }

  #remember(routes: ReadonlyMap<string, SeenRoute>): void {
    const now = this.#parts.now();
    for (const [key, route] of routes) {
      const known = this.#memory.get(key);
      // A task that ended before anyone saw it run is history, not news.
      if (known === undefined && route.task.status !== 'in_progress') continue;
      this.#memory.set(key, remembered(route, known, now));
    }
    for (const [key, known] of this.#memory) {
      if (!routes.has(key)) this.#memory.set(key, remembered(withdrawn(known.route), known, now));
      if (now - (this.#memory.get(key)?.endedAt ?? now) > SHOW_ENDED_MS) this.#memory.delete(key);
    }
  }
}

function remembered(route: SeenRoute, known: Memory | undefined, now: number): Memory {
  const isRunning = route.task.status === 'in_progress';
  return {
    route,
    endpoint: route.endpoint === '' ? (known?.endpoint ?? '') : route.endpoint,
    endedAt: isRunning ? undefined : (known?.endedAt ?? now),
    look: known?.look,
  };
}

/** A route whose task, or whose keys, are gone. */
function withdrawn(route: SeenRoute): SeenRoute {
  return { ...route, endpoint: '', task: { ...route.task, status: 'completed' } };
}

function compareRoutes(a: SeenRoute, b: SeenRoute): number {
  return a.task.started - b.task.started || keyOf(a).localeCompare(keyOf(b));
}
