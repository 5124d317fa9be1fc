import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { addTask, anEndpoint, startClearml } from '../support/clearml-world.ts';
import { startApp, type TaskApp } from '../support/e2e-app.ts';
import { eventually } from '../support/eventually.ts';
import { Gateway } from '../support/gateway-harness.ts';
import { Kubectl, kubectlBinary, KUBECTL_MINORS } from '../support/kubectl.ts';
import { notRun } from '../support/not-run.ts';

const CLEARWAY = fileURLToPath(new URL('../../bin/clearway', import.meta.url));
const run = promisify(execFile);

const ROUTE = `
apiVersion: clearway.dev/v1alpha1
kind: StaticRoute
metadata: {name: docs}
spec: {path: /docs}
`;

describe('kubectl behind the gateway', function () {
  this.timeout(60_000);
  let clearml: EmbeddedClearml;
  let gateway: Gateway;
  let app: TaskApp;
  let task: string;
  const binary = KUBECTL_MINORS.map(kubectlBinary).findLast((path) => path !== undefined);

  before(async function () {
    if (binary === undefined) notRun(this, 'no kubectl');
    clearml = await startClearml();
    gateway = await Gateway.start({ clearml });
    app = await startApp('an application');
    task = addTask(clearml, [anEndpoint('http', app.port)]);
  });

  after(async () => {
    if (binary === undefined) return;
    await gateway.stop();
    await app[Symbol.asyncDispose]();
    await clearml.close();
  });

  /** What `clearway` prints, run as an administrator of the host would. */
  async function clearway(...argv: readonly string[]): Promise<string> {
    const env = { ...process.env, CLEARWAY_STATE_FOLDER: gateway.stateFolder };
    return (await run(CLEARWAY, argv, { env })).stdout;
  }

  async function kubectlAs(role: string, name: string): Promise<Kubectl> {
    const words = ['--role', role, '--name', name, '--output', '-'];
    return Kubectl.make(binary ?? '', await clearway('kubeconfig', ...words));
  }

  it("sees the task's route through the proxy's loopback port, and waits for it", async () => {
    await using kubectl = await kubectlAs('view', 'looker');
    const route = `taskroute/${task}.http`;
    await eventually(async () => {
      expect((await kubectl.run(['get', route, '-o', 'name'])).code).to.equal(0);
    });

    const waited = await kubectl.run(['wait', '--for=condition=Ready', route, '--timeout=15s']);
    expect(waited).to.include({ code: 0 });
    const { stdout } = await kubectl.run([
      'get',
      'tr',
      '-o',
      'jsonpath={.items[*].status.endpoint}',
    ]);
    expect(stdout).to.equal(`${gateway.url}/service/${task}/`);
    expect(
      (await kubectl.run(['auth', 'whoami', '-o', 'jsonpath={.status.userInfo.username}'])).stdout,
    ).to.equal('looker');
    expect((await kubectl.run(['auth', 'can-i', 'delete', 'staticroutes'])).stdout).to.match(
      /^no\b/,
    );
  });

  it('writes a static route as an administrator, and not as a viewer; the log says who did', async () => {
    await using admin = await kubectlAs('admin', 'ops');
    await using view = await kubectlAs('view', 'viewer');

    const refused = await view.run(['apply', '-f', '-'], ROUTE);
    expect([refused.code, refused.stdout]).to.deep.equal([1, '']);
    expect(refused.stderr).to.match(
      /Forbidden.*User "viewer" cannot create resource "staticroutes"/,
    );
    const applied = await admin.run(['apply', '-f', '-'], ROUTE);
    expect([applied.code, applied.stdout]).to.deep.equal([
      0,
      'staticroute.clearway.dev/docs created\n',
    ]);
    const derived = await admin.run(['delete', 'taskroute', `${task}.http`]);
    expect(derived.stderr).to.include('derived');
    expect(await clearway('get', 'sr', '-o', 'name')).to.equal('staticroute.clearway.dev/docs\n');

    const lines = (await gateway.router.log())
      .split('\n')
      .filter((line) => line.includes('"audit":true'));
    const said = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    const writes = said.filter(({ verb, user }) => verb === 'create' && user !== 'clearway:local');
    expect(writes.map(({ user, status, command }) => [user, status, command])).to.deep.equal([
      ['viewer', 403, 'kubectl apply'],
      ['ops', 201, 'kubectl apply'],
    ]);
    expect(lines.join('\n')).not.to.include('cwt_');
  });

  it('goes on with the same kubeconfig when the router was started again', async () => {
    await using kubectl = await kubectlAs('view', 'patient');
    expect((await kubectl.run(['get', 'routers', '-o', 'name'])).code).to.equal(0);

    await gateway.router.stop();
    expect((await kubectl.run(['get', 'routers', '-o', 'name'])).code).to.equal(1);
    await gateway.router.start();

    await eventually(
      async () => {
        const { code, stdout } = await kubectl.run(['get', 'routers', '-o', 'name']);
        expect([code, stdout]).to.deep.equal([0, 'router.clearway.dev/e2e\n']);
      },
      { timeoutMs: 15_000, everyMs: 200 },
    );
  });

  it('is out at once when its credential is revoked, with a watch that is open', async () => {
    await using kubectl = await kubectlAs('view', 'leaver');
    const watching = kubectl.start(['get', 'routers', '-w']);
    await watching.prints(/e2e/);

    await clearway('kubeconfig', '--revoke', 'leaver');

    await watching.ended;
    const after = await kubectl.run(['get', 'routers']);
    expect(after.code).to.equal(1);
    expect(after.stderr).to.include('Unauthorized');
  });

  it('ends in order when the gateway stops with watches open', async () => {
    await using kubectl = await kubectlAs('view', 'watcher');
    const watching = kubectl.start(['get', 'routers', '-w']);
    await watching.prints(/e2e/);

    const began = performance.now();
    await gateway.router.stop();
    const ended = await watching.ended;

    expect(ended.code).to.equal(0);
    expect(performance.now() - began).to.be.lessThan(4_000);
    expect((await gateway.router.log()).trimEnd().split('\n').at(-1)).to.include('router stopped');
  });
});
