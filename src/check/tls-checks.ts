import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import type { Stats } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { isIP } from 'node:net';
import { dirname, join } from 'node:path';
import type { Settings } from '../settings.ts';
import {
  found,
  ok,
  withSettings,
  type Check,
  type CheckContext,
  type Finding,
  type Machine,
} from './contract.ts';

/** Checks of the certificate that the proxy speaks TLS with. */
export const TLS_CHECKS: readonly Check[] = [withSettings('TLS', checkTls)];

const DAY_MS = 86_400_000;
const WARN_DAYS = 14;

/** User and group of the proxy in its image. */
const PROXY = { uid: 65533, gid: 65532 };

interface Pair {
  readonly certificate: string;
  readonly key: string;
}

async function checkTls(
  settings: Settings,
  { machine }: CheckContext,
): Promise<readonly Finding[]> {
  const { folders, edge } = settings;
  const usual = join(folders.nginx, 'tls');
  const paths = edge.tls ?? { certificate: join(usual, 'tls.crt'), key: join(usual, 'tls.key') };
  const [certificate, key] = await Promise.all([read(paths.certificate), read(paths.key)]);
  const problems = [certificate, key].filter((one) => 'problem' in one);
  const isNothingThere = problems.length === 2 && problems.every((one) => one.problem === 'ENOENT');
  if (isNothingThere && edge.tls === undefined) return plainHttp(settings, usual);
  if (isNothingThere && machine.inContainer) {
    const message = `${paths.certificate} is not seen here; the proxy has folders of its own`;
    return found('skip', message);
  }
  if ('problem' in certificate || 'problem' in key) {
    return problems.map(({ path, problem }) => ({
      level: 'fail' as const,
      message: `${path} cannot be read (${problem}); the proxy starts only with certificate and key`,
      todo: 'Put both files there, or take both away.',
    }));
  }
  const findings = [
    ...(await findUnreadable(paths, machine)),
    ...judge({ certificate: certificate.text, key: key.text }, settings, machine),
  ];
  return findings.length > 0 ? findings : ok(`${paths.certificate} can be served`);
}

function plainHttp(settings: Settings, folder: string): readonly Finding[] {
  const message = `no certificate in ${folder}: the proxy speaks plain HTTP`;
  if (!settings.router.url.startsWith('https:')) return ok(message);
  return ok(`${message}, so that something in front of it has to speak TLS for ROUTER_URL`);
}

type Content =
  | { readonly path: string; readonly text: string }
  | { readonly path: string; readonly problem: string };

async function read(path: string): Promise<Content> {
  try {
    return { path, text: await readFile(path, 'utf8') };
  } catch (error) {
    return { path, problem: String((error as NodeJS.ErrnoException).code) };
  }
}

/** Files that the router may read and the proxy may not: it is another user of the same group. */
async function findUnreadable(paths: Pair, { inContainer }: Machine): Promise<readonly Finding[]> {
  // On a host without containers the proxy may be any user.
  if (!inContainer) return [];
  const wanted = [
    ...[...new Set([dirname(paths.certificate), dirname(paths.key)])].map((path) => [path, 1]),
    ...[paths.certificate, paths.key].map((path) => [path, 4]),
  ] as [path: string, bit: number][];
  const closed: string[] = [];
  for (const [path, bit] of wanted) {
    if (!isOpenToProxy(await stat(path), bit)) closed.push(path);
  }
  return closed.map((path) => ({
    level: 'fail' as const,
    message: `${path} cannot be read by the proxy of the image, uid ${String(PROXY.uid)} in group ${String(PROXY.gid)}`,
    todo: `chgrp ${String(PROXY.gid)} ${path} && chmod g+rX ${path}`,
  }));
}

function isOpenToProxy({ uid, gid, mode }: Stats, bit: number): boolean {
  const shift = uid === PROXY.uid ? 6 : gid === PROXY.gid ? 3 : 0;
  return ((mode >> shift) & bit) === bit;
}

function judge(pair: Pair, settings: Settings, machine: Machine): readonly Finding[] {
  const certificate = parse(() => new X509Certificate(pair.certificate));
  const key = parse(() => createPrivateKey(pair.key));
  if (certificate === undefined) {
    return found(
      'fail',
      'the certificate is not one in PEM form',
      'Write the chain, own one first.',
    );
  }
  if (key === undefined) {
    const todo = 'nginx has nobody to ask for a pass phrase: write the key without one.';
    return found('fail', 'the key is not a private key in PEM form, or is encrypted', todo);
  }
  return [
    ...judgeKey(certificate, key),
    ...judgeTime(certificate, machine.now()),
    ...judgeNames(certificate, settings),
  ];
}

function parse<T>(make: () => T): T | undefined {
  try {
    return make();
  } catch {
    return undefined;
  }
}

function judgeKey(certificate: X509Certificate, key: KeyObject): readonly Finding[] {
  if (certificate.checkPrivateKey(key)) return [];
  const todo = 'Look whether another certificate stands first in the file.';
  return found('fail', 'the key does not belong to the certificate', todo);
}

function judgeTime(certificate: X509Certificate, now: number): readonly Finding[] {
  const { validFromDate, validToDate } = certificate;
  const left = validToDate.getTime() - now;
  if (left <= 0) return found('fail', `the certificate ended at ${validToDate.toISOString()}`);
  if (validFromDate.getTime() > now) {
    return found('fail', `the certificate holds only from ${validFromDate.toISOString()} on`);
  }
  if (left >= WARN_DAYS * DAY_MS) return [];
  return found('warn', `the certificate ends soon, at ${validToDate.toISOString()}`);
}

/** Hosts that users write and the certificate does not name; and an address that users write without TLS. */
function judgeNames(certificate: X509Certificate, settings: Settings): readonly Finding[] {
  const url = new URL(settings.router.url);
  if (url.protocol === 'http:') {
    const todo = 'Write https:// into ROUTER_URL: published addresses begin with it.';
    return found('warn', 'the proxy speaks TLS, and ROUTER_URL says http://', todo);
  }
  const { routeDomain } = settings.edge;
  const hosts = [url.hostname, ...(routeDomain === undefined ? [] : [`any-key.${routeDomain}`])];
  return hosts
    .filter((host) => !isNamed(certificate, host))
    .map((host) => ({
      level: 'warn' as const,
      message: `the certificate does not name ${host.replace(/^any-key\./, '*.')}`,
      todo: 'Browsers refuse it there, unless something in front speaks TLS for that name.',
    }));
}

function isNamed(certificate: X509Certificate, host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  const named = isIP(bare) === 0 ? certificate.checkHost(bare) : certificate.checkIP(bare);
  return named !== undefined;
}
