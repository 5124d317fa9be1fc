// Writes docs/settings.md from the schema of the settings; with --check it only compares.
import { resolve } from 'node:path';
import { expectedOf } from '../src/settings/read.ts';
import { SETTINGS_SCHEMA } from '../src/settings/schema.ts';
import type { Setting, SettingGroup } from '../src/settings/setting.ts';
import { formatted, writeOrCheck } from './generated-file.ts';

const TITLES: Readonly<Record<keyof typeof SETTINGS_SCHEMA, string>> = {
  router: 'Router',
  listen: 'HTTP',
  clearml: 'ClearML',
  auth: 'Access',
  tasks: 'Tasks',
  tcp: 'TCP',
  folders: 'Folders',
  log: 'Log',
};

const INTRO = `<!-- Generated from src/settings by scripts/generate-settings-doc.ts. Do not edit: run "make generate". -->

# Settings

Everything is set by environment variables. The names of the published gateway all work; where a setting
has several names, the first one is the one to use. Empty means unset, and values in quotes are unquoted.
Two names of one setting with different values stop the start. Every wrong or missing value is reported in one go, by
the name that was written; \`clearway check\` reports the same, and tries the settings against the real world.
`;

function defaultOf(setting: Setting<unknown>): string {
  if (setting.defaultText !== undefined) return setting.defaultText;
  if (setting.default === null) return setting.nullable === true ? 'none' : '**required**';
  return `\`${JSON.stringify(setting.default).replaceAll('"', '')}\``;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function rowOf(setting: Setting<unknown>): string {
  const names = setting.names.map((name) => `\`${name}\``).join('<br>');
  const secret = setting.sensitive === true ? ' Secret: it is never shown.' : '';
  const meaning = `${setting.doc}${secret} Expects ${expectedOf(setting)}.`;
  return `| ${names} | ${defaultOf(setting)} | ${cell(meaning)} | \`${cell(setting.example)}\` |`;
}

function sectionOf(title: string, group: SettingGroup): string {
  const rows = Object.values(group).map(rowOf).join('\n');
  return `## ${title}\n\n| name | default | meaning | example |\n| --- | --- | --- | --- |\n${rows}\n`;
}

/** The text of docs/settings.md, not yet formatted. */
export function renderSettings(): string {
  const keys = Object.keys(SETTINGS_SCHEMA) as (keyof typeof SETTINGS_SCHEMA)[];
  return [INTRO, ...keys.map((key) => sectionOf(TITLES[key], SETTINGS_SCHEMA[key]))].join('\n');
}

if (import.meta.main) {
  const path = resolve(import.meta.dirname, '..', 'docs', 'settings.md');
  const file = await formatted({ path, content: renderSettings() });
  process.exitCode = writeOrCheck([file], process.argv.includes('--check'));
}
