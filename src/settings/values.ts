import type { AccessRule } from '../domain/access-rule.ts';
import type { SameSite } from './types.ts';

/** Values of the ClearML group of the schema, as they were read. */
export interface ClearmlValues {
  readonly clearml: {
    readonly apiHost: string;
    readonly accessKey: string;
    readonly secretKey: string;
    readonly verifyTls: boolean;
    readonly httpsProxy: string | null;
    readonly httpProxy: string | null;
    readonly noProxy: string | null;
    readonly pollSeconds: number;
    readonly fullPassSeconds: number;
  };
}

/** Values of the whole schema, as they were read; null where nothing is set and nothing is assumed. */
export interface SettingsValues extends ClearmlValues {
  readonly router: {
    readonly name: string;
    readonly url: string;
    readonly namespace: string;
    readonly takeOver: string | null;
  };
  readonly listen: {
    readonly port: number;
    readonly idleSeconds: number;
    readonly metricsPort: number;
    readonly apiPort: number;
    readonly reload: boolean;
  };
  readonly auth: {
    readonly enabled: boolean;
    readonly cookieName: string | null;
    readonly secureCookies: boolean;
    readonly jwks: string | null;
    readonly freshSeconds: number;
    readonly usableSeconds: number;
    readonly rule: AccessRule;
    readonly sessionSecret: string | null;
    readonly sessionSeconds: number;
    readonly sameSite: SameSite;
  };
  readonly edge: {
    readonly tlsCertificate: string | null;
    readonly tlsKey: string | null;
    readonly allowedHosts: readonly string[] | null;
    readonly trustedProxies: readonly string[] | null;
    readonly corsOrigins: readonly string[] | null;
    readonly frameAncestors: readonly string[] | null;
    readonly routeDomain: string | null;
  };
  readonly tasks: {
    readonly queues: string | null;
    readonly upstreamCidrs: readonly string[] | null;
    readonly dockerSocket: string;
  };
  readonly tcp: {
    readonly address: string | null;
    readonly start: number | null;
    readonly end: number | null;
    readonly restSeconds: number;
  };
  readonly folders: {
    readonly nginx: string;
    readonly state: string | null;
    readonly run: string;
  };
  readonly log: { readonly level: string };
}
