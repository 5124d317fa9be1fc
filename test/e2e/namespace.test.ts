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

describe('a router of another namespace', function () {
  this.timeout(60_000);
  let clearml: EmbeddedClearml;
  let gateway: Gateway;
  let app: TaskApp;
  let task: string;
  const binary = KUBECTL_MINORS.map(kubectlBinary).findLast((path) => path !== undefined);

  before(async function () {
    if (binary === undefined) notRun(this, 'no kubectl');
    clearml = await startClearml();
    gateway = await Gateway.start({ clearml, environment: { CLEARWAY_NAMESPACE: 'team-a' } });
    app = await startApp('an application');
    task = addTask(clearml, [anEndpoint('http', app.port)]);
  });

  after(async () => {
    if (binary === undefined) return;
    await gateway.stop();
    await app[Symbol.asyncDispose]();
    await clearml.close();
  });

  async function clearway(...argv: readonly string[]): Promise<string> {
    const env = { ...process.env, CLEARWAY_STATE_FOLDER: gateway.stateFolder };
    return (await run(CLEARWAY, argv, { env })).stdout;
  }

  it('has everything there, and nothing in default', async () => {
    const config = await clearway('kubeconfig', '--role', 'admin', '--output', '-');
    await using kubectl = await Kubectl.make(binary ?? '', config);
    const name = `taskroute.clearway.dev/${task}.http\n`;

    await eventually(
      async () => {
        const { stdout } = await kubectl.run(['get', 'tr', '-o', 'name']);
        expect(stdout).to.equal(name);
      },
      { timeoutMs: 15_000, everyMs: 200 },
    );
    const [inDefault, namespaces, applied, elsewhere] = [
      await kubectl.run(['get', 'tr', '-n', 'default']),
      await kubectl.run(['get', 'ns', '-o', 'name']),
      await kubectl.run(['apply', '-f', '-'], ROUTE),
      await kubectl.run(['create', '-n', 'default', '-f', '-'], ROUTE),
    ];
    expect(inDefault.stderr).to.equal('No resources found in default namespace.\n');
    expect(namespaces.stdout).to.equal('namespace/team-a\n');
    expect(applied.stdout).to.equal('staticroute.clearway.dev/docs created\n');
    expect(elsewhere.stderr).to.include('namespaces "default" not found');
    const described = await kubectl.run(['describe', 'sr', 'docs']);
    expect(described.stdout).to.match(/Namespace: +team-a\n[^]*Events:[^]*NotInUse/);
    expect(await clearway('get', 'tr', '-o', 'name')).to.equal(name);
  });
});
