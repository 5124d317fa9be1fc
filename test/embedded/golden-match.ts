import { parseJson } from '../../src/embedded/api/json.ts';

const IDS = /[0-9a-f]{32}|<jwt \d+>|<secret \d+>|(?<![A-Z0-9])[A-Z0-9]{30}(?![A-Z0-9])/g;
const STAMPS = new Set(['last_change', 'last_update', 'status_changed']);
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?(\+00:00)?$/;
/** Numbers that count time: only that they are numbers is compared. */
const DURATIONS = new Set(['running_time', 'active_duration']);

/**
 * Matches recorded values with ours: ids, tokens and stamps of the recording stand for ours, the same
 * one always for the same one, and two different ones never for the same one.
 */
export class GoldenMatch {
  readonly #ours = new Map<string, string>();
  readonly #recorded = new Map<string, string>();

  /** Text of the recording with what is known replaced by ours. */
  translate(text: string, otherwise: (recorded: string) => string = (same) => same): string {
    return text.replace(IDS, (id) => this.#ours.get(id) ?? otherwise(id));
  }

  /** Says that a recorded value stands for ours. False when one of them stands for something else. */
  bind(recorded: string, ours: string): boolean {
    const known = this.#ours.get(recorded) ?? ours;
    const back = this.#recorded.get(ours) ?? recorded;
    if (known !== ours || back !== recorded) return false;
    this.#ours.set(recorded, ours);
    this.#recorded.set(ours, recorded);
    return true;
  }

  /** Where our value differs from the recorded one, in words; empty when nowhere. */
  differences(recorded: unknown, ours: unknown, path: string): readonly string[] {
    if (Array.isArray(recorded) && Array.isArray(ours)) return this.#lists(recorded, ours, path);
    if (isObject(recorded) && isObject(ours)) return this.#objects(recorded, ours, path);
    if (typeof recorded === 'string' && typeof ours === 'string') {
      return this.#texts(recorded, ours, path) ? [] : [say(path, recorded, ours)];
    }
    return sameScalar(recorded, ours, path) ? [] : [say(path, recorded, ours)];
  }

  #lists(recorded: readonly unknown[], ours: readonly unknown[], path: string): readonly string[] {
    if (recorded.length !== ours.length) {
      return [`${path}: ${recorded.length} items recorded, ${ours.length} here`];
    }
    return recorded.flatMap((item, index) =>
      this.differences(item, ours[index], `${path}[${index}]`),
    );
  }

  #objects(
    recorded: Readonly<Record<string, unknown>>,
    ours: Readonly<Record<string, unknown>>,
    path: string,
  ): readonly string[] {
    const missing = Object.keys(recorded).filter((key) => !(key in ours));
    const added = Object.keys(ours).filter((key) => !(key in recorded));
    return [
      ...missing.map((key) => `${path}.${key}: missing here`),
      ...added.map((key) => `${path}.${key}: only here`),
      ...Object.keys(recorded)
        .filter((key) => key in ours)
        .flatMap((key) => this.differences(recorded[key], ours[key], `${path}.${key}`)),
    ];
  }

  #texts(recorded: string, ours: string, path: string): boolean {
    const key = path.split('.').at(-1) ?? '';
    if (TIME.test(recorded) && TIME.test(ours)) {
      return !STAMPS.has(key) || this.bind(milliseconds(recorded), milliseconds(ours));
    }
    const ids = recorded.match(IDS);
    if (ids?.length === 1 && ids[0] === recorded) return this.bind(recorded, ours);
    return this.translate(recorded) === ours;
  }
}

function sameScalar(recorded: unknown, ours: unknown, path: string): boolean {
  const duration = DURATIONS.has(path.split('.').at(-1) ?? '');
  if (duration) return typeof recorded === 'number' && typeof ours === 'number';
  return recorded === ours;
}

/** What a raw recorded body holds, read as leniently as the server writes. */
export function readRaw(raw: string): unknown {
  return parseJson(raw);
}

function milliseconds(stamp: string): string {
  return new Date(`${stamp.replace(/(\+00:00)?$/, '')}Z`).toISOString();
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function say(path: string, recorded: unknown, ours: unknown): string {
  return `${path}: recorded ${JSON.stringify(recorded)}, here ${JSON.stringify(ours)}`;
}
