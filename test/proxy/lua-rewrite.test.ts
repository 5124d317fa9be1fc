import { expect } from 'chai';
import fc from 'fast-check';
import { LuaRunner } from '../support/lua-runner.ts';

const HOST = 'key.apps.example:8010';
const UPSTREAM = '10.0.0.1:80';

describe('rewrite.location on a host of its own', function () {
  this.timeout(30_000);
  let lua: LuaRunner;

  before(async () => {
    lua = await LuaRunner.start(['rewrite']);
  });

  after(() => lua.stop());

  async function rewrite(location: string): Promise<string> {
    return String((await lua.call('rewrite.location', location, '', HOST, UPSTREAM))[0]);
  }

  it('leads away from the upstream, which browsers cannot reach', async () => {
    expect(await rewrite('http://10.0.0.1/login?next=%2F#top')).to.equal('/login?next=%2F#top');
    expect(await rewrite('//10.0.0.1:80')).to.equal('/');
    expect(await rewrite('http://10.0.0.1:80?a')).to.equal('/?a');
    expect(await rewrite('http://10.0.0.1//evil.example/')).to.equal('/.//evil.example/');
  });

  it('leaves everything else alone', async () => {
    for (const location of [
      ...['/login', '//evil.example/', `http://${HOST}/a`, 'https://idp.example/?to=/', 'a/b'],
      ...['/service/key/', '/_clearway/sign-out', 'http://10.0.0.1:8080/', '', '/\t/a'],
    ])
      expect(await rewrite(location)).to.equal(location);
  });

  it('changes the host only, whatever the application writes', () => {
    const part = fc.constantFrom(
      ...['/', '//', '\\', '\t', '\n', ' ', '?', '#', 'a', '..', '.', '@', ':80', '%2f', HOST],
      ...['evil.example', UPSTREAM, '/_clearway/', 'http://', 'javascript:'],
    );
    const location = fc
      .tuple(
        fc.constantFrom('http://', 'HTTPS://', '//', '/', ''),
        fc.constantFrom(UPSTREAM, UPSTREAM, '10.0.0.1', HOST, 'evil.example'),
        fc.array(part, { maxLength: 6 }).map((parts) => parts.join('')),
      )
      .map((parts) => parts.join(''));
    return fc.assert(
      fc.asyncProperty(location, async (text) => {
        const rewritten = await rewrite(text);

        if (rewritten === text) return;
        const [seen, meant] = [rewritten, text].map((one) => new URL(one, `http://${HOST}/page`));
        expect(seen?.host).to.equal(HOST);
        expect(meant?.hostname).to.equal('10.0.0.1');
        expect(seen?.href.slice(seen.origin.length)).to.equal(
          meant?.href.slice(meant.origin.length),
        );
      }),
      { numRuns: 1_500 },
    );
  });
});
