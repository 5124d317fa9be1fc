import { expect } from 'chai';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { anHttpTask, condition, inWorld, leased, published } from '../support/controlled-world.ts';

const SECRETS = {
  _ssh_password: 'ssh-Pa55word-of-alice',
  _jupyter_token: 'jupyter-t0ken-of-alice',
  _vscode_password: 'vscode-Pa55word-of-alice',
  api_secret: 'AKIA-s3cret-of-alice',
};
const IN_ADDRESS = 'address-Pa55word-of-alice';

describe('what a router keeps', () => {
  it("holds none of the passwords and keys in the tasks' runtimes", async () => {
    await inWorld(async ({ api, start, folder }) => {
      const state = await folder();
      const http = api.tasks.create(
        anHttpTask({ runtime: { _PORT: 8080, _ADDRESS: '192.0.2.7', ...SECRETS } }),
      );
      const tcp = api.tasks.create(
        anHttpTask({
          runtime: { external_address: '192.0.2.9', external_tcp_port: 10_022, ...SECRETS },
        }),
      );
      const refused = api.tasks.create(
        anHttpTask({
          runtime: { _PORT: 8080, _ADDRESS: `http://alice:${IN_ADDRESS}@192.0.2.7/`, ...SECRETS },
        }),
      );
      const badPort = api.tasks.create(anHttpTask({ runtime: { _PORT: IN_ADDRESS, ...SECRETS } }));
      const router = await start({ state });
      await published(api, http);
      await leased(api, tcp);
      await condition(router, `${refused}.http`, ['Accepted', 'False InvalidAddress']);
      await condition(router, `${badPort}.http`, ['Accepted', 'False InvalidPort']);
      await condition(router, `${http}.http`, ['Ready', 'True Ready']);

      const kept = [
        ...(await textsIn(state)),
        JSON.stringify([await router.routes(), await router.store.listEvents()]),
      ];
      expect(kept.join().includes('InvalidAddress'), 'the texts are those of the store').to.equal(
        true,
      );
      for (const secret of [...Object.values(SECRETS), IN_ADDRESS]) {
        expect(api.tasks.runtime(http)['_ssh_password']).to.equal(SECRETS._ssh_password);
        expect(
          kept.filter((text) => text.includes(secret)),
          secret,
        ).to.deep.equal([]);
      }
    });
  });
});

async function textsIn(folder: string): Promise<readonly string[]> {
  const names = await readdir(folder);
  return Promise.all(names.map((name) => readFile(join(folder, name), 'latin1')));
}
