import { expect } from 'chai';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { completeTask } from '../../src/embedded/demo/clearml.ts';
import {
  addTask,
  ALICE,
  anEndpoint,
  callerOf,
  EVE,
  startClearml,
  tokenOf,
} from '../support/clearml-world.ts';
import { startApp, type TaskApp } from '../support/e2e-app.ts';
import { eventually } from '../support/eventually.ts';
import { Gateway } from '../support/gateway-harness.ts';
import { headerOf, rawRequest, type RawAnswer } from '../support/http-client.ts';

// Names below it mean this machine (RFC 6761, section 6.3).
const DOMAIN = 'apps.localhost';

describe('the life of a task with hosts of its own', function () {
  this.timeout(60_000);
  let clearml: EmbeddedClearml;
  let gateway: Gateway;
  let main: TaskApp;
  let api: TaskApp;
  let task: string;

  before(async () => {
    clearml = await startClearml();
    main = await startApp('the main application');
    api = await startApp('its api');
    gateway = await Gateway.start({ clearml, environment: { CLEARWAY_ROUTE_DOMAIN: DOMAIN } });
    task = addTask(clearml, [anEndpoint('http', main.port), anEndpoint('http', api.port, 'api')]);
  });

  after(async () => {
    await gateway.stop();
    await main[Symbol.asyncDispose]();
    await api[Symbol.asyncDispose]();
    await clearml.close();
  });

  /** Asks a published address, as a client does that resolves its host to the gateway. */
  function ask(url: string, account?: typeof ALICE): Promise<RawAnswer> {
    const { host, pathname, search } = new URL(url);
    const headers =
      account === undefined
        ? []
        : [['Authorization', `Bearer ${tokenOf(clearml, account)}`] as const];
    return rawRequest(gateway.port, { host, target: pathname + search, headers });
  }

  const hostOf = (key: string): string => `http://${key}.${DOMAIN}:${gateway.port}/`;

  it('has a published address for each endpoint, which answers with its application', async () => {
    await eventually(() =>
      expect(clearml.tasks.runtime(task)).to.include({
        endpoint: hostOf(task),
        browser_endpoint: hostOf(task),
        endpoint__api: hostOf(`${task}--api`),
      }),
    );

    const answers = [await ask(hostOf(task), ALICE), await ask(hostOf(`${task}--api`), ALICE)];
    expect(answers.map(({ status, body }) => [status, body])).to.deep.equal([
      [200, 'the main application'],
      [200, 'its api'],
    ]);
  });

  it('leads there from the path that the main host has for it', async () => {
    const answer = await ask(`${gateway.url}/service/${task}/page?a=b`, ALICE);

    expect(answer.status).to.equal(308);
    expect(headerOf(answer, 'location')).to.equal(`${hostOf(task)}page?a=b`);
  });

  it('is closed to everybody else', async () => {
    expect((await ask(hostOf(task))).status).to.equal(401);
    expect((await ask(hostOf('f'.repeat(32)))).status).to.equal(401);
    expect((await ask(hostOf(task), EVE)).status).to.equal(404);
    expect((await ask(hostOf('f'.repeat(32)), EVE)).status).to.equal(404);
    expect((await ask(`http://${task}.other.localhost/`, ALICE)).status).to.equal(421);
  });

  it('ends with the addresses gone, from the proxy and from ClearML', async () => {
    await completeTask(callerOf(clearml, ALICE), task, new AbortController().signal);

    await eventually(async () => {
      expect((await ask(hostOf(task), ALICE)).status).to.equal(404);
      expect((await ask(hostOf(`${task}--api`), ALICE)).status).to.equal(404);
    });
    await eventually(() =>
      expect(clearml.tasks.runtime(task)).to.not.include.any.keys(
        ...['endpoint', 'browser_endpoint', 'endpoint__api', 'browser_endpoint__api'],
      ),
    );
  });
});
