import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { inNewContext, startBrowser } from '../support/browser.ts';
import { BrowserWorld, signIn, untilApp } from '../support/browser-world.ts';

describe('signing in with CLEARWAY_COOKIE_SAMESITE=strict', function () {
  this.timeout(40_000);
  let browser: Browser | undefined;
  let world: BrowserWorld | undefined;

  before(async function () {
    browser = await startBrowser(this);
    world = await BrowserWorld.start({ environment: { CLEARWAY_COOKIE_SAMESITE: 'strict' } });
  });

  after(async () => {
    await browser?.close();
    await world?.stop();
  });

  /** Follows a link in a page of another site. */
  async function follow(page: Page, { outside }: BrowserWorld, url: string): Promise<void> {
    await page.goto(`http://localhost:${outside.port}/`);
    await page.evaluate(`location.href = ${JSON.stringify(url)}`);
  }

  it('works for who comes by a link of another site', () =>
    inNewContext(browser!, {}, async (page) => {
      await follow(page, world!, `${world!.appUrl}first`);

      await signIn(page);

      await untilApp(page, '/first');
      const [session] = await page.context().cookies();
      expect(session?.sameSite).to.equal('Strict');
    }));

  it('asks nobody again who comes by such a link, although the cookie is held back at first', () =>
    inNewContext(browser!, {}, async (page) => {
      await page.goto(world!.appUrl);
      await signIn(page);
      await untilApp(page);

      await follow(page, world!, `${world!.appUrl}second`);

      await untilApp(page, '/second');
    }));
});
