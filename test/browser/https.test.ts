import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { inNewContext, startBrowser } from '../support/browser.ts';
import { BrowserWorld, CAROL, signIn, untilApp } from '../support/browser-world.ts';
import { TestAuthority } from '../support/certificates.ts';
import { tempFolder } from '../support/temp-folder.ts';

describe('signing in over https', function () {
  this.timeout(40_000);
  let browser: Browser | undefined;
  let world: BrowserWorld | undefined;

  before(async function () {
    browser = await startBrowser(this);
    await using folder = await tempFolder();
    const authority = await TestAuthority.make(folder.path);
    world = await BrowserWorld.start({
      host: 'gateway.test',
      certificate: await authority.issue({ names: ['gateway.test'] }),
      environment: {
        CLEARWAY_COOKIE_SAMESITE: 'none',
        CLEARWAY_FRAME_ANCESTORS: 'http://far.test:{outside}',
      },
    });
  });

  after(async () => {
    await browser?.close();
    await world?.stop();
  });

  const withPage = (use: (page: Page, world: BrowserWorld) => Promise<void>): Promise<void> =>
    inNewContext(browser!, { ignoreHTTPSErrors: true }, (page) => use(page, world!));

  it('leaves cookies that belong to this very host', () =>
    withPage(async (page, { appUrl }) => {
      await page.goto(`${appUrl}x`);
      expect(page.url()).to.match(/^https:\/\/gateway\.test:\d+\/_clearway\/sign-in/);

      await signIn(page);

      await untilApp(page, '/x');
      const cookies = await page.context().cookies();
      expect(cookies.length).to.be.above(1);
      for (const { name, secure, httpOnly, sameSite } of cookies) {
        expect(name).to.match(/^__Host-clearway-/);
        expect({ secure, httpOnly, sameSite }).to.deep.equal({
          secure: true,
          httpOnly: true,
          sameSite: 'None',
        });
      }
    }));

  it('works in a frame of another site, where browsers hold back all cookies but those of the frame', () =>
    withPage(async (page, { appUrl, outside }) => {
      const frame = encodeURIComponent(`${appUrl}in-frame`);
      await page.goto(`http://far.test:${outside.port}/?frame=${frame}`);
      const inner = page.frame('inner')!;

      await inner.getByLabel('User name or access key').fill(CAROL.name);
      await inner.getByLabel('Password or secret key').fill(CAROL.password);
      await inner.getByRole('button', { name: 'Sign in' }).click();

      await inner.locator('#path').waitFor();
      expect(await inner.locator('#path').textContent()).to.equal('/in-frame');
      await page.reload();
      const again = page.frameLocator('[name="inner"]').locator('#path');
      await again.waitFor();
      expect(await again.textContent()).to.equal('/in-frame');
    }));

  it('is not done by a page of another site in somebody’s name', () =>
    withPage(async (page, { gateway, outside, clearml }) => {
      await page.goto(`${gateway.url}/_clearway/sign-in`);
      const token = await page.locator('input[name="token"]').inputValue();
      const asked = clearml.calls('auth.login');
      await page.goto(`http://far.test:${outside.port}/`);
      const answered = page.waitForResponse((answer) => answer.request().method() === 'POST');

      // With the victim's own token, which no page of another site can read.
      await page.evaluate(`(() => {
        const form = document.createElement('form');
        form.method = 'post';
        form.action = '${gateway.url}/_clearway/sign-in';
        for (const [name, value] of Object.entries({ token: '${token}', name: 'carol', secret: 'x' })) {
          const input = document.createElement('input');
          input.name = name;
          input.value = value;
          form.append(input);
        }
        document.body.append(form);
        form.submit();
      })()`);

      expect((await answered).status()).to.equal(403);
      await page.getByText('This was asked for by another page').waitFor();
      expect(clearml.calls('auth.login')).to.equal(asked);
    }));
});
