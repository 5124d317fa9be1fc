// Writes the commands and their output into docs/kubectl.md, from a run of kubectl 1.35 against the resource API. With --check it
// writes nothing and fails when they differ. Needs scripts/install-kubectl.sh.
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { startClearwayWorld } from '../test/kubectl/support/clearway-world.ts';
import {
  readCommands,
  type Command,
  type CommandGroup,
} from '../test/kubectl/support/command-list.ts';
import { runCommand } from '../test/kubectl/support/run-command.ts';
import { readSeed } from '../test/kubectl/support/world.ts';
import { kubectlBinary } from '../test/support/kubectl.ts';
import { formatted, writeOrCheck, type GeneratedFile } from './generated-file.ts';

const MARK = /^<!-- From here on made by .* -->$/m;
const MOST_LINES = 45;

/** The page with what the commands print now. @param binary - a kubectl 1.35 */
export async function generateKubectlDoc(top: string, binary: string): Promise<GeneratedFile> {
  const path = join(top, 'docs', 'kubectl.md');
  const groups = await readCommands();
  const [text = '', mark = ''] = splitAtMark(await readFile(path, 'utf8'));
  const shown = await showAll(groups, binary);
  const parts = groups.flatMap((group) => renderGroup(group, shown));
  return formatted({
    path,
    content: [`${text}${mark}`, ...parts, ...renderDifferences(groups)].join('\n\n'),
  });
}

function splitAtMark(page: string): readonly string[] {
  const [mark] = MARK.exec(page) ?? [];
  if (mark === undefined) throw new Error('docs/kubectl.md has no mark');
  return [page.slice(0, page.indexOf(mark)), mark];
}

async function showAll(
  groups: readonly CommandGroup[],
  binary: string,
): Promise<ReadonlyMap<Command, string>> {
  await using world = await startClearwayWorld();
  const seed = await readSeed();
  const shown = new Map<Command, string>();
  for (const command of groups.flatMap(({ commands }) => commands)) {
    if (command.shown !== true) continue;
    const { stdout, stderr } = await runCommand(binary, world, { command, seed });
    shown.set(command, readable(`${stdout}${stderr}`));
  }
  return shown;
}

/** A masked text with an age in the place of the mask. */
function readable(text: string): string {
  const lines = text.trimEnd().split('\n');
  const some = lines.length > MOST_LINES ? [...lines.slice(0, MOST_LINES), '…'] : lines;
  return some.map((line) => withAge(line).trimEnd()).join('\n');
}

function withAge(line: string): string {
  if (/^(NAME|EVENT|LAST SEEN)/.test(line)) return line;
  return line
    .replaceAll(/(?<=\s|^)AGE +(?=[()])/g, '5m ')
    .replace('5m )', '5m)')
    .replace(/^AGE   /, '5m          ')
    .replaceAll(/(?<=\s|^)AGE\b/g, '5m ');
}

function renderGroup(
  { group, about, commands }: CommandGroup,
  shown: ReadonlyMap<Command, string>,
): readonly string[] {
  const rows = commands.map(({ run, what }) => [code(`kubectl ${run}`), what]);
  const examples = commands.flatMap((command) => {
    const output = shown.get(command);
    return output === undefined ? [] : [renderExample(command, output)];
  });
  return [`### ${group}`, about, table(['command', 'what it does'], rows), ...examples];
}

function renderExample({ run, stdin, files = {} }: Command, output: string): string {
  const named = Object.entries(files).filter(([name]) => run.includes(name));
  const texts = [...named.map(([name, text]) => `$ cat ${name}\n${text.trimEnd()}`)];
  const piped = stdin === undefined ? '' : ` <<'END'\n${stdin.trimEnd()}\nEND`;
  return `\`\`\`console\n${[...texts, `$ kubectl ${run}${piped}`, output].join('\n')}\n\`\`\``;
}

function renderDifferences(groups: readonly CommandGroup[]): readonly string[] {
  const rows = groups
    .flatMap(({ commands }) => commands)
    .flatMap(({ title, run, differences = [] }) =>
      differences
        .filter(({ why }) => why !== 'The same.')
        .map(({ why }) => [title ?? code(run), why] as const),
    );
  return [
    '## What differs from a real API server',
    'Everything else in the tables above prints the same and ends with the same code.',
    table(['command', 'difference'], rows),
  ];
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}

if (import.meta.main) {
  const binary = kubectlBinary('1.35');
  if (binary === undefined) throw new Error('no kubectl 1.35: run scripts/install-kubectl.sh');
  const file = await generateKubectlDoc(resolve(import.meta.dirname, '..'), binary);
  process.exitCode = writeOrCheck([file], process.argv.includes('--check'));
}
