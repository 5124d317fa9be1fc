import { endpointKey } from './runtime-keys.ts';
import type { KnownRuntime } from './task-view.ts';

/** Which StaticRoute an endpoint is to be served at; empty when none; or why that cannot be read. */
export type StaticWish =
  | { readonly staticRoute?: string }
  | { readonly refusal: { readonly reason: 'InvalidStaticRoute'; readonly message: string } };

/** The type of the route that ClearML's own API named to the SDK (protocol 1.3, 10.1); both mean a name. */
const MODES: readonly unknown[] = ['path', 'subdomain'];

/** Longest name of a StaticRoute, as of any object (RFC 1123). */
const NAME_LENGTH = 253;

/**
 * The StaticRoute that a task asks for by name, for one http endpoint.
 *
 * @remarks The SDK never deletes the two keys (protocol 1.1): who asks for the same endpoint again without a static route
 * still asks for the former one. Nobody can tell the two apart; an endpoint with another name has keys of its own.
 *
 * | mode | parameter | result |
 * | --- | --- | --- |
 * | absent, null or empty | any | no static route |
 * | `path` or `subdomain` | a name | that |
 * | `path` or `subdomain` | absent, empty, longer than a name, or no text | `InvalidStaticRoute` |
 * | anything else | any | `InvalidStaticRoute` |
 */
export function readStaticRoute(endpointName: string, runtime: KnownRuntime): StaticWish {
  const modeKey = endpointKey('_ROUTER_ENDPOINT_MODE', endpointName);
  const mode = runtime[modeKey];
  if (mode === undefined || mode === null || mode === '') return {};
  if (!MODES.includes(mode)) return invalid(modeKey, 'must be "path" or "subdomain"');
  const nameKey = endpointKey('_ROUTER_ENDPOINT_MODE_PARAM', endpointName);
  const name = runtime[nameKey];
  if (typeof name !== 'string' || name === '' || name.length > NAME_LENGTH) {
    return invalid(nameKey, 'must be the name of a StaticRoute');
  }
  return { staticRoute: name };
}

function invalid(key: string, what: string): StaticWish {
  const shown = key.slice(0, 80).replace(/[^\x20-\x7e]/g, '?');
  return {
    refusal: {
      reason: 'InvalidStaticRoute',
      message: `${shown} ${what}. Ask with request_external_endpoint(static_route=NAME).`,
    },
  };
}
