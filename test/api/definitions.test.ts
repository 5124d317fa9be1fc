import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parse } from 'yaml';
import { anApiWorld } from '../support/api-world.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'crds');
const DEFINITIONS = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';

interface Definition {
  readonly metadata: { readonly name: string };
  readonly spec: Readonly<Record<string, unknown>>;
}

describe('the served definition', () => {
  for (const file of readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'))) {
    it(`of ${file} says what the file says`, async () => {
      const { metadata, spec } = parse(readFileSync(join(FOLDER, file), 'utf8')) as Definition;
      await using world = await anApiWorld();

      const served = (await world.ask(`${DEFINITIONS}/${metadata.name}`)).json;

      // A cluster adds how versions are converted, too.
      expect(served['spec']).to.deep.equal({ ...spec, conversion: { strategy: 'None' } });
      expect(served['status']).to.have.property('conditions').with.length(2);
    });
  }

  it('has the same uid after every start, and others have others', async () => {
    const uids = async (): Promise<readonly string[]> => {
      await using world = await anApiWorld();
      const { items } = (await world.ask(DEFINITIONS)).json as {
        readonly items: readonly { readonly metadata: { readonly uid: string } }[];
      };
      return items.map(({ metadata }) => metadata.uid);
    };
    const first = await uids();

    expect(await uids()).to.deep.equal(first);
    expect(new Set(first).size).to.equal(first.length);
    for (const uid of first) {
      expect(uid).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
  });
});
