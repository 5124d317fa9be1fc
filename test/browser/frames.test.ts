import { expect } from 'chai';
import type { Browser, Frame, Page } from 'playwright-core';
import { inNewContext, startBrowser } from '../support/browser.ts';
import { BrowserWorld, CAROL } from '../support/browser-world.ts';
import { eventually } from '../support/eventually.ts';

// `localhost` is another site than 127.0.0.1, another port of 127.0.0.1 another origin of the same site.
const NEAR = 'http://127.0.0.1:{outside}';
const FAR = 'http://localhost:{outside}';

describe('the sign-in page inside a frame', function () {
  this.timeout(40_000);
  let browser: Browser | undefined;
  let world: BrowserWorld | undefined;

  before(async function () {
    browser = await startBrowser(this);
    world = await BrowserWorld.start({
      environment: { CLEARWAY_FRAME_ANCESTORS: `${NEAR},${FAR}` },
    });
  });

  after(async () => {
    await browser?.close();
    await world?.stop();
  });

  const withPage = (use: (page: Page, world: BrowserWorld) => Promise<void>): Promise<void> =>
    inNewContext(browser!, {}, (page) => use(page, world!));

  /** Opens a page of another web server that shows the address in a frame. */
  async function framed(page: Page, { outside }: BrowserWorld, host: string, url: string) {
    await page.goto(`http://${host}:${outside.port}/?frame=${encodeURIComponent(url)}`);
    return page.frame('inner')!;
  }

  async function signInInside(frame: Frame): Promise<void> {
    await frame.getByLabel('User name or access key').fill(CAROL.name);
    await frame.getByLabel('Password or secret key').fill(CAROL.password);
    await frame.getByRole('button', { name: 'Sign in' }).click();
  }

  it('works in a page that the setting names, on the same site', () =>
    withPage(async (page, world) => {
      const frame = await framed(page, world, '127.0.0.1', `${world.appUrl}in-frame`);

      await signInInside(frame);

      await frame.locator('#path').waitFor();
      expect(await frame.locator('#path').textContent()).to.equal('/in-frame');
    }));

  it('leads out of a page of another site, where browsers hold the cookies back', () =>
    withPage(async (page, world) => {
      const frame = await framed(page, world, 'localhost', `${world.appUrl}in-frame`);
      await frame.getByText('shown inside a page of another site').waitFor();
      const opened = page.waitForEvent('popup');

      await frame.getByRole('link', { name: 'Open in a tab of its own' }).click();

      const tab = await opened;
      await signInInside(tab.mainFrame());
      await tab.locator('#path').waitFor();
      expect(tab.url()).to.equal(`${world.appUrl}in-frame`);
    }));

  it('is not shown in a page that the setting does not name', () =>
    withPage(async (page, world) => {
      const refused: string[] = [];
      page.on('console', (message) => refused.push(message.text()));

      const frame = await framed(page, world, 'evil.test', world.appUrl);

      await eventually(() => {
        expect(refused.join('\n')).to.match(/frame-ancestors/);
      });
      expect(await frame.locator('form').count()).to.equal(0);
      expect(frame.url()).to.match(/^chrome-error:/);
    }));
});
