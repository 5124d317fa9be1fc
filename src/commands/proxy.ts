import type { spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Command } from '../cli.ts';
import type { Parsed, ProxySettings } from '../settings.ts';
import { settingsOrSay } from './clearml-tools.ts';

/** Where `clearway proxy` gets everything from that is not its own. */
export interface ProxyCommandDeps {
  readonly loadProxySettings: () => Parsed<ProxySettings>;
  /** Path of the supervisor script. */
  readonly supervisor: string;
  readonly spawn: typeof spawn;
}

const DESCRIPTION = `
Starts nginx with the configuration that the router renders into the nginx folder (CLEARWAY_NGINX_FOLDER), and keeps it
running and current: the same supervisor as in the proxy's image, for a host without Docker. nginx keeps its own
files in CLEARWAY_RUN_FOLDER. It needs Debian's packages nginx-light, libnginx-mod-http-lua, libnginx-mod-stream,
libnginx-mod-stream-js and lua-cjson.
`;

/** Makes `clearway proxy`. */
export function proxyCommand(deps: ProxyCommandDeps): Command {
  return {
    name: 'proxy',
    summary: 'Run the proxy on a host without Docker: nginx and its supervisor.',
    positionals: [],
    options: {},
    description: DESCRIPTION,
    run: async (_args, io) => {
      const settings = settingsOrSay(deps.loadProxySettings(), io);
      if (settings === undefined) return 1;
      return supervise(deps, settings, io.signal);
    },
  };
}

/** The supervisor ends nginx gracefully when it is asked to; its exit code is ours. */
async function supervise(
  deps: ProxyCommandDeps,
  settings: ProxySettings,
  signal: AbortSignal,
): Promise<number> {
  // setpriv(1) becomes env(1), which adds to the environment that the child inherits and becomes the supervisor: same
  // process id. When this process is killed the supervisor must not stay behind: it would hold the ports of its successor.
  const child = deps.spawn(
    'setpriv',
    [
      '--pdeathsig',
      'TERM',
      'env',
      `CLEARWAY_NGINX_FOLDER=${settings.nginxFolder}`,
      `CLEARWAY_RUN_FOLDER=${settings.runFolder}`,
      deps.supervisor,
    ],
    { stdio: 'inherit' },
  );
  signal.addEventListener('abort', () => child.kill('SIGTERM'), { once: true });
  const [code] = (await once(child, 'exit')) as [number | null];
  return code ?? 1;
}
