import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { CREDENTIALS_PATH, type IssuedCredential } from '../../api/access/control-api.ts';
import { KUBECONFIG_MARK, kubeconfigText } from '../../api/access/kubeconfig.ts';
import { clientAt } from '../../api/access/router-client.ts';
import { hasCode } from '../../errors.ts';
import { refuseForeignFile, writePrivately } from '../../private-file.ts';

/** Where a kubeconfig of the demo is written, and for which router. */
export interface KubeconfigOrder {
  /** Folder of the demo. */
  readonly folder: string;
  /** The file goes beside it, else into the folder. */
  readonly readyFile?: string;
}

const TRIES = 50;

function kubeconfigPath({ folder, readyFile }: KubeconfigOrder): string {
  return readyFile === undefined
    ? join(folder, 'kubeconfig')
    : resolve(`${readyFile.replace(/\.json$/u, '')}.kubeconfig`);
}

/**
 * Writes a kubeconfig with the role admin that only this user can read; gives its path.
 *
 * @throws OperatorError `FILE_REFUSED`, `CONTROL_UNREACHABLE`, `API_REFUSED`
 */
export async function writeDemoKubeconfig(
  order: KubeconfigOrder,
  signal: AbortSignal,
): Promise<string> {
  const path = kubeconfigPath(order);
  await refuseForeignFile(path, KUBECONFIG_MARK);
  const issued = await issue(join(order.folder, 'nginx', '.clearway-state'), signal);
  await writePrivately(path, kubeconfigText(issued, `https://127.0.0.1:${String(issued.port)}`));
  return path;
}

/** The router opens its control socket a moment after it serves routes. */
async function issue(stateFolder: string, signal: AbortSignal): Promise<IssuedCredential> {
  const client = clientAt(stateFolder, signal);
  const body = { role: 'admin', name: 'demo', replace: true };
  for (let left = TRIES; ; left--) {
    try {
      const request = { method: 'POST', path: CREDENTIALS_PATH, body };
      return (await client.ask(request)) as IssuedCredential;
    } catch (error) {
      if (left === 0 || !hasCode(error, 'CONTROL_UNREACHABLE')) throw error;
    }
    await sleep(100, undefined, { signal });
  }
}
