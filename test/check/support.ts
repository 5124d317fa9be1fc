import type { Command, CommandIo } from '../../src/cli.ts';
import { runCli } from '../../src/cli.ts';
import { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import type { SeedTask } from '../../src/embedded/api/seed.ts';
import { parseClearmlSettings } from '../../src/settings/parse.ts';

/** A task id that is one. */
export const TASK = 'a1'.repeat(16);

/** What a run of the command line did. */
export interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs one command as the command line does. */
export async function runCommand(command: Command, argv: readonly string[]): Promise<Said> {
  const said = { out: '', err: '' };
  const io: CommandIo = {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    signal: new AbortController().signal,
  };
  const code = await runCli([command.name, ...argv], { version: '0', commands: [command] }, io);
  return { code, ...said };
}

/** An embedded ClearML API with one user, and the environment that leads to it. */
export async function startApi(
  tasks: readonly SeedTask[] = [],
): Promise<{ readonly api: EmbeddedClearml; readonly env: Readonly<Record<string, string>> }> {
  const api = new EmbeddedClearml({
    featureSet: 'basic',
    seed: {
      users: [{ name: 'ann', accessKey: 'the-access-key', secretKey: 'the-secret-key' }],
      queues: [{ name: 'default' }, { name: 'gpu-1' }],
      tasks,
    },
  });
  const { url } = await api.start();
  const env = {
    CLEARML_API_HOST: url,
    CLEARML_API_ACCESS_KEY: 'the-access-key',
    CLEARML_API_SECRET_KEY: 'the-secret-key',
  };
  return { api, env };
}

/** What commands that only talk to ClearML are made of. */
export function depsFor(env: Readonly<Record<string, string>>): {
  readonly loadClearmlSettings: () => ReturnType<typeof parseClearmlSettings>;
} {
  return { loadClearmlSettings: () => parseClearmlSettings(env) };
}
