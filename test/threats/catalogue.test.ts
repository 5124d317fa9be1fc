import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expect } from 'chai';
import { DEFENCES } from './defences.ts';

const TOP = resolve(import.meta.dirname, '../..');
const ALL = Array.from({ length: 37 }, (_, index) => `T${index + 1}`);

/** Threats that cannot apply, each with the reason; docs/threats.md says the same. There is none. */
const NOT_APPLICABLE: Readonly<Record<string, string>> = {};

/** Numbers of the threats that a test file begins a test for, with its name. */
async function testsIn(
  name: string,
): Promise<readonly (readonly [threat: string, file: string])[]> {
  const text = await readFile(join(import.meta.dirname, name), 'utf8');
  return [...text.matchAll(/^ +it\(\s*['"`](T\d+): /gm)].map(
    ([, threat = '']) => [threat, name] as const,
  );
}

describe('the catalogue of threats', () => {
  const tested = async (): Promise<readonly (readonly [string, string])[]> => {
    const names = (await readdir(import.meta.dirname)).filter((name) => name.endsWith('.test.ts'));
    return (await Promise.all(names.map(testsIn))).flat();
  };

  it('has one test for each threat, but for those that cannot apply', async () => {
    const threats = (await tested()).map(([threat]) => threat);

    expect(threats.toSorted()).to.deep.equal(
      ALL.filter((threat) => NOT_APPLICABLE[threat] === undefined).toSorted(),
    );
  });

  it('is the one that docs/threats.md shows, with the files of its tests and defences', async () => {
    const page = await readFile(join(TOP, 'docs/threats.md'), 'utf8');
    const rows = new Map(
      [...page.matchAll(/^\| (T\d+) +\|(.*)\|$/gm)].map(([, threat = '', rest = '']) => [
        threat,
        rest,
      ]),
    );

    expect([...rows.keys()]).to.deep.equal(ALL);
    for (const [threat, file] of await tested())
      expect(rows.get(threat), threat).to.contain(`\`${file.replace('.test.ts', '')}\``);
    for (const [threat, row] of rows) {
      const files = [...row.matchAll(/`((?:src|proxy|templates)\/[\w./-]+)`/g)].map(
        ([, file = '']) => file,
      );
      expect(files, threat).to.not.deep.equal([]);
      for (const file of files) await readFile(join(TOP, file));
    }
  });

  it('has a defence to take out for each threat, which is in the source as it is', async () => {
    expect([...new Set(DEFENCES.map(({ threat }) => threat))].toSorted()).to.deep.equal(
      ALL.toSorted(),
    );
    for (const { threat, file, from, to } of DEFENCES) {
      const text = await readFile(join(TOP, file), 'utf8');
      expect(text.split(from), `${threat}: ${from}`).to.have.length(2);
      expect(from).to.not.equal(to);
    }
  });
});
