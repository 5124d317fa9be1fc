import { SETTING_FORMATS } from './formats.ts';
import { nearestName } from './nearest.ts';
import type { Setting } from './setting.ts';
import type { Environment, SettingsProblem, SettingsWarning } from './types.ts';

/** The text that was given for one setting, and under which name. */
export interface Given {
  readonly name: string;
  readonly text: string;
}

/** Names of the published gateway that Clearway does not use, and what to know about each. */
const RETIRED_NAMES: Readonly<Record<string, string>> = {
  EXTRA_BASH_COMMAND: 'is not used: Clearway runs no command from its environment',
};

/**
 * Finds the text of a setting under any of its names. Empty means unset, and outer quotes are taken
 * off, because the list form of a compose file keeps them: `- PORT="8010"`.
 *
 * @returns undefined when it is not set, a problem when two names have different values
 */
export function pickGiven(
  env: Environment,
  setting: Setting<unknown>,
): Given | SettingsProblem | undefined {
  const given = setting.names
    .map((name) => ({ name, text: cleanText(name, env[name] ?? '', setting) }))
    .filter(({ text }) => text !== '');
  const [first, ...others] = given;
  if (first === undefined) return undefined;
  const differs = others.find((other) => !sameValue(setting, first.text, other.text));
  if (differs === undefined) return first;
  return {
    names: [first.name, differs.name],
    message: 'are two names of one setting and have different values: set one of them',
  };
}

/** Warnings about names that look like settings of ours and are none. */
export function warnOfUnknownNames(
  env: Environment,
  known: readonly string[],
): readonly SettingsWarning[] {
  const names = Object.keys(env).filter((name) => (env[name] ?? '') !== '');
  return names.flatMap((name) => {
    const message = messageOfUnknown(name, env[name] ?? '', known);
    return message === undefined ? [] : [{ level: 'warn' as const, names: [name], message }];
  });
}

function messageOfUnknown(
  name: string,
  value: string,
  known: readonly string[],
): string | undefined {
  if (Object.hasOwn(RETIRED_NAMES, name)) return RETIRED_NAMES[name];
  if (!/^(CLEARWAY_|ROUTER__)/.test(name) || known.includes(name)) return undefined;
  if (isServiceLink(name, value)) return undefined;
  const nearest = nearestName(name, known);
  const hint = nearest === undefined ? '' : `; did you mean ${nearest}?`;
  return `is not a setting of Clearway, and not used${hint}`;
}

function cleanText(name: string, raw: string, setting: Setting<unknown>): string {
  const trimmed = raw.trim();
  if (isServiceLink(name, trimmed)) return '';
  const [, , quoted] = /^(["'])(.*)\1$/s.exec(trimmed) ?? [];
  const text = quoted ?? (setting.verbatim === true ? raw : trimmed);
  if (text.trim() === '') return '';
  return setting.verbatim === true ? text : text.trim();
}

// Kubernetes puts NAME_PORT=tcp://address:port and its like into pods for every Service of the
// namespace, so that a Service called clearway-metrics would set CLEARWAY_METRICS_PORT.
function isServiceLink(name: string, value: string): boolean {
  return (
    (/^(tcp|udp|sctp):\/\//i.test(value) && /_PORT(_\d+_(TCP|UDP|SCTP))?$/.test(name)) ||
    /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)_(PROTO|PORT|ADDR)$/.test(name)
  );
}

function sameValue(setting: Setting<unknown>, left: string, right: string): boolean {
  const { parse } = SETTING_FORMATS[setting.format];
  return (
    left === right ||
    (parse(left) !== undefined && JSON.stringify(parse(left)) === JSON.stringify(parse(right)))
  );
}
