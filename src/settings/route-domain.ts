import { isAddress } from '../domain/address.ts';
import type { Settings } from './types.ts';

/** Something about the domain of route hosts, and the paths in the schema of the settings that it is about. */
export interface RouteDomainRemark {
  readonly paths: readonly string[];
  readonly message: string;
}

const DOMAIN = 'edge.routeDomain';

/** What cannot work, or is less apart than it looks, with a domain of route hosts; nothing without one. */
export function remarkOnRouteDomain(settings: Settings): readonly RouteDomainRemark[] {
  const { routeDomain } = settings.edge;
  if (routeDomain === undefined) return [];
  const routerHost = bareHost(settings.router.url);
  return [
    ...remarkOnAddress(routerHost),
    ...(settings.auth.enabled ? remarkOnCookies(routeDomain, routerHost, settings) : []),
  ];
}

function remarkOnAddress(routerHost: string): readonly RouteDomainRemark[] {
  if (!isAddress(routerHost)) return [];
  const message =
    `the host of the second, ${routerHost}, is an IP address: it is no name of any domain, so browsers take the gateway and its ` +
    'applications for different sites, and applications inside frames stay signed out. Give the gateway a host name';
  return [{ paths: [DOMAIN, 'router.url'], message }];
}

function remarkOnCookies(
  routeDomain: string,
  routerHost: string,
  { auth, clearml }: Settings,
): readonly RouteDomainRemark[] {
  const remarks: RouteDomainRemark[] = [];
  const apiHost = bareHost(clearml.apiHost);
  const shared = isAddress(apiHost) ? undefined : commonDomain(routeDomain, apiHost);
  if (shared !== undefined) {
    const message =
      `applications under ${routeDomain} can set cookies for ${shared}, where ClearML (${apiHost}) and its cookie live: one of them could ` +
      'sign its visitors in to ClearML as somebody else, or out. Take a domain that holds nothing else, such as my-applications.example';
    remarks.push({ paths: [DOMAIN, 'clearml.apiHost'], message });
  }
  if (!auth.secureCookies) {
    const isNear = commonDomain(routeDomain, routerHost) !== undefined;
    const message =
      `without Secure cookies there are none that only one host can set, so an application can set cookies of the gateway for its ` +
      `neighbours${isNear ? ' and for the gateway' : ''}: use https://, and set the second to true`;
    remarks.push({ paths: [DOMAIN, 'auth.secureCookies'], message });
  }
  return remarks;
}

/**
 * The longest domain that both hosts are in, and for which a page of either can set cookies; undefined where there is none.
 *
 * @remarks
 * Which domains are open to everybody, such as `co.uk`, only a list knows that changes all the time. Two short labels are taken
 * for one.
 */
export function commonDomain(left: string, right: string): string | undefined {
  const [ours, theirs] = [left, right].map((host) => host.split('.').reverse());
  if (ours === undefined || theirs === undefined) return undefined;
  const differs = ours.findIndex((label, index) => label !== theirs[index]);
  const shared = ours.slice(0, differs < 0 ? ours.length : differs);
  const isOpen = shared.length === 2 && shared.every((label) => label.length <= 3);
  return shared.length < 2 || isOpen ? undefined : shared.reverse().join('.');
}

function bareHost(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}
