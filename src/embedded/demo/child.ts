import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { descendantsOf, isAlive, sendSignal } from '../workloads/process-tree.ts';
import { harmless } from './text-width.ts';

/** A child process of the demo whose output goes to a file. */
export interface DemoChild {
  readonly pid: number;
  /** Resolves with how it ended, such as `exited with 1` or `was ended by SIGKILL`. */
  readonly ended: Promise<string>;
  /**
   * Ends it with all that it started, also when it has ended itself: SIGTERM, and SIGKILL for what is
   * left after the grace time or as soon as `force` aborts.
   */
  stop(force: AbortSignal): Promise<void>;
}

/** What a {@link startChild} runs. */
export interface ChildOrder {
  readonly command: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  readonly logFile: string;
  readonly graceMs: number;
}

/** Starts a process in a group of its own, so that an interrupt typed at the terminal does not reach it. */
export async function startChild(order: ChildOrder): Promise<DemoChild> {
  const log = await open(order.logFile, 'a', 0o600);
  try {
    const child = spawn(order.command, order.args, {
      env: { ...order.environment },
      stdio: ['ignore', log.fd, log.fd],
      detached: true,
    });
    const ended = new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => {
        resolve(signal === null ? `exited with ${String(code)}` : `was ended by ${signal}`);
      });
    });
    await once(child, 'spawn');
    const pid = child.pid ?? 0;
    const stop = (force: AbortSignal): Promise<void> =>
      stopTree({ pid, ended, graceMs: order.graceMs }, force);
    return { pid, ended, stop };
  } finally {
    await log.close();
  }
}

/** Reads the last lines of a log, safe to print. */
export async function lastLines(file: string, count: number): Promise<readonly string[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text.trimEnd().split('\n').slice(-count).map(harmless);
}

async function stopTree(
  child: { readonly pid: number; readonly ended: Promise<string>; readonly graceMs: number },
  force: AbortSignal,
): Promise<void> {
  const { pid, ended, graceMs } = child;
  const before = await descendantsOf(pid);
  const timeUp = new AbortController();
  const timer = setTimeout(() => {
    timeUp.abort();
  }, graceMs);
  const late = AbortSignal.any([force, timeUp.signal]);
  // The group reaches what lost its parent; what left the group is a descendant.
  if (!sendSignal(pid, 'SIGTERM')) sendSignal(-pid, 'SIGTERM');
  await Promise.race([ended, late.aborted ? undefined : once(late, 'abort')]);
  const left = new Set([...before, ...(await descendantsOf(pid))]);
  await waitForAll([...left], late);
  clearTimeout(timer);
  for (const one of left) if (await isAlive(one)) sendSignal(one, 'SIGKILL');
  sendSignal(-pid, 'SIGKILL');
  await ended;
}

async function waitForAll(pids: readonly number[], late: AbortSignal): Promise<void> {
  for (const pid of pids) {
    while (!late.aborted && (await isAlive(pid))) await sleep(20);
  }
}
