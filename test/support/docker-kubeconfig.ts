import { execFile } from 'node:child_process';
import { readFile, stat } from 'node:fs/promises';
import { request } from 'node:https';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { dockerClient } from './docker-harness.ts';
import { tempFolder } from './temp-folder.ts';

const LIST = '/apis/clearway.dev/v1alpha1/namespaces/default/taskroutes';

interface Kubeconfig {
  readonly clusters: readonly {
    readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string };
  }[];
  readonly users: readonly { readonly user: { readonly token: string } }[];
}

/** What the one command that README.md tells gives on a host: rights of the file, and the TaskRoutes that its holder sees. */
export async function seenByAdministrator(
  router: string,
): Promise<{ readonly mode: number; readonly routes: readonly string[] }> {
  await using folder = await tempFolder();
  const file = join(folder.path, 'clearway.kubeconfig');
  const client = dockerClient();
  const line = `"${client}" exec "$0" clearway kubeconfig --output - | install -m 600 /dev/stdin "$1"`;
  await promisify(execFile)('sh', ['-c', line, router, file]);
  const { clusters, users } = parse(await readFile(file, 'utf8')) as Kubeconfig;
  const cluster = clusters[0]?.cluster;
  const list = (await getJson(`${cluster?.server ?? ''}${LIST}`, {
    ca: Buffer.from(cluster?.['certificate-authority-data'] ?? '', 'base64').toString(),
    token: users[0]?.user.token ?? '',
  })) as { readonly items: readonly { readonly metadata: { readonly name: string } }[] };
  const { mode } = await stat(file);
  return { mode: mode & 0o777, routes: list.items.map(({ metadata }) => metadata.name) };
}

function getJson(
  url: string,
  { ca, token }: { readonly ca: string; readonly token: string },
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const options = { ca, headers: { Authorization: `Bearer ${token}` }, agent: false };
    const sent = request(url, options, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.once('end', () => resolve(JSON.parse(text)));
    });
    sent.once('error', reject).end();
  });
}
