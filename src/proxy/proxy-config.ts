import { OperatorError } from '../errors.ts';
import type { Settings } from '../settings.ts';

/** Everything that the templates show; see templates/README.md. The revision is added when they are rendered. */
export interface ProxyConfig {
  readonly workers: 'auto' | number;
  readonly workerConnections: number;
  readonly rlimitNofile: number;
  readonly authEnabled: boolean;
  readonly cookieName: string;
  readonly secureCookies: boolean;
  readonly idleSeconds: number;
  readonly routerScheme: 'http' | 'https';
  readonly routerPort: number;
  readonly tcp: boolean;
  readonly listenPort: number;
  readonly tcpStart: number;
  readonly tcpEnd: number;
  readonly metricsPort: number;
}

/** Connections of one worker beside those of the TCP listeners: 4,000 open websockets, and room. */
const HTTP_CONNECTIONS = 8_192;

/** A token of RFC 6265, or nothing: no character of it ends a quoted text. */
const COOKIE_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]*$/;

/**
 * What the proxy is configured with. Depends on settings alone, so a route never changes it.
 *
 * @throws OperatorError `PROXY_TEMPLATE_INVALID` naming the value that must not reach a template
 */
export function proxyConfig(settings: Settings, workers: 'auto' | number): ProxyConfig {
  const { auth, tcp } = settings;
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
    secureCookies: auth.secureCookies,
    idleSeconds: settings.idleSeconds,
    routerScheme: isHttps ? 'https' : 'http',
    routerPort: url.port === '' ? (isHttps ? 443 : 80) : Number(url.port),
    tcp: tcp !== undefined,
    listenPort: settings.listenPort,
    tcpStart: tcp?.start ?? 0,
    tcpEnd: tcp?.end ?? 0,
    metricsPort: settings.metricsPort,
  };
  checkConfig(config);
  return config;
}

/** Settings are checked where they are read; this is the last look before they become nginx's text. */
function checkConfig(config: ProxyConfig): void {
  const { cookieName, authEnabled } = config;
  refuse('cookieName', !COOKIE_NAME.test(cookieName) || (authEnabled && cookieName === ''));
  refuse('workers', config.workers !== 'auto' && !isWithin(config.workers, 1, 1_024));
  refuse('idleSeconds', !isWithin(config.idleSeconds, 1, 31_536_000));
  refuse('listenPort', !isWithin(config.listenPort, 1, 65_535));
  refuse('metricsPort', !isWithin(config.metricsPort, 0, 65_535));
  const isRange =
    isWithin(config.tcpStart, 1, 65_535) && isWithin(config.tcpEnd, config.tcpStart, 65_535);
  refuse('tcp', config.tcp && !isRange);
}

function refuse(variable: keyof ProxyConfig, isWrong: boolean): void {
  if (isWrong) throw new OperatorError('PROXY_TEMPLATE_INVALID', { variable });
}

function isWithin(value: number, lowest: number, highest: number): boolean {
  return Number.isInteger(value) && value >= lowest && value <= highest;
}
