import { chooseApiPort } from './loopback-ports.ts';
import { warnOfUnknownNames } from './names.ts';
import { readSettings, type ReadResult } from './read.ts';
import { findProblems, findWarnings } from './rules.ts';
import { SETTINGS_SCHEMA } from './schema.ts';
import { listSettings } from './setting.ts';
import type {
  ClearmlCommandSettings,
  Environment,
  Parsed,
  ProxySettings,
  Settings,
} from './types.ts';
import type { ClearmlValues, SettingsValues } from './values.ts';

/**
 * Reads everything that can be set: the settings with warnings, or every problem at once.
 *
 * @example
 * const parsed = parseSettings({ ROUTER_NAME: 'main', ROUTER_URL: 'https://gateway.example.com' });
 * if (parsed.kind === 'problems') console.error(parsed.problems);
 */
export function parseSettings(env: Environment): Parsed<Settings> {
  const read = readSettings<SettingsValues>(env, SETTINGS_SCHEMA);
  const problems = [...read.problems, ...findProblems(read)];
  if (problems.length > 0) return { kind: 'problems', problems };
  const settings = {
    ...toSettings(read.values),
    apiPort: chooseApiPort(read.values, read.writtenAs.has('listen.apiPort')),
  };
  const known = listSettings(SETTINGS_SCHEMA).flatMap(({ names }) => names);
  const warnings = [...findWarnings(settings, read), ...warnOfUnknownNames(env, known)];
  return { kind: 'settings', settings, warnings };
}

/** Reads what a command needs that only talks to ClearML; other settings may be missing or wrong. */
export function parseClearmlSettings(env: Environment): Parsed<ClearmlCommandSettings> {
  const { clearml, router } = SETTINGS_SCHEMA;
  const name = { ...router.name, nullable: true };
  const read = readSettings<ClearmlValues & { readonly router: { readonly name: string | null } }>(
    env,
    { clearml, router: { name } },
  );
  const settings = {
    clearml: toClearml(read.values),
    ...optional('routerName', read.values.router.name),
  };
  return orProblems(read, settings);
}

/** Reads what the proxy's supervisor needs. */
export function parseProxySettings(env: Environment): Parsed<ProxySettings> {
  const { nginx, run } = SETTINGS_SCHEMA.folders;
  const read = readSettings<{ readonly folders: { readonly nginx: string; readonly run: string } }>(
    env,
    { folders: { nginx, run } },
  );
  const { folders } = read.values;
  return orProblems(read, { nginxFolder: folders.nginx, runFolder: folders.run });
}

/** Reads where the router keeps its state; other settings may be missing or wrong. */
export function parseStateFolder(env: Environment): Parsed<{ readonly stateFolder: string }> {
  const { nginx, state } = SETTINGS_SCHEMA.folders;
  const read = readSettings<Pick<SettingsValues, 'folders'>>(env, { folders: { nginx, state } });
  return orProblems(read, { stateFolder: stateFolderOf(read.values) });
}

function stateFolderOf({ folders }: Pick<SettingsValues, 'folders'>): string {
  return folders.state ?? `${folders.nginx.replace(/\/$/, '')}/.clearway-state`;
}

function orProblems<T>(read: ReadResult<unknown>, settings: T): Parsed<T> {
  return read.problems.length > 0
    ? { kind: 'problems', problems: read.problems }
    : { kind: 'settings', settings, warnings: [] };
}

function toSettings(values: SettingsValues): Omit<Settings, 'apiPort'> {
  const { router, listen, auth, tasks, tcp, folders } = values;
  const { address, start, end } = tcp;
  const isTcpOn = address !== null && start !== null && end !== null;
  return {
    router: { name: router.name, url: router.url, namespace: router.namespace },
    listenPort: listen.port,
    clearml: toClearml(values),
    auth: {
      enabled: auth.enabled,
      cookieName: auth.cookieName ?? '',
      secureCookies: auth.secureCookies,
      ...optional('jwks', auth.jwks),
      freshSeconds: auth.freshSeconds,
      usableSeconds: auth.usableSeconds,
      rule: auth.rule,
      ...optional('sessionSecret', auth.sessionSecret),
      sessionSeconds: auth.sessionSeconds,
      sameSite: auth.sameSite,
    },
    edge: toEdge(values),
    ...optional('queues', tasks.queues),
    ...optional('tcp', isTcpOn ? { address, start, end } : null),
    portRestSeconds: tcp.restSeconds,
    ...optional('upstreamCidrs', tasks.upstreamCidrs),
    folders: {
      nginx: folders.nginx,
      state: stateFolderOf(values),
    },
    dockerSocket: tasks.dockerSocket,
    metricsPort: listen.metricsPort,
    idleSeconds: listen.idleSeconds,
    ...optional('takeOver', router.takeOver),
    logLevel: values.log.level,
  };
}

function toEdge({ edge }: SettingsValues): Settings['edge'] {
  const { tlsCertificate: certificate, tlsKey: key } = edge;
  return {
    ...optional('tls', certificate !== null && key !== null ? { certificate, key } : null),
    allowedHosts: edge.allowedHosts ?? [],
    trustedProxies: edge.trustedProxies ?? [],
    corsOrigins: edge.corsOrigins ?? [],
    ...optional('frameAncestors', edge.frameAncestors),
    ...optional('routeDomain', edge.routeDomain),
  };
}

function toClearml({ clearml }: ClearmlValues): Settings['clearml'] {
  const proxy = {
    ...optional('https', clearml.httpsProxy),
    ...optional('http', clearml.httpProxy),
    ...optional('noProxy', clearml.noProxy),
  };
  return {
    apiHost: clearml.apiHost,
    accessKey: clearml.accessKey,
    secretKey: clearml.secretKey,
    verifyTls: clearml.verifyTls,
    ...optional('proxy', 'https' in proxy || 'http' in proxy ? proxy : null),
    pollSeconds: clearml.pollSeconds,
    fullPassSeconds: clearml.fullPassSeconds,
  };
}

// exactOptionalPropertyTypes: an optional property is absent, never undefined.
function optional<K extends string, V>(key: K, value: V | null): { readonly [P in K]?: V } {
  return value === null ? {} : ({ [key]: value } as { readonly [P in K]: V });
}
