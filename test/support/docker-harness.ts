import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

const TOP = join(import.meta.dirname, '../..');
const UNAVAILABLE = 69;

/** What a command printed, and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A Docker engine that answers, or why there is none on this machine. */
export type EngineState =
  | {
      readonly available: true;
      /** True when this run started it, and may restart it. */
      readonly ours: boolean;
      readonly socketPath: string;
    }
  | { readonly available: false; readonly reason: string };

/** Runs a program to its end; never rejects for its exit code. */
export function run(
  file: string,
  args: readonly string[],
  options: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(
      file,
      [...args],
      {
        cwd: options.cwd ?? TOP,
        env: { ...process.env, ...options.env },
        maxBuffer: 64 * 1_048_576,
      },
      (error, stdout, stderr) => {
        const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
        resolve({ code, stdout, stderr });
      },
    );
  });
}

/** Runs a script of scripts/, and throws with its output when it fails; undefined when its part cannot be had here. */
async function script(name: string, ...args: readonly string[]): Promise<string | undefined> {
  const outcome = await run(join(TOP, 'scripts', name), args);
  if (outcome.code === UNAVAILABLE) return undefined;
  if (outcome.code !== 0) throw new Error(`${name}: ${outcome.stdout}${outcome.stderr}`);
  return outcome.stdout;
}

/** The docker client that matches the engine: Debian's, where it is. */
export function dockerClient(): string {
  return existsSync('/usr/bin/docker') ? '/usr/bin/docker' : 'docker';
}

/**
 * Makes sure that an engine and the base images are there, and starts one when none answers.
 *
 * @remarks With REQUIRE_DOCKER=1 it throws where a machine has none.
 */
export async function startEngine(): Promise<EngineState> {
  const started = await script('start-dockerd.sh');
  const bases = started === undefined ? undefined : await script('base-images.sh');
  if (started !== undefined && bases !== undefined) {
    const ours = started.trimEnd().endsWith('started') || (await ownEngineRuns());
    return { available: true, ours, socketPath: '/var/run/docker.sock' };
  }
  const reason = started === undefined ? 'no Docker engine' : 'no base images';
  if (process.env['REQUIRE_DOCKER'] === '1') throw new Error(reason);
  return { available: false, reason };
}

/** Ends the engine if the scripts started it. */
export async function stopEngine(): Promise<void> {
  await script('stop-dockerd.sh');
}

/** Ends our engine, as a crash does or in good order, and starts it again when `meanwhile` is over. */
export async function restartEngine(
  how: 'kill' | 'stop',
  meanwhile: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  await script('stop-dockerd.sh', ...(how === 'kill' ? ['--kill'] : []));
  try {
    await meanwhile();
  } finally {
    if ((await script('start-dockerd.sh')) === undefined) throw new Error('the engine is gone');
  }
}

/** The engine for a suite, or the suite is skipped, named as not run, with the reason. */
export async function engineOrSkip(
  context: Mocha.Context,
): Promise<Extract<EngineState, { available: true }>> {
  const state = await startEngine();
  if (state.available) return state;
  console.log(`not run: ${context.test?.parent?.fullTitle() ?? 'Docker'} (${state.reason})`);
  context.skip();
}

/** Runs a docker command and gives what it printed, trimmed; throws when it fails. */
export async function docker(...args: readonly string[]): Promise<string> {
  const outcome = await run(dockerClient(), args);
  if (outcome.code !== 0) {
    throw new Error(`docker ${args[0] ?? ''}: ${outcome.stderr.trim() || outcome.stdout.trim()}`);
  }
  return outcome.stdout.trim();
}

/** Builds our images once: quick when nothing that goes into them changed. */
export async function buildImages(): Promise<void> {
  const built = await script('build-images.sh');
  if (built === undefined) throw new Error('the images cannot be built on this machine');
}

/** A name that no other run uses. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(4).toString('hex')}`;
}

async function ownEngineRuns(): Promise<boolean> {
  const outcome = await run('sh', [
    '-c',
    'p=$(cat .cache/dockerd.pid 2>/dev/null) && [ "$(cat /proc/$p/comm)" = dockerd ]',
  ]);
  return outcome.code === 0;
}

/** Containers and networks of one suite; everything is removed when it closes. */
export class DockerScope {
  readonly #containers = new Set<string>();
  readonly #networks = new Set<string>();

  /** Starts a container in the background and gives its id. */
  async container(args: readonly string[]): Promise<string> {
    const id = await docker('run', '--detach', '--pull', 'never', ...args);
    this.#containers.add(id);
    return id;
  }

  /** Makes a bridge network and gives its name. */
  async network(...args: readonly string[]): Promise<string> {
    const name = uniqueName('clearway-test');
    await docker('network', 'create', ...args, name);
    this.#networks.add(name);
    return name;
  }

  /** Removes what it made; what is gone already is no error. */
  async close(): Promise<void> {
    for (const id of this.#containers)
      await run(dockerClient(), ['rm', '--force', '--volumes', id]);
    for (const name of this.#networks) await run(dockerClient(), ['network', 'rm', name]);
    this.#containers.clear();
    this.#networks.clear();
  }
}

/** Address of a container in one of its networks. */
export async function addressOf(container: string, network = 'bridge'): Promise<string> {
  return docker(
    'inspect',
    '--format',
    `{{(index .NetworkSettings.Networks "${network}").IPAddress}}`,
    container,
  );
}

/** Pid on the host of a container's init. */
export async function hostPidOf(container: string): Promise<number> {
  return Number(await docker('inspect', '--format', '{{.State.Pid}}', container));
}
