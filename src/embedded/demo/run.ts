import { rm } from 'node:fs/promises';
import type { DemoOptions } from './options.ts';
import { present } from './present.ts';
import { step } from './progress.ts';
import type { DemoOutput } from './screen.ts';
import { setStage } from './stage.ts';

/** What the demo has of the world around it. */
export interface DemoWorld {
  readonly output: DemoOutput;
  /** Environment of this process. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Aborts when the end must not take any longer. */
  readonly force: AbortSignal;
}

/**
 * Runs the demo until the signal aborts or its time is over; then nothing of it is left.
 *
 * @throws {@link OperatorError} `DEMO_FAILED` when a part does not start, or cannot be kept running; the
 * details hold `part`, `reason` and `log`, the last lines that it wrote.
 */
export async function runDemo(
  options: DemoOptions,
  world: DemoWorld,
  signal: AbortSignal,
): Promise<void> {
  const { output, environment, force } = world;
  const trouble = new AbortController();
  const stop = AbortSignal.any([signal, trouble.signal]);
  const cleanUp = new AsyncDisposableStack();
  const onFailure = (error: Error): void => {
    trouble.abort(error);
  };
  try {
    // A file of an earlier run would tell that all is up.
    if (options.readyFile !== undefined) await rm(options.readyFile, { force: true });
    output.write('Clearway demo\n');
    const parts = { options, output, environment, cleanUp, force, onFailure };
    const stage = await setStage(parts, stop);
    await present({ options, output, environment, stage }, stop);
    stop.throwIfAborted();
  } catch (error) {
    if (trouble.signal.aborted) throw trouble.signal.reason as Error;
    if (!signal.aborted) throw error;
  } finally {
    // Leaves the line in which the terminal shows the interrupt.
    output.write('\n');
    await step(output, 'Cleaning up', () => cleanUp.disposeAsync());
  }
}
