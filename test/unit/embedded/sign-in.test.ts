import { expect } from 'chai';
import { anApi } from './an-api.ts';

describe('the sign-in link', () => {
  it('sets a cookie that the API takes for this user', async () => {
    await using server = await anApi({ cookieName: 'tok' });

    const page = await fetch(`${server.api.url}/_embedded/sign-in?user=bob`);
    const [cookie = ''] = (page.headers.get('set-cookie') ?? '').split(';');
    const who = await fetch(`${server.api.url}/users.get_current_user`, { headers: { cookie } });

    expect(cookie).to.match(/^tok=/);
    expect(await who.text()).to.contain('"name":"bob"');
  });

  const targets: readonly (readonly [string, number])[] = [
    ['http://127.0.0.1:8010/service/x/', 302],
    ['http://127.0.0.1:8011/', 400],
    ['https://127.0.0.1:8010/', 400],
    ['javascript:alert(1)', 400],
    ['//evil.example/', 400],
    ['http://127.0.0.1:8010@evil.example/', 400],
  ];
  for (const [to, status] of targets) {
    it(`answers ${status} to a link that leads to ${to}`, async () => {
      await using server = await anApi({ signInTargets: ['http://127.0.0.1:8010'] });

      const url = `${server.api.url}/_embedded/sign-in?user=bob&to=${encodeURIComponent(to)}`;
      const answer = await fetch(url, { redirect: 'manual' });

      expect(answer.status).to.equal(status);
      expect(answer.headers.has('set-cookie')).to.equal(status === 302);
    });
  }

  it('does not know strangers', async () => {
    await using server = await anApi();

    const answer = await fetch(`${server.api.url}/_embedded/sign-in?user=eve`);

    expect([answer.status, answer.headers.has('set-cookie')]).to.deep.equal([404, false]);
  });
});
