import { OperatorError } from '../../errors.ts';
import type { AnyChange, AnyObject, ObjectSource } from '../contracts.ts';

/** Objects that do not change as long as the router runs, all at one version. */
export function fixedSource(items: readonly AnyObject[], resourceVersion: string): ObjectSource {
  return {
    list: () => Promise.resolve({ items, resourceVersion }),
    get: (name) => Promise.resolve(items.find(({ metadata }) => metadata.name === name)),
    watch: (from, signal) => nothing(from === resourceVersion, from, signal),
  };
}

async function* nothing(
  isKnown: boolean,
  resourceVersion: string,
  signal: AbortSignal,
): AsyncGenerator<AnyChange, void, undefined> {
  if (!isKnown) throw new OperatorError('RESOURCE_VERSION_EXPIRED', { resourceVersion });
  await new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
