import { LINUX_EPHEMERAL_PORTS, overlaps, reserveLine } from './ephemeral.ts';
import { findPortClash } from './loopback-ports.ts';
import type { ReadResult } from './read.ts';
import { remarkOnRouteDomain } from './route-domain.ts';
import { SETTINGS_SCHEMA } from './schema.ts';
import type { Settings, SettingsProblem, SettingsWarning } from './types.ts';
import type { SettingsValues } from './values.ts';

type Read = ReadResult<SettingsValues>;

/** Problems that only several settings together show; quiet about values that are unusable by themselves. */
export function findProblems(read: Read): readonly SettingsProblem[] {
  return [
    ...findMissingCookieName(read),
    ...findTcpProblems(read),
    ...findLoopbackProblems(read),
    ...findOrderProblems(read),
    ...findCookieProblems(read),
    ...findTlsProblems(read),
  ];
}

/** What to know about settings that can be used. */
export function findWarnings(settings: Settings, read: Read): readonly SettingsWarning[] {
  return [
    ...warnOfTcpOff(read),
    ...warnOfEphemeralPorts(settings, read),
    ...warnOfUrl(settings, read),
    ...warnOfOpenDoors(settings, read),
    ...warnOfEdge(settings, read),
    ...warnOfReload(read),
    ...warnOfRouteDomain(settings, read),
    ...warnOfApiOff(settings, read),
  ];
}

function findMissingCookieName(read: Read): readonly SettingsProblem[] {
  const { enabled, cookieName } = read.values.auth;
  if (!enabled || cookieName !== null) return [];
  if (hasProblem(read, 'auth.enabled') || hasProblem(read, 'auth.cookieName')) return [];
  const names = [nameOf(read, 'auth.cookieName')];
  return [
    {
      names,
      message:
        'is required while AUTH_ENABLED is true: expected the name of the session cookie of the ClearML server, such as clearml_token_basic',
    },
  ];
}

function findTcpProblems(read: Read): readonly SettingsProblem[] {
  const { start, end } = read.values.tcp;
  if (hasProblem(read, 'tcp.start') || hasProblem(read, 'tcp.end')) return [];
  if (start !== null && end !== null) return findRangeProblems(read, start, end);
  if (start === null && end === null) return [];
  const [given, missing] =
    start === null ? (['tcp.end', 'tcp.start'] as const) : (['tcp.start', 'tcp.end'] as const);
  const message = `is required, because ${nameOf(read, given)} is set`;
  return [{ names: [nameOf(read, missing)], message }];
}

function findRangeProblems(read: Read, start: number, end: number): readonly SettingsProblem[] {
  const names = [nameOf(read, 'tcp.start'), nameOf(read, 'tcp.end')];
  if (start > end) return [{ names, message: 'expected the first port not to be after the last' }];
  const { port } = read.values.listen;
  if (port < start || port > end) return [];
  return [
    {
      names: [...names, nameOf(read, 'listen.port')],
      message: `expected a range without the port that HTTP is served on, ${String(port)}`,
    },
  ];
}

function findLoopbackProblems(read: Read): readonly SettingsProblem[] {
  return (['metricsPort', 'apiPort'] as const)
    .filter((key) => read.writtenAs.has(`listen.${key}`))
    .flatMap((key) => findPortClash(read.values, key) ?? [])
    .map(({ paths, message }) => ({ names: paths.map((path) => nameOf(read, path)), message }));
}

function findOrderProblems(read: Read): readonly SettingsProblem[] {
  const { auth, clearml } = read.values;
  const pairs = [
    ['auth.usableSeconds', auth.usableSeconds, 'auth.freshSeconds', auth.freshSeconds],
    [
      'clearml.fullPassSeconds',
      clearml.fullPassSeconds,
      'clearml.pollSeconds',
      clearml.pollSeconds,
    ],
  ] as const;
  return pairs
    .filter(([longPath, long, shortPath, short]) => {
      const isUnusable = hasProblem(read, longPath) || hasProblem(read, shortPath);
      return !isUnusable && long < short;
    })
    .map(([longPath, , shortPath]) => ({
      names: [nameOf(read, longPath), nameOf(read, shortPath)],
      message: 'expected the first to be at least the second',
    }));
}

function findCookieProblems(read: Read): readonly SettingsProblem[] {
  const { sameSite, secureCookies } = read.values.auth;
  const paths = ['auth.sameSite', 'auth.secureCookies'];
  if (sameSite !== 'none' || secureCookies || paths.some((path) => hasProblem(read, path)))
    return [];
  const names = paths.map((path) => nameOf(read, path));
  const message =
    'browsers drop cookies with SameSite=None that are not Secure: set the second to true';
  return [{ names, message }];
}

function findTlsProblems(read: Read): readonly SettingsProblem[] {
  const { tlsCertificate, tlsKey } = read.values.edge;
  if ((tlsCertificate === null) === (tlsKey === null)) return [];
  const [given, missing] =
    tlsKey === null
      ? (['edge.tlsCertificate', 'edge.tlsKey'] as const)
      : (['edge.tlsKey', 'edge.tlsCertificate'] as const);
  if (hasProblem(read, given)) return [];
  const message = `is required, because ${nameOf(read, given)} is set`;
  return [{ names: [nameOf(read, missing)], message }];
}

function warnOfTcpOff(read: Read): readonly SettingsWarning[] {
  const paths = ['tcp.address', 'tcp.start', 'tcp.end'];
  const missing = paths.filter((path) => !read.writtenAs.has(path));
  if (missing.length === 0) return [];
  const names = missing.map((path) => nameOf(read, path));
  const message = 'not set, so TCP is off: tasks that ask for a TCP endpoint get none';
  // Half a configuration is likely a slip, none at all a choice.
  return [{ level: missing.length === paths.length ? 'info' : 'warn', names, message }];
}

function warnOfEphemeralPorts(settings: Settings, read: Read): readonly SettingsWarning[] {
  const { tcp } = settings;
  if (tcp === undefined || !overlaps(tcp, LINUX_EPHEMERAL_PORTS)) return [];
  const { start, end } = LINUX_EPHEMERAL_PORTS;
  const message =
    `the range overlaps the ports ${String(start)} to ${String(end)} that Linux hands out to outgoing connections, ` +
    `so that some may be taken when they are needed; reserve them on the host of the proxy: ${reserveLine(tcp)}`;
  return [{ level: 'warn', names: [nameOf(read, 'tcp.start'), nameOf(read, 'tcp.end')], message }];
}

function warnOfUrl(settings: Settings, read: Read): readonly SettingsWarning[] {
  const warnings: SettingsWarning[] = [];
  const name = nameOf(read, 'router.url');
  const url = new URL(settings.router.url);
  if (url.protocol === 'http:' && settings.auth.enabled && settings.auth.secureCookies) {
    warnings.push({
      level: 'warn',
      names: [name, nameOf(read, 'auth.secureCookies')],
      message:
        'browsers drop Secure cookies on an http:// address, so nobody can stay signed in: use https://, or set the second to false',
    });
  }
  if (isLoopbackHost(url.hostname)) {
    const message = `names ${url.hostname}: endpoints open only in browsers on the same machine`;
    warnings.push({ level: 'warn', names: [name], message });
  }
  if (settings.tcp !== undefined && isLoopbackHost(settings.tcp.address)) {
    const message = `names ${settings.tcp.address}: TCP endpoints can be reached only from the same machine`;
    warnings.push({ level: 'warn', names: [nameOf(read, 'tcp.address')], message });
  }
  return warnings;
}

function warnOfOpenDoors(settings: Settings, read: Read): readonly SettingsWarning[] {
  const warnings: SettingsWarning[] = [];
  if (!settings.auth.enabled) {
    const message = 'is off: whoever reaches the router can use every endpoint';
    warnings.push({ level: 'warn', names: [nameOf(read, 'auth.enabled')], message });
  }
  if (!settings.clearml.verifyTls) {
    const message =
      'is off: the credentials of the router go to whoever answers for the ClearML API';
    warnings.push({ level: 'warn', names: [nameOf(read, 'clearml.verifyTls')], message });
  }
  return warnings;
}

function warnOfEdge({ router, edge }: Settings, read: Read): readonly SettingsWarning[] {
  const warnings: SettingsWarning[] = [];
  if (edge.tls !== undefined && router.url.startsWith('http:')) {
    const message =
      'the proxy speaks TLS with this certificate, and published addresses begin with http://: write https:// into the second';
    const names = [nameOf(read, 'edge.tlsCertificate'), nameOf(read, 'router.url')];
    warnings.push({ level: 'warn', names, message });
  }
  const everybody = edge.trustedProxies.find((network) => network.endsWith('/0'));
  if (everybody !== undefined) {
    const message = `names every address (${everybody}): whoever asks may say to be somebody else`;
    warnings.push({ level: 'warn', names: [nameOf(read, 'edge.trustedProxies')], message });
  }
  return warnings;
}

function warnOfReload(read: Read): readonly SettingsWarning[] {
  if (read.values.listen.reload) return [];
  const message = 'cannot be switched off: the proxy always reloads a changed configuration';
  return [{ level: 'info', names: [nameOf(read, 'listen.reload')], message }];
}

function warnOfRouteDomain(settings: Settings, read: Read): readonly SettingsWarning[] {
  return remarkOnRouteDomain(settings).map(({ paths, message }) => {
    const names = paths.map((path) => nameOf(read, path));
    return { level: 'warn', names, message };
  });
}

function warnOfApiOff({ apiPort }: Settings, read: Read): readonly SettingsWarning[] {
  const clash = findPortClash(read.values, 'apiPort');
  if (apiPort !== 0 || clash === undefined) return [];
  const message = `kubectl has no port: the usual one, ${String(read.values.listen.apiPort)}, is another of this router; set the first, to 0 for none`;
  return [{ level: 'warn', names: clash.paths.map((path) => nameOf(read, path)), message }];
}

/** True for the host names and addresses that mean the machine itself. */
export function isLoopbackHost(host: string): boolean {
  return /^(localhost|.*\.localhost|127(\.\d{1,3}){3}|\[?::1\]?|0\.0\.0\.0)$/i.test(host);
}

function hasProblem(read: Read, path: string): boolean {
  const name = nameOf(read, path);
  return read.problems.some(({ names }) => names.includes(name));
}

// The name that the user wrote, else the documented one.
function nameOf(read: Read, path: string): string {
  return read.writtenAs.get(path) ?? documentedName(path);
}

function documentedName(path: string): string {
  const [group = '', key = ''] = path.split('.');
  const groups: Readonly<Record<string, Readonly<Record<string, { names: readonly string[] }>>>> =
    SETTINGS_SCHEMA;
  return groups[group]?.[key]?.names[0] ?? path;
}
