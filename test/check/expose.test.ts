import { expect } from 'chai';
import { exposeCommand, unexposeCommand } from '../../src/commands/expose.ts';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { eventually } from '../support/eventually.ts';
import { depsFor, runCommand, startApi, TASK, type Said } from './support.ts';

describe('expose and unexpose', () => {
  let api: EmbeddedClearml;
  let env: Readonly<Record<string, string>>;

  beforeEach(async () => {
    const task = { id: TASK, name: 'train', status: 'in_progress', systemTags: ['development'] };
    ({ api, env } = await startApi([task]));
  });

  afterEach(() => api.close());

  const expose = (...argv: string[]): Promise<Said> =>
    runCommand(exposeCommand(depsFor(env)), [TASK, ...argv]);
  const unexpose = (...argv: string[]): Promise<Said> =>
    runCommand(unexposeCommand(depsFor(env)), [TASK, ...argv]);
  const tags = (): unknown => api.tasks.get(TASK)?.system_tags;

  it('writes the keys of an http endpoint, keeps all others, and adds the tag', async () => {
    api.tasks.setRuntime(TASK, { progress: '7', _ssh_password: 'p', nested: { a: [1.5] } });

    const { code, out } = await expose('--port', '8080', '--address', '192.0.2.7');

    expect({ code, out }).to.deep.equal({
      code: 0,
      out: `task "${TASK}" asks for the default http endpoint\n`,
    });
    expect(api.tasks.runtime(TASK)).to.deep.equal({
      progress: '7',
      _ssh_password: 'p',
      nested: { a: [1.5] },
      _SERVICE: 'EXTERNAL',
      _PORT: 8080,
      _ADDRESS: '192.0.2.7',
    });
    expect(tags()).to.have.members(['development', 'external_service']);
  });

  it('writes the keys of a named tcp endpoint', async () => {
    await expose('--tcp', '--port', '22', '--name', 'my shell', '--address', 'node-1');

    expect(api.tasks.runtime(TASK)).to.deep.equal({
      '_SERVICE__my shell': 'EXTERNAL_TCP',
      'external_address__my shell': 'node-1',
      'external_tcp_port__my shell': 22,
      'upstream_task_port__my shell': 22,
    });
  });

  it('keeps the address that the task wrote when none is given', async () => {
    api.tasks.setRuntime(TASK, { _ADDRESS: '192.0.2.9', _PORT: 1 });

    await expose('--port', '8080');

    expect(api.tasks.runtime(TASK)).to.include({ _ADDRESS: '192.0.2.9', _PORT: 8080 });
  });

  it('writes the host port of a port that the agent published', async () => {
    const mapping = { _external_host_tcp_port_mapping: '10000:8000,9100-9110:9000-9010' };
    api.tasks.setRuntime(TASK, mapping);

    await expose('--port', '9003');
    const refused = await expose('--port', '7000');

    expect(api.tasks.runtime(TASK)['_PORT']).to.equal(9103);
    expect(refused.code).to.equal(1);
    expect(refused.err).to.include('7000 is not among them');
  });

  it('writes nothing the second time', async () => {
    await expose('--port', '8080');
    const before = api.tasks.get(TASK);

    expect((await expose('--port', '8080')).code).to.equal(0);

    expect(api.tasks.get(TASK)).to.deep.equal(before);
  });

  it('puts back what another writer wrote over in the meantime', async () => {
    api.tasks.setRuntime(TASK, { other: 1 });
    // The second call of tasks.edit sets the tags: by then another writer has replaced the runtime.
    api.orderFault({ endpoint: 'tasks.edit', fault: { kind: 'latency', ms: 60 } });
    const running = expose('--port', '8080');
    await eventually(() => expect(api.tasks.runtime(TASK)).to.include({ _PORT: 8080 }), {
      everyMs: 5,
    });
    api.tasks.setRuntime(TASK, { other: 2 });

    expect((await running).code).to.equal(0);

    expect(api.tasks.runtime(TASK)).to.include({ other: 2, _PORT: 8080, _SERVICE: 'EXTERNAL' });
  });

  it('says that a task that does not run is served later', async () => {
    api.tasks.setStatus(TASK, 'queued');

    expect((await expose('--port', '80')).out).to.include('it is "queued", and is served while');
  });

  it('says that there is no such task', async () => {
    const command = exposeCommand(depsFor(env));
    const { code, err } = await runCommand(command, ['f'.repeat(32), '--port', '80']);

    expect(code).to.equal(1);
    expect(err).to.include('there is no task "ffff');
  });

  it('refuses arguments that make no sense', async () => {
    for (const argv of [[], ['--port', '0'], ['--port', '1', '--address', 'host:80']]) {
      expect((await expose(...argv)).code).to.equal(2);
    }
    expect((await unexpose('--all', '--tcp')).code).to.equal(2);
    expect(api.tasks.runtime(TASK)).to.deep.equal({});
  });

  it('takes back one endpoint, and the tag with the last one', async () => {
    api.tasks.setRuntime(TASK, { progress: '7', endpoint: 'https://gw/service/x/' });
    await expose('--port', '8080');
    await expose('--port', '22', '--tcp', '--address', '192.0.2.7');

    const first = await unexpose();

    expect(first.code).to.equal(0);
    expect(api.tasks.runtime(TASK)).to.deep.equal({
      progress: '7',
      _SERVICE: 'EXTERNAL_TCP',
      external_address: '192.0.2.7',
      external_tcp_port: 22,
      upstream_task_port: 22,
    });
    expect(tags()).to.include('external_service');

    const second = await unexpose('--tcp');

    expect(second.out).to.equal(`task "${TASK}" no longer asks for the default tcp endpoint\n`);
    expect(api.tasks.runtime(TASK)).to.deep.equal({ progress: '7' });
    expect(tags()).to.deep.equal(['development']);
  });

  it('takes a tcp endpoint out of the mark, so that nobody writes it back', async () => {
    const mark = {
      router: 'r',
      instance: 'i',
      upstreams: { 'tcp:': '192.0.2.7:22', 'tcp:b': ':9' },
    };
    api.tasks.setRuntime(TASK, { external_tcp_port: 20000, clearway: JSON.stringify(mark) });

    await unexpose('--tcp');

    expect(JSON.parse(String(api.tasks.runtime(TASK)['clearway']))).to.deep.equal({
      router: 'r',
      instance: 'i',
      upstreams: { 'tcp:b': ':9' },
    });
  });

  it('takes back every endpoint', async () => {
    await expose('--port', '8080');
    await expose('--port', '8081', '--name', 'api');
    await expose('--port', '22', '--tcp', '--name', 'api');

    expect((await unexpose('--all')).code).to.equal(0);

    expect(api.tasks.runtime(TASK)).to.deep.equal({});
    expect(tags()).to.deep.equal(['development']);
  });

  it('says what the task asks for when it is not the endpoint that was named', async () => {
    await expose('--port', '8080', '--name', 'api');

    const { code, err } = await unexpose();

    expect(code).to.equal(1);
    expect(err).to.include('does not ask for the default http endpoint');
    expect(err).to.include('the http endpoint "api"');
  });

  it('names every missing setting and no other', async () => {
    const command = exposeCommand(depsFor({ ROUTER_URL: 'wrong' }));
    const { code, err } = await runCommand(command, [TASK, '--port', '80']);

    expect(code).to.equal(1);
    expect(err.match(/^ {2}\w+/gm)).to.deep.equal([
      '  CLEARML_API_HOST',
      '  CLEARML_API_ACCESS_KEY',
      '  CLEARML_API_SECRET_KEY',
    ]);
  });

  it('never shows the keys, not even when they are refused', async () => {
    const deps = depsFor({ ...env, CLEARML_API_SECRET_KEY: 'wrong-secret-key' });
    const { code, out, err } = await runCommand(exposeCommand(deps), [TASK, '--port', '80']);

    expect(code).to.equal(1);
    expect(err).to.include('CLEARML_UNAUTHORIZED');
    expect(out + err).not.to.match(/access-key|secret-key/);
  });
});
