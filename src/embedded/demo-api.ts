import { randomBytes } from 'node:crypto';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EmbeddedClearml } from './api/embedded-clearml.ts';
import { loadSeed, type Seed } from './api/seed.ts';

/** Options of `clearway demo-api`. */
export interface DemoApiOptions {
  readonly host: string;
  /** 0 picks a free port. */
  readonly port: number;
  /** File to seed from; two users of one company and one of another when absent. */
  readonly seedFile?: string;
  /** JSON to write once the API answers: address and users. */
  readonly readyFile?: string;
  readonly featureSet: 'basic' | 'advanced';
  readonly cookieName?: string;
  /** Origins that a sign-in link may lead to: the router's. */
  readonly signInTargets?: readonly string[];
  /** Writes one line for the user. */
  readonly print: (line: string) => void;
}

/** What a ready file of the embedded API holds. */
export interface DemoApiReady {
  readonly apiHost: string;
  readonly users: readonly DemoUser[];
}

/** A user of the demo, with everything needed to sign in. */
export interface DemoUser {
  readonly name: string;
  readonly password: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/**
 * Runs the embedded ClearML API until the signal aborts: prints where it is and who may sign in, and
 * writes the ready file.
 *
 * @throws {@link OperatorError} `SETTINGS_INVALID` when the seed file cannot be used.
 */
export async function runDemoApi(options: DemoApiOptions, signal: AbortSignal): Promise<void> {
  const seed =
    options.seedFile === undefined ? demoSeed() : await loadSeed(options.seedFile, signal);
  const api = new EmbeddedClearml({
    seed,
    featureSet: options.featureSet,
    host: options.host,
    port: options.port,
    ...(options.cookieName === undefined ? {} : { cookieName: options.cookieName }),
    ...(options.signInTargets === undefined ? {} : { signInTargets: options.signInTargets }),
  });
  const { url } = await api.start(signal);
  try {
    const ready = { apiHost: url, users: demoUsers(seed) };
    announce(options, ready);
    if (options.readyFile !== undefined) await writeReadyFile(options.readyFile, ready);
    await untilAborted(signal);
  } finally {
    await api.close();
  }
}

/** Two users who work together and one of another company, with fresh passwords and keys. */
export function demoSeed(): Seed {
  const user = (name: string, displayName: string, company: string): Seed['users'][number] => ({
    name,
    displayName,
    company,
    password: randomBytes(6).toString('hex'),
    accessKey: randomBytes(15).toString('hex').toUpperCase(),
    secretKey: randomBytes(25).toString('hex'),
  });
  return {
    users: [
      user('alice', 'Alice Ames', 'clearml'),
      user('bob', 'Bob Bell', 'clearml'),
      user('mallory', 'Mallory Moor', 'elsewhere'),
    ],
  };
}

/** The users of a seed who can sign in both ways. */
export function demoUsers(seed: Seed): readonly DemoUser[] {
  return seed.users.flatMap(({ name, password, accessKey, secretKey }) =>
    password === undefined || accessKey === undefined || secretKey === undefined
      ? []
      : [{ name, password, accessKey, secretKey }],
  );
}

/** Writes a ready file at once: who reads it sees all of it or nothing. It holds keys, so only its owner may read it. */
export async function writeReadyFile(file: string, content: unknown): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  const temporary = `${file}.${randomBytes(4).toString('hex')}.tmp`;
  await writeFile(temporary, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  await rename(temporary, file);
}

function announce(options: DemoApiOptions, ready: DemoApiReady): void {
  const { print } = options;
  print(`Embedded ClearML API (${options.featureSet} feature set): ${ready.apiHost}`);
  print('It keeps everything in memory and forgets it when it ends.');
  for (const user of ready.users) {
    print(
      `  ${user.name}: password ${user.password}, key ${user.accessKey}, secret ${user.secretKey}`,
    );
    print(
      `    signs in a browser: ${ready.apiHost}/_embedded/sign-in?user=${encodeURIComponent(user.name)}`,
    );
  }
}

async function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
