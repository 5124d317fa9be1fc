import { registerHooks, type ModuleHooks } from 'node:module';
import type Docker from 'dockerode';

/** What dockerode loads at once and needs for engines behind SSH and for BuildKit only: a third of its memory. */
const UNUSED = new Set(['ssh2', '@grpc/grpc-js', '@grpc/proto-loader']);
const EMPTY_MODULE = 'clearway:empty';

/** Loads dockerode as a client of a local socket: it can neither reach an engine over SSH nor build with BuildKit. */
export async function loadDockerode(): Promise<typeof Docker> {
  const hooks = withoutUnused();
  try {
    return (await import('dockerode')).default;
  } finally {
    hooks.deregister();
  }
}

function withoutUnused(): ModuleHooks {
  return registerHooks({
    resolve: (specifier, context, next) =>
      UNUSED.has(specifier)
        ? { url: EMPTY_MODULE, format: 'commonjs', shortCircuit: true }
        : next(specifier, context),
    load: (url, context, next) =>
      url === EMPTY_MODULE
        ? { format: 'commonjs', source: 'module.exports = {};', shortCircuit: true }
        : next(url, context),
  });
}
