import { expect } from 'chai';
import { SETTINGS_SCHEMA } from '../../../src/settings/schema.ts';
import { listSettings } from '../../../src/settings/setting.ts';
import { MINIMAL, problemsOf, settingsOf, TCP } from './support.ts';
import { BAD, GOOD } from './table.ts';

describe('parseSettings', () => {
  for (const row of GOOD) {
    it(`reads ${row.name}=${JSON.stringify(row.text)}`, () => {
      const settings = settingsOf({ ...MINIMAL, ...row.with, [row.name]: row.text });

      expect(row.pick(settings)).to.deep.equal(row.value);
    });
  }

  it('has a row above for every name of the schema', () => {
    const tested = new Set(GOOD.map(({ name }) => name));
    const names = listSettings(SETTINGS_SCHEMA).flatMap((setting) => setting.names);

    expect(names.filter((name) => !tested.has(name))).to.deep.equal([]);
  });

  for (const [name, text] of BAD) {
    it(`refuses ${name}=${JSON.stringify(text)} by that name and says what it expects`, () => {
      const problems = problemsOf({ ...MINIMAL, ...TCP, [name]: text });

      expect(problems).to.have.length(1);
      expect(problems[0]).to.match(new RegExp(`^${name}: expected `));
    });
  }
});
