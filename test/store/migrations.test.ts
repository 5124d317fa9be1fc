import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { STORE_FILE } from '../../src/store/database.ts';
import { APPLICATION_ID, MIGRATIONS } from '../../src/store/migrations.ts';
import { aTaskRouteSpec } from '../support/resources.ts';
import { openStore } from '../support/sqlite.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** SHA-256 of each step that a file of somebody may have seen: a change would split the world in two. */
const RELEASED = [
  'd0ea76726031491fa90652510492a0f1225de315dd6608b16ee2c2f123e7934d',
  '725e7df52e77788788493b23045f3ce8f96497f261052e758e34fbcc94855540',
  '90bbf17158ec1bfc37caf873275079448a7bfa039c44aa103ded401f2ea6e4e3',
  'aab37033c5f1b434beec47c0370ff9ec9af288015744a6a4fb4098d685b9e4e5',
];

const UID = '11111111-2222-4333-8444-555555555555';
const VERSION = 1_700_000_000_123;
const STATUS = { externalAddress: 'tcp.example', externalPort: 30_001 };

/** What a file of each version may hold, by the version that brought the table or column. */
const ROWS: readonly string[] = [
  `UPDATE counter SET value = ${VERSION + 5};
   INSERT INTO meta VALUES ('instances', '["one","two"]');
   INSERT INTO resource (kind, namespace, name, uid, version, generation, created, labels, annotations, spec, status)
     VALUES ('TaskRoute', 'default', 'a.tcp', '${UID}', ${VERSION}, 3, '2026-01-01T00:00:00Z',
     '{"clearway.dev/router":"router-a"}', '{"note":"Über"}', '${JSON.stringify(aTaskRouteSpec())}', '${JSON.stringify(STATUS)}');
   INSERT INTO event (namespace, kind, name, uid, type, reason, message, count, first_time, last_time, version) VALUES
     ('default', 'TaskRoute', 'a.tcp', '${UID}', 'Normal', 'Published', 'm', 2, '2026-01-01T00:00:00Z', '2026-01-01T00:01:00Z', ${VERSION + 2}),
     ('default', 'TaskRoute', 'a.tcp', '${UID}', 'Warning', 'NoAnswerYet', 'n', 1, '2026-01-01T00:02:00Z', '2026-01-01T00:02:00Z', ${VERSION + 3}),
     ('other', 'TaskRoute', 'a.tcp', '', 'Normal', 'Published', 'm', 1, '2026-01-01T00:00:00Z', '2026-01-01T00:00:00Z', ${VERSION + 4});`,
  `INSERT INTO session_revocation VALUES ('user:bob', 'bob', 3, 1700000000000);`,
  `UPDATE resource SET managed_fields = '[{"manager":"kubectl"}]';`,
];

describe('a file of an earlier version', () => {
  it('was made by steps that nobody has changed since', () => {
    expect(MIGRATIONS.map((step) => createHash('sha256').update(step).digest('hex'))).to.deep.equal(
      RELEASED,
    );
  });

  for (const version of MIGRATIONS.keys()) {
    const number = version + 1;
    it(`keeps everything when it is of version ${String(number)}`, async () => {
      await using temp = await tempFolder();
      makeFile(temp.path, number);

      const store = openStore(temp.path, { now: () => 1_000 });
      const route = await store.get('TaskRoute', 'a.tcp');
      const { items: events, resourceVersion } = await store.listEvents();

      expect(route).to.deep.include({ spec: aTaskRouteSpec(), status: STATUS });
      expect(route?.metadata).to.deep.include({
        uid: UID,
        resourceVersion: String(VERSION),
        generation: 3,
        creationTimestamp: '2026-01-01T00:00:00Z',
        labels: { 'clearway.dev/router': 'router-a' },
        annotations: { note: 'Über' },
      });
      expect(route?.metadata.managedFields ?? []).to.deep.equal(
        number < 3 ? [] : [{ manager: 'kubectl' }],
      );
      expect(events.map(({ reason, count, uid }) => [reason, count, uid])).to.have.deep.members([
        ['Published', 2, UID],
        ['NoAnswerYet', 1, UID],
      ]);
      expect(Number(resourceVersion)).to.be.greaterThan(VERSION + 5);
      expect(store.meta('instances')).to.equal('["one","two"]');
      expect(store.sessionRevocations.list()).to.have.length(number < 2 ? 0 : 1);
      store.close();
      expect(versionOf(temp.path)).to.equal(MIGRATIONS.length);
    });
  }

  it('gives its events names and uids that stay', async () => {
    await using temp = await tempFolder();
    makeFile(temp.path, 2);

    const first = openStore(temp.path);
    const { items } = await first.listEvents();
    first.close();
    const second = openStore(temp.path);
    const again = await second.listEvents();
    second.close();

    expect(items.map(({ eventName }) => eventName)).to.deep.equal(['a.tcp.1', 'a.tcp.2']);
    for (const { eventUid } of items) {
      expect(eventUid).to.match(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-a[0-9a-f]{3}-[0-9a-f]{12}$/);
    }
    expect(new Set(items.map(({ eventUid }) => eventUid)).size).to.equal(2);
    expect(again.items).to.deep.equal(items);
  });

  it('stays as it is when a step cannot be taken, and can be tried again', async () => {
    await using temp = await tempFolder();
    makeFile(temp.path, 2, 'CREATE TABLE event_by_name (in_the_way INTEGER) STRICT;');

    expect(() => openStore(temp.path))
      .to.throw()
      .with.property('code', 'STORE_UNUSABLE');
    expect(versionOf(temp.path)).to.equal(2);
    change(temp.path, 'DROP TABLE event_by_name;');

    const store = openStore(temp.path);
    expect((await store.listEvents()).items).to.have.length(2);
    store.close();
  });
});

/** A file as the code of that version left it. */
function makeFile(folder: string, version: number, more = ''): void {
  const steps = MIGRATIONS.slice(0, version).flatMap((step, index) => [step, ROWS[index] ?? '']);
  change(
    folder,
    `${steps.join('\n')} ${more} PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${version};`,
  );
}

function change(folder: string, sql: string): void {
  const database = new DatabaseSync(join(folder, STORE_FILE));
  database.exec(sql);
  database.close();
}

function versionOf(folder: string): unknown {
  const database = new DatabaseSync(join(folder, STORE_FILE));
  const row = database.prepare('PRAGMA user_version').get();
  database.close();
  return row?.['user_version'];
}
