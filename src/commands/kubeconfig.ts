import { CREDENTIALS_PATH, type IssuedCredential } from '../api/access/control-api.ts';
import type { CredentialFacts } from '../api/access/credentials.ts';
import { KUBECONFIG_MARK, kubeconfigText } from '../api/access/kubeconfig.ts';
import type { RouterClient } from '../api/access/router-client.ts';
import { UsageError, type Command, type CommandArgs, type CommandIo } from '../cli.ts';
import { refuseForeignFile, writePrivately } from '../private-file.ts';
import { routerClient, type ControlCommandDeps } from './control.ts';

const DESCRIPTION = `
Makes a credential for the resources of the running router and writes a kubeconfig with it, which kubectl and every other
client of Kubernetes can use. The role "view" reads; "admin" also writes StaticRoutes. The file holds a secret, and only you may
read it. The router serves its resources on a loopback port of its host (CLEARWAY_API_PORT); from elsewhere, use an SSH tunnel.

It speaks to the router over the socket in its state folder. Where the router runs in a container:

  docker exec ROUTER clearway kubeconfig --output - | install -m 600 /dev/stdin clearway.kubeconfig
`;

const OPTIONS = {
  role: { type: 'string', value: 'ROLE', doc: 'view (the default) or admin.' },
  name: { type: 'string', value: 'NAME', doc: 'Name of the credential; one is made unless given.' },
  output: {
    type: 'string',
    short: 'o',
    value: 'FILE',
    doc: 'Where to write; - is standard output. clearway.kubeconfig unless given.',
  },
  server: {
    type: 'string',
    value: 'URL',
    doc: 'Where the API is reached: https:// and localhost, 127.0.0.1 or [::1], with another port where a tunnel ends.',
  },
  expires: {
    type: 'string',
    value: 'DAYS',
    doc: 'Days until it ends by itself; never unless given.',
  },
  force: {
    type: 'boolean',
    doc: 'Overwrite a file of somebody else, and replace a credential of this name.',
  },
  list: { type: 'boolean', doc: 'Show every credential instead, without secrets.' },
  revoke: { type: 'string', value: 'NAME', doc: 'End this credential instead, at once.' },
} as const satisfies Command['options'];

const DAY_MS = 86_400_000;
const LONGEST_DAYS = 3_650;
const LOOPBACK_URL = /^https:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?\/?$/i;

/** What `clearway kubeconfig` works with. */
export interface KubeconfigCommandDeps extends ControlCommandDeps {
  readonly now: () => number;
}

/** Makes `clearway kubeconfig`. */
export function kubeconfigCommand(deps: KubeconfigCommandDeps): Command {
  return {
    name: 'kubeconfig',
    summary: 'Write a kubeconfig for the resources of the router; list and revoke credentials.',
    positionals: [],
    options: OPTIONS,
    description: DESCRIPTION,
    run: async (args, io) => {
      const order = readOrder(args, deps.now());
      const client = routerClient(deps, io);
      if (client === undefined) return 1;
      if (order.kind === 'list') return list(client, io);
      if (order.kind === 'revoke') return revoke(client, order.name, io);
      return issue(client, order, io);
    },
  };
}

type Order =
  IssueOrder | { readonly kind: 'list' } | { readonly kind: 'revoke'; readonly name: string };

interface IssueOrder {
  readonly kind: 'issue';
  readonly wanted: object;
  readonly output: string;
  readonly server: string | undefined;
  readonly force: boolean;
}

function readOrder(args: CommandArgs, now: number): Order {
  const revoked = args.text('revoke');
  if (args.has('list') && revoked !== undefined) {
    throw new UsageError('--list and --revoke make no sense together');
  }
  if (args.has('list')) return { kind: 'list' };
  return revoked === undefined ? readIssue(args, now) : { kind: 'revoke', name: revoked };
}

function readIssue(args: CommandArgs, now: number): IssueOrder {
  const role = args.text('role') ?? 'view';
  if (role !== 'view' && role !== 'admin') throw new UsageError('--role is view or admin');
  const server = args.text('server');
  if (server !== undefined && !LOOPBACK_URL.test(server)) {
    throw new UsageError(
      '--server is https:// and localhost, 127.0.0.1 or [::1], as the certificate says: make an SSH tunnel from there',
    );
  }
  const name = args.text('name');
  const days = args.text('expires');
  const force = args.has('force');
  const wanted = {
    role,
    replace: force,
    ...(name === undefined ? {} : { name }),
    ...(days === undefined ? {} : { expires: now + readDays(days) * DAY_MS }),
  };
  const output = args.text('output') ?? 'clearway.kubeconfig';
  return { kind: 'issue', wanted, output, server, force };
}

function readDays(text: string): number {
  const days = /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (days >= 1 && days <= LONGEST_DAYS) return days;
  throw new UsageError(`--expires is a number of days from 1 to ${LONGEST_DAYS}`);
}

async function issue(client: RouterClient, order: IssueOrder, io: CommandIo): Promise<number> {
  const { wanted, output, server, force } = order;
  if (output !== '-' && !force) await refuseForeignFile(output, KUBECONFIG_MARK);
  const request = { method: 'POST', path: CREDENTIALS_PATH, body: wanted };
  const issued = (await client.ask(request)) as IssuedCredential;
  if (issued.port === 0 && server === undefined) {
    io.err('clearway: CLEARWAY_API_PORT is 0 or taken by a setting, so nothing leads there yet.\n');
  }
  const url = server?.replace(/\/$/, '') ?? `https://127.0.0.1:${String(issued.port)}`;
  try {
    const text = kubeconfigText(issued, url);
    if (output === '-') io.out(text);
    else await writePrivately(output, text);
  } catch (error) {
    // Nobody has its token.
    await revokeByName(client, issued.credential.name);
    throw error;
  }
  io.err(whatNext(issued, output, url));
  return 0;
}

function whatNext({ credential }: IssuedCredential, output: string, url: string): string {
  const { name, role, expires } = credential;
  const until = expires === undefined ? '' : `, until ${new Date(expires).toISOString()}`;
  const file = output === '-' ? 'FILE' : output;
  return [
    `Credential ${name}: role ${role}${until}. The file is a secret: keep it to yourself.`,
    `On the host of the proxy, where ${url} is reached:`,
    `  kubectl --kubeconfig ${file} get taskroutes`,
    `To end it: clearway kubeconfig --revoke ${name}`,
    '',
  ].join('\n');
}

async function list(client: RouterClient, io: CommandIo): Promise<number> {
  const { credentials } = (await client.ask({ path: CREDENTIALS_PATH })) as {
    readonly credentials: readonly CredentialFacts[];
  };
  const day = (ms: number | undefined): string =>
    ms === undefined ? 'never' : new Date(ms).toISOString().slice(0, 16).replace('T', ' ');
  const rows = credentials.map(({ name, role, created, expires, used }) => {
    return [name, role, day(created), day(expires), day(used)] as const;
  });
  const head = ['NAME', 'ROLE', 'CREATED (UTC)', 'EXPIRES', 'LAST USED'] as const;
  const width = Math.max(...[head, ...rows].map(([name]) => name.length)) + 2;
  for (const [name, role, ...times] of [head, ...rows]) {
    io.out(
      `${name.padEnd(width)}${role.padEnd(7)}${times
        .map((t) => t.padEnd(18))
        .join('')
        .trimEnd()}\n`,
    );
  }
  return 0;
}

async function revoke(client: RouterClient, name: string, io: CommandIo): Promise<number> {
  await revokeByName(client, name);
  io.out(`Credential ${name} is revoked: whatever goes on in its name has ended.\n`);
  return 0;
}

async function revokeByName(client: RouterClient, name: string): Promise<void> {
  const path = `${CREDENTIALS_PATH}/${encodeURIComponent(name)}`;
  await client.ask({ method: 'DELETE', path });
}
