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
    readonly apiHost: string;
    readonly accessKey: string;
    readonly secretKey: string;
    readonly verifyTls: boolean;
    /** Seconds between two incremental polls, before jitter. */
    readonly pollSeconds: number;
    /** Seconds between two full passes. */
    readonly fullPassSeconds: number;
  };
  readonly auth: {
    readonly enabled: boolean;
    readonly cookieName: string;
    readonly secureCookies: boolean;
    readonly jwks?: string;
    /** Seconds that a decision is fresh, and usable while nobody can be asked. */
    readonly freshSeconds: number;
    readonly usableSeconds: number;
  };
  /** LISTEN_QUEUE_NAME as written; undefined serves every task. */
  readonly queues?: string;
  /** Undefined when TCP is off. */
  readonly tcp?: { readonly address: string; readonly start: number; readonly end: number };
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
  /** HTTP idle time-out of the proxy in seconds. */
  readonly idleSeconds: number;
  readonly takeOver?: string;
  readonly logLevel: string;
}
