import type { Context } from 'mocha';

/** Skips the test or suite and names it, with the reason: what did not run must not look as if it had passed. */
export function notRun(context: Context, reason: string): never {
  const name = context.currentTest?.fullTitle() ?? context.test?.fullTitle() ?? 'a test';
  console.log(`not run: ${name} (${reason})`);
  return context.skip();
}
