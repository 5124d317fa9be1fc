import { ClearmlClient } from '../clearml/client.ts';
import { ClearmlTaskWriter } from '../clearml/task-writer.ts';
import type { CommandIo } from '../cli.ts';
import {
  describeProblem,
  type ClearmlCommandSettings,
  type Parsed,
  type Settings,
} from '../settings.ts';
import type { TaskTools } from './change-task.ts';

const TIMEOUT_MS = 10_000;
const MAX_ANSWER_BYTES = 64 * 1024 * 1024;

/** A client for a command that ends soon. Whoever makes it closes it. */
export function makeClient(settings: Settings['clearml']): ClearmlClient {
  const { apiHost, accessKey, secretKey, verifyTls, proxy } = settings;
  return new ClearmlClient({
    transport: {
      verifyTls,
      ...(proxy === undefined ? {} : { proxy }),
      timeoutMs: TIMEOUT_MS,
      maxAnswerBytes: MAX_ANSWER_BYTES,
    },
    apiHost,
    accessKey,
    secretKey,
    clock: { now: () => Date.now() },
    onCall: () => undefined,
  });
}

/** The settings, or undefined after every problem was written. */
export function settingsOrSay<T>(parsed: Parsed<T>, io: CommandIo): T | undefined {
  if (parsed.kind === 'settings') return parsed.settings;
  const lines = parsed.problems.map((problem) => `  ${describeProblem(problem)}`);
  io.err(['clearway: the settings are not usable:', ...lines, ''].join('\n'));
  return undefined;
}

/** Where commands that only talk to ClearML get their settings from. */
export interface ClearmlCommandDeps {
  readonly loadClearmlSettings: () => Parsed<ClearmlCommandSettings>;
}

/** Runs a command with a client of its own, closed afterwards; 1 when the settings are not usable. */
export async function withClearml(
  deps: ClearmlCommandDeps,
  io: CommandIo,
  run: (tools: TaskTools, settings: ClearmlCommandSettings) => Promise<number>,
): Promise<number> {
  const settings = settingsOrSay(deps.loadClearmlSettings(), io);
  if (settings === undefined) return 1;
  const client = makeClient(settings.clearml);
  try {
    return await run({ client, writer: new ClearmlTaskWriter({ client }) }, settings);
  } finally {
    await client.close();
  }
}
