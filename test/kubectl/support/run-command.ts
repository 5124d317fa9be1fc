import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Outcome } from '../../support/docker-harness.ts';
import { eventually } from '../../support/eventually.ts';
import { Kubectl, type RunningKubectl } from '../../support/kubectl.ts';
import { words, type Command, type Step, type Stream } from './command-list.ts';
import { mask } from './mask.ts';
import { sortedState } from './state.ts';
import { resetKinds, type SeedObject, type World } from './world.ts';

/** What a command showed, masked. */
export type Shown = Readonly<Record<Stream, string>>;

/** How long a step may take to be seen, in ms. */
const STEP_MS = 15_000;

/** Shows what StaticRoutes are, with who set what. */
const STATE = 'get staticroutes -o yaml --show-managed-fields';

/** Runs a command against a server with a home of its own, and puts the server's objects back. */
export async function runCommand(
  binary: string,
  world: World,
  { command, seed }: { readonly command: Command; readonly seed: readonly SeedObject[] },
): Promise<Shown> {
  const { changes = [], files = {} } = command;
  await using kubectl = await Kubectl.make(binary, world.kubeconfig);
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(kubectl.folder, name), text);
    if (name === 'editor') await chmod(join(kubectl.folder, name), 0o755);
  }
  try {
    for (const before of command.before ?? []) await must(kubectl, before);
    const outcome = await runToEnd(kubectl, world, command);
    const state = changes.includes('StaticRoute') ? await must(kubectl, STATE) : '';
    return {
      code: String(outcome.code),
      stdout: inOrder(command, maskFor(kubectl, outcome.stdout)),
      stderr: maskFor(kubectl, outcome.stderr),
      state: mask(sortedState(state)),
    };
  } finally {
    await resetKinds(world, seed, changes);
  }
}

async function runToEnd(kubectl: Kubectl, world: World, command: Command): Promise<Outcome> {
  const running = kubectl.start(words(command.run), command.stdin);
  for (const step of command.watch ?? command.meanwhile ?? []) {
    await takeStep(running, step, { kubectl, world });
  }
  if (command.watch === undefined) return running.ended;
  return { ...(await running.stop()), code: 0 };
}

async function takeStep(
  running: RunningKubectl,
  step: Step,
  { kubectl, world }: { readonly kubectl: Kubectl; readonly world: World },
): Promise<void> {
  if (step.seen !== undefined) await running.prints(new RegExp(step.seen, 'ms'), STEP_MS);
  if (step.logged !== undefined) await logs(running, new RegExp(step.logged, 'ms'));
  if (step.kubectl !== undefined) await must(kubectl, step.kubectl);
  if (step.create !== undefined) await world.create(step.create);
  if (step.status !== undefined) {
    await world.replaceStatus(step.status.kind, step.status.name, step.status.to);
  }
  if (step.delete !== undefined) await world.delete(step.delete.kind, step.delete.name);
}

function logs(running: RunningKubectl, pattern: RegExp): Promise<void> {
  return eventually(
    () => {
      if (!pattern.test(running.stderr)) throw new Error(`no ${String(pattern)} on stderr`);
    },
    { timeoutMs: STEP_MS },
  );
}

async function must(kubectl: Kubectl, line: string): Promise<string> {
  const outcome = await kubectl.run(words(line));
  if (outcome.code !== 0) throw new Error(`${line}: ${outcome.stderr}${outcome.stdout}`);
  return outcome.stdout;
}

function maskFor({ folder }: Kubectl, text: string): string {
  return mask(text.replaceAll(folder, 'FOLDER').replaceAll(/\/tmp\/[\w./-]+/g, 'TEMP'));
}

function inOrder({ anyOrder = false }: Command, text: string): string {
  if (!anyOrder) return text;
  const tables = text.split('\n\n').map((table) => table.trimEnd());
  return tables.sort().join('\n\n');
}
