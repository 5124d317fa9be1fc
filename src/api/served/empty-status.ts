import type { AnyObject } from '../contracts.ts';

/** An object as the API has it: a status that nobody wrote is no field of it. */
export function withoutEmptyStatus(object: AnyObject): AnyObject {
  const { status, ...rest } = object;
  const isEmpty = typeof status === 'object' && status !== null && Object.keys(status).length === 0;
  return isEmpty ? rest : object;
}
