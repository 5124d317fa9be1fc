/** Letters and digits that make no words and are not mistaken for each other (apimachinery, util/rand). */
const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';
const RANDOM_LENGTH = 5;
/** Longest start of a generated name: it and its end fit a DNS label (apiserver, storage/names). */
const START_LIMIT = 63 - RANDOM_LENGTH;

/** A name that begins with `start` and ends at random. */
export function generateName(start: string, randomBelow: (limit: number) => number): string {
  const end = Array.from({ length: RANDOM_LENGTH }, () =>
    ALPHABET.charAt(randomBelow(ALPHABET.length)),
  );
  return `${start.slice(0, START_LIMIT)}${end.join('')}`;
}
