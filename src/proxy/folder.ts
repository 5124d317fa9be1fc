import { access, chmod, chown, constants, mkdir, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { OperatorError } from '../errors.ts';
import { isTempName, removeIfThere } from './files.ts';

/** Group of router and proxy: the proxy reads the nginx folder by it. */
export const PROXY_GROUP = 65532;

/** Entered by the group; new files get the folder's group and not the process's. */
const FOLDER_MODE = 0o2750;

/** The paths of the nginx folder; see docs/proxy-channel.md. */
export interface NginxFolder {
  readonly path: string;
  readonly configuration: string;
  readonly environment: string;
  readonly snapshot: string;
  readonly tcp: string;
  readonly channelSocket: string;
  readonly adminSocket: string;
  readonly pagesSocket: string;
  readonly apiSocket: string;
}

/** The paths inside the nginx folder at `path`. */
export function nginxFolder(path: string): NginxFolder {
  return {
    path,
    configuration: join(path, 'nginx.conf'),
    environment: join(path, 'proxy.env'),
    snapshot: join(path, 'snapshot.json'),
    tcp: join(path, 'tcp'),
    channelSocket: join(path, 'router.sock'),
    adminSocket: join(path, 'metrics.sock'),
    pagesSocket: join(path, 'pages.sock'),
    apiSocket: join(path, 'api.sock'),
  };
}

/**
 * Makes the nginx folder ready: it exists, the group may read it, and no half-written file is left.
 *
 * @remarks
 * Owner and modes are set where the process may do so. A folder that belongs to somebody else is used
 * as it is when it can be written.
 *
 * @throws OperatorError `PROXY_FOLDER_UNUSABLE` with `path` and `todo`
 */
export async function prepareFolder(folder: NginxFolder, group?: number): Promise<void> {
  for (const path of [folder.path, folder.tcp]) {
    try {
      await mkdir(path, { recursive: true });
      await shareWithGroup(path, group);
      await access(path, constants.R_OK | constants.W_OK | constants.X_OK);
      await removeTempFiles(path);
    } catch (cause) {
      throw folderUnusable(path, cause);
    }
  }
}

/** What to say when the nginx folder, or something in it, cannot be used. */
export function folderUnusable(path: string, cause: unknown): OperatorError {
  const uid = process.getuid?.();
  const todo =
    `make ${path} a folder that uid ${uid ?? 'of the router'} can write, on a file system ` +
    'that is not full or read-only';
  return new OperatorError('PROXY_FOLDER_UNUSABLE', { path, todo }, { cause });
}

async function shareWithGroup(path: string, group: number | undefined): Promise<void> {
  const { uid } = await stat(path);
  const self = process.getuid?.() ?? uid;
  if (self !== uid && self !== 0) return;
  if (group !== undefined) await chown(path, -1, group).catch(ignoreRefusal);
  await chmod(path, FOLDER_MODE);
}

async function removeTempFiles(path: string): Promise<void> {
  const names = (await readdir(path)).filter(isTempName);
  await Promise.all(names.map((name) => removeIfThere(join(path, name))));
}

function ignoreRefusal(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPERM') throw error;
}
