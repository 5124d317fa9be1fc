import type { Logger } from 'pino';
import type { AccessDecider, AccessRevoker } from '../../controllers/contracts.ts';
import type { Settings } from '../../settings.ts';
import type { Attempts, ClearmlIdentity, Sessions } from '../contracts.ts';
import { OneTimeCodes } from '../one-time-codes.ts';
import { routeHostsOf, type RouteHosts } from '../route-hosts.ts';
import { FormTokens } from './form-tokens.ts';
import { gatewayCookies, type GatewayCookies } from './gateway-cookies.ts';
import type { PageRenderer } from './page-renderer.ts';

/** What the gateway's own pages work with. */
export interface PagesDeps {
  readonly settings: Pick<Settings, 'router' | 'auth' | 'edge' | 'clearml'>;
  readonly sessions: Sessions;
  readonly identity: ClearmlIdentity;
  readonly attempts: Attempts;
  /** The one that the proxies ask. */
  readonly decider: AccessDecider;
  readonly revoker: AccessRevoker;
  /** Secret of at least 32 bytes that signs forms: the same in every router that answers under one address. */
  readonly formKey: Uint8Array;
  readonly renderer: PageRenderer;
  readonly clock: { now(): number };
  readonly randomBytes: (size: number) => Buffer;
  readonly logger: Logger;
}

/** The same, with what follows from it. */
export interface PagesParts extends PagesDeps {
  readonly cookies: GatewayCookies;
  readonly tokens: FormTokens;
  readonly codes: OneTimeCodes;
  /** Absent in path mode. */
  readonly routeHosts?: RouteHosts;
}

/** Makes what follows from the dependencies. */
export function pagesParts(deps: PagesDeps): PagesParts {
  const { settings, formKey, clock, randomBytes } = deps;
  const routeHosts = routeHostsOf(settings);
  return {
    ...deps,
    cookies: gatewayCookies(settings),
    tokens: new FormTokens({ key: formKey, clock, randomBytes }),
    codes: new OneTimeCodes({ clock, randomBytes }),
    ...(routeHosts === undefined ? {} : { routeHosts }),
  };
}
