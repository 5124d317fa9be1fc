import { expect } from 'chai';
import { releaseCommand } from '../../src/commands/release.ts';
import { formatMark } from '../../src/domain/marks.ts';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { depsFor, runCommand, startApi, type Said } from './support.ts';

const ENDED = 'b1'.repeat(16);
const RUNNING = 'b2'.repeat(16);
const FOREIGN = 'b3'.repeat(16);
const PLAIN = 'b4'.repeat(16);

function markOf(router: string, upstreams: Readonly<Record<string, string>> = {}): string {
  return formatMark({ router, instance: 'i1', upstreams });
}

describe('release', () => {
  let api: EmbeddedClearml;
  let env: Readonly<Record<string, string>>;

  beforeEach(async () => {
    ({ api, env } = await startApi([
      {
        id: ENDED,
        name: 'ended',
        status: 'stopped',
        runtime: {
          progress: '100',
          endpoint: `https://gw.example.com/service/${ENDED}/`,
          clearway: markOf('retired'),
        },
      },
      {
        id: RUNNING,
        name: 'running',
        status: 'in_progress',
        systemTags: ['external_service'],
        runtime: {
          external_address: 'gw.example.com',
          external_tcp_port: 20000,
          upstream_task_port: 22,
          clearway: markOf('retired', { 'tcp:': '192.0.2.7:22' }),
        },
      },
      { id: FOREIGN, name: 'foreign', runtime: { clearway: markOf('other') } },
      { id: PLAIN, name: 'plain', runtime: { progress: '1' } },
    ]));
  });

  afterEach(() => api.close());

  const release = (...argv: string[]): Promise<Said> =>
    runCommand(releaseCommand(depsFor(env)), argv);

  it('removes mark and addresses of the router, and gives private addresses back', async () => {
    const { code, out } = await release('--router', 'retired');

    expect(code).to.equal(0);
    expect(out).to.include('2 tasks of router "retired" released');
    expect(api.tasks.runtime(ENDED)).to.deep.equal({ progress: '100' });
    expect(api.tasks.runtime(RUNNING)).to.include({
      external_address: '192.0.2.7',
      external_tcp_port: 22,
    });
    expect(api.tasks.runtime(RUNNING)).not.to.have.property('clearway');
    expect(api.tasks.get(RUNNING)?.system_tags).to.deep.equal(['external_service']);
  });

  it('leaves every other task alone and names the other routers', async () => {
    const before = [api.tasks.get(FOREIGN), api.tasks.get(PLAIN)];

    const { out } = await release('--router', 'retired');

    expect([api.tasks.get(FOREIGN), api.tasks.get(PLAIN)]).to.deep.equal(before);
    expect(out).to.include('marks of other routers were left alone: "other"');
  });

  it('takes the name from ROUTER_NAME', async () => {
    env = { ...env, ROUTER_NAME: 'other' };

    expect((await release()).out).to.include('1 tasks of router "other" released');
    expect(api.tasks.runtime(FOREIGN)).to.deep.equal({});
  });

  it('needs a name', async () => {
    expect((await release()).code).to.equal(2);
  });

  it('goes on after a task that cannot be written, and fails in the end', async () => {
    api.orderFault({ endpoint: 'tasks.edit', count: 1, fault: { kind: 'status', status: 500 } });

    const { code, out, err } = await release('--router', 'retired');

    expect(code).to.equal(1);
    expect(out).to.include('1 tasks of router "retired" released, 1 could not be');
    expect(err).to.include('the ClearML API answered that it cannot answer now');
  });
});
