import convict from 'convict';
import { isWithin, SETTING_FORMATS, type FormatName } from './formats.ts';
import { pickGiven, type Given } from './names.ts';
import type { Setting, SettingGroup } from './setting.ts';
import type { Environment, SettingsProblem } from './types.ts';

/** The values of some groups of settings, and everything that is wrong with them. */
export interface ReadResult<V> {
  readonly values: V;
  readonly problems: readonly SettingsProblem[];
  /** Name under which each set value was written, by path such as `tcp.start`. */
  readonly writtenAs: ReadonlyMap<string, string>;
}

/** Values by group and key, before anyone says what they are. */
type LooseValues = Record<string, Record<string, unknown>>;

/** Stands for a text that is no value of its format; compared by identity. */
const UNREADABLE: readonly never[] = Object.freeze([]);

/** Longest part of a wrong value that a message shows. */
const SHOWN_LENGTH = 60;

/**
 * Reads groups of settings from an environment; `V` has the shape of the groups.
 *
 * @remarks
 * `values` are usable only where no problem names them: an unreadable value is an empty list there.
 */
export function readSettings<V>(
  env: Environment,
  groups: Readonly<Record<string, SettingGroup>>,
): ReadResult<V> {
  registerFormats();
  const given = new Map<string, Given>();
  const problems: SettingsProblem[] = [];
  for (const [path, setting] of pathsOf(groups)) {
    const picked = pickGiven(env, setting);
    if (picked !== undefined && 'message' in picked) problems.push(picked);
    else if (picked !== undefined) given.set(path, picked);
  }
  const conflicting = new Set(problems.flatMap(({ names }) => names));
  const config = convict(convictSchema(groups), { env: {}, args: [] });
  for (const [path, { text }] of given) config.set<string>(path, text as never);
  for (const path of invalidPaths(config)) {
    const setting = settingAt(groups, path);
    if (setting === undefined || setting.names.some((name) => conflicting.has(name))) continue;
    problems.push(problemOf(setting, given.get(path)));
  }
  const writtenAs = new Map([...given].map(([path, { name }]) => [path, name] as const));
  return { values: config.getProperties() as V, problems, writtenAs };
}

// convict keeps its formats in one place for all; registering the same ones again changes nothing.
function registerFormats(): void {
  for (const [name, format] of Object.entries(SETTING_FORMATS)) {
    convict.addFormat({
      name,
      coerce: (text: string) => format.parse(text) ?? UNREADABLE,
      validate: (value: unknown, setting: convict.SchemaObj & { min?: number; max?: number }) => {
        if (value === UNREADABLE || value === null || !isWithin(value, setting)) {
          throw new Error('unusable');
        }
      },
    });
  }
}

// Only what convict acts upon: the rest of the schema is for documentation and messages.
function convictSchema(
  groups: Readonly<Record<string, SettingGroup>>,
): convict.Schema<LooseValues> {
  const leaf = (setting: Setting<unknown>): convict.SchemaObj => ({
    doc: setting.doc,
    format: setting.format,
    default: setting.default,
    nullable: setting.nullable === true,
    sensitive: setting.sensitive === true,
    ...(setting.min === undefined ? {} : { min: setting.min }),
    ...(setting.max === undefined ? {} : { max: setting.max }),
  });
  const branch = (group: SettingGroup): Record<string, convict.SchemaObj> =>
    Object.fromEntries(Object.entries(group).map(([key, setting]) => [key, leaf(setting)]));
  return Object.fromEntries(Object.entries(groups).map(([key, group]) => [key, branch(group)]));
}

// convict throws one error with a line for each unusable value: `path: message: value was …`.
function invalidPaths(config: convict.Config<LooseValues>): readonly string[] {
  try {
    config.validate({ allowed: 'strict' });
    return [];
  } catch (error) {
    const lines = error instanceof Error ? error.message.split('\n') : [];
    return lines.map((line) => line.split(':', 1)[0] ?? '');
  }
}

function problemOf(setting: Setting<unknown>, given: Given | undefined): SettingsProblem {
  const expected = expectedOf(setting);
  if (given === undefined) {
    return { names: [setting.names[0]], message: `is required: expected ${expected}` };
  }
  return { names: [given.name], message: `expected ${expected}${shownValue(setting, given.text)}` };
}

/** What a setting expects, in words. */
export function expectedOf(setting: Setting<unknown>): string {
  const format: FormatName = setting.format;
  return SETTING_FORMATS[format].expected(setting);
}

// A value with an "@" may be a URL with a password in it.
function shownValue(setting: Setting<unknown>, text: string): string {
  if (setting.sensitive === true || text.includes('@')) return '';
  const shown = text.length > SHOWN_LENGTH ? `${text.slice(0, SHOWN_LENGTH)}…` : text;
  return `, but it is ${JSON.stringify(shown)}`;
}

function* pathsOf(
  groups: Readonly<Record<string, SettingGroup>>,
): Generator<readonly [path: string, setting: Setting<unknown>]> {
  for (const [groupName, group] of Object.entries(groups)) {
    for (const [key, setting] of Object.entries(group)) yield [`${groupName}.${key}`, setting];
  }
}

function settingAt(
  groups: Readonly<Record<string, SettingGroup>>,
  path: string,
): Setting<unknown> | undefined {
  const [group = '', key = ''] = path.split('.');
  return groups[group]?.[key];
}
