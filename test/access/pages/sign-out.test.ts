import { expect } from 'chai';
import { PagesBrowser, problemOf } from '../../support/pages-browser.ts';
import { ALICE, auditsOf, startPagesWorld, type PagesWorld } from '../../support/pages-world.ts';

const RIGHT = { name: ALICE.name, secret: ALICE.password };

async function signedIn(world: PagesWorld): Promise<PagesBrowser> {
  const browser = new PagesBrowser(world.deps);
  await browser.get('sign-in');
  await browser.submit('sign-in', RIGHT);
  expect(await browser.session()).to.be.an('object');
  return browser;
}

function clearmlToken({ clearml }: PagesWorld): string {
  return clearml.token(ALICE.name) ?? '';
}

function isGood({ access }: PagesWorld, token: string): Promise<boolean> {
  return access.identity
    .whoIs({ scheme: 'Bearer', token }, new AbortController().signal)
    .then((answer) => 'said' in answer);
}

describe('sign-out page', () => {
  it('asks first: nothing ends by an address that somebody is led to', async () => {
    await using world = await startPagesWorld();
    const browser = await signedIn(world);

    const page = await browser.get('sign-out');

    expect(page.status).to.equal(200);
    expect(page.html).to.include('You are signed in as <strong>Alice Example</strong>');
    expect(await browser.session()).to.be.an('object');
  });

  it('ends the session for good, at ClearML too, and removes what is in the browser', async () => {
    await using world = await startPagesWorld();
    const browser = await signedIn(world);
    const session = await browser.session();
    const stolen = new Map(browser.cookies);

    await browser.get('sign-out');
    const answer = await browser.submit('sign-out', { where: 'here' });

    expect(answer.status).to.equal(200);
    expect(answer.html).to.include('You are signed out');
    expect([...browser.cookies.keys()]).to.deep.equal([]);
    expect(world.revoked).to.deep.equal([`session:${session?.id ?? ''}`]);
    expect(await isGood(world, session?.token ?? '')).to.equal(false);
    for (const [name, value] of stolen) browser.cookies.set(name, value);
    expect(await browser.session(), 'a copy of the cookie is worth nothing').to.equal(undefined);
    expect(auditsOf(world).at(-1)).to.deep.equal({
      msg: 'signed out',
      user: session?.user,
      address: '192.0.2.1',
      everywhere: false,
    });
  });

  it('leaves other devices alone, unless all are meant', async () => {
    await using world = await startPagesWorld();
    const [here, there] = [await signedIn(world), await signedIn(world)];

    await here.get('sign-out');
    await here.submit('sign-out', { where: 'here' });
    expect(await there.session()).to.be.an('object');
    const again = await signedIn(world);
    await again.get('sign-out');
    await again.submit('sign-out', { where: 'everywhere' });

    expect(await there.session()).to.equal(undefined);
    expect(auditsOf(world).at(-1)).to.include({ msg: 'signed out', everywhere: true });
  });

  it("ends ClearML's own cookie too, which would sign in again, and voids what was decided about it", async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);
    const token = clearmlToken(world);
    browser.cookies.set(world.clearml.cookieName, `"${token}"`);

    const page = await browser.get('sign-out');
    const answer = await browser.submit('sign-out', {});
    const after = await browser.get('sign-out');

    expect(page.html).to.include('Alice Example');
    expect(answer.html).to.include('You are signed out');
    expect(await isGood(world, token)).to.equal(false);
    expect(world.revoked).to.have.length(1);
    expect(world.revoked[0]).to.match(/^user:/);
    expect(after.html).to.include('Nobody is signed in');
  });

  it('ends session and ClearML cookie together', async () => {
    await using world = await startPagesWorld();
    const browser = await signedIn(world);
    const [session, token] = [await browser.session(), clearmlToken(world)];
    browser.cookies.set(world.clearml.cookieName, token);

    await browser.get('sign-out');
    await browser.submit('sign-out', {});

    expect(await isGood(world, token)).to.equal(false);
    expect(await isGood(world, session?.token ?? '')).to.equal(false);
    expect(world.revoked).to.include.members([
      `session:${session?.id ?? ''}`,
      `user:${session?.user ?? ''}`,
    ]);
  });

  it('says so when ClearML could not be told', async () => {
    await using world = await startPagesWorld();
    const browser = await signedIn(world);
    await browser.get('sign-out');
    world.clearml.orderFault({ endpoint: '.*', fault: { kind: 'status', status: 500 } });

    const answer = await browser.submit('sign-out', {});

    expect(answer.html)
      .to.include('You are signed out')
      .and.include('Sign out on its own page too');
    expect(await browser.session()).to.equal(undefined);
  });

  it('asks ClearML about no token that it disowns', async () => {
    await using world = await startPagesWorld();
    const browser = await signedIn(world);
    await browser.get('sign-out');
    browser.cookies.set(world.clearml.cookieName, 'not a token');

    await browser.submit('sign-out', {});

    expect(world.clearml.calls('auth.logout')).to.equal(1);
  });

  it('does nothing for a form of another site, or of another browser', async () => {
    await using world = await startPagesWorld();
    const browser = await signedIn(world);
    await browser.get('sign-out');

    const foreign = await browser.submit('sign-out', {}, { fetchSite: 'cross-site' });
    await browser.get('sign-out');
    const forged = await browser.submit('sign-out', { token: 'x' });

    expect([foreign.status, forged.status]).to.deep.equal([403, 403]);
    expect(problemOf(forged)).to.equal('This page was not made for this browser.');
    expect(await browser.session()).to.be.an('object');
    expect(world.revoked).to.deep.equal([]);
  });

  it('says that nobody is signed in', async () => {
    await using world = await startPagesWorld();

    const page = await new PagesBrowser(world.deps).get('sign-out');

    expect(page.status).to.equal(200);
    expect(page.html).to.include('Nobody is signed in').and.not.include('<form');
  });
});
