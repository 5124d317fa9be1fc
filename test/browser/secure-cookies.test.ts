import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { inNewContext, startBrowser } from '../support/browser.ts';
import { BrowserWorld, signIn, untilApp } from '../support/browser-world.ts';

describe('Secure cookies and an http:// address', function () {
  this.timeout(40_000);
  let browser: Browser | undefined;
  let world: BrowserWorld | undefined;

  before(async function () {
    browser = await startBrowser(this);
    world = await BrowserWorld.start({
      host: 'gateway.test',
      environment: { AUTH_SECURE_ENABLED: 'true', CLEARWAY_ALLOWED_HOSTS: '127.0.0.1' },
    });
  });

  after(async () => {
    await browser?.close();
    await world?.stop();
  });

  const withPage = (use: (page: Page, world: BrowserWorld) => Promise<void>): Promise<void> =>
    inNewContext(browser!, {}, (page) => use(page, world!));

  it('do not go together, and the page says so before and after, instead of asking again and again', () =>
    withPage(async (page, { appUrl, clearml }) => {
      await page.goto(appUrl);
      const before = await page.getByRole('alert').textContent();

      const answered = page.waitForResponse((answer) => answer.request().method() === 'POST');
      await signIn(page);
      const status = (await answered).status();
      const after = await page.getByRole('alert').textContent();

      expect(status).to.equal(403);
      for (const text of [before, after]) {
        expect(text).to.include('https://').and.include('AUTH_SECURE_ENABLED=false');
      }
      expect(clearml.calls('auth.login'), 'only the router’s own').to.equal(1);
      expect(await page.context().cookies()).to.deep.equal([]);
    }));

  it('go together on the machine itself, with the names that no other host can set', () =>
    withPage(async (page, { task, gateway }) => {
      await page.goto(`http://127.0.0.1:${gateway.port}/service/${task}/`);

      await signIn(page);

      await untilApp(page);
      const cookies = await page.context().cookies();
      expect(cookies.length).to.be.above(1);
      for (const { name, secure } of cookies) {
        expect(name).to.match(/^__Host-clearway-/);
        expect(secure).to.equal(true);
      }
    }));
});
