import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Agent, fetch } from 'undici';
import { run } from './docker-harness.ts';
import { eventually } from './eventually.ts';
import { freePort } from './free-ports.ts';
import { tempFolder } from './temp-folder.ts';

const TOP = join(import.meta.dirname, '../..');

/** Tokens and groups of the callers: an administrator of everything, and a person with no rights. */
const TOKENS = { admin: 'system:masters', nobody: 'people' } as const;

/** A caller that the server knows. */
type CallerName = keyof typeof TOKENS;

/** A real Kubernetes API server on loopback, with an etcd of its own; disposing it ends both and removes what they wrote. */
export interface KubeApiServer extends AsyncDisposable {
  /** `https://127.0.0.1:port`. */
  readonly url: string;
  /** Certificate of the authority that signed the server's. */
  readonly authority: string;
  readonly folder: string;
  /** Bearer token of a caller. */
  token(caller: CallerName): string;
  /** A kubeconfig of a caller, as text. */
  kubeconfig(caller: CallerName): string;
}

/** Path of the built server, or undefined where this machine cannot have one. */
export async function kubeApiServerBinary(): Promise<string | undefined> {
  const printed = await run(join(TOP, 'scripts/install-kube-apiserver.sh'), ['--print']);
  const binary = printed.stdout.trim();
  return existsSync(binary) && (await run('etcd', ['--version'])).code === 0 ? binary : undefined;
}

/** Starts one with the resource definitions of crds/, and waits until it serves them. */
export async function startKubeApiServer(binary: string): Promise<KubeApiServer> {
  await using scope = new AsyncDisposableStack();
  const folder = scope.use(await tempFolder()).path;
  const etcdPort = await freePort();
  scope.use(await startEtcd(folder, etcdPort));
  const port = await freePort();
  scope.use(await startServer(binary, { folder, etcdPort, port }));
  const url = `https://127.0.0.1:${port}`;
  const authority = await eventually(() => readFile(join(folder, 'pki/apiserver.crt'), 'utf8'), {
    timeoutMs: 20_000,
  });
  const client = scope.use(new Caller(url, authority));
  await eventually(() => client.send('/readyz'), { timeoutMs: 30_000 });
  await defineResources(client);
  const parts = scope.move();
  return {
    url,
    authority,
    folder,
    token: tokenOf,
    kubeconfig: (caller) =>
      kubeconfigText({ server: url, token: tokenOf(caller), authority, user: caller }),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** A kubeconfig for one server and one caller. */
export function kubeconfigText(options: {
  readonly server: string;
  readonly user: string;
  readonly token?: string;
  readonly authority?: string;
}): string {
  const { server, user, token, authority } = options;
  const trust =
    authority === undefined
      ? {}
      : { 'certificate-authority-data': Buffer.from(authority).toString('base64') };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'test', cluster: { server, ...trust } }],
    users: [{ name: user, user: token === undefined ? {} : { token } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user, namespace: 'default' } }],
    'current-context': 'test',
  });
}

function tokenOf(caller: CallerName): string {
  return `token-of-${caller}`;
}

function startEtcd(folder: string, port: number): Promise<AsyncDisposable> {
  const client = `http://127.0.0.1:${port}`;
  const peer = 'http://127.0.0.1:0';
  return startProgram(folder, 'etcd', [
    ...['--name', 'test', '--data-dir', join(folder, 'etcd'), '--unsafe-no-fsync'],
    ...['--listen-client-urls', client, '--advertise-client-urls', client],
    ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
    ...['--initial-cluster', `test=${peer}`, '--log-level', 'warn'],
  ]);
}

async function startServer(
  binary: string,
  { folder, etcdPort, port }: { folder: string; etcdPort: number; port: number },
): Promise<AsyncDisposable> {
  const tokens = Object.entries(TOKENS).map(
    ([name, group]) => `${tokenOf(name as CallerName)},${name},${name},${group}`,
  );
  const tokenFile = join(folder, 'tokens.csv');
  await writeFile(tokenFile, `${tokens.join('\n')}\n`, { mode: 0o600 });
  const accountKey = join(folder, 'accounts.key');
  await run('openssl', ['genrsa', '-out', accountKey, '2048']);
  return startProgram(folder, binary, [
    ...['--etcd-servers', `http://127.0.0.1:${etcdPort}`, '--cert-dir', join(folder, 'pki')],
    ...['--bind-address', '127.0.0.1', '--secure-port', String(port)],
    ...['--endpoint-reconciler-type', 'none', '--service-cluster-ip-range', '192.0.2.0/24'],
    ...['--token-auth-file', tokenFile, '--authorization-mode', 'RBAC'],
    ...['--service-account-issuer', 'https://clearway.test'],
    ...['--service-account-key-file', accountKey, '--service-account-signing-key-file', accountKey],
    '--disable-admission-plugins=ServiceAccount',
  ]);
}

/** Starts a program that ends with this process even when that is killed; what it prints goes to a file of the folder. */
async function startProgram(
  folder: string,
  file: string,
  args: readonly string[],
): Promise<AsyncDisposable> {
  const log = await open(join(folder, `${file.split('/').at(-1) ?? file}.log`), 'a');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', file, ...args], {
    stdio: ['ignore', log.fd, log.fd],
    env: { PATH: process.env['PATH'], HOME: folder },
  });
  await log.close();
  return { [Symbol.asyncDispose]: () => end(child) };
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((done) => child.once('close', done));
  // Nothing of it is kept, and a graceful end takes the API server seconds.
  child.kill('SIGKILL');
  await ended;
}

/** Speaks to the server as its administrator. */
class Caller implements AsyncDisposable {
  readonly #url: string;
  readonly #agent: Agent;

  constructor(url: string, authority: string) {
    this.#url = url;
    this.#agent = new Agent({ connect: { ca: authority } });
  }

  async send(path: string, method = 'GET', body?: string): Promise<string> {
    const answer = await fetch(`${this.#url}${path}`, {
      method,
      dispatcher: this.#agent,
      headers: {
        authorization: `Bearer ${tokenOf('admin')}`,
        'content-type': 'application/yaml',
      },
      ...(body === undefined ? {} : { body }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return text;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#agent.destroy();
  }
}

async function defineResources(client: Caller): Promise<void> {
  const plurals = ['taskroutes', 'staticroutes', 'routers', 'portpools'];
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  for (const plural of plurals) {
    const text = await readFile(join(TOP, `crds/${plural}.yaml`), 'utf8');
    await client.send(definitions, 'POST', text);
  }
  await eventually(
    async () => {
      for (const plural of plurals) await client.send(`/apis/clearway.dev/v1alpha1/${plural}`);
      const openapi = await client.send('/openapi/v3');
      if (!openapi.includes('clearway.dev/v1alpha1')) throw new Error('no schemas yet');
    },
    { timeoutMs: 20_000 },
  );
}
