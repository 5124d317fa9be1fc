import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { inNewContext, startBrowser } from '../support/browser.ts';
import { BrowserWorld, CAROL, signIn, untilApp } from '../support/browser-world.ts';

describe('signing in to a route host with a browser', function () {
  this.timeout(40_000);
  let browser: Browser | undefined;
  let world: BrowserWorld | undefined;

  before(async function () {
    browser = await startBrowser(this);
    world = await BrowserWorld.start({
      host: 'gateway.test',
      environment: { CLEARWAY_ROUTE_DOMAIN: 'apps.test' },
    });
  });

  after(async () => {
    await browser?.close();
    await world?.stop();
  });

  const withPage = (use: (page: Page, world: BrowserWorld) => Promise<void>): Promise<void> =>
    inNewContext(browser!, {}, (page) => use(page, world!));

  const routeUrl = ({ task, gateway }: BrowserWorld): string =>
    `http://${task}.apps.test:${gateway.port}`;

  it('goes by the main host and comes back to the page asked for', () =>
    withPage(async (page, world) => {
      await page.goto(`${routeUrl(world)}/tree?x=1`);
      expect(new URL(page.url()).host).to.equal(new URL(world.gateway.url).host);

      await signIn(page);

      await untilApp(page, '/tree?x=1');
      expect(page.url()).to.equal(`${routeUrl(world)}/tree?x=1`);
    }));

  it('asks once: the next route host takes who is signed in on the main host', () =>
    withPage(async (page, world) => {
      await page.goto(`${world.gateway.url}/_clearway/sign-in`);
      await signIn(page);
      await page.getByText('You are signed in as Carol Example').waitFor();

      await page.goto(`${routeUrl(world)}/second`);

      await untilApp(page, '/second');
    }));

  it('leaves no cookie that is good for both', () =>
    withPage(async (page, world) => {
      await page.goto(`${routeUrl(world)}/`);
      await signIn(page);
      await untilApp(page);
      const [main, route] = await Promise.all(
        [world.gateway.url, routeUrl(world)].map((url) => page.context().cookies(url)),
      );
      const sessionOf = (cookies: typeof main) =>
        cookies?.find(({ name }) => /^clearway-[0-9a-f]{8}$/.test(name));

      expect(sessionOf(main)?.value).to.be.a('string');
      expect(sessionOf(route)?.value).to.be.a('string').and.not.equal(sessionOf(main)?.value);
      await page.context().clearCookies();
      await page
        .context()
        .addCookies([{ ...sessionOf(main)!, domain: new URL(routeUrl(world)).hostname }]);
      await page.goto(`${routeUrl(world)}/`);
      expect(page.url()).to.include('gateway.test');
    }));

  it("takes ClearML's cookie of the main host", () =>
    withPage(async (page, world) => {
      const { clearml, gateway } = world;
      const value = clearml.token(CAROL.name) ?? '';
      await page.context().addCookies([{ name: clearml.cookieName, value, url: gateway.url }]);

      await page.goto(`${routeUrl(world)}/by-clearml`);

      await untilApp(page, '/by-clearml');
    }));

  it('follows the address in path mode to the route host', () =>
    withPage(async (page, world) => {
      await page.goto(`${world.appUrl}deep?x=1`);
      await signIn(page);

      await untilApp(page, '/deep?x=1');
      expect(page.url()).to.equal(`${routeUrl(world)}/deep?x=1`);
    }));

  it('ends on both with the sign-out of the main host, to which the other leads', () =>
    withPage(async (page, world) => {
      await page.goto(`${routeUrl(world)}/`);
      await signIn(page);
      await untilApp(page);

      await page.goto(`${routeUrl(world)}/_clearway/sign-out`);
      await page.getByRole('button', { name: 'Sign out', exact: true }).click();
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor();

      await page.goto(`${routeUrl(world)}/`);
      await page.getByRole('heading', { name: 'Sign in' }).waitFor();
    }));

  it('does not work with an address that somebody else was given', () =>
    withPage(async (page, world) => {
      let stolen = '';
      await withPage(async (other) => {
        await other.route('**/_clearway/enter?*', (route) => {
          stolen = route.request().url();
          return route.abort();
        });
        await other.goto(`${routeUrl(world)}/`);
        await signIn(other);
        await other.waitForEvent('requestfailed');
      });

      const answer = await page.goto(stolen);

      expect(stolen).to.include('code=');
      expect(answer?.status()).to.equal(403);
      expect(await page.context().cookies()).to.deep.equal([]);
    }));
});
