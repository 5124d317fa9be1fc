import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { runCli, type Program } from './cli.ts';
import { checkCommand, thisMachine } from './commands/check.ts';
import { demoApiCommand } from './commands/demo-api.ts';
import { demoCommand } from './commands/demo.ts';
import { exposeCommand, unexposeCommand } from './commands/expose.ts';
import { getCommand } from './commands/get.ts';
import { kubeconfigCommand } from './commands/kubeconfig.ts';
import { proxyCommand } from './commands/proxy.ts';
import { releaseCommand } from './commands/release.ts';
import { routerCommand } from './commands/router.ts';
import {
  loadClearmlSettings,
  loadEnvironment,
  loadProxySettings,
  loadSettings,
  loadStateFolder,
} from './settings.ts';

const top = dirname(import.meta.dirname);

function makeProgram(): Program {
  const { version } = JSON.parse(readFileSync(join(top, 'package.json'), 'utf8')) as {
    readonly version: string;
  };
  return {
    version,
    commands: [
      routerCommand({
        version,
        loadSettings,
        templates: join(top, 'templates'),
        newUid: randomUUID,
        random: () => Math.random(),
        destination: process.stdout,
      }),
      proxyCommand({ loadProxySettings, supervisor: join(top, 'proxy', 'supervisor'), spawn }),
      demoCommand({ output: process.stdout, environment: loadEnvironment(), signals: process }),
      demoApiCommand(),
      checkCommand({ loadSettings, loadClearmlSettings, machine: thisMachine() }),
      exposeCommand({ loadClearmlSettings }),
      unexposeCommand({ loadClearmlSettings }),
      releaseCommand({ loadClearmlSettings }),
      getCommand({ loadStateFolder }),
      kubeconfigCommand({ loadStateFolder, now: () => Date.now() }),
    ],
  };
}

const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) {
  process.on(name, () => stop.abort(new DOMException(name, 'AbortError')));
}
const io = {
  out: (text: string) => process.stdout.write(text),
  err: (text: string) => process.stderr.write(text),
  signal: stop.signal,
};
process.exitCode = await runCli(process.argv.slice(2), makeProgram(), io);
