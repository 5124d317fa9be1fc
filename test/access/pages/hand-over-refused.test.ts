import { expect } from 'chai';
import { makePages } from '../../../src/access/pages/pages.ts';
import { PagesBrowser, sentTo } from '../../support/pages-browser.ts';
import {
  hostsOf,
  KEY,
  MAIN_ORIGIN,
  pageOf,
  RIGHT,
  ROUTE_ORIGIN,
  startWithHosts,
  untilCode,
} from '../../support/pages-hosts.ts';

describe('hand-over to a route host, refused', () => {
  describe('does not let in', () => {
    it('with a code that was used', async () => {
      await using world = await startWithHosts();
      const hosts = hostsOf(world);
      const code = await untilCode(hosts);
      const cookies = [...hosts.route.cookies];

      await hosts.route.get(code);
      const again = await hosts.route.get(code, { cookies });

      expect(again.status).to.equal(403);
      expect(again.cookies ?? []).to.deep.equal([]);
    });

    it('with a code that is 30 seconds old', async () => {
      await using world = await startWithHosts();
      const hosts = hostsOf(world);
      const code = await untilCode(hosts);

      world.clock.advance(30_000);

      expect((await hosts.route.get(code)).status).to.equal(403);
      expect(await hosts.route.session()).to.equal(undefined);
    });

    it('in a browser to which somebody sent an address with their own code', async () => {
      await using world = await startWithHosts();
      const attacker = hostsOf(world);
      const code = await untilCode(attacker);
      const victim = new PagesBrowser(world.deps, { routeKey: KEY }, makePages(world.deps));
      await victim.get('sign-in');

      const answer = await victim.get(code);

      expect(answer.status).to.equal(403);
      expect(await victim.session()).to.equal(undefined);
    });

    it('at another host than the one that the code is for', async () => {
      await using world = await startWithHosts();
      const hosts = hostsOf(world);
      const code = await untilCode(hosts);

      const answer = await hosts.route.get(code, { routeKey: 'other' });

      expect(answer.status).to.equal(403);
      expect(answer.cookies ?? []).to.deep.equal([]);
    });

    it('on the main host', async () => {
      await using world = await startWithHosts();
      const hosts = hostsOf(world);
      const code = await untilCode(hosts);

      expect((await hosts.main.get(code)).status).to.equal(404);
    });

    it('in another way than by the main host: there is no form', async () => {
      await using world = await startWithHosts();
      const { route } = hostsOf(world);

      await route.get('sign-in');
      const answer = await route.submit('sign-in', RIGHT);

      expect(answer.status).to.equal(405);
      expect(world.clearml.calls('auth.login')).to.equal(0);
    });
  });

  for (const query of [
    'host=evil.example&state=S',
    'host=abc.evil.example&state=S',
    'host=-abc&state=S',
    'host=ABC&state=S',
    'host=abc@evil.example%2F&state=S',
    'host=&state=S',
    'host=abc',
    'host=abc&state=x',
    'host=abc&state=..%2F',
  ]) {
    it(`sends nobody on for ?${query}`, async () => {
      await using world = await startWithHosts();
      const { main } = hostsOf(world);
      await main.get('sign-in');
      await main.submit('sign-in', RIGHT);

      const answer = await main.get(`sign-in?to=%2Fx&${query.replace('S', '0'.repeat(64))}`);

      expect(sentTo(answer)).to.equal('/_clearway/');
    });
  }

  it('takes host and domain from the settings, whatever Host was sent', async () => {
    await using world = await startWithHosts();
    const hosts = hostsOf(world);
    const forged = { host: 'evil.example' };

    const begun = await hosts.route.get('sign-in?to=%2Fx', forged);
    const page = pageOf(begun, MAIN_ORIGIN);
    await hosts.main.get(page, forged);
    const sent = await hosts.main.submit('sign-in', RIGHT, forged);

    expect(sentTo(sent)).to.match(new RegExp(`^${ROUTE_ORIGIN}/_clearway/enter\\?`));
  });
});
