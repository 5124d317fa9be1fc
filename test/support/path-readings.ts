/** One way in which a server may read one segment of a path. */
interface Reading {
  readonly decodes: boolean;
  /** When it cuts parameters (`;x`) off the whole segment. */
  readonly cuts: 'never' | 'before decoding' | 'after decoding';
  /** Whether it cuts them off each name. */
  readonly cutsNames: boolean;
  readonly splitsAtSlash: boolean;
  readonly splitsAtBackslash: boolean;
  /** Whether a name without letters is nothing. */
  readonly merges: boolean;
}

const EITHER = [false, true] as const;

/** Every combination. */
const READINGS: readonly Reading[] = EITHER.flatMap((decodes) =>
  (['never', 'before decoding', 'after decoding'] as const).flatMap((cuts) =>
    EITHER.flatMap((cutsNames) =>
      EITHER.flatMap((splitsAtSlash) =>
        EITHER.flatMap((splitsAtBackslash) =>
          EITHER.map((merges) => ({
            decodes,
            cuts,
            cutsNames,
            splitsAtSlash,
            splitsAtBackslash,
            merges,
          })),
        ),
      ),
    ),
  ),
);

/** True when some way of reading this path, segment by segment, gets above where it starts. */
export function climbs(path: string): boolean {
  let depths = new Set([0]);
  for (const segment of segmentsOf(path)) {
    const walks = READINGS.map((reading) => walkOf(segment, reading));
    const reached = [...depths].flatMap((depth) => walks.map((moves) => walk(depth, moves)));
    if (reached.includes(undefined)) return true;
    depths = new Set(reached.filter((depth) => depth !== undefined));
  }
  return false;
}

/** Every name that some reading sees anywhere in this path. */
export function namesIn(path: string): ReadonlySet<string> {
  const segments = segmentsOf(path);
  return new Set(
    segments.flatMap((segment) => READINGS.flatMap((reading) => namesOf(segment, reading))),
  );
}

/** True when every server reads this path in the same way. */
export function isPlain(path: string): boolean {
  return !/[%;\\]/.test(path) && !path.includes('//') && !path.includes('/.');
}

/** True for what no path may hold: raw control characters, spaces, `#`, `\`; broken escapes; NUL; ASCII in too many bytes. */
export function isMalformed(path: string): boolean {
  if (!path.startsWith('/') || /[^!-~\x80-\xff]|[#\\]/.test(path)) return true;
  if (/%(?![0-9a-f]{2})/i.test(path)) return true;
  const bytes = [...Buffer.from(decode(path), 'latin1')];
  return bytes.some((byte, index) => byte === 0 || isOverlong(byte, bytes[index + 1] ?? 0));
}

/** The first two bytes of a form of UTF-8 tell whether a shorter one would do. */
function isOverlong(lead: number, next: number): boolean {
  if ((next & 0xc0) !== 0x80) return false;
  const low = next & 0x3f;
  if ((lead & 0xe0) === 0xc0) return (((lead & 0x1f) << 6) | low) < 0x80;
  if ((lead & 0xf0) === 0xe0) return (((lead & 0x0f) << 6) | low) < 0x800 >> 6;
  return (lead & 0xf8) === 0xf0 && (((lead & 0x07) << 6) | low) < 0x10000 >> 12;
}

function segmentsOf(path: string): readonly string[] {
  return path.slice(1).split('/');
}

function walkOf(segment: string, reading: Reading): readonly number[] {
  return namesOf(segment, reading).map((name) => {
    if (name === '..') return -1;
    return name === '.' || (name === '' && reading.merges) ? 0 : 1;
  });
}

function walk(from: number, moves: readonly number[]): number | undefined {
  let depth = from;
  for (const move of moves) {
    depth += move;
    if (depth < 0) return undefined;
  }
  return depth;
}

function namesOf(segment: string, reading: Reading): readonly string[] {
  let text = reading.cuts === 'before decoding' ? cut(segment) : segment;
  if (reading.decodes) text = decode(text);
  if (reading.cuts === 'after decoding') text = cut(text);
  const names = text.split(separatorsOf(reading));
  return reading.cutsNames ? names.map(cut) : names;
}

/** What separates names inside a segment; nothing matches where that is nothing. */
function separatorsOf({ decodes, splitsAtSlash, splitsAtBackslash }: Reading): RegExp {
  const slash = decodes ? '/' : '%2f';
  const backslash = decodes ? '\\\\' : '%5c';
  const marks = [...(splitsAtSlash ? [slash] : []), ...(splitsAtBackslash ? [backslash] : [])];
  return new RegExp(marks.join('|') || '(?!)', 'i');
}

function cut(text: string): string {
  return text.split(';')[0] ?? '';
}

function decode(text: string): string {
  return text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(parseInt(hex, 16)),
  );
}
