import { expect } from 'chai';
import type { PageRequest } from '../../../src/access/pages/page-http.ts';
import { PagesBrowser, problemOf, sentTo } from '../../support/pages-browser.ts';
import { ALICE, auditsOf, startPagesWorld } from '../../support/pages-world.ts';

const RIGHT = { name: ALICE.name, secret: ALICE.password };

describe('forms of the pages', () => {
  for (const [what, headers] of [
    ['a page of another site', { origin: 'https://evil.example', fetchSite: 'cross-site' }],
    ['a page of another site in an old browser', { origin: 'https://evil.example' }],
    ['an application on a route host', { fetchSite: 'same-site' }],
    ['a sandboxed frame', { origin: 'null' }],
    ['a script', { fetchSite: 'same-origin', fetchMode: 'cors' }],
  ] as const satisfies readonly (readonly [string, Partial<PageRequest>])[]) {
    it(`are not taken from ${what}, with a good token either`, async () => {
      await using world = await startPagesWorld();
      const browser = new PagesBrowser(world.deps);

      await browser.get('sign-in');
      const answer = await browser.submit('sign-in', RIGHT, headers);

      expect(answer.status).to.equal(403);
      expect(answer.html).to.include('not by this gateway').and.not.include('<form');
      expect(await browser.session()).to.equal(undefined);
      expect(world.clearml.calls('auth.login')).to.equal(0);
    });
  }

  it('are not taken with a token that another browser was given', async () => {
    await using world = await startPagesWorld();
    const [attacker, victim] = [new PagesBrowser(world.deps), new PagesBrowser(world.deps)];
    const { html = '' } = await attacker.get('sign-in');
    const token = /name="token" value="([^"]*)"/.exec(html)?.[1] ?? '';

    await victim.get('sign-in');
    const answer = await victim.submit('sign-in', { ...RIGHT, token });

    expect(answer.status).to.equal(403);
    expect(problemOf(answer)).to.equal('This page was not made for this browser.');
    expect(await victim.session()).to.equal(undefined);
    expect(world.clearml.calls('auth.login')).to.equal(0);
  });

  it('are not taken without a token', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);

    await browser.get('sign-in');
    const answer = await browser.submit('sign-in', { ...RIGHT, token: '' });

    expect(answer.status).to.equal(403);
    expect(world.clearml.calls('auth.login')).to.equal(0);
  });

  it('are shown again when they were open for too long, with the name that was typed', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);
    await browser.get('sign-in?to=%2Fservice%2Fabc%2F');
    world.clock.advance(3_600_000);
    // The browser has dropped the cookie too.
    browser.cookies.clear();

    const answer = await browser.submit('sign-in', RIGHT);
    const again = await browser.submit('sign-in', RIGHT);

    expect(answer.status).to.equal(403);
    expect(problemOf(answer)).to.equal('This page was open for too long.');
    expect(answer.html).to.include('value="alice"');
    expect(answer.html).to.not.include(ALICE.password);
    expect(sentTo(again)).to.equal('/service/abc/');
  });

  it('work in two tabs at once', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);
    const first = await browser.get('sign-in?to=%2Fservice%2Fone%2F');
    const token = /name="token" value="([^"]*)"/.exec(first.html ?? '')?.[1] ?? '';

    await browser.get('sign-in?to=%2Fservice%2Ftwo%2F');
    const second = await browser.submit('sign-in', RIGHT);
    const late = await browser.submit('sign-in', { ...RIGHT, token, to: '/service/one/' });

    expect(sentTo(second)).to.equal('/service/two/');
    expect(sentTo(late)).to.equal('/service/one/');
  });

  it('say that cookies are off, where none came back', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);
    await browser.get('sign-in');
    browser.cookies.clear();

    const answer = await browser.submit('sign-in', RIGHT, { cookies: [] });

    expect(answer.status).to.equal(403);
    expect(problemOf(answer)).to.match(/did not send back the cookie/);
    expect(answer.html).to.include('Allow cookies for this address').and.include('<form');
  });

  it('say before anything is typed that Secure cookies do not work with http', async () => {
    await using world = await startPagesWorld();
    const http = { scheme: 'http' } as const;
    const browser = new PagesBrowser(world.deps, http);

    const page = await browser.get('sign-in');
    browser.cookies.clear();
    const answer = await browser.submit('sign-in', RIGHT);
    const local = await browser.get('sign-in', { host: '127.0.0.1:8010' });

    for (const { html } of [page, answer]) {
      expect(html).to.include('AUTH_SECURE_ENABLED').and.include('https://');
    }
    expect(answer.status).to.equal(403);
    expect(problemOf(local), 'browsers keep them on the machine itself').to.equal('');
  });

  it('say so on the machine itself too, where a browser did not keep a Secure cookie after all', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps, { scheme: 'http', host: 'localhost:8010' });
    await browser.get('sign-in');
    browser.cookies.clear();

    const answer = await browser.submit('sign-in', RIGHT);

    expect(answer.html).to.include('AUTH_SECURE_ENABLED');
  });

  it('do not speak of Secure cookies where there are none', async () => {
    await using world = await startPagesWorld({ auth: { secureCookies: false } });
    const browser = new PagesBrowser(world.deps, { scheme: 'http' });

    expect(problemOf(await browser.get('sign-in'))).to.equal('');
    expect(sentTo(await browser.submit('sign-in', RIGHT))).to.equal('/_clearway/');
  });

  describe('inside a frame of another site', () => {
    const framed = { fetchDest: 'iframe', fetchSite: 'cross-site' } as const;

    it('give way to a link that opens a tab, where cookies would be held back', async () => {
      await using world = await startPagesWorld();
      const browser = new PagesBrowser(world.deps);

      const { html = '' } = await browser.get('sign-in?to=%2Fservice%2Fabc%2F', framed);

      expect(html).to.include('CLEARWAY_COOKIE_SAMESITE').and.not.include('<form');
      expect(html).to.match(
        /href="\/_clearway\/sign-in\?to&#x3D;%2Fservice%2Fabc%2F" target="_blank" rel="noopener"/,
      );
    });

    it('are there where the setting lets cookies through', async () => {
      await using world = await startPagesWorld({ auth: { sameSite: 'none' } });
      const browser = new PagesBrowser(world.deps);

      const page = await browser.get('sign-in', framed);
      const answer = await browser.submit('sign-in', RIGHT, {
        ...framed,
        fetchSite: 'same-origin',
      });

      expect(problemOf(page)).to.equal('');
      expect(page.cookies?.[0]).to.match(/Secure; SameSite=None; Partitioned$/);
      expect(sentTo(answer)).to.equal('/_clearway/');
    });

    it('say what the matter is where only the missing cookie shows it', async () => {
      await using world = await startPagesWorld();
      const browser = new PagesBrowser(world.deps);
      await browser.get('sign-in', { fetchDest: 'iframe', fetchSite: 'same-origin' });
      browser.cookies.clear();

      const answer = await browser.submit('sign-in', RIGHT, { fetchDest: 'iframe' });

      expect(answer.html).to.include('CLEARWAY_COOKIE_SAMESITE');
    });
  });

  it('that were refused are not counted as tries, nor written down', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);
    await browser.get('sign-in');

    for (let count = 0; count < 40; count++)
      await browser.submit('sign-in', { name: 'alice', secret: 'x', token: 'x' });
    await browser.get('sign-in');
    const answer = await browser.submit('sign-in', RIGHT);

    expect(answer.status).to.equal(200);
    expect(auditsOf(world).map(({ msg }) => msg)).to.deep.equal(['signed in']);
  });
});
