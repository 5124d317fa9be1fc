import type { AnyObject } from '../contracts.ts';

/** An object as the API has it: a status that nobody wrote is no field of it. */
export function withoutEmptyStatus(object: AnyObject): AnyObject {
  if (!isEmpty(object['status'])) return object;
  const { status, ...rest } = object;
  return status === undefined ? object : rest;
}

function isEmpty(status: unknown): boolean {
  return typeof status === 'object' && status !== null && Object.keys(status).length === 0;
}
