import { expect } from 'chai';
import { DatabaseSync } from 'node:sqlite';
import { join } from 'node:path';
import { STORE_FILE } from '../../src/store/database.ts';
import { APPLICATION_ID, MIGRATIONS } from '../../src/store/migrations.ts';
import { openStore } from '../support/sqlite.ts';
import { tempFolder } from '../support/temp-folder.ts';

const ONE = { subject: 'session:a', user: 'alice', at: 1, until: 2 };
const TWO = { subject: 'user:bob', user: 'bob', at: 3, until: 1_700_000_000_000 };

describe('SessionRevocationRows', () => {
  it('keeps over a restart what was kept and not dropped', async () => {
    await using temp = await tempFolder();
    const first = openStore(temp.path);
    first.sessionRevocations.change({ keep: [ONE, TWO], drop: [] });
    first.sessionRevocations.change({ keep: [{ ...TWO, at: 4 }], drop: ['session:a', 'none'] });
    first.close();

    const second = openStore(temp.path);

    expect(second.sessionRevocations.list().map((row) => ({ ...row }))).to.deep.equal([
      { ...TWO, at: 4 },
    ]);
    second.close();
  });

  it('changes all or nothing', async () => {
    await using temp = await tempFolder();
    const store = openStore(temp.path);
    store.sessionRevocations.change({ keep: [ONE], drop: [] });
    const broken = { ...TWO, at: 0.5 };

    const change = { keep: [broken], drop: ['session:a'] };
    expect(() => store.sessionRevocations.change(change))
      .to.throw()
      .with.property('code');

    expect(store.sessionRevocations.list().map(({ subject }) => subject)).to.deep.equal([
      'session:a',
    ]);
    store.close();
  });

  it('makes its table in a file of the version before', async () => {
    await using temp = await tempFolder();
    const old = new DatabaseSync(join(temp.path, STORE_FILE));
    old.exec(
      `${MIGRATIONS[0] ?? ''} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = 1;
       INSERT INTO meta VALUES ('instances', '["one"]');`,
    );
    old.close();

    const store = openStore(temp.path);
    store.sessionRevocations.change({ keep: [ONE], drop: [] });

    expect(store.sessionRevocations.list()).to.have.length(1);
    expect(store.meta('instances')).to.equal('["one"]');
    store.close();
  });
});
