import { chmod, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { findSshd, startSshServer } from '../workloads/ssh-server.ts';
import type { SshServer } from '../workloads/ssh-server.ts';
import { startTcpEcho } from '../workloads/tcp-echo.ts';
import { startWebApp } from '../workloads/web-app.ts';
import type { Workload } from '../workloads/workload.ts';
import type { AppKind } from './cast.ts';
import { findFreePort } from './ports.ts';

/** Where an application of the demo will listen, and how it is started there. */
export interface App {
  readonly protocol: 'http' | 'tcp';
  readonly address: string;
  readonly port: number;
  /** What ssh needs, where this is an SSH server. */
  readonly ssh?: SshServer;
  start(): Promise<Workload>;
}

const LOOPBACK = '127.0.0.1';

/** Makes an application ready to be started; an SSH server runs already when this resolves. */
export async function prepareApp(
  order: { readonly kind: AppKind; readonly title: string; readonly folder: string },
  signal: AbortSignal,
): Promise<App> {
  if (order.kind === 'ssh') return prepareSsh(order.folder, signal);
  const place = { address: LOOPBACK, port: await findFreePort(LOOPBACK) };
  return order.kind === 'web'
    ? { ...place, protocol: 'http', start: () => startWebApp({ ...place, name: order.title }) }
    : {
        ...place,
        protocol: 'tcp',
        start: () => startTcpEcho({ ...place, greeting: `${order.title}: every line comes back` }),
      };
}

async function prepareSsh(folder: string, signal: AbortSignal): Promise<App> {
  const sshd = await findSshd();
  if (sshd === undefined) throw new Error('sshd is not installed');
  const own = await mkdtemp(join(folder, 'ssh-'));
  await chmod(own, 0o700);
  const server = await startSshServer({ folder: own, address: LOOPBACK, sshd }, signal);
  const { address, port } = server;
  return { protocol: 'tcp', address, port, ssh: server, start: () => Promise.resolve(server) };
}
