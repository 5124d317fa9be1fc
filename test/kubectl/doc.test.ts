import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { generateKubectlDoc } from '../../scripts/generate-kubectl-doc.ts';
import { kubectlBinary } from '../support/kubectl.ts';
import { notRun } from '../support/not-run.ts';

const TOP = join(import.meta.dirname, '../..');

describe('docs/kubectl.md', () => {
  it('shows what kubectl prints', async function () {
    this.timeout(60_000);
    const binary = kubectlBinary('1.35') ?? notRun(this, 'no kubectl 1.35');
    const { path, content } = await generateKubectlDoc(TOP, binary);
    expect(content).to.equal(await readFile(path, 'utf8'));
  });
});
