import {
  parseClearmlSettings,
  parseProxySettings,
  parseSettings,
  parseStateFolder,
} from './settings/parse.ts';
import type {
  ClearmlCommandSettings,
  Environment,
  Parsed,
  ProxySettings,
  Settings,
  SettingsProblem,
} from './settings/types.ts';

export { parseSettings } from './settings/parse.ts';
export type {
  ClearmlCommandSettings,
  Parsed,
  ProxySettings,
  Settings,
  SettingsProblem,
  SettingsWarning,
} from './settings/types.ts';

/** Reads the settings of a router from the environment of this process. */
export function loadSettings(): Parsed<Settings> {
  return parseSettings(process.env);
}

/** Reads what a command needs that only talks to ClearML from the environment of this process. */
export function loadClearmlSettings(): Parsed<ClearmlCommandSettings> {
  return parseClearmlSettings(process.env);
}

/** Reads what the proxy's supervisor needs from the environment of this process. */
export function loadProxySettings(): Parsed<ProxySettings> {
  return parseProxySettings(process.env);
}

/** Reads where the router keeps its state from the environment of this process. */
export function loadStateFolder(): Parsed<{ readonly stateFolder: string }> {
  return parseStateFolder(process.env);
}

/** The environment of this process, for the programs that it starts. */
export function loadEnvironment(): Environment {
  return process.env;
}

/** One line for a problem or a warning: the names as the user wrote them, then what it is about. */
export function describeProblem({ names, message }: SettingsProblem): string {
  const [last = '', ...others] = names.toReversed();
  const subject = others.length === 0 ? last : `${others.toReversed().join(', ')} and ${last}`;
  return `${subject}: ${message}`;
}
