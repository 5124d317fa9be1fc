import { chmod, chown, lstat, unlink } from 'node:fs/promises';
import { connect, type Server } from 'node:net';
import { OperatorError } from './errors.ts';

/** Longest path that the kernel takes for a unix socket, in bytes, without the final NUL (unix(7)). */
const MAX_SOCKET_PATH = 107;

/** Where to listen, and who may connect. */
export interface SocketPlace {
  readonly path: string;
  /** Group that the socket is given where the process may do so; else it keeps the process's. */
  readonly group?: number;
  /** 0660 unless given. */
  readonly mode?: number;
}

/**
 * Listens on a unix socket; a socket that a dead process left there is replaced.
 *
 * @throws OperatorError `PROXY_FOLDER_UNUSABLE` when somebody listens there, when something else is in
 *   the way, or when the path is too long
 */
export async function listenOnSocket(server: Server, place: SocketPlace): Promise<void> {
  await clearSocketPath(place.path);
  await bind(server, place.path);
  if (place.group !== undefined) await chown(place.path, -1, place.group).catch(ignoreRefusal);
  await chmod(place.path, place.mode ?? 0o660);
}

/** Stops listening and drops every connection. */
export function closeServer(server: Server & { closeAllConnections?(): void }): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections?.();
  });
}

async function clearSocketPath(path: string): Promise<void> {
  if (Buffer.byteLength(path) > MAX_SOCKET_PATH) {
    throw unusable(path, `the path is longer than ${MAX_SOCKET_PATH} bytes; use a shorter folder`);
  }
  const found = await lstat(path).catch(() => undefined);
  if (found === undefined) return;
  if (!found.isSocket()) throw unusable(path, 'something that is no socket is there; remove it');
  if (await isListening(path)) {
    throw unusable(path, 'another router listens there; stop it, or use another folder');
  }
  await unlink(path);
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });
}

function bind(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (cause: Error): void => {
      reject(unusable(path, 'the socket cannot be made; let the router write this folder', cause));
    };
    server.once('error', onError);
    server.listen(path, () => {
      server.off('error', onError);
      resolve();
    });
  });
}

function unusable(path: string, todo: string, cause?: Error): OperatorError {
  return new OperatorError('PROXY_FOLDER_UNUSABLE', { path, todo }, { cause });
}

/** A process that is neither root nor in the group may not give it: the folder decides then. */
function ignoreRefusal(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPERM') throw error;
}
