import { expect } from 'chai';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { inNewContext, startBrowser } from '../support/browser.ts';
import { BrowserWorld, CAROL, signIn, untilApp } from '../support/browser-world.ts';

/** What has the focus in the page, and how that is shown. */
const FOCUSED = `(() => {
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
  const { name, textContent } = document.activeElement;
  return { name: name || textContent, outline: outlineStyle + ' ' + outlineWidth };
})()`;

describe('signing in with a browser', function () {
  this.timeout(40_000);
  let browser: Browser | undefined;
  let world: BrowserWorld | undefined;

  before(async function () {
    browser = await startBrowser(this);
    world = await BrowserWorld.start();
  });

  after(async () => {
    await browser?.close();
    await world?.stop();
  });

  const withPage = (
    use: (page: Page, world: BrowserWorld) => Promise<void>,
    options: BrowserContextOptions = {},
  ): Promise<void> => inNewContext(browser!, options, (page) => use(page, world!));

  it('leads to the page asked for', () =>
    withPage(async (page, { appUrl, app }) => {
      await page.goto(`${appUrl}tree/a%20b?x=1&y=%2F%2Fz`);
      expect(page.url()).to.include('/_clearway/sign-in?to=');

      await signIn(page);

      await untilApp(page, '/tree/a%20b?x=1&y=%2F%2Fz');
      expect(page.url()).to.equal(`${appUrl}tree/a%20b?x=1&y=%2F%2Fz`);
      const headers = app.last.rawHeaders.map((text) => text.toLowerCase());
      expect(headers, 'nothing of the gateway reaches the application').to.not.include('cookie');
      expect(headers).to.not.include('referer');
    }));

  it('leaves cookies that no script can read', () =>
    withPage(async (page, { appUrl }) => {
      await page.goto(appUrl);
      await signIn(page);
      await untilApp(page);

      const cookies = await page.context().cookies();
      expect(cookies.length).to.be.above(1);
      for (const { httpOnly, sameSite, path, domain } of cookies) {
        expect({ httpOnly, sameSite, path, domain }).to.deep.equal({
          httpOnly: true,
          sameSite: 'Lax',
          path: '/',
          domain: '127.0.0.1',
        });
      }
      expect(await page.evaluate('document.cookie')).to.equal('');
    }));

  it('says that a password is wrong, keeps the name, and waits for the password', () =>
    withPage(async (page, { appUrl }) => {
      await page.goto(appUrl);
      await signIn(page, 'wrong horse');

      await page.getByRole('alert').waitFor();
      expect(await page.getByRole('alert').textContent()).to.match(/are not right/);
      expect(await page.getByLabel('User name or access key').inputValue()).to.equal(CAROL.name);
      expect(await page.evaluate('document.activeElement.id')).to.equal('secret');
      await page.keyboard.type(CAROL.password);
      await page.keyboard.press('Enter');
      await untilApp(page);
    }));

  it('works without JavaScript', () =>
    withPage(
      async (page, { appUrl }) => {
        await page.goto(`${appUrl}plain`);
        await signIn(page);
        await untilApp(page, '/plain');
      },
      { javaScriptEnabled: false },
    ));

  it('works with the keyboard alone, and shows where one is', () =>
    withPage(async (page, { appUrl }) => {
      await page.goto(appUrl);
      const focused = (): Promise<unknown> => page.evaluate(FOCUSED);

      expect(await focused()).to.deep.equal({ name: 'name', outline: 'solid 3px' });
      await page.keyboard.type(CAROL.name);
      await page.keyboard.press('Tab');
      expect(await focused()).to.deep.equal({ name: 'secret', outline: 'solid 3px' });
      await page.keyboard.type(CAROL.password);
      await page.keyboard.press('Tab');
      expect(await focused()).to.deep.equal({ name: 'Sign in', outline: 'solid 3px' });
      await page.keyboard.press('Enter');
      await untilApp(page);
    }));

  it('reaches an application that leads to another origin at once', () =>
    withPage(async (page, { appUrl, outside }) => {
      await page.goto(`${appUrl}away`);

      await signIn(page);

      await untilApp(page, '/welcome');
      expect(page.url()).to.equal(`http://outside.test:${outside.port}/welcome`);
    }));

  it('is over when one goes back: the form is not shown again', () =>
    withPage(async (page, { appUrl, outside }) => {
      await page.goto(`http://outside.test:${outside.port}/`);
      await page.goto(appUrl);
      await signIn(page);
      await untilApp(page);

      await page.goBack();
      await untilApp(page);
      expect(page.url()).to.equal(appUrl);
      await page.goBack();
      expect(page.url()).to.equal(`http://outside.test:${outside.port}/`);
    }));

  it('works in two tabs that were opened before', () =>
    withPage(async (page, { appUrl }) => {
      const other = await page.context().newPage();
      await page.goto(`${appUrl}one`);
      await other.goto(`${appUrl}two`);

      await signIn(page);
      await untilApp(page, '/one');
      await signIn(other);
      await untilApp(other, '/two');
      await page.reload();
      await untilApp(page, '/one');
    }));

  it("is not needed with ClearML's cookie", () =>
    withPage(async (page, { appUrl, clearml }) => {
      const value = clearml.token(CAROL.name) ?? '';
      await page.context().addCookies([{ name: clearml.cookieName, value, url: appUrl }]);

      await page.goto(appUrl);

      await untilApp(page);
    }));

  it('ends for who tries too often, with the time to wait', () =>
    withPage(async (page, { gateway, clearml }) => {
      await page.goto(`${gateway.url}/_clearway/sign-in`);
      const wrong = async (): Promise<number> => {
        const answered = page.waitForResponse((answer) => answer.request().method() === 'POST');
        await page.getByLabel('User name or access key').fill('mallory');
        await page.getByLabel('Password or secret key').fill('guess');
        await page.getByRole('button', { name: 'Sign in' }).click();
        return (await answered).status();
      };
      const statuses: number[] = [];

      for (let count = 0; count < 11; count++) statuses.push(await wrong());
      const asked = clearml.calls('auth.login');
      statuses.push(await wrong());

      expect(statuses).to.deep.equal([...Array<number>(10).fill(401), 429, 429]);
      expect(clearml.calls('auth.login')).to.equal(asked);
      await page.getByText('There were too many wrong tries.').waitFor();
      await page.getByText('Try again in a minute.').waitFor();
    }));

  it('ends with sign-out, for this browser', () =>
    withPage(async (page, { appUrl, gateway }) => {
      await page.goto(appUrl);
      await signIn(page);
      await untilApp(page);

      await page.goto(`${gateway.url}/_clearway/`);
      await page.getByText('You are signed in as Carol Example').waitFor();
      await page.getByRole('link', { name: 'Sign out' }).click();
      await page.getByRole('button', { name: 'Sign out', exact: true }).click();
      await page.getByRole('heading', { name: 'You are signed out' }).waitFor();

      expect(await page.context().cookies()).to.deep.equal([]);
      await page.goto(appUrl);
      expect(page.url()).to.include('/_clearway/sign-in');
    }));

  it('ends with sign-out on all devices, for every browser', () =>
    withPage(async (page, { appUrl, gateway }) => {
      await page.goto(appUrl);
      await signIn(page);
      await untilApp(page);
      await withPage(async (other) => {
        await other.goto(appUrl);
        await signIn(other);
        await untilApp(other);
        await other.goto(`${gateway.url}/_clearway/sign-out`);
        await other.getByRole('button', { name: 'Sign out on all devices' }).click();
        await other.getByRole('heading', { name: 'You are signed out' }).waitFor();
      });

      await page.goto(appUrl);

      expect(page.url()).to.include('/_clearway/sign-in');
    }));
});
