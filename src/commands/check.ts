import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { CHECKS } from '../check/checks.ts';
import type { Machine } from '../check/contract.ts';
import { formatReports, isGood, runChecks } from '../check/run-checks.ts';
import type { Command } from '../cli.ts';
import { resolveHost } from '../composition/name-lookup.ts';
import type { ClearmlCommandSettings, Parsed, Settings } from '../settings.ts';
import { makeClient } from './clearml-tools.ts';

/** Where `clearway check` gets its settings and its machine from. */
export interface CheckCommandDeps {
  readonly loadSettings: () => Parsed<Settings>;
  readonly loadClearmlSettings: () => Parsed<ClearmlCommandSettings>;
  readonly machine: Machine;
}

const TIMEOUT_MS = 15_000;

const DESCRIPTION = `
Looks at the settings and at the real world, and changes nothing: whether the ClearML API can be reached,
takes the credentials and lets them edit tasks, whether the clocks agree, the queues exist, the ports are free
and outside the range of outgoing connections, the folders can be written, the Docker engine answers, and the hosts of
endpoints have an address.

Each line says ok, WARN, FAIL or skip (nothing could be said), and what to do. The exit code is 1 when anything
fails, and 0 when all is well or there are only warnings. Run it where the router runs, with its environment; on the
host too, because a container cannot see the ports of its host.
`;

/** Makes `clearway check`. */
export function checkCommand(deps: CheckCommandDeps): Command {
  return {
    name: 'check',
    summary: 'Try the settings against the real world and say what to do.',
    positionals: [],
    options: { json: { type: 'boolean', doc: 'Write the findings as JSON.' } },
    description: DESCRIPTION,
    run: async (args, io) => {
      const clearml = deps.loadClearmlSettings();
      const api = clearml.kind === 'settings' ? makeClient(clearml.settings.clearml) : undefined;
      try {
        const context = { parsed: deps.loadSettings(), api, machine: deps.machine };
        const reports = await runChecks(CHECKS, context, TIMEOUT_MS, io.signal);
        io.out(args.has('json') ? `${JSON.stringify(reports, null, 2)}\n` : formatReports(reports));
        return isGood(reports) ? 0 : 1;
      } finally {
        await api?.close();
      }
    },
  };
}

/** The machine that this process runs on. */
export function thisMachine(): Machine {
  return {
    inContainer: existsSync('/.dockerenv') || existsSync('/run/.containerenv'),
    sysctlFolder: '/proc/sys',
    now: () => Date.now(),
    resolve: resolveHost,
    newLabel: () => `clearway-${randomUUID()}`,
  };
}
