import type { IncomingMessage, ServerResponse } from 'node:http';
import { expect } from 'chai';
import type { Page } from 'playwright-core';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import type { KeyPair } from './certificates.ts';
import { addTask, ALICE, anEndpoint, startClearml } from './clearml-world.ts';
import { EchoApp } from './echo-app.ts';
import { eventually } from './eventually.ts';
import { Gateway, type GatewayOptions } from './gateway-harness.ts';

/** Somebody of the company with a password, who may read the task of alice. */
export const CAROL = {
  name: 'carol',
  password: 'correct horse',
  displayName: 'Carol Example',
  company: ALICE.company,
};

/** What a test may choose of a {@link BrowserWorld}. */
export interface BrowserWorldOptions {
  readonly host?: string;
  readonly certificate?: KeyPair;
  /** `{outside}` stands for the port of the other web server. */
  readonly environment?: GatewayOptions['environment'];
}

/** A ClearML API, a gateway as two processes, and a task with a web page that can be used. */
export class BrowserWorld {
  readonly clearml: EmbeddedClearml;
  readonly gateway: Gateway;
  /** The application: `/` shows what was asked for, `/away` leads to another origin. */
  readonly app: EchoApp;
  /** Another web server: pages of other origins. */
  readonly outside: EchoApp;
  readonly task: string;

  private constructor(
    parts: Pick<BrowserWorld, 'clearml' | 'gateway' | 'app' | 'outside' | 'task'>,
  ) {
    this.clearml = parts.clearml;
    this.gateway = parts.gateway;
    this.app = parts.app;
    this.outside = parts.outside;
    this.task = parts.task;
  }

  /** Starts everything, and waits until the task has its address; `stop` must be called. */
  static async start(options: BrowserWorldOptions = {}): Promise<BrowserWorld> {
    const clearml = await startClearml();
    clearml.addUser(CAROL);
    const outside = await EchoApp.start(answerOutside);
    const app = await EchoApp.start((request, response) => answerApp(request, response, outside));
    const gateway = await Gateway.start({
      clearml,
      ...options,
      environment: expandPorts(options.environment ?? {}, outside.port),
    });
    const task = addTask(clearml, [anEndpoint('http', app.port)]);
    await eventually(() => {
      expect(clearml.tasks.runtime(task)).to.have.property('endpoint');
    });
    return new BrowserWorld({ clearml, gateway, app, outside, task });
  }

  /** Address of the application in path mode. */
  get appUrl(): string {
    return `${this.gateway.url}/service/${this.task}/`;
  }

  async stop(): Promise<void> {
    await this.gateway.stop();
    await this.app.stop();
    await this.outside.stop();
    await this.clearml.close();
  }
}

/** Fills in the form of the sign-in page and sends it. */
export async function signIn(page: Page, secret = CAROL.password): Promise<void> {
  await page.getByLabel('User name or access key').fill(CAROL.name);
  await page.getByLabel('Password or secret key').fill(secret);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

/** Waits until the application shows that this was asked for. */
export async function untilApp(page: Page, path = '/'): Promise<void> {
  await page.locator('#path', { hasText: path }).waitFor({ timeout: 5_000 });
  expect(await page.locator('#path').textContent()).to.equal(path);
}

/** `{outside}` stands for the port of the other web server, which is not known before. */
function expandPorts(
  environment: Readonly<Record<string, string>>,
  port: number,
): Record<string, string> {
  const expanded = Object.entries(environment).map(([name, value]) => {
    return [name, value.replaceAll('{outside}', String(port))] as const;
  });
  return Object.fromEntries(expanded);
}

function answerApp(request: IncomingMessage, response: ServerResponse, outside: EchoApp): void {
  const url = request.url ?? '';
  if (url === '/away') {
    response.writeHead(302, { Location: `http://outside.test:${outside.port}/welcome` }).end();
    return;
  }
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
  response.end(`<!doctype html><title>An application</title><p id="path">${escaped(url)}</p>`);
}

/** A page with a frame in which is what its query says, or one that says welcome. */
function answerOutside(request: IncomingMessage, response: ServerResponse): void {
  const framed = new URL(request.url ?? '', 'http://outside').searchParams.get('frame');
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8' });
  const content =
    framed === null
      ? '<p id="path">/welcome</p>'
      : `<iframe name="inner" width="700" height="500" src="${escaped(framed)}"></iframe>`;
  response.end(`<!doctype html><title>Outside</title>${content}`);
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('"', '&quot;').replaceAll('<', '&lt;');
}
