import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { ROUTE, startKubectlGateway } from '../support/kubectl-gateway.ts';

describe('a router of another namespace', function () {
  this.timeout(60_000);

  it('has everything there, and nothing in default', async function () {
    await using world = await startKubectlGateway(this, { CLEARWAY_NAMESPACE: 'team-a' });
    const { task, clearway } = world;
    await using kubectl = await world.kubectlAs('admin', 'ops');
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
