import { isDict, type Dict } from './json.ts';

/** The value under a dotted path; undefined when a step is missing or no object. */
export function valueAt(of: Dict, path: string): unknown {
  let value: unknown = of;
  for (const step of path.split('.')) {
    if (!isDict(value) || !Object.hasOwn(value, step)) return undefined;
    value = value[step];
  }
  return value;
}
