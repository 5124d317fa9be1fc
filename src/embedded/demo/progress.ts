import { OperatorError } from '../../errors.ts';
import type { DemoOutput } from './screen.ts';

/**
 * Does one long step of the demo and says so: its name at once, the time that it took at its end.
 *
 * @throws what the step throws, after ending the line.
 */
export async function step<T>(
  output: DemoOutput,
  name: string,
  action: () => Promise<T>,
): Promise<T> {
  const begun = performance.now();
  output.write(`  ${name} ... `);
  try {
    const result = await action();
    output.write(`${((performance.now() - begun) / 1000).toFixed(1)} s\n`);
    return result;
  } catch (error) {
    output.write('\n');
    throw error;
  }
}

/** Ends the demo because one of its parts cannot be used; `log` holds the last lines that it wrote. */
export function partFailed(
  part: string,
  reason: string,
  log: readonly string[] = [],
): OperatorError {
  return new OperatorError('DEMO_FAILED', { part, reason, log });
}
