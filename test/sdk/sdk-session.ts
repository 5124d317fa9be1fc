import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { tempFolder } from '../support/temp-folder.ts';

/** Where the SDK finds ClearML, and who it is. */
export interface SdkAccess {
  readonly apiHost: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** One line that session.py printed. */
export interface SdkLine {
  readonly task?: string;
  readonly do?: string;
  readonly result?: unknown;
  readonly error?: string;
  readonly message?: string;
  readonly closed?: boolean;
}

/** A step of session.py; see there. */
export interface SdkStep {
  readonly do: 'request' | 'wait' | 'list' | 'runtime' | 'gradio' | 'hold';
  readonly port?: number;
  readonly address?: string;
  readonly protocol?: 'http' | 'tcp';
  readonly name?: string;
  readonly wait?: boolean;
  readonly timeout?: number;
  readonly static_route?: string;
}

const INSTALL = fileURLToPath(new URL('../../scripts/install-sdk.sh', import.meta.url));
const SESSION = fileURLToPath(new URL('./python/session.py', import.meta.url));

/** Path of a python with this version of the SDK; installs it when it is missing. */
export async function installSdk(version: string): Promise<string> {
  const { stdout } = await promisify(execFile)(INSTALL, [version]);
  return stdout.trim();
}

/** A running session.py. */
export interface SdkSession {
  /** Id of its task. */
  readonly task: string;
  /** Lets a `hold` step go on. */
  release(): void;
  /** All lines, once the script has ended; rejects when it failed. */
  readonly ended: Promise<readonly SdkLine[]>;
  /** Ends the script at once. */
  kill(): void;
}

/** Starts session.py with a python of {@link installSdk}; resolves once its task exists. */
export async function startSession(
  python: string,
  access: SdkAccess,
  steps: readonly SdkStep[],
): Promise<SdkSession> {
  // In a folder of its own: inside a checkout the SDK reads every Python file of the repository.
  const folder = await tempFolder();
  const script = join(folder.path, 'session.py');
  await copyFile(SESSION, script);
  const child = spawn(python, [script, JSON.stringify(steps)], {
    env: sdkEnvironment(access, folder.path),
    cwd: folder.path,
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const lines: SdkLine[] = [];
  let noise = '';
  child.stderr.on('data', (chunk: Buffer) => (noise += chunk.toString()));
  const exited = once(child, 'close');
  const first = new Promise<string>((resolve, reject) => {
    createInterface(child.stdout).on('line', (line) => {
      if (!line.startsWith('RESULT ')) return void (noise += `${line}\n`);
      const said = JSON.parse(line.slice('RESULT '.length)) as SdkLine;
      lines.push(said);
      if (said.task !== undefined) resolve(said.task);
    });
    void exited.then(() => reject(new Error(`the SDK ended early: ${noise}`)));
  });
  const ended = exited.then(async () => {
    await folder[Symbol.asyncDispose]();
    if (lines.at(-1)?.closed !== true) throw new Error(`the SDK session failed: ${noise}`);
    return lines;
  });
  ended.catch(() => undefined);
  return {
    task: await first,
    release: () => void child.stdin.write('\n'),
    ended,
    kill: () => void child.kill('SIGKILL'),
  };
}

function sdkEnvironment(access: SdkAccess, home: string): NodeJS.ProcessEnv {
  const { PATH } = process.env;
  return {
    PATH,
    HOME: home,
    CLEARML_API_HOST: access.apiHost,
    CLEARML_WEB_HOST: access.apiHost,
    CLEARML_FILES_HOST: access.apiHost,
    CLEARML_API_ACCESS_KEY: access.accessKey,
    CLEARML_API_SECRET_KEY: access.secretKey,
    // Honoured since 1.18; older SDKs write the address of the interface that leads out.
    CLEARML_AGENT_HOST_IP: '127.0.0.1',
    CLEARML_CONFIG_FILE: join(home, 'clearml.conf'),
    CLEARML_DISABLE_VERSION_CHECK: '1',
    CLEARML_CHECK_FOR_UPDATES: '0',
    PYTHONUNBUFFERED: '1',
  };
}
