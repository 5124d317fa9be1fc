import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Outcome } from './docker-harness.ts';
import { eventually } from './eventually.ts';

const CACHE = process.env['CLEARWAY_CACHE'] ?? join(import.meta.dirname, '../../.cache');

/** The versions that scripts/install-kubectl.sh brings. */
export const KUBECTL_MINORS = ['1.28', '1.32', '1.35'] as const;

/** A minor version of kubectl. */
export type KubectlMinor = (typeof KUBECTL_MINORS)[number];

/** Path of a kubectl, or undefined where this machine has none of that version. */
export function kubectlBinary(minor: KubectlMinor): string | undefined {
  const path = join(CACHE, 'kubectl', minor, 'kubectl');
  return existsSync(path) ? path : undefined;
}

/** One person's kubectl: a version, a kubeconfig, and a home of its own, where nothing is remembered at first. */
export class Kubectl implements AsyncDisposable {
  readonly folder: string;
  readonly #binary: string;

  private constructor(binary: string, folder: string) {
    this.#binary = binary;
    this.folder = folder;
  }

  /** Makes one in an empty folder, which is its working folder as well and holds these files. */
  static async make(
    binary: string,
    kubeconfig: string,
    files: Readonly<Record<string, string>> = {},
  ): Promise<Kubectl> {
    const folder = await mkdtemp(join(tmpdir(), 'clearway-kubectl-'));
    await writeFile(join(folder, 'kubeconfig'), kubeconfig, { mode: 0o600 });
    for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text);
    return new Kubectl(binary, folder);
  }

  /** Starts a command and does not wait for its end. */
  start(args: readonly string[], stdin = ''): RunningKubectl {
    const child = spawn(this.#binary, [...args], {
      cwd: this.folder,
      stdio: ['pipe', 'pipe', 'pipe'],
      env: {
        PATH: process.env['PATH'],
        HOME: this.folder,
        KUBECONFIG: join(this.folder, 'kubeconfig'),
        // An editor for `kubectl edit`, if the test put one there.
        KUBE_EDITOR: join(this.folder, 'editor'),
      },
    });
    child.stdin.on('error', () => undefined).end(stdin);
    return new RunningKubectl(child);
  }

  /** Runs a command to its end. */
  run(args: readonly string[], stdin = ''): Promise<Outcome> {
    return this.start(args, stdin).ended;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return rm(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }
}

/** A command that runs. */
export class RunningKubectl {
  readonly ended: Promise<Outcome>;
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;

  constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.setEncoding('utf8').on('data', (text: string) => (this.stdout += text));
    child.stderr?.setEncoding('utf8').on('data', (text: string) => (this.stderr += text));
    this.ended = new Promise((done) => {
      child.once('close', (code) =>
        done({ code: code ?? 1, stdout: this.stdout, stderr: this.stderr }),
      );
    });
  }

  /** Waits until what it printed matches. */
  async prints(pattern: RegExp, timeoutMs = 10_000): Promise<void> {
    await eventually(
      () => {
        if (pattern.test(this.stdout)) return;
        throw new Error(`no ${String(pattern)} in: ${this.stdout}${this.stderr}`);
      },
      { timeoutMs },
    );
  }

  /** Ends it, as Ctrl-C does, and waits for it. */
  async stop(): Promise<Outcome> {
    this.#child.kill('SIGINT');
    return this.ended;
  }
}
