import type { Environment } from '../../../src/settings/types.ts';
import {
  describeProblem,
  parseSettings,
  type Settings,
  type SettingsWarning,
} from '../../../src/settings.ts';

export const MINIMAL: Environment = {
  ROUTER_NAME: 'main-router',
  ROUTER_URL: 'https://gateway.example.com',
  CLEARML_API_HOST: 'https://api.example.com',
  CLEARML_API_ACCESS_KEY: 'the-access-key',
  CLEARML_API_SECRET_KEY: 'the-secret-key',
  AUTH_COOKIE_NAME: 'clearml_token_basic',
};

export const TCP: Environment = {
  TCP_ROUTER_ADDRESS: 'tcp.example.com',
  TCP_PORT_START: '20000',
  TCP_PORT_END: '20099',
};

export function settingsOf(env: Environment): Settings {
  const parsed = parseSettings(env);
  if (parsed.kind === 'problems') throw new Error(parsed.problems.map(describeProblem).join('\n'));
  return parsed.settings;
}

export function warningsOf(env: Environment): readonly SettingsWarning[] {
  const parsed = parseSettings(env);
  return parsed.kind === 'problems' ? [] : parsed.warnings;
}

export function problemsOf(env: Environment): readonly string[] {
  const parsed = parseSettings(env);
  return parsed.kind === 'problems' ? parsed.problems.map(describeProblem) : [];
}
