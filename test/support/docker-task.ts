import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { glob } from 'node:fs/promises';
import { requestEndpoints, startTask } from '../../src/embedded/demo/clearml.ts';
import { addressOf, docker, dockerClient, run, type DockerScope } from './docker-harness.ts';
import type { StackClearml, TaskContainer } from './docker-stack.ts';

const TOP = join(import.meta.dirname, '../..');
const INPUTS = ['test/docker/task/*', 'src/embedded/workloads/**/*.*', 'node_modules/ws/**/*.*'];

/** Ports inside a container of {@link buildTaskImage}. */
export const TASK_PORTS = { http: 8080, tcp: 2222, hidden: 9999 } as const;

/** Builds the image of a task that runs a web application and OpenSSH, unless it is there; gives its name. */
export async function buildTaskImage(): Promise<string> {
  const files = (await Array.fromAsync(glob(INPUTS, { cwd: TOP }))).sort();
  const hash = createHash('sha256');
  for (const file of files) hash.update(file).update(await readFile(join(TOP, file)));
  const image = `clearway-test/task:${hash.digest('hex').slice(0, 12)}`;
  const present = await run(dockerClient(), ['image', 'inspect', image]);
  if (present.code === 0) return image;
  const context = `tar -C "$0" -ch package.json test/docker/task src/embedded/workloads node_modules/ws`;
  const build = `"$1" build -q -t "$2" -f test/docker/task/Dockerfile -`;
  const built = await run('sh', ['-c', `${context} | ${build}`, TOP, dockerClient(), image]);
  if (built.code !== 0) throw new Error(`the task image: ${built.stdout}${built.stderr}`);
  return image;
}

/** What a task's container is made of, and what the task writes. */
export interface WorkloadPlace {
  readonly image: string;
  /** Public key that its SSH server lets in. */
  readonly publicKey: string;
  readonly network?: string;
  readonly protocols?: readonly ('http' | 'tcp')[];
  /** Instead of the address and port that the container really has. */
  readonly claims?: { readonly address: string; readonly port: number };
}

/** Starts a task in a container of its own and asks for its endpoints with the SDK's keys. */
export async function startWorkload(
  scope: DockerScope,
  clearml: StackClearml,
  place: WorkloadPlace,
): Promise<TaskContainer> {
  const { network = 'bridge', protocols = ['http', 'tcp'], claims } = place;
  const signal = AbortSignal.timeout(30_000);
  const task = await startTask(clearml.caller, { name: 'workload', queue: 'default' }, signal);
  const container = await scope.container([
    ...['--init', '--restart', 'always', '--network', network],
    ...['--env', `CLEARML_TASK_ID=${task}`, '--env', `AUTHORIZED_KEY=${place.publicKey}`],
    place.image,
  ]);
  const address = claims?.address ?? (await addressOf(container, network));
  const wanted = protocols.map((protocol) => ({
    protocol,
    name: '',
    address,
    port: claims?.port ?? TASK_PORTS[protocol],
  }));
  await requestEndpoints(clearml.caller, task, wanted, signal);
  return { task, container };
}

/** Starts a task that has no container and claims an address. */
export async function startClaimant(
  clearml: StackClearml,
  claims: { readonly address: string; readonly port: number },
): Promise<string> {
  const signal = AbortSignal.timeout(30_000);
  const task = await startTask(clearml.caller, { name: 'claimant', queue: 'default' }, signal);
  const wanted = [
    { protocol: 'http' as const, name: '', ...claims },
    { protocol: 'tcp' as const, name: '', ...claims },
  ];
  await requestEndpoints(clearml.caller, task, wanted, signal);
  return task;
}

/** What a container printed. */
export async function printed(container: string): Promise<string> {
  return docker('logs', container);
}
