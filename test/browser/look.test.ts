import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import axe from 'axe-core';
import { expect } from 'chai';
import type { Browser, Page } from 'playwright-core';
import { inNewContext, startBrowser } from '../support/browser.ts';
import { BrowserWorld, CAROL, signIn, untilApp } from '../support/browser-world.ts';
import { addTask, anEndpoint } from '../support/clearml-world.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-ports.ts';

const IMAGES = join(import.meta.dirname, '../../docs/images');
/** Pictures of the documentation are made by a run with CLEARWAY_SCREENSHOTS=1. */
const IS_DRAWING = process.env['CLEARWAY_SCREENSHOTS'] === '1';
const WINDOW = { width: 720, height: 520 };

interface AxeResult {
  readonly id: string;
  readonly nodes: readonly string[];
}

/** Brings a browser that is not signed in to a page. */
type Visit = (page: Page, world: BrowserWorld) => Promise<void>;

const at =
  (path: string): Visit =>
  async (page, { gateway }) => {
    await page.goto(`${gateway.url}${path}`);
  };

const signedInAt =
  (path: string): Visit =>
  async (page, world) => {
    await page.goto(world.appUrl);
    await signIn(page);
    await untilApp(page);
    await page.goto(`${world.gateway.url}${path}`);
  };

/** Picture of the documentation, in light and dark, and the page. */
const PAGES: readonly (readonly [name: string, heading: string, visit: Visit])[] = [
  ['sign-in', 'Sign in', at('/service/abc/')],
  [
    'sign-in-refused',
    'Sign in',
    async (page, world) => {
      await at('/_clearway/sign-in')(page, world);
      await signIn(page, 'wrong horse');
      await page.getByRole('alert').waitFor();
    },
  ],
  ['account', 'Signed in', signedInAt('/_clearway/')],
  ['sign-out', 'Sign out', signedInAt('/_clearway/sign-out')],
  [
    'signed-out',
    'You are signed out',
    async (page, world) => {
      await signedInAt('/_clearway/sign-out')(page, world);
      await page.getByRole('button', { name: 'Sign out', exact: true }).click();
    },
  ],
  ['not-signed-in', 'Not signed in', at('/_clearway/sign-out')],
  [
    'waiting',
    'Waiting for the application',
    async (page, world) => {
      const id = addTask(world.clearml, [anEndpoint('http', await freePort())]);
      await eventually(() => {
        expect(world.clearml.tasks.runtime(id)).to.have.property('endpoint');
      });
      await signedInAt(`/service/${id}/`)(page, world);
    },
  ],
  ['not-found', 'Not found', signedInAt('/_clearway/nothing')],
];

/** Looking again by itself is what the waiting page is for; it holds nothing that could be lost. */
const WAIVED: Readonly<Record<string, string>> = { waiting: 'meta-refresh' };
const DRAWN = new Set(['sign-in', 'sign-out', 'waiting']);

describe('how the pages of the gateway look', function () {
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

  for (const [name, heading, visit] of PAGES) {
    for (const colorScheme of ['light', 'dark'] as const) {
      it(`is good for everybody: ${name} in ${colorScheme}`, () =>
        inNewContext(browser!, { colorScheme, viewport: WINDOW }, async (page) => {
          await visit(page, world!);
          await page.getByRole('heading', { name: heading, exact: true }).waitFor();

          const found = await violations(page);
          expect(found.filter(({ id }) => WAIVED[name] !== id)).to.deep.equal([]);
          expect(await isDark(page)).to.equal(colorScheme === 'dark');
          if (IS_DRAWING && DRAWN.has(name)) await draw(page, `${name}-${colorScheme}`);
        }));
    }
  }

  it('fits a narrow screen', () =>
    inNewContext(browser!, { viewport: { width: 320, height: 480 } }, async (page) => {
      for (const visit of [
        at('/_clearway/sign-in'),
        signedInAt('/_clearway/'),
        at('/_clearway/sign-out'),
      ]) {
        await visit(page, world!);
        expect(await page.evaluate('document.documentElement.scrollWidth')).to.be.at.most(320);
      }
    }));

  it('needs nothing but the page itself, which is small', () =>
    inNewContext(browser!, {}, async (page) => {
      const asked: string[] = [];
      const complaints: string[] = [];
      page.on('request', (request) => asked.push(request.url()));
      page.on('console', (message) => complaints.push(message.text()));

      const answer = await page.goto(`${world!.gateway.url}/_clearway/sign-in`);
      await page.getByLabel('User name or access key').fill(CAROL.name);

      expect(asked.filter((url) => !url.endsWith('/favicon.ico'))).to.have.length(1);
      expect((await answer!.body()).length).to.be.below(8_192);
      expect(complaints.filter((text) => /Content Security Policy/.test(text))).to.deep.equal([]);
    }));
});

/** What axe-core finds against the rules of WCAG 2.2 AA and its best practices. */
async function violations(page: Page): Promise<readonly AxeResult[]> {
  // Evaluated by the debugger: the policy of the page lets no script in.
  await page.evaluate(axe.source);
  return page.evaluate(`axe.run(document).then(({ violations }) =>
    violations.map(({ id, nodes }) => ({ id, nodes: nodes.map(({ html }) => html) })))`);
}

async function isDark(page: Page): Promise<boolean> {
  const colour = String(await page.evaluate('getComputedStyle(document.body).backgroundColor'));
  const [red = 255] = (/\d+/.exec(colour) ?? []).map(Number);
  return red < 128;
}

async function draw(page: Page, name: string): Promise<void> {
  await mkdir(IMAGES, { recursive: true });
  await page.screenshot({ path: join(IMAGES, `${name}.png`) });
}
