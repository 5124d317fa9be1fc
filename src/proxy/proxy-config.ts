import { isCidr } from '../domain/address.ts';
import { sessionCookieName } from '../domain/session-cookie.ts';
import { OperatorError } from '../errors.ts';
import type { Settings } from '../settings.ts';

/** Everything that the templates show; see templates/README.md. The revision is added when they are rendered. */
export interface ProxyConfig {
  readonly workers: 'auto' | number;
  readonly workerConnections: number;
  readonly rlimitNofile: number;
  readonly authEnabled: boolean;
  readonly cookieName: string;
  /** Name of the cookie of our sessions. */
  readonly sessionCookie: string;
  readonly idleSeconds: number;
  readonly routerScheme: 'http' | 'https';
  readonly routerPort: number;
  readonly tcp: boolean;
  readonly listenPort: number;
  readonly tcpStart: number;
  readonly tcpEnd: number;
  readonly metricsPort: number;
  readonly apiPort: number;
  /** Hosts under which the gateway may be asked, with spaces between them; `*` for every one. */
  readonly hosts: string;
  /** URL of the router. */
  readonly routerUrl: string;
  /** Domain of route hosts; empty in path mode. */
  readonly routeDomain: string;
  /** Origins with spaces between them; empty for none. */
  readonly corsOrigins: string;
  /** Origins with spaces between them that may frame applications; empty leaves it to them. */
  readonly frameAncestors: string;
  /** CIDRs of load balancers that are believed. */
  readonly trustedProxies: readonly string[];
  readonly trusts: boolean;
  /** Paths of certificate and key as the proxy sees them; empty for the usual place. */
  readonly tlsCertificate: string;
  readonly tlsKey: string;
}

/** Connections of one worker beside those of the TCP listeners: 4,000 open websockets, and room. */
const HTTP_CONNECTIONS = 8_192;

const PLAIN_TEXTS = ['hosts', 'routerUrl', 'routeDomain', 'corsOrigins', 'frameAncestors'] as const;

/** A token of RFC 6265, or nothing: no character of it ends a quoted text. */
const COOKIE_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]*$/;

/**
 * What the proxy is configured with. Depends on settings alone, so a route never changes it.
 *
 * @throws OperatorError `PROXY_TEMPLATE_INVALID` naming the value that must not reach a template
 */
export function proxyConfig(settings: Settings, workers: 'auto' | number): ProxyConfig {
  const { auth, router, tcp } = settings;
  const url = new URL(settings.router.url);
  const isHttps = url.protocol === 'https:';
  const tcpPorts = tcp === undefined ? 0 : tcp.end - tcp.start + 1;
  const workerConnections = HTTP_CONNECTIONS + 2 * tcpPorts;
  const config: ProxyConfig = {
    workers,
    workerConnections,
    rlimitNofile: 2 * workerConnections + tcpPorts,
    authEnabled: auth.enabled,
    cookieName: auth.cookieName,
    sessionCookie: sessionCookieName(router.name, auth.secureCookies),
    idleSeconds: settings.idleSeconds,
    routerScheme: isHttps ? 'https' : 'http',
    routerPort: url.port === '' ? (isHttps ? 443 : 80) : Number(url.port),
    tcp: tcp !== undefined,
    listenPort: settings.listenPort,
    tcpStart: tcp?.start ?? 0,
    tcpEnd: tcp?.end ?? 0,
    metricsPort: settings.metricsPort,
    apiPort: settings.apiPort,
    ...edgeOf(settings),
  };
  checkConfig(config);
  return config;
}

type EdgeVariable =
  (typeof PLAIN_TEXTS)[number] | 'trustedProxies' | 'trusts' | 'tlsCertificate' | 'tlsKey';

function edgeOf({ router, edge }: Settings): Pick<ProxyConfig, EdgeVariable> {
  const { hostname } = new URL(router.url);
  return {
    hosts: [hostname, ...edge.allowedHosts].join(' '),
    routerUrl: router.url,
    routeDomain: edge.routeDomain ?? '',
    corsOrigins: edge.corsOrigins.join(' '),
    frameAncestors: (edge.frameAncestors ?? []).join(' '),
    trustedProxies: edge.trustedProxies,
    trusts: edge.trustedProxies.length > 0,
    tlsCertificate: edge.tls?.certificate ?? '',
    tlsKey: edge.tls?.key ?? '',
  };
}

/** Settings are checked where they are read; this is the last look before they become nginx's text. */
function checkConfig(config: ProxyConfig): void {
  const { cookieName, authEnabled } = config;
  refuse('cookieName', !COOKIE_NAME.test(cookieName) || (authEnabled && cookieName === ''));
  refuse('workers', config.workers !== 'auto' && !isWithin(config.workers, 1, 1_024));
  refuse('idleSeconds', !isWithin(config.idleSeconds, 1, 31_536_000));
  refuse('listenPort', !isWithin(config.listenPort, 1, 65_535));
  refuse('metricsPort', !isWithin(config.metricsPort, 0, 65_535));
  refuse('apiPort', !isWithin(config.apiPort, 0, 65_535));
  const isRange =
    isWithin(config.tcpStart, 1, 65_535) && isWithin(config.tcpEnd, config.tcpStart, 65_535);
  refuse('tcp', config.tcp && !isRange);
  checkEdge(config);
}

/** Hosts, origins and networks: no character of them ends a quoted text or a directive. */
const PLAIN = /^[\w.:/*[\]\- ]*$/;
const PLAIN_PATH = /^(?:\/[\w.-]+)*$/;

function checkEdge(config: ProxyConfig): void {
  for (const name of PLAIN_TEXTS) refuse(name, !PLAIN.test(config[name]));
  refuse('trustedProxies', !config.trustedProxies.every(isCidr));
  refuse('sessionCookie', !COOKIE_NAME.test(config.sessionCookie) || config.sessionCookie === '');
  refuse('tlsCertificate', !PLAIN_PATH.test(config.tlsCertificate));
  refuse('tlsKey', !PLAIN_PATH.test(config.tlsKey));
}

function refuse(variable: keyof ProxyConfig, isWrong: boolean): void {
  if (isWrong) throw new OperatorError('PROXY_TEMPLATE_INVALID', { variable });
}

function isWithin(value: number, lowest: number, highest: number): boolean {
  return Number.isInteger(value) && value >= lowest && value <= highest;
}
