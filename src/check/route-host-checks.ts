import { found, ok, withSettings, type Check, type Finding, type Machine } from './contract.ts';

/** Checks of the hosts that routes have of their own. */
export const ROUTE_HOST_CHECKS: readonly Check[] = [
  withSettings('route hosts', async ({ edge, router }, { machine }, signal) => {
    const { routeDomain } = edge;
    if (routeDomain === undefined)
      return ok('CLEARWAY_ROUTE_DOMAIN is not set: endpoints share the host of ROUTER_URL');
    const { promise: stopped, reject } = Promise.withResolvers<never>();
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    return Promise.race([findRouteHosts(routeDomain, router.url, machine), stopped]);
  }),
];

/**
 * Whether any host below the domain has an address: asks for a name that nobody has used, so that no memory on the way knows it. Nothing is
 * connected to.
 */
export async function findRouteHosts(
  routeDomain: string,
  routerUrl: string,
  { resolve, newLabel }: Pick<Machine, 'resolve' | 'newLabel'>,
): Promise<readonly Finding[]> {
  const name = `${newLabel()}.${routeDomain}`;
  const todo = `Add a wildcard record, *.${routeDomain}, that leads where ${new URL(routerUrl).hostname} leads.`;
  try {
    // The dot at its end keeps resolvers from trying it under domains of their own.
    const addresses = await resolve(`${name}.`);
    return addresses.length === 0
      ? found('warn', `${name} has no address here, so no endpoint can be opened by its host`, todo)
      : ok(`*.${routeDomain} leads to ${addresses.join(', ')}`);
  } catch {
    return found('warn', `nobody could say what the address of ${name} is`, todo);
  }
}
