import { expect } from 'chai';
import type { PageAnswer } from '../../../src/access/pages/page-http.ts';
import { ELSEWHERE } from '../../support/elsewhere.ts';
import { PagesBrowser, problemOf, sentTo } from '../../support/pages-browser.ts';
import {
  AGENT,
  ALICE,
  auditsOf,
  BOB,
  startPagesWorld,
  VISITOR,
} from '../../support/pages-world.ts';

const RIGHT = { name: ALICE.name, secret: ALICE.password };
const WRONG = { name: ALICE.name, secret: 'wrong horse' };

describe('sign-in page', () => {
  it('signs in with a user name and its password, and goes on to the address asked for', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);

    const page = await browser.get('sign-in?to=%2Fservice%2Fabc%2Fx%3Fy%3D1');
    const answer = await browser.submit('sign-in', RIGHT);

    expect(page.status).to.equal(200);
    expect(answer.status).to.equal(200);
    expect(sentTo(answer)).to.equal('/service/abc/x?y=1');
    const session = await browser.session();
    expect(session).to.include({ name: ALICE.displayName });
    expect(session?.host).to.equal(undefined);
    expect(auditsOf(world)).to.deep.equal([
      { msg: 'signed in', user: session?.user, address: '192.0.2.1' },
    ]);
  });

  it('signs in with an access key and its secret', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);

    await browser.get('sign-in');
    const answer = await browser.submit('sign-in', { name: BOB.accessKey, secret: BOB.secretKey });

    expect(sentTo(answer)).to.equal('/_clearway/');
    expect(await browser.session()).to.include({ name: BOB.displayName });
  });

  it('lets a session end with the setting, and the ClearML token with it', async () => {
    await using world = await startPagesWorld({ auth: { sessionSeconds: 600 } });
    const browser = new PagesBrowser(world.deps);

    await browser.get('sign-in');
    const { cookies = [] } = await browser.submit('sign-in', RIGHT);

    const session = await browser.session();
    expect((session?.expires ?? 0) - world.clock.now()).to.be.within(598_000, 600_000);
    expect(cookies[0]).to.match(/; Max-Age=(599|600); Path=\/; HttpOnly; Secure; SameSite=Lax$/);
    world.clock.advance(600_000);
    expect(await browser.session()).to.equal(undefined);
  });

  it('is in the way of no password manager, and of nobody without a mouse', async () => {
    await using world = await startPagesWorld();
    const { html = '' } = await new PagesBrowser(world.deps).get('sign-in');

    expect(html).to.match(/<label for="name">User name or access key<\/label>/);
    expect(html).to.match(/<label for="secret">Password or secret key<\/label>/);
    expect(html).to.match(/id="name"[^>]*autocomplete="username"[^>]* autofocus>/);
    expect(html).to.match(/id="secret"[^>]*autocomplete="current-password"/);
  });

  for (const [what, fields] of [
    ['a wrong password', WRONG],
    ['an unknown user', { name: 'nobody', secret: 'x' }],
    ['a wrong secret', { name: BOB.accessKey, secret: 'x' }],
    ['no password', { name: ALICE.name, secret: '' }],
    ['no name', { name: '', secret: 'x' }],
    ['a name with a colon', { name: 'alice:correct', secret: 'horse' }],
    ['a name of two lines', { name: 'alice\nX-Evil: 1', secret: 'x' }],
    ['a very long name', { name: 'x'.repeat(8_000), secret: 'x' }],
    ['a very long password', { name: ALICE.name, secret: 'x'.repeat(8_000) }],
  ] as const) {
    it(`says the same about ${what} as about everything that is wrong`, async () => {
      await using world = await startPagesWorld();
      const browser = new PagesBrowser(world.deps);

      await browser.get('sign-in?to=%2Fservice%2Fabc%2F');
      const answer = await browser.submit('sign-in', fields);

      expect(answer.status).to.equal(401);
      expect(answer.headers?.['WWW-Authenticate']).to.equal('Bearer realm="clearway"');
      expect(problemOf(answer)).to.equal(
        'That user name and password, or key and secret, are not right.',
      );
      expect(answer.html).to.include('name="to" value="/service/abc/"');
      expect(answer.html).to.not.include(fields.secret === '' ? 'horse' : `"${fields.secret}"`);
      expect(await browser.session()).to.equal(undefined);
    });
  }

  it('keeps the name that was typed, and goes on to the password', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);

    await browser.get('sign-in');
    const { html } = await browser.submit('sign-in', { name: '<b>"alice"', secret: 'x' });

    expect(html).to.include('value="&lt;b&gt;&quot;alice&quot;"');
    expect(html).to.match(/id="secret"[^>]* autofocus>/);
  });

  it('never writes a password down, and cuts a name short', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);
    const name = `${'x'.repeat(5_000)}\nforged`;

    await browser.get('sign-in');
    await browser.submit('sign-in', { name, secret: 'planted-secret-1' });
    await browser.submit('sign-in', { name: ALICE.name, secret: 'planted-secret-2' });
    await browser.submit('sign-in', RIGHT);

    expect(world.lines.join('')).to.not.include('planted-secret').and.not.include(ALICE.password);
    expect(Math.max(...world.lines.map((line) => line.length))).to.be.below(400);
    expect(
      auditsOf(world).map(({ msg, name: typed, reason }) => [msg, typed, reason]),
    ).to.deep.equal([
      ['sign-in refused', `${'x'.repeat(63)}…`, 'wrong'],
      ['sign-in refused', 'alice', 'wrong'],
      ['signed in', undefined, undefined],
    ]);
  });

  it('tells the owner of a service key what to use instead, and ends the token', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);

    await browser.get('sign-in');
    const answer = await browser.submit('sign-in', {
      name: AGENT.accessKey,
      secret: AGENT.secretKey,
    });

    expect(answer.status).to.equal(403);
    expect(problemOf(answer)).to.match(/service account/);
    expect(world.clearml.calls('auth.logout')).to.equal(1);
  });

  it('does not let a guest in, and ends the token', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);

    await browser.get('sign-in');
    const answer = await browser.submit('sign-in', {
      name: VISITOR.name,
      secret: VISITOR.password,
    });

    expect(answer.status).to.equal(403);
    expect(problemOf(answer)).to.equal('Guests cannot sign in here.');
    expect(world.clearml.calls('auth.logout')).to.equal(1);
  });

  it('says so when ClearML cannot be asked, and keeps the name', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);
    world.clearml.orderFault({ endpoint: 'auth.login', fault: { kind: 'status', status: 500 } });

    await browser.get('sign-in');
    const answer = await browser.submit('sign-in', RIGHT);

    expect(answer.status).to.equal(503);
    expect(answer.headers?.['Retry-After']).to.equal('5');
    expect(problemOf(answer)).to.match(/ClearML cannot be asked just now/);
    expect(answer.html).to.include('value="alice"');
  });

  it('lets nobody in whose name ClearML does not tell, and ends the token', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);
    world.clearml.orderFault({
      endpoint: 'users.get_current_user',
      fault: { kind: 'status', status: 500 },
    });

    await browser.get('sign-in');
    const answer = await browser.submit('sign-in', RIGHT);

    expect(answer.status).to.equal(503);
    expect(world.clearml.calls('auth.logout')).to.equal(1);
  });

  it('stops who tries too often, with the time to wait, and asks ClearML no more', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);
    await browser.get('sign-in');
    const answers: PageAnswer[] = [];
    for (let count = 0; count < 11; count++) answers.push(await browser.submit('sign-in', WRONG));

    const last = answers.at(-1);
    const asked = world.clearml.calls('auth.login');
    const right = await browser.submit('sign-in', RIGHT);

    expect(answers.slice(0, 10).map(({ status }) => status)).to.deep.equal(Array(10).fill(401));
    expect(last?.status).to.equal(429);
    expect(Number(last?.headers?.['Retry-After'])).to.be.within(1, 60);
    expect(last?.html).to.include('There were too many wrong tries.').and.include('in a minute');
    expect(right.status, 'the right one has to wait too').to.equal(429);
    expect(world.clearml.calls('auth.login')).to.equal(asked);
    world.clock.advance(60_000);
    expect(sentTo(await browser.submit('sign-in', RIGHT))).to.equal('/_clearway/');
  });

  it('counts wrong tries of one address, whatever the names', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);
    await browser.get('sign-in');

    for (let count = 0; count < 30; count++)
      await browser.submit('sign-in', { name: `user-${count}`, secret: 'x' });
    const answer = await browser.submit('sign-in', RIGHT);
    const elsewhere = await browser.submit('sign-in', RIGHT, { address: '192.0.2.2' });

    expect(answer.status).to.equal(429);
    expect(elsewhere.status).to.equal(200);
  });

  it('makes a new session with each sign-in, and ends the one that the browser had', async () => {
    await using world = await startPagesWorld();
    const [browser, thief] = [new PagesBrowser(world.deps), new PagesBrowser(world.deps)];
    await thief.get('sign-in');
    await thief.submit('sign-in', RIGHT);
    const planted = await thief.session();
    for (const [name, value] of thief.cookies) browser.cookies.set(name, value);

    await browser.submit('sign-in', { ...RIGHT, token: await formToken(thief) });

    const own = await browser.session();
    expect(own?.id).to.be.a('string').and.not.equal(planted?.id);
    expect(await thief.session(), 'who planted it has nothing').to.equal(undefined);
    expect(world.revoked).to.deep.equal([`session:${planted?.id ?? ''}`]);
    expect(world.clearml.calls('auth.logout')).to.equal(1);
  });

  it('says so when the token is longer than a cookie may be', async () => {
    await using world = await startPagesWorld();
    const deps = {
      ...world.deps,
      sessions: { ...world.deps.sessions, seal: () => Promise.resolve('x'.repeat(4_090)) },
    };
    const browser = new PagesBrowser(deps);

    await browser.get('sign-in');
    const answer = await browser.submit('sign-in', RIGHT);

    expect(answer.status).to.equal(500);
    expect(problemOf(answer)).to.match(/too long for a cookie/);
  });

  for (const text of ELSEWHERE) {
    it(`does not lead to ${JSON.stringify(text.slice(0, 60))}`, async () => {
      await using world = await startPagesWorld();
      const browser = new PagesBrowser(world.deps);

      await browser.get(`sign-in?to=${encodeURIComponent(text.toWellFormed())}`);
      const answer = await browser.submit('sign-in', { ...RIGHT, to: text });

      expect(sentTo(answer)).to.equal('/_clearway/');
    });
  }
});

/** A token for a form in the browser, which is signed in by now. */
async function formToken(browser: PagesBrowser): Promise<string> {
  const { html = '' } = await browser.get('sign-out');
  return /name="token" value="([^"]*)"/.exec(html)?.[1] ?? '';
}
