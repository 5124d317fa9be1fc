import { expect } from 'chai';
import { PagesBrowser, sentTo } from '../../support/pages-browser.ts';
import { ALICE, startPagesWorld, VISITOR } from '../../support/pages-world.ts';

const RIGHT = { name: ALICE.name, secret: ALICE.password };

describe('page that says who is signed in', () => {
  it('leads strangers to the sign-in page', async () => {
    await using world = await startPagesWorld();

    const answer = await new PagesBrowser(world.deps).get('');

    expect(answer.status).to.equal(303);
    expect(sentTo(answer)).to.equal('/_clearway/sign-in');
  });

  it('names who has a session, and from when to when', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);
    await browser.get('sign-in');
    await browser.submit('sign-in', RIGHT);
    const { issued = 0, expires = 0 } = (await browser.session()) ?? {};

    const { status, html } = await browser.get('');

    expect(status).to.equal(200);
    expect(html)
      .to.include('<strong>Alice Example</strong>')
      .and.include('a session of this gateway');
    expect(html).to.include(`datetime="${new Date(issued).toISOString()}"`);
    expect(html).to.include(`datetime="${new Date(expires).toISOString()}"`);
    expect(html).to.match(/\d{1,2} \w+ \d{4} at \d\d:\d\d UTC/);
    expect(html).to.include('href="/_clearway/sign-out"');
  });

  it("names who has ClearML's cookie, whichever of several it is", async () => {
    await using world = await startPagesWorld();
    const { clearml } = world;
    const browser = new PagesBrowser(world.deps);
    const cookies = ['not-a-token', clearml.token(ALICE.name, -1), clearml.token(ALICE.name)].map(
      (value = '') => [clearml.cookieName, value] as const,
    );

    const { html } = await browser.get('', { cookies });

    expect(html)
      .to.include('<strong>Alice Example</strong>')
      .and.include('your sign-in at ClearML');
  });

  it('takes a guest for nobody', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);
    browser.cookies.set(world.clearml.cookieName, world.clearml.token(VISITOR.name) ?? '');

    expect(sentTo(await browser.get(''))).to.equal('/_clearway/sign-in');
  });

  it('takes a session whose token ClearML has ended for nobody', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);
    await browser.get('sign-in');
    await browser.submit('sign-in', RIGHT);
    world.clearml.revoke((await browser.session())?.token ?? '');

    expect(sentTo(await browser.get(''))).to.equal('/_clearway/sign-in');
  });

  it('believes a session while ClearML cannot be asked, and no ClearML cookie', async () => {
    await using world = await startPagesWorld();
    const [known, stranger] = [new PagesBrowser(world.deps), new PagesBrowser(world.deps)];
    await known.get('sign-in');
    await known.submit('sign-in', RIGHT);
    stranger.cookies.set(world.clearml.cookieName, world.clearml.token(ALICE.name) ?? '');
    world.clearml.orderFault({ endpoint: '.*', fault: { kind: 'status', status: 500 } });

    expect((await known.get('')).html).to.include('Alice Example');
    expect(sentTo(await stranger.get(''))).to.equal('/_clearway/sign-in');
  });

  it('answers HEAD as GET, and nothing else', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);

    expect((await browser.get('sign-in', { method: 'HEAD' })).status).to.equal(200);
    expect((await browser.get('', { method: 'HEAD' })).status).to.equal(303);
    for (const method of ['PUT', 'DELETE', 'OPTIONS', 'PATCH', 'constructor']) {
      const answer = await browser.get('sign-in', { method });
      expect([answer.status, answer.headers?.['Allow']]).to.deep.equal([405, 'GET, HEAD, POST']);
    }
    expect((await browser.submit('', {})).headers?.['Allow']).to.equal('GET, HEAD');
  });

  it('has neighbours of known names only', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);

    for (const name of ['enter', 'nothing', '__proto__', 'constructor', 'toString'])
      expect((await browser.get(name)).status).to.equal(404);
  });

  it('is not there without authentication, nor is any other', async () => {
    await using world = await startPagesWorld({ auth: { enabled: false } });
    const browser = new PagesBrowser(world.deps);

    for (const name of ['', 'sign-in', 'sign-out', 'enter'])
      expect((await browser.get(name)).status).to.equal(404);
    expect((await browser.submit('sign-in', RIGHT)).status).to.equal(404);
  });

  it('does not wait for ClearML for ever', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);
    browser.cookies.set(world.clearml.cookieName, world.clearml.token(ALICE.name) ?? '');
    world.clearml.orderFault({ endpoint: '.*', fault: { kind: 'latency', ms: 60_000 } });

    const answer = await browser.get('', {}, AbortSignal.timeout(50));

    expect(answer.status).to.equal(503);
    expect(answer.headers?.['Retry-After']).to.equal('5');
    expect(world.lines, 'nothing has failed').to.deep.equal([]);
  });

  it('says so when something fails, without saying what', async () => {
    await using world = await startPagesWorld();
    const failing = { decide: () => Promise.reject(new Error('planted detail')) };
    const browser = new PagesBrowser({ ...world.deps, decider: failing });
    browser.cookies.set(world.clearml.cookieName, world.clearml.token(ALICE.name) ?? '');

    const answer = await browser.get('');

    expect(answer.status).to.equal(500);
    expect(answer.html).to.not.include('planted');
    expect(world.lines.at(-1)).to.include('a page failed').and.include('planted detail');
  });
});
