/** What the router knows of itself when it is asked for its health. */
export interface HealthState {
  /** The store answers. */
  readonly storeUsable: boolean;
  /** Why the state cannot be written just now; absent while it can. */
  readonly storeProblem?: string;
  /** The socket that proxies poll is open. */
  readonly channelOpen: boolean;
  /** Controllers that have worked on one key for longer than they ever should. */
  readonly stuckControllers: readonly string[];
  /** A complete pass over the tasks has been made, or the table of an earlier run is served. */
  readonly tableLoaded: boolean;
  /** The last call of the ClearML API went well. */
  readonly clearmlReachable: boolean;
  readonly proxies: { readonly connected: number; readonly complete: number };
}

/** One line of a health answer. `note` is shown and fails nothing. */
interface HealthLine {
  readonly name: string;
  readonly state: 'ok' | 'failed' | 'note';
  readonly message: string;
}

/** An answer to a health request. */
export interface HealthAnswer {
  readonly status: 200 | 503;
  readonly lines: readonly HealthLine[];
  /** The lines as text, in the manner of kube-apiserver's verbose answers. */
  readonly text: string;
}

/** Whether the process works. Fails only where a restart would help. */
export function liveness(state: HealthState): HealthAnswer {
  return answer([
    line('store', state.storeUsable, 'the state cannot be read or written'),
    line(
      'controllers',
      state.stuckControllers.length === 0,
      `no progress in ${state.stuckControllers.join(', ')}`,
    ),
  ]);
}

/**
 * Whether users can be served.
 *
 * @remarks
 * ClearML being away is noted and fails nothing: the data plane serves without it, and a router that is
 * taken out of a load balancer for that would turn a small trouble into an outage. The same holds for a state that
 * can be read and not written: what is served stays.
 */
export function readiness(state: HealthState): HealthAnswer {
  const { connected, complete } = state.proxies;
  return answer([
    ...liveness(state).lines,
    ...(state.storeProblem === undefined
      ? []
      : [
          {
            name: 'state',
            state: 'note',
            message: `new routes wait: ${state.storeProblem}`,
          } as const,
        ]),
    line('channel', state.channelOpen, 'the socket for proxies is not open'),
    line('table', state.tableLoaded, 'no complete pass over the tasks yet'),
    line('proxies', complete > 0, `${String(connected)} connected, none with all of its workers`),
    state.clearmlReachable
      ? { name: 'clearml', state: 'ok', message: '' }
      : { name: 'clearml', state: 'note', message: 'the ClearML API cannot be reached' },
  ]);
}

function line(name: string, isOk: boolean, trouble: string): HealthLine {
  return { name, state: isOk ? 'ok' : 'failed', message: isOk ? '' : trouble };
}

function answer(lines: readonly HealthLine[]): HealthAnswer {
  const isHealthy = lines.every(({ state }) => state !== 'failed');
  const signs = { ok: '+', failed: '-', note: '!' } as const;
  const text = [
    ...lines.map(({ name, state, message }) =>
      state === 'ok' ? `[${signs.ok}] ${name}: ok` : `[${signs[state]}] ${name}: ${message}`,
    ),
    isHealthy ? 'healthy' : 'not healthy',
  ].join('\n');
  return { status: isHealthy ? 200 : 503, lines, text: `${text}\n` };
}
