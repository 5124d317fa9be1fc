import type { Kind } from '../../../src/resources/kinds.ts';
import { checkSpec, checkStatus } from '../../../src/resources/validation.ts';
import { aTaskRouteSpec } from '../../support/resources.ts';

/** Metadata of any object. */
export const META = { name: 'a.http' };
/** A spec of a Router. */
export const ROUTER = { name: 'Router A', url: 'https://gateway.example:8443' };
/** A spec of a PortPool of one port. */
export const POOL = { router: 'router-a', start: 30_000, end: 30_000, restSeconds: 60 };
/** A spec of a TaskRoute. */
export const TASK = aTaskRouteSpec();

/** What is wrong, as `<field> <reason>`. */
export function specErrors(kind: Kind, spec: unknown): string[] {
  return checkSpec(kind, META, spec).errors.map(({ field, reason }) => `${field} ${reason}`);
}

/** What is wrong, as `<field> <reason>`. */
export function statusErrors(kind: Kind, status: unknown): string[] {
  return checkStatus(kind, status).errors.map(({ field, reason }) => `${field} ${reason}`);
}
