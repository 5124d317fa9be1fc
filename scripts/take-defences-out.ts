/**
 * Takes one defence after the other out of a copy of this tree, and runs the tests of the threat that it holds off: they must
 * fail. Prints a line for each, and at the end how many were held. `--only T8` looks at one threat.
 */
import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Defence } from '../test/threats/defence.ts';
import { DEFENCES } from '../test/threats/defences.ts';

const TOP = resolve(import.meta.dirname, '..');
/** What a copy has by a link, or not at all. */
const LINKED = ['node_modules', '.cache'];
const LEFT_OUT = [...LINKED, '.git', 'coverage'];
const REPORT = 'defences-report.json';

/** What mocha's JSON report says, as far as it matters here. */
interface Report {
  readonly tests: readonly {
    readonly title: string;
    readonly err: Readonly<Record<string, unknown>>;
  }[];
}

async function copyTree(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'clearway-defences-'));
  const isCopied = (path: string): boolean => !LEFT_OUT.some((name) => path === join(TOP, name));
  await cp(TOP, folder, { recursive: true, filter: isCopied });
  for (const name of LINKED) await symlink(join(TOP, name), join(folder, name));
  return folder;
}

/** Runs the tests of a threat; gives the titles of those that failed, hooks left out. */
async function failedTests(folder: string, threat: string): Promise<readonly string[]> {
  const report = join(folder, REPORT);
  await rm(report, { force: true });
  const mocha = join(folder, 'node_modules/mocha/bin/mocha.js');
  const reporter = ['--reporter', 'json', '--reporter-option', `output=${report}`];
  const args = [mocha, 'test/threats/*.test.ts', '-g', `${threat}[: ]`, '--exit', ...reporter];
  await new Promise<void>((done) => {
    spawn(process.execPath, args, { cwd: folder, stdio: 'ignore' }).once('close', () => done());
  });
  const { tests } = JSON.parse(await readFile(report, 'utf8')) as Report;
  return tests.flatMap(({ title, err }) =>
    title.startsWith(threat) && Object.keys(err).length > 0 ? [title] : [],
  );
}

async function isHeld(folder: string, { threat, file, from, to }: Defence): Promise<boolean> {
  const path = join(folder, file);
  const text = await readFile(path, 'utf8');
  // The catalogue's test says which one that is.
  if (text.split(from).length !== 2) return false;
  await writeFile(
    path,
    text.replace(from, () => to),
  );
  try {
    return (await failedTests(folder, threat)).length > 0;
  } catch {
    // Without a report nothing was tested.
    return false;
  } finally {
    await writeFile(path, text);
  }
}

function chosen(): readonly Defence[] {
  const at = process.argv.indexOf('--only');
  const only = at < 0 ? undefined : process.argv[at + 1];
  return DEFENCES.filter(({ threat }) => only === undefined || threat === only);
}

async function main(): Promise<number> {
  const folder = await copyTree();
  const defences = chosen();
  let held = 0;
  try {
    for (const defence of defences) {
      const isGood = await isHeld(folder, defence);
      held += Number(isGood);
      const what = defence.from.trim().split('\n')[0] ?? '';
      console.log(
        `${isGood ? 'held    ' : 'NOT HELD'} ${defence.threat.padEnd(3)} ${defence.file}: ${what}`,
      );
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  }
  console.log(`${defences.length} defences, ${held} held by their tests`);
  return held === defences.length && held > 0 ? 0 : 1;
}

process.exitCode = await main();
