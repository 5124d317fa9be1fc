import type { DestinationStream } from 'pino';
import type { Command } from '../cli.ts';
import { runRouter } from '../composition/run-router.ts';
import { describeProblem, type Parsed, type Settings } from '../settings.ts';
import { settingsOrSay } from './clearml-tools.ts';

/** Where `clearway router` gets everything from that is not its own. */
export interface RouterCommandDeps {
  readonly version: string;
  readonly loadSettings: () => Parsed<Settings>;
  /** Folder of the nginx templates. */
  readonly templates: string;
  readonly newUid: () => string;
  readonly random: () => number;
  readonly destination: DestinationStream;
}

const DESCRIPTION = `
Watches the tasks of ClearML and converges the proxy to what they ask for, until it is ended by SIGTERM or SIGINT. It
needs the nginx folder that the proxy reads (CLEARWAY_NGINX_FOLDER) and, for container addresses, the Docker
engine's socket. Log lines are JSON, on standard output.
`;

/** Makes `clearway router`. */
export function routerCommand(deps: RouterCommandDeps): Command {
  return {
    name: 'router',
    summary: 'Run the router: the control plane.',
    positionals: [],
    options: {},
    description: DESCRIPTION,
    run: async (_args, io) => {
      const parsed = deps.loadSettings();
      const settings = settingsOrSay(parsed, io);
      if (settings === undefined || parsed.kind === 'problems') return 1;
      for (const warning of parsed.warnings) {
        io.err(
          `clearway: ${warning.level === 'warn' ? 'warning: ' : ''}${describeProblem(warning)}\n`,
        );
      }
      await runRouter({ ...deps, settings }, io.signal);
      return 0;
    },
  };
}
