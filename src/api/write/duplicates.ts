import { clip } from '../../resources/text.ts';
import { LIST_LIMIT } from './problems.ts';

/** Longest path, in characters. */
const PATH_LIMIT = 256;

/** A name in an object, or a place in a list. */
export type Step = string | number;

/** How often each name of one object came. */
export type NameCounts = Map<string, number>;

/**
 * The fields that stand twice in one object: as many of them as a message lists.
 *
 * @remarks
 * Paths are made only for those, and are cut: one long name above many fields must not be kept once for each of them.
 */
export class Duplicates {
  readonly #paths: string[] = [];

  get isFull(): boolean {
    return this.#paths.length >= LIST_LIMIT;
  }

  /** Each path once. */
  get paths(): readonly string[] {
    return [...new Set(this.#paths)];
  }

  /** Counts a name in its object; `steps` lead to the field. */
  count(names: NameCounts, name: string, steps: () => readonly Step[]): void {
    const times = (names.get(name) ?? 0) + 1;
    names.set(name, times);
    if (times === 2 && !this.isFull) this.#paths.push(printSteps(steps()));
  }
}

function printSteps(steps: readonly Step[]): string {
  const parts = steps.map((step) =>
    typeof step === 'number' ? `[${step}]` : `.${clip(step, PATH_LIMIT)}`,
  );
  return clip(parts.join('').replace(/^\./, ''), PATH_LIMIT);
}
