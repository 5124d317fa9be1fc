import { existsSync } from 'node:fs';
import type { Context } from 'mocha';
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright-core';
import { notRun } from './not-run.ts';

const CHROMIUM = '/usr/bin/chromium';

/** Names that lead to this machine, in the browser only. */
const HOST_RULES = 'MAP *.test 127.0.0.1';

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  `--host-resolver-rules=${HOST_RULES}`,
];

/** Starts Debian's Chromium, in which `*.test` is this machine; where it is missing, the tests say so and do not run. */
export async function startBrowser(context: Context): Promise<Browser> {
  if (!existsSync(CHROMIUM)) return notRun(context, `there is no ${CHROMIUM}`);
  return chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
}

/** Gives a page of a browser without any memory to `use`, and closes it. */
export async function inNewContext(
  browser: Browser,
  options: BrowserContextOptions,
  use: (page: Page) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext(options);
  try {
    await use(await context.newPage());
  } finally {
    await context.close();
  }
}
