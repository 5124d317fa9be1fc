import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ReadyFacts } from '../../src/embedded/demo/ready-file.ts';
import { eventually } from './eventually.ts';
import { tempFolder } from './temp-folder.ts';

const CLEARWAY = fileURLToPath(new URL('../../bin/clearway', import.meta.url));
const UP_MS = 90_000;

/** A demo that runs as a process of its own, as a user starts it. */
export interface DemoRun extends AsyncDisposable {
  readonly process: ChildProcess;
  readonly readyFile: string;
  /** Everything that it wrote so far. */
  readonly output: () => string;
  /** Resolves with the exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  /** Facts of the ready file, once it is there. */
  ready(): Promise<ReadyFacts>;
}

/** Starts `clearway demo` with a ready file and these further words; disposing it kills what is left. */
export async function startDemo(...words: readonly string[]): Promise<DemoRun> {
  const folder = await tempFolder();
  const readyFile = join(folder.path, 'ready.json');
  const process = spawn(CLEARWAY, ['demo', '--ready-file', readyFile, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...globalThis.process.env, TMPDIR: folder.path, NO_COLOR: '1' },
  });
  let output = '';
  for (const stream of [process.stdout, process.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output += text));
  }
  const ended = once(process, 'exit').then(([code, signal]) => (code ?? signal) as number | string);
  return {
    process,
    readyFile,
    output: () => output,
    ended,
    ready: () => waitForReady(readyFile, process, () => output),
    [Symbol.asyncDispose]: async () => {
      process.kill('SIGTERM');
      await ended;
      await folder[Symbol.asyncDispose]();
    },
  };
}

async function waitForReady(
  file: string,
  process: ChildProcess,
  output: () => string,
): Promise<ReadyFacts> {
  const deadline = performance.now() + UP_MS;
  while (performance.now() < deadline && process.exitCode === null) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (text !== '') return JSON.parse(text) as ReadyFacts;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error(`the demo is not up:\n${output()}`);
}

/** Runs a line of the demo's introduction in a shell, and gives what it printed. */
export async function runShell(line: string): Promise<string> {
  const { stdout } = await promisify(execFile)('sh', ['-c', line], { timeout: 20_000 });
  return stdout;
}

/** The one line of the output that holds this text. */
export function lineWith(run: DemoRun, text: string): string {
  const line = run
    .output()
    .split('\n')
    .find((one) => one.includes(text));
  if (line === undefined) throw new Error(`no line with ${text} in:\n${run.output()}`);
  return line.trim();
}

/** Waits until the demo has written something that matches. */
export async function waitForOutput(run: DemoRun, what: RegExp, timeoutMs: number): Promise<void> {
  await eventually(
    () => {
      if (!what.test(run.output())) throw new Error(`no ${String(what)} in:\n${run.output()}`);
    },
    { timeoutMs, everyMs: 100 },
  );
}
