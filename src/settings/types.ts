import type { AccessRule } from '../domain/access-rule.ts';

/** Everything that can be set, parsed; see docs/settings.md for names, defaults and meaning. */
export interface Settings {
  readonly router: {
    /** Exact ROUTER_NAME. */
    readonly name: string;
    /** Public URL, without a path and without a trailing slash. */
    readonly url: string;
    readonly namespace: string;
  };
  readonly listenPort: number;
  readonly clearml: {
    /** URL of the API, without a trailing slash; it may have a path. */
    readonly apiHost: string;
    readonly accessKey: string;
    readonly secretKey: string;
    readonly verifyTls: boolean;
    /** Forward proxies towards ClearML; absent when none is set. They may hold a password. */
    readonly proxy?: ForwardProxy;
    /** Seconds between two incremental polls, before jitter. */
    readonly pollSeconds: number;
    /** Seconds between two full passes. */
    readonly fullPassSeconds: number;
  };
  readonly auth: {
    readonly enabled: boolean;
    /** Empty only when authentication is off. */
    readonly cookieName: string;
    readonly secureCookies: boolean;
    readonly jwks?: string;
    /** Seconds that a decision is fresh, and usable while nobody can be asked. */
    readonly freshSeconds: number;
    readonly usableSeconds: number;
    readonly rule: AccessRule;
    /** Absent: the router makes a key and keeps it. */
    readonly sessionSecret?: string;
    /** Longest life of a session in seconds. */
    readonly sessionSeconds: number;
    readonly sameSite: SameSite;
  };
  readonly edge: EdgeSettings;
  /** LISTEN_QUEUE_NAME as written; undefined serves every task. */
  readonly queues?: string;
  /** Undefined when TCP is off. */
  readonly tcp?: TcpSettings;
  readonly portRestSeconds: number;
  /** CIDRs that upstreams must be in; undefined allows every network but the refused ones. */
  readonly upstreamCidrs?: readonly string[];
  readonly folders: {
    /** The nginx folder, shared with the proxy. */
    readonly nginx: string;
    readonly state: string;
  };
  /** Path of the engine's socket. */
  readonly dockerSocket: string;
  /** Loopback port of the host on which the proxy offers metrics and health; 0 for none. */
  readonly metricsPort: number;
  /** Loopback port of the host on which the proxy offers the resource API; 0 for none. */
  readonly apiPort: number;
  /** HTTP idle time-out of the proxy in seconds. */
  readonly idleSeconds: number;
  readonly takeOver?: string;
  /** A level of pino: `fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`. */
  readonly logLevel: string;
}

/** The SameSite attribute of a cookie (RFC 6265bis, section 5.6.7). */
export type SameSite = 'lax' | 'strict' | 'none';

/** What the proxy is towards those who connect to it. */
export interface EdgeSettings {
  /** Paths as the proxy sees them; absent: `tls/tls.crt` and `tls/tls.key` in the nginx folder, where they are there. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Hosts beside that of the router's URL, in lower case without ports; `*` is every host. */
  readonly allowedHosts: readonly string[];
  /** CIDRs of load balancers that are believed. */
  readonly trustedProxies: readonly string[];
  /** Origins such as `https://app.example.com`, without a slash at the end. */
  readonly corsOrigins: readonly string[];
  /** Origins that may frame; absent leaves it to each application. */
  readonly frameAncestors?: readonly string[];
  /** Domain of route hosts, in lower case; absent in path mode. */
  readonly routeDomain?: string;
}

/** Where users connect for TCP endpoints; `start` and `end` are both part of the range. */
interface TcpSettings {
  readonly address: string;
  readonly start: number;
  readonly end: number;
}

/** URLs of forward proxies by the scheme they serve, and the hosts that are reached directly. */
interface ForwardProxy {
  readonly https?: string;
  readonly http?: string;
  readonly noProxy?: string;
}

/** What a command needs that only talks to ClearML. */
export interface ClearmlCommandSettings {
  readonly clearml: Settings['clearml'];
  /** ROUTER_NAME, where it is set. */
  readonly routerName?: string;
}

/** What the proxy's supervisor needs. */
export interface ProxySettings {
  /** The nginx folder, shared with the router. */
  readonly nginxFolder: string;
  /** The supervisor's own folder, writable for the proxy only. */
  readonly runFolder: string;
}

/** Why settings cannot be used; `names` are the names as the user wrote them. */
export interface SettingsProblem {
  readonly names: readonly string[];
  /** What is wrong and what was expected, without any secret. */
  readonly message: string;
}

/** Something to know about settings that can be used; said once, at start. */
export interface SettingsWarning extends SettingsProblem {
  readonly level: 'info' | 'warn';
}

/** Settings that can be used, or everything that is wrong with them. */
export type Parsed<T> =
  | {
      readonly kind: 'settings';
      readonly settings: T;
      readonly warnings: readonly SettingsWarning[];
    }
  | { readonly kind: 'problems'; readonly problems: readonly SettingsProblem[] };

/** An environment, as `process.env` has it. */
export type Environment = Readonly<Record<string, string | undefined>>;
