import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { expect } from 'chai';
import {
  makePageRenderer,
  readPageTexts,
  type PageRenderer,
  type PageViews,
} from '../../../src/access/pages/page-renderer.ts';
import { OperatorError } from '../../../src/errors.ts';

const TEMPLATES = join(import.meta.dirname, '../../../templates/pages');
const NASTY = `"><script>alert(1)</script>'&{{x}}`;

const MOMENT = { text: NASTY, iso: NASTY };
const VIEWS: PageViews = {
  'sign-in': {
    hasForm: true,
    problem: NASTY,
    advice: NASTY,
    ownTab: NASTY,
    userName: NASTY,
    token: NASTY,
    to: NASTY,
    host: NASTY,
    state: NASTY,
  },
  'sign-out': { name: NASTY, token: NASTY, problem: NASTY },
  account: { name: NASTY, since: MOMENT, until: MOMENT, byClearml: true },
  onward: { target: NASTY },
  message: { title: NASTY, text: NASTY, advice: NASTY, links: [{ href: NASTY, text: NASTY }] },
};
const NAMES = Object.keys(VIEWS) as (keyof PageViews)[];

async function aRenderer(): Promise<PageRenderer> {
  return makePageRenderer(await readPageTexts(TEMPLATES));
}

describe('PageRenderer', () => {
  for (const name of NAMES) {
    it(`escapes every value of ${name}`, async () => {
      const html = (await aRenderer()).render(name, VIEWS[name]);

      expect(html).to.include('&lt;script&gt;').and.not.include('<script');
      expect(html).to.not.match(/="[^"]*[<>][^"]*"/);
      expect(html.replaceAll('&#x27;', '')).to.not.include(`">'`);
    });

    it(`shows one style in ${name}, which is the one of the hash, and nothing from elsewhere`, async () => {
      const renderer = await aRenderer();
      const html = renderer.render(name, VIEWS[name]);

      const styles = [...html.matchAll(/<style>([^]*?)<\/style>/g)].map(([, style = '']) => style);
      expect(styles).to.have.length(1);
      const hash = createHash('sha256')
        .update(styles[0] ?? '')
        .digest('base64');
      expect(renderer.styleHash).to.equal(`sha256-${hash}`);
      expect(html).to.not.match(/\sstyle=|\son\w+=|\ssrc=|url\(|@import|<link|<script|<img/);
    });
  }

  it('throws for a value that is to be shown and was not given', async () => {
    const { token, problem } = VIEWS['sign-out'];
    const renderer = await aRenderer();

    expect(() => renderer.render('sign-out', { token, problem } as never)).to.throw(/not defined/);
  });

  it('says which template is broken', async () => {
    const texts = await readPageTexts(TEMPLATES);
    const broken = { ...texts, pages: { ...texts.pages, account: '{{#if}' } };

    expect(() => makePageRenderer(broken))
      .to.throw(OperatorError)
      .with.property('details')
      .that.deep.equals({ template: 'account' });
  });

  it('says which folder has no templates', async () => {
    const error = await readPageTexts('/nonexistent').catch((thrown: unknown) => thrown);

    expect(error).to.be.instanceOf(OperatorError).with.property('code', 'PROXY_TEMPLATE_INVALID');
  });
});
