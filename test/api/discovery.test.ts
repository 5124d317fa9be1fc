import { expect } from 'chai';
import { anApiWorld } from '../support/api-world.ts';

const AGGREGATED = 'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

describe('discovery', () => {
  for (const path of ['/api', '/apis', '/apis/clearway.dev/v1alpha1', '/openapi/v3']) {
    it(`lets a client that has ${path} keep it`, async () => {
      await using world = await anApiWorld();
      const { headers } = await world.ask(path);
      const tag = String(headers['ETag']);

      for (const known of [tag, `"x", ${tag}`, `W/${tag}`, '*']) {
        const again = await world.ask(path, { headers: { 'if-none-match': known } });
        expect(again).to.include({ status: 304, text: '' });
        expect(again.headers).to.include({ ETag: tag, Vary: 'Accept' });
      }
      const other = await world.ask(path, { headers: { 'if-none-match': '"x"' } });
      expect(other.status).to.equal(200);
    });
  }

  it('has a tag for each form of a document', async () => {
    await using world = await anApiWorld();

    const legacy = await world.ask('/apis');
    const aggregated = await world.ask('/apis', { accept: AGGREGATED });

    expect(legacy.headers['ETag']).not.to.equal(aggregated.headers['ETag']);
    expect(aggregated.contentType).to.equal(AGGREGATED);
    expect(legacy.contentType).to.equal('application/json');
  });

  it('answers in the older form when the client takes it as well and asks for a version that is not served', async () => {
    await using world = await anApiWorld();

    const answer = await world.ask('/apis', {
      accept: `${AGGREGATED.replace('v=v2', 'v=v2beta1')},application/json`,
    });

    expect(answer.json['kind']).to.equal('APIGroupList');
  });

  it('does not mind a slash at the end', async () => {
    await using world = await anApiWorld();

    expect((await world.ask('/apis/')).json['kind']).to.equal('APIGroupList');
    expect((await world.ask('/apis/clearway.dev/v1alpha1/')).json['kind']).to.equal(
      'APIResourceList',
    );
  });

  it('lists the paths that there are', async () => {
    await using world = await anApiWorld();

    const { paths } = (await world.ask('/')).json as { readonly paths: readonly string[] };

    expect(paths).to.include.members(['/api/v1', '/apis/clearway.dev/v1alpha1', '/version']);
    for (const path of paths) expect((await world.ask(path)).status, path).to.equal(200);
  });

  for (const path of ['/healthz', '/livez', '/readyz']) {
    it(`is healthy at ${path}`, async () => {
      await using world = await anApiWorld();

      expect(await world.ask(path)).to.include({ status: 200, text: 'ok' });
    });
  }
});
