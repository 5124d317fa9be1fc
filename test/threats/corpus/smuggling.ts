import type { SmugglingCase } from './smuggling-case.ts';
import { CHUNKS } from './smuggling-chunks.ts';
import { CONNECTIONS, LINES, UPGRADES } from './smuggling-heads.ts';
import { ENCODINGS, LENGTHS } from './smuggling-lengths.ts';
import { EARLY, REFUSALS } from './smuggling-refusals.ts';

/** Requests that two servers in a row may cut in different places, of every kind that is known to have worked somewhere. */
export const SMUGGLING: readonly SmugglingCase[] = [
  ...LENGTHS,
  ...ENCODINGS,
  ...CHUNKS,
  ...REFUSALS,
  ...EARLY,
  ...UPGRADES,
  ...LINES,
  ...CONNECTIONS,
];
