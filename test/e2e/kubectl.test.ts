import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { ROUTE, startKubectlGateway, type KubectlGateway } from '../support/kubectl-gateway.ts';

describe('kubectl behind the gateway', function () {
  this.timeout(60_000);
  let world: KubectlGateway | undefined;
  let gateway: KubectlGateway['gateway'];
  let task: string;
  let clearway: KubectlGateway['clearway'];
  let kubectlAs: KubectlGateway['kubectlAs'];

  before(async function () {
    world = await startKubectlGateway(this);
    ({ gateway, task, clearway, kubectlAs } = world);
  });

  after(() => world?.[Symbol.asyncDispose]());

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
