import { expect } from 'chai';
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
import { ALICE, startPagesWorld } from '../../support/pages-world.ts';

describe('hand-over to a route host', () => {
  it('goes through the sign-in page of the main host and comes back with a session of its own', async () => {
    await using world = await startWithHosts();
    const hosts = hostsOf(world);

    const code = await untilCode(hosts);
    const entered = await hosts.route.get(code);

    expect(code).to.match(/^enter\?code=[\w-]{43}&to=%2Fx%3Fy%3D1$/);
    expect(entered.status).to.equal(303);
    expect(sentTo(entered)).to.equal('/x?y=1');
    const [parent, own] = [await hosts.main.session(), await hosts.route.session()];
    expect(own).to.deep.equal({ ...parent, host: KEY });
  });

  it('does not show the state that binds it to the browser', async () => {
    await using world = await startWithHosts();
    const { route } = hostsOf(world);

    const begun = await route.get('sign-in?to=%2Fx');

    const [state = ''] = [...route.cookies.values()];
    expect(state).to.match(/^[\w-]{43}$/);
    expect(sentTo(begun))
      .to.match(/[?&]state=[0-9a-f]{64}&/)
      .and.not.include(state);
    expect(begun.cookies?.[0]).to.match(/Max-Age=600; Path=\/; HttpOnly; Secure; SameSite=Lax$/);
  });

  it('asks nobody who is signed in on the main host', async () => {
    await using world = await startWithHosts();
    const { main, route } = hostsOf(world);
    await main.get('sign-in');
    await main.submit('sign-in', RIGHT);

    const begun = await route.get('sign-in?to=%2Fx');
    const passed = await main.get(pageOf(begun, MAIN_ORIGIN));
    const entered = await route.get(pageOf(passed, ROUTE_ORIGIN));

    expect(passed.status).to.equal(303);
    expect(sentTo(entered)).to.equal('/x');
    expect((await route.session())?.id).to.equal((await main.session())?.id);
  });

  it("makes a session of ClearML's cookie on the main host, which ends with that token", async () => {
    await using world = await startWithHosts();
    const { main, route } = hostsOf(world);
    const token = world.clearml.token(ALICE.name, 600) ?? '';
    main.cookies.set(world.clearml.cookieName, token);

    const begun = await route.get('sign-in?to=%2Fx');
    const passed = await main.get(pageOf(begun, MAIN_ORIGIN));
    await route.get(pageOf(passed, ROUTE_ORIGIN));

    const session = await route.session();
    expect(session).to.include({ token, host: KEY, name: ALICE.displayName });
    expect((session?.expires ?? 0) - world.clock.now()).to.be.within(590_000, 601_000);
  });

  it('makes sessions that are worth nothing on another host', async () => {
    await using world = await startWithHosts();
    const hosts = hostsOf(world);
    await hosts.route.get(await untilCode(hosts));
    const other = hostsOf(world, 'other');

    for (const browser of [other.route, other.main])
      for (const [name, value] of hosts.route.cookies) browser.cookies.set(name, value);
    for (const [name, value] of hosts.main.cookies) hosts.route.cookies.set(name, value);

    expect(await other.route.session()).to.equal(undefined);
    expect(await other.main.session()).to.equal(undefined);
    expect(await hosts.route.session(), 'nor the one of the main host here').to.equal(undefined);
  });

  it('ends with the session of the main host, to which its own sign-out leads', async () => {
    await using world = await startWithHosts();
    const hosts = hostsOf(world);
    await hosts.route.get(await untilCode(hosts));

    const lead = await hosts.route.get('sign-out');
    expect(lead.headers?.['Location']).to.equal(`${MAIN_ORIGIN}/_clearway/sign-out`);
    await hosts.main.get('sign-out');
    await hosts.main.submit('sign-out', {});

    for (const browser of [hosts.main, hosts.route])
      expect(await browser.session()).to.equal(undefined);
  });

  it('is unknown in path mode: it leads to a path of the main host', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);
    const query = `host=${KEY}&state=${'0'.repeat(64)}&to=%2Fx`;

    await browser.get(`sign-in?${query}`);
    const answer = await browser.submit('sign-in', RIGHT);

    expect(sentTo(answer)).to.equal('/x');
  });

  it('works in two tabs at once', async () => {
    await using world = await startWithHosts();
    const { main, route } = hostsOf(world);
    await main.get('sign-in');
    await main.submit('sign-in', RIGHT);

    const begun = [await route.get('sign-in?to=%2Fone'), await route.get('sign-in?to=%2Ftwo')];
    const [first = '', second = ''] = await Promise.all(
      begun.map(async (answer) =>
        pageOf(await main.get(pageOf(answer, MAIN_ORIGIN)), ROUTE_ORIGIN),
      ),
    );

    expect(sentTo(await route.get(second))).to.equal('/two');
    expect(sentTo(await route.get(first)), 'the other tab has brought a session').to.equal('/one');
  });

  it('goes to the application at once for who has a session at its host', async () => {
    await using world = await startWithHosts();
    const hosts = hostsOf(world);
    await hosts.route.get(await untilCode(hosts));

    expect(sentTo(await hosts.route.get('sign-in?to=%2Fz'))).to.equal('/z');
  });

  it('stops on the main host when the route host never sees its session', async () => {
    await using world = await startWithHosts();
    const { main, route } = hostsOf(world);
    await main.get('sign-in');
    await main.submit('sign-in', RIGHT);
    const statuses: number[] = [];

    for (let round = 0; round < 4; round++) {
      route.cookies.clear();
      const begun = await route.get('sign-in?to=%2Fx');
      statuses.push((await main.get(pageOf(begun, MAIN_ORIGIN))).status);
    }

    expect(statuses).to.deep.equal([303, 303, 303, 503]);
  });

  it('says what helps where the browser keeps no cookies, and does not go round in circles', async () => {
    await using world = await startWithHosts();
    const hosts = hostsOf(world);
    const code = await untilCode(hosts);

    const lost = await hosts.route.get(code, { cookies: [] });
    const plain = await hosts.route.get(code, { cookies: [], scheme: 'http' });

    expect(lost.status).to.equal(403);
    expect(lost.html).to.include('allow cookies').and.include('href="/x?y&#x3D;1"');
    expect(plain.html).to.include('AUTH_SECURE_ENABLED');
  });

  it('comes back by pages and not by redirects with SameSite=Strict', async () => {
    await using world = await startWithHosts({ auth: { sameSite: 'strict' } });
    const hosts = hostsOf(world);

    const code = await untilCode(hosts);
    const entered = await hosts.route.get(code, { fetchSite: 'cross-site' });

    expect(entered.status).to.equal(200);
    expect(sentTo(entered)).to.equal('/x?y=1');
    expect(entered.cookies?.[0]).to.match(/SameSite=Strict$/);
  });
});
