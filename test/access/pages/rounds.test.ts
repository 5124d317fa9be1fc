import { expect } from 'chai';
import { PagesBrowser, problemOf, sentTo } from '../../support/pages-browser.ts';
import { ALICE, startPagesWorld, type PagesWorld } from '../../support/pages-world.ts';

const RIGHT = { name: ALICE.name, secret: ALICE.password };
const HERE = 'sign-in?to=%2Fservice%2Fabc%2F';

async function signedIn(world: PagesWorld): Promise<PagesBrowser> {
  const browser = new PagesBrowser(world.deps);
  await browser.get(HERE);
  await browser.submit('sign-in', RIGHT);
  return browser;
}

describe('sign-in page, for who is signed in', () => {
  it('goes on at once, by a session', async () => {
    await using world = await startPagesWorld();
    const browser = await signedIn(world);

    const answer = await browser.get(HERE);

    expect(answer.status).to.equal(303);
    expect(sentTo(answer)).to.equal('/service/abc/');
  });

  it("goes on at once, by ClearML's cookie", async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);
    browser.cookies.set(world.clearml.cookieName, world.clearml.token(ALICE.name) ?? '');

    const answer = await browser.get(HERE);

    expect(answer.status).to.equal(303);
    expect(sentTo(answer)).to.equal('/service/abc/');
  });

  it('stops when the proxy sends somebody back again and again, and goes on when asked to', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);
    browser.cookies.set(world.clearml.cookieName, world.clearml.token(ALICE.name) ?? '');

    const rounds = [1, 2, 3, 4].map(() => () => browser.get(HERE));
    const statuses: number[] = [];
    for (const round of rounds) statuses.push((await round()).status);
    const again = await browser.get(HERE);

    expect(statuses).to.deep.equal([303, 303, 303, 503]);
    expect(again.status, 'a new beginning').to.equal(303);
  });

  it('names who it is and what can be done where it stops', async () => {
    await using world = await startPagesWorld();
    const browser = await signedIn(world);

    await browser.get(HERE);
    await browser.get(HERE);
    const { status, html, headers } = await browser.get(HERE);

    expect(status).to.equal(503);
    expect(headers?.['Retry-After']).to.equal('10');
    expect(html).to.include('You are signed in as Alice Example');
    expect(html).to.include('href="/_clearway/sign-out"').and.include('Try again');
  });

  it('counts each address for itself', async () => {
    await using world = await startPagesWorld();
    const browser = await signedIn(world);

    for (let count = 0; count < 8; count++)
      expect((await browser.get(`sign-in?to=%2Fservice%2Fapp${count}%2F`)).status).to.equal(303);
  });

  it('says so when the browser comes back from signing in without its session', async () => {
    await using world = await startPagesWorld();
    const browser = await signedIn(world);
    browser.cookies.delete(/\S+(?=-sent)/.exec([...browser.cookies.keys()].join(' '))?.[0] ?? '');
    const [session] = [...browser.cookies.keys()].filter((name) => /-[0-9a-f]{8}$/.test(name));
    browser.cookies.delete(session ?? '');

    const page = await browser.get(HERE);
    const elsewhere = await browser.get('sign-in?to=%2Fservice%2Fother%2F');

    expect(page.status).to.equal(200);
    expect(problemOf(page)).to.match(/your browser did not bring the session along/);
    expect(page.html).to.include('<form');
    expect(problemOf(elsewhere)).to.equal('');
  });

  it('shows the form to who has a session that ClearML has ended: the proxy would send them back', async () => {
    await using world = await startPagesWorld();
    const browser = await signedIn(world);
    world.clearml.revoke((await browser.session())?.token ?? '');

    expect((await browser.get(HERE)).html).to.include('<form');
  });

  describe('with SameSite=Strict', () => {
    it('looks again by a page of its own before it asks somebody who came by a link of another site', async () => {
      await using world = await startPagesWorld({ auth: { sameSite: 'strict' } });
      const browser = await signedIn(world);
      const { cookies } = browser;

      // Strict cookies are held back from what another site began.
      const first = await browser.get(HERE, { cookies: [], fetchSite: 'cross-site' });
      const second = await browser.get(sentTo(first)?.replace('/_clearway/', '') ?? '', {
        cookies: [...cookies],
        fetchSite: 'same-origin',
      });

      expect(first.status).to.equal(200);
      expect(first.html).to.not.include('<form');
      expect(sentTo(first)).to.equal('/_clearway/sign-in?to=%2Fservice%2Fabc%2F');
      expect(second.status, 'no redirect, which would still be the other site’s').to.equal(200);
      expect(sentTo(second)).to.equal('/service/abc/');
    });

    it('shows strangers the form the second time', async () => {
      await using world = await startPagesWorld({ auth: { sameSite: 'strict' } });
      const browser = new PagesBrowser(world.deps);

      await browser.get(HERE, { fetchSite: 'cross-site' });
      const page = await browser.get(HERE, { fetchSite: 'same-origin' });

      expect(page.html).to.include('<form');
      expect(page.cookies?.[0]).to.match(/SameSite=Strict$/);
    });
  });
});
