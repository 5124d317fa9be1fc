/** What an application of a demo task is. */
export type AppKind = 'web' | 'ssh' | 'echo';

/** One endpoint that a demo task asks for, and the application behind it. */
interface CastEndpoint {
  /** Empty for the default endpoint. */
  readonly name: string;
  readonly app: AppKind;
  /** Name of the StaticRoute that it asks for. */
  readonly staticRoute?: string;
}

/** One task of the demo. */
export interface CastTask {
  readonly name: string;
  readonly user: 'alice' | 'bob';
  readonly queue: string;
  readonly endpoints: readonly CastEndpoint[];
  /** Time between the request and the first moment at which the application listens. */
  readonly warmUpMs: number;
}

/** A task that comes and goes. */
export interface PassingTask extends CastTask {
  /** Time between its start and its end. */
  readonly lifeMs: number;
}

/** Queues of the embedded ClearML API. */
export const DEMO_QUEUES: readonly string[] = ['interactive', 'batch'];

/** The address that an administrator defined: a task that asks for it by name is served there. */
export const DEMO_STATIC_ROUTE = { name: 'docs', path: '/docs' } as const;

/** Time between two starts of passing tasks. */
export const PASSING_EVERY_MS = 9000;

/** The tasks that are there as long as the demo runs. */
export function lastingTasks(hasSshd: boolean): readonly CastTask[] {
  const web = (name: string): CastEndpoint => ({ name, app: 'web' });
  return [
    {
      name: 'notebook',
      user: 'alice',
      queue: 'interactive',
      endpoints: [web(''), web('preview')],
      warmUpMs: 0,
    },
    {
      name: hasSshd ? 'ssh session' : 'echo session',
      user: 'bob',
      queue: 'interactive',
      endpoints: [{ name: '', app: hasSshd ? 'ssh' : 'echo' }],
      warmUpMs: 0,
    },
    {
      name: 'documentation',
      user: 'bob',
      queue: 'interactive',
      endpoints: [{ name: '', app: 'web', staticRoute: DEMO_STATIC_ROUTE.name }],
      warmUpMs: 0,
    },
  ];
}

/**
 * The task that starts as number `index` of those that come and go.
 *
 * @remarks With their lives of 24 to 36 seconds, three or four are there at a time.
 */
export function passingTask(index: number): PassingTask {
  const kinds: readonly { readonly name: string; readonly endpoint: CastEndpoint }[] = [
    { name: 'training dashboard', endpoint: { name: '', app: 'web' } },
    { name: 'model preview', endpoint: { name: 'demo', app: 'web' } },
    { name: 'line echo', endpoint: { name: '', app: 'echo' } },
  ];
  const kind = kinds[index % kinds.length];
  return {
    name: `${kind?.name ?? 'task'} ${String(index + 1)}`,
    user: index % 2 === 0 ? 'bob' : 'alice',
    queue: 'batch',
    endpoints: kind === undefined ? [] : [kind.endpoint],
    warmUpMs: 4000,
    lifeMs: 24_000 + (index % 3) * 6000,
  };
}
