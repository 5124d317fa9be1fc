import type { OperatorError } from '../../errors.ts';
import type { DemoOptions } from './options.ts';
import { runDemo } from './run.ts';
import type { DemoOutput } from './screen.ts';

/** What the demo has of its process. */
export interface DemoProcess {
  /** Standard output. */
  readonly output: DemoOutput & {
    on(event: 'error', listener: () => void): unknown;
    off(event: 'error', listener: () => void): unknown;
  };
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** The process itself, for its signals. */
  readonly signals: {
    on(signal: NodeJS.Signals, listener: () => void): unknown;
    off(signal: NodeJS.Signals, listener: () => void): unknown;
  };
}

const STOP_SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/**
 * Runs the demo until the first signal of the process, or until `signal` aborts; a further signal of the
 * process ends it at once.
 *
 * @remarks Nothing is left of it either way.
 * @throws {@link OperatorError} `DEMO_FAILED` when a part failed, see {@link failureText}.
 */
export async function runDemoProcess(
  options: DemoOptions,
  process: DemoProcess,
  signal: AbortSignal,
): Promise<void> {
  const stop = new AbortController();
  const force = new AbortController();
  let signals = 0;
  const onSignal = (): void => {
    signals += 1;
    stop.abort();
    if (signals > 1) force.abort();
  };
  // Nobody reads any more: a closed terminal, or the end of a pipe.
  const onGone = (): void => {
    stop.abort();
  };
  for (const name of STOP_SIGNALS) process.signals.on(name, onSignal);
  process.output.on('error', onGone);
  const { output, environment } = process;
  try {
    const world = { output, environment, force: force.signal };
    await runDemo(options, world, AbortSignal.any([signal, stop.signal]));
  } finally {
    for (const name of STOP_SIGNALS) process.signals.off(name, onSignal);
    process.output.off('error', onGone);
  }
}

/** Says what failed, why, and what the part wrote last. */
export function failureText(error: OperatorError): string {
  const { part, reason, log } = error.details as {
    readonly part?: string;
    readonly reason?: string;
    readonly log?: readonly string[];
  };
  const head = `The demo failed: ${part ?? error.code}: ${reason ?? error.message}`;
  return [head, ...(log ?? []).map((line) => `  | ${line}`), ''].join('\n');
}
