import { expect } from 'chai';
import { ALICE, startPagesWorld } from '../../support/pages-world.ts';
import { PagesBrowser, sentTo } from '../../support/pages-browser.ts';

describe('sign-in page', () => {
  it('signs in with a user name and its password, and goes on to the address asked for', async () => {
    await using world = await startPagesWorld();
    const browser = new PagesBrowser(world.deps);

    const page = await browser.get('sign-in?to=%2Fservice%2Fabc%2Fx%3Fy%3D1');
    const answer = await browser.submit('sign-in', { name: ALICE.name, secret: ALICE.password });

    console.log(page, answer, world.lines, browser.cookies);
    expect(sentTo(answer)).to.equal('/service/abc/x?y=1');
  });
});
