import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { addTask, ALICE, anEndpoint, SERVICE, tokenOf } from '../support/clearml-world.ts';
import { startApp, type TaskApp } from '../support/e2e-app.ts';
import { eventually } from '../support/eventually.ts';
import { Gateway } from '../support/gateway-harness.ts';
import { headerOf, rawRequest } from '../support/http-client.ts';
import { refreshOf } from '../support/pages-browser.ts';
import { childrenOf } from '../support/processes.ts';
import { Visitor } from './support/visitor.ts';

const DOMAIN = 'apps.localhost';
const TOKEN_SECRET = 'planted-token-secret-of-the-server';
const SESSION_SECRET = 'planted-session-secret-0123456789';
const WRONG_PASSWORD = 'planted-wrong-password';
const QUERY_TOKEN = 'planted-query-token';
const RUNTIME_SECRET = 'planted-runtime-password';

/** Names of the files in a folder and below it, sockets and links left out. */
async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}

describe('secrets', function () {
  this.timeout(60_000);
  let clearml: EmbeddedClearml;
  let gateway: Gateway;
  let app: TaskApp;
  let task: string;
  /** By what they are. */
  const planted = new Map<string, string>([
    ['the secret of the router', SERVICE.secretKey],
    ['the secret of a user', ALICE.secretKey],
    ['a wrong password', WRONG_PASSWORD],
    ['the secret of sessions', SESSION_SECRET],
    ['the secret of tokens', TOKEN_SECRET],
    ['a token in a query', QUERY_TOKEN],
    ['a password in a runtime', RUNTIME_SECRET],
    ['a Basic credential', Buffer.from(`${ALICE.accessKey}:${ALICE.secretKey}`).toString('base64')],
    [
      'a wrong Basic credential',
      Buffer.from(`${ALICE.accessKey}:${WRONG_PASSWORD}`).toString('base64'),
    ],
  ]);

  before(async () => {
    clearml = new EmbeddedClearml({
      seed: { users: [ALICE, { ...SERVICE, service: true }], queues: [{ name: 'default' }] },
      featureSet: 'advanced',
      tokenSecret: TOKEN_SECRET,
    });
    await clearml.start();
    app = await startApp('the application');
    gateway = await Gateway.start({
      clearml,
      tcpPorts: 2,
      environment: {
        CLEARWAY_ROUTE_DOMAIN: DOMAIN,
        CLEARWAY_SESSION_SECRET: SESSION_SECRET,
        AUTH_BASE64_JWKS_KEY: TOKEN_SECRET,
        LOGGER_LEVEL: 'DEBUG',
      },
    });
    task = addTask(clearml, [anEndpoint('http', app.port)]);
    clearml.tasks.patchRuntime(task, {
      JUPYTER_PASSWORD: RUNTIME_SECRET,
      _jupyter_token: RUNTIME_SECRET,
      internal_ssh_password: RUNTIME_SECRET,
    });
    await eventually(() => expect(clearml.tasks.runtime(task)['endpoint']).to.be.a('string'));
  });

  after(async () => {
    await gateway.stop();
    await app[Symbol.asyncDispose]();
    await clearml.close();
  });

  /** Uses every credential that there is, rightly and wrongly, everywhere. */
  async function useAll(): Promise<void> {
    const routeHost = `${task}.${DOMAIN}:${gateway.port}`;
    const main = new Visitor({ port: gateway.port, origin: gateway.url });
    const own = new Visitor({ port: gateway.port, origin: `http://${routeHost}` });
    await main.signIn(ALICE.accessKey, WRONG_PASSWORD);
    const target = `/x?token=${QUERY_TOKEN}`;
    const begun = new URL(
      headerOf(await own.get(`/_clearway/sign-in?to=${encodeURIComponent(target)}`), 'location') ??
        '',
    );
    await main.get(begun.pathname + begun.search);
    const signedIn = await main.submit('/_clearway/sign-in', {
      name: ALICE.accessKey,
      secret: ALICE.secretKey,
    });
    const entered = new URL(refreshOf(signedIn.body) ?? '');
    planted.set('a one-time code', entered.searchParams.get('code') ?? '');
    await own.get(entered.pathname + entered.search);
    expect((await own.get(target)).status).to.equal(200);
    await own.get(entered.pathname + entered.search);
    for (const [what, visitor] of [
      ['of the main host', main],
      ['of a route', own],
    ] as const)
      for (const [name, value] of visitor.cookies) planted.set(`the cookie ${name} ${what}`, value);

    const token = tokenOf(clearml, ALICE);
    planted.set('a token', token);
    const ask = (path: string, ...headers: readonly (readonly [string, string])[]) =>
      rawRequest(gateway.port, { target: path, host: routeHost, headers });
    const referer = ['Referer', `http://x/?token=${QUERY_TOKEN}`] as const;
    expect((await ask(target, ['Authorization', `Bearer ${token}`], referer)).status).to.equal(200);
    await ask(target, ['Cookie', `${clearml.cookieName}=${token}`]);
    for (const what of ['a Basic credential', 'a wrong Basic credential'])
      await ask(target, ['Authorization', `Basic ${planted.get(what) ?? ''}`]);
    await ask(target, ['Authorization', `Bearer ${token.slice(0, -3)}xyz`]);
    await ask(`/%00?token=${QUERY_TOKEN}`, referer);
    clearml.orderFault({ endpoint: '.*', fault: { kind: 'status', status: 500 } });
    await ask(target, ['Authorization', `Bearer ${tokenOf(clearml, ALICE)}`]);
    clearml.clearFaults();
    await app[Symbol.asyncDispose]();
    await ask(target, ['Authorization', `Bearer ${token}`], referer);
  }

  // Attack: read logs, metrics, files, arguments and environments, which more people see than secrets.
  // Outcome: no credential, key, code or query is in any of them.
  it('T34: no secret is written down where others look', async () => {
    await useAll();
    await eventually(async () => expect(await gateway.proxy.log()).to.contain('"path":"/x"'));
    const workers = await childrenOf(await gateway.nginxPid());
    const nginx = [await gateway.nginxPid(), ...workers];
    const texts = new Map<string, string>([
      ['log of the router', await gateway.router.log()],
      ['log of the proxy', await gateway.proxy.log()],
      ['metrics', await (await fetch(`${gateway.metricsUrl}/metrics`)).text()],
      ['readiness', await (await fetch(`${gateway.metricsUrl}/readyz`)).text()],
      ['routes', JSON.stringify(await gateway.routes())],
    ]);
    for (const file of [
      ...(await filesIn(join(gateway.folder, 'nginx'))),
      ...(await filesIn(join(gateway.folder, 'run'))),
    ])
      texts.set(file, await readFile(file, 'latin1'));
    for (const entry of await readdir('/proc')) {
      if (/^\d+$/.test(entry))
        texts.set(
          `arguments of ${entry}`,
          await readFile(`/proc/${entry}/cmdline`, 'latin1').catch(() => ''),
        );
    }
    for (const pid of nginx)
      texts.set(`environment of nginx ${pid}`, await readFile(`/proc/${pid}/environ`, 'latin1'));

    expect(planted.size).to.be.greaterThan(13);
    for (const [what, secret] of planted) {
      expect(secret, what).to.have.length.greaterThan(8);
      for (const [where, text] of texts)
        expect(text.includes(secret), `${what} in ${where}`).to.equal(false);
    }
  });
});
