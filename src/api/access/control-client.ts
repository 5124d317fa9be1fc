import { request as httpRequest, type IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { OperatorError } from '../../errors.ts';

/** Path of the router's control socket in its state folder. */
export function controlSocket(stateFolder: string): string {
  return join(stateFolder, 'control.sock');
}

/** A request to the router over its control socket. */
export interface ControlRequest {
  readonly method?: string;
  /** Path with its query. */
  readonly path: string;
  readonly accept?: string;
  /** Sent as JSON. */
  readonly body?: object;
}

/**
 * Asks the router over its control socket, and gives the answer as it begins.
 *
 * @throws OperatorError `CONTROL_UNREACHABLE` with `path` and `todo`
 */
export function askControl(
  socketPath: string,
  { method = 'GET', path, accept = 'application/json', body }: ControlRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      Host: 'localhost',
      Accept: accept,
      ...(text === undefined
        ? {}
        : { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(text) }),
    };
    const request = httpRequest({ socketPath, method, path, headers, agent: false, signal });
    request.once('response', resolve);
    request.once('error', (error: NodeJS.ErrnoException) => {
      reject(signal.aborted ? error : unreachable(socketPath, error));
    });
    request.end(text);
  });
}

/** The whole body of an answer, as text. */
export async function readText(answer: IncomingMessage): Promise<string> {
  answer.setEncoding('utf8');
  let text = '';
  for await (const chunk of answer) text += chunk as string;
  return text;
}

/** What an answer of the router says went wrong, from its Status. */
export function messageOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { readonly message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // Not the router's own words.
  }
  return 'the answer of the router cannot be read';
}

const REMEDIES: Readonly<Record<string, string>> = {
  ENOENT:
    'Start the router, or name its state folder by CLEARWAY_STATE_FOLDER. Where it runs in a container, run this command in there: docker exec <router> clearway …',
  ECONNREFUSED: 'Start the router: nobody listens at its control socket.',
  EACCES:
    'Run this as root or as the user that the router runs as: nobody else may open its control socket.',
};

function unreachable(path: string, cause: NodeJS.ErrnoException): OperatorError {
  const code = cause.code ?? 'unknown';
  const todo = REMEDIES[code] ?? 'See whether the router runs, and what it logs.';
  return new OperatorError('CONTROL_UNREACHABLE', { path, problem: code, todo }, { cause });
}
