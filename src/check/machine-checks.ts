import { constants } from 'node:fs';
import { access, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { isLoopbackHost } from '../settings/rules.ts';
import { overlaps, reserveLine, type PortRange } from '../settings/ephemeral.ts';
import { describeProblem, type Settings } from '../settings.ts';
import {
  found,
  ok,
  withSettings,
  type Check,
  type CheckContext,
  type Finding,
  type Machine,
} from './contract.ts';

/** Checks of the settings themselves and of the machine. */
export const MACHINE_CHECKS: readonly Check[] = [
  { name: 'settings', run: ({ parsed }) => Promise.resolve(checkParsed(parsed)) },
  withSettings('addresses', (settings, { machine }) =>
    Promise.resolve(checkAddresses(settings, machine)),
  ),
  withSettings('ephemeral ports', checkEphemeralPorts),
  withSettings('nginx folder', ({ folders }) => checkWritable(folders.nginx, 'nginx')),
  withSettings('state folder', ({ folders }) => checkState(folders.state)),
  withSettings('Docker engine', checkEngine),
];

function checkParsed(parsed: CheckContext['parsed']): readonly Finding[] {
  if (parsed.kind === 'problems') {
    return parsed.problems.map((problem) => ({
      level: 'fail' as const,
      message: describeProblem(problem),
    }));
  }
  const warnings = parsed.warnings.map((warning) => ({
    level: warning.level === 'warn' ? ('warn' as const) : ('ok' as const),
    message: describeProblem(warning),
  }));
  return [{ level: 'ok', message: 'every value can be used' }, ...warnings];
}

function checkAddresses(settings: Settings, { inContainer }: Machine): readonly Finding[] {
  if (!inContainer) return ok('not in a container: localhost means this machine');
  const candidates = [
    ['CLEARML_API_HOST', new URL(settings.clearml.apiHost).hostname],
    ['TCP_ROUTER_ADDRESS', settings.tcp?.address ?? ''],
  ] as const;
  const wrong = candidates.filter(([, host]) => isLoopbackHost(host));
  if (wrong.length === 0) return ok('none of them means this container itself');
  return wrong.map(([name, host]) => ({
    level: name === 'CLEARML_API_HOST' ? ('fail' as const) : ('warn' as const),
    message: `${name} says ${host}, which is this container itself and not its host`,
    todo: 'Write the name or address of the machine as others see it.',
  }));
}

async function checkEphemeralPorts(
  settings: Settings,
  { machine }: CheckContext,
): Promise<readonly Finding[]> {
  const { tcp } = settings;
  if (tcp === undefined) return ok('TCP is off');
  if (machine.inContainer) {
    return found('skip', 'a container does not see these settings of its host: run this there');
  }
  const folder = join(machine.sysctlFolder, 'net/ipv4');
  const [range, reserved] = await Promise.all([
    readPorts(join(folder, 'ip_local_port_range')),
    readPorts(join(folder, 'ip_local_reserved_ports')),
  ]);
  const ephemeral = range[0];
  if (ephemeral === undefined) return found('skip', 'the kernel does not say its range');
  const shown = `${String(ephemeral.start)} to ${String(ephemeral.end)}`;
  if (!overlaps(tcp, ephemeral)) {
    return ok(`the TCP range is outside the ports of outgoing connections, ${shown}`);
  }
  if (isCovered(tcp, ephemeral, reserved)) return ok('the TCP range is reserved');
  return found(
    'warn',
    `outgoing connections of this machine use the ports ${shown}, some of the TCP range among them`,
    `Reserve the range: ${reserveLine(tcp)} (and the same in /etc/sysctl.d, to last).`,
  );
}

/** Reads `1 2` (one range), or `1-2,5` (several), as the kernel writes them. */
async function readPorts(file: string): Promise<readonly PortRange[]> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text
    .trim()
    .replace(/\s+/g, '-')
    .split(',')
    .flatMap((part) => {
      const [start = NaN, end = start] = part.split('-').map(Number);
      return part === '' || Number.isNaN(start) || Number.isNaN(end) ? [] : [{ start, end }];
    });
}

function isCovered(
  range: PortRange,
  ephemeral: PortRange,
  reserved: readonly PortRange[],
): boolean {
  const last = Math.min(range.end, ephemeral.end);
  for (let port = Math.max(range.start, ephemeral.start); port <= last; port++) {
    if (!reserved.some(({ start, end }) => start <= port && port <= end)) return false;
  }
  return true;
}

async function checkWritable(folder: string, what: string): Promise<readonly Finding[]> {
  try {
    const probe = await mkdtemp(join(folder, '.clearway-check-'));
    try {
      await writeFile(join(probe, 'new'), '');
      await rename(join(probe, 'new'), join(probe, 'renamed'));
    } finally {
      await rm(probe, { recursive: true, force: true });
    }
    return ok(`${folder} can be written`);
  } catch (error) {
    const code = codeOf(error);
    const todo =
      code === 'ENOENT'
        ? `Make the folder, or mount it; CLEARWAY_${what.toUpperCase()}_FOLDER names it.`
        : 'Mount it writable, and give it to the user that the router runs as (65532 in the image).';
    return found('fail', `${folder} cannot be written (${code})`, todo);
  }
}

async function checkState(folder: string): Promise<readonly Finding[]> {
  const existing = await nearestFolder(folder);
  if (existing === folder) return checkWritable(folder, 'state');
  const [finding] = await checkWritable(existing, 'state');
  return finding?.level === 'ok'
    ? ok(`${folder} will be made`)
    : found('fail', `${folder} cannot be made: ${finding?.message ?? ''}`, finding?.todo);
}

async function nearestFolder(folder: string): Promise<string> {
  const isThere = await access(folder, constants.F_OK).then(
    () => true,
    () => false,
  );
  return isThere || dirname(folder) === folder ? folder : nearestFolder(dirname(folder));
}

async function checkEngine(
  { dockerSocket }: Settings,
  _: CheckContext,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const consequence =
    'without it, tasks in containers on a bridge network get an endpoint only where CLEARWAY_UPSTREAM_CIDRS allows their network';
  try {
    const status = await ping(dockerSocket, signal);
    if (status === 200) return ok(`answers at ${dockerSocket}`);
    return found('warn', `answers ${String(status)} at ${dockerSocket}; ${consequence}`);
  } catch (error) {
    signal.throwIfAborted();
    const code = codeOf(error);
    const todo =
      code === 'EACCES'
        ? 'Add the group of the socket to the container (group_add).'
        : 'Mount the socket of the engine where tasks run on this host; else nothing needs to be done.';
    return found('warn', `no answer at ${dockerSocket} (${code}); ${consequence}`, todo);
  }
}

function ping(socketPath: string, signal: AbortSignal): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  request({ socketPath, path: '/_ping', signal, agent: false }, (response) => {
    response.resume();
    resolve(response.statusCode ?? 0);
  })
    .on('error', reject)
    .end();
  return promise;
}

function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'unknown error';
}
