import { expect } from 'chai';
import type { PageAnswer } from '../../src/access/pages/page-http.ts';
import { makePages } from '../../src/access/pages/pages.ts';
import { PagesBrowser, sentTo } from './pages-browser.ts';
import { ALICE, startPagesWorld, type PagesWorld, type PagesWorldOptions } from './pages-world.ts';

/** What alice types. */
export const RIGHT = { name: ALICE.name, secret: ALICE.password };
/** Key of a named endpoint. */
export const KEY = '0123456789abcdef0123456789abcdef--lab';
/** Origin of its host. */
export const ROUTE_ORIGIN = `https://${KEY}.apps.example.com:8443`;
/** Origin of the main host. */
export const MAIN_ORIGIN = 'https://gateway.example.com:8443';

const IN_SUBDOMAINS = { url: MAIN_ORIGIN, edge: { routeDomain: 'apps.example.com' } };

/** One browser at the two hosts, each with its own cookies. */
export interface Hosts {
  readonly main: PagesBrowser;
  readonly route: PagesBrowser;
}

/** A browser without any memory. */
export function hostsOf(world: PagesWorld, routeKey = KEY): Hosts {
  const pages = makePages(world.deps);
  const host = `${routeKey}.apps.example.com:8443`;
  return {
    main: new PagesBrowser(world.deps, { host: 'gateway.example.com:8443' }, pages),
    route: new PagesBrowser(world.deps, { host, routeKey }, pages),
  };
}

/** What of an answer leads to a page: its name and query. */
export function pageOf(answer: PageAnswer, origin: string): string {
  const url = new URL(sentTo(answer) ?? '', origin);
  expect(url.origin).to.equal(origin);
  return `${url.pathname.replace('/_clearway/', '')}${url.search}`;
}

/** Starts a world in subdomain mode. */
export async function startWithHosts(options: PagesWorldOptions = {}): Promise<PagesWorld> {
  return startPagesWorld({ ...IN_SUBDOMAINS, ...options });
}

/** Goes from the route host through the form of the main host to the address with the code. */
export async function untilCode({ main, route }: Hosts): Promise<string> {
  const begun = await route.get('sign-in?to=%2Fx%3Fy%3D1');
  await main.get(pageOf(begun, MAIN_ORIGIN));
  return pageOf(await main.submit('sign-in', RIGHT), ROUTE_ORIGIN);
}
