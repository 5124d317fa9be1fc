import { expect } from 'chai';
import { parse } from 'yaml';
import { runCli } from '../../../src/cli.ts';
import { getCommand } from '../../../src/commands/get.ts';
import { parseStateFolder } from '../../../src/settings/parse.ts';
import { runCommand, type Said } from '../../check/support.ts';
import { eventually } from '../../support/eventually.ts';
import { ApiWorld, apiWorld, aStaticRoute, STATIC_ROUTES } from '../../support/served-api.ts';
import { tempFolder } from '../../support/temp-folder.ts';

const commandFor = (stateFolder: string): ReturnType<typeof getCommand> =>
  getCommand({ loadStateFolder: () => parseStateFolder({ CLEARWAY_STATE_FOLDER: stateFolder }) });

function get(world: ApiWorld, words: string): Promise<Said> {
  return runCommand(commandFor(world.stateFolder), words.split(' '));
}

async function add(world: ApiWorld, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    const body = JSON.parse(aStaticRoute(name)) as object;
    const reply = await world.local({ method: 'POST', path: STATIC_ROUTES, body });
    expect(reply.status, reply.text).to.equal(201);
  }
}

/** A command that goes on until it is stopped, and what it has written so far. */
class Running {
  out = '';
  err = '';
  readonly #stop = new AbortController();
  readonly #ended: Promise<number>;

  constructor(stateFolder: string, words: string) {
    const io = {
      out: (text: string) => void (this.out += text),
      err: (text: string) => void (this.err += text),
      signal: this.#stop.signal,
    };
    const command = commandFor(stateFolder);
    const program = { version: '0', commands: [command] };
    this.#ended = runCli(['get', ...words.split(' ')], program, io);
  }

  stop(): Promise<number> {
    this.#stop.abort(new DOMException('SIGINT', 'AbortError'));
    return this.#ended;
  }
}

describe('clearway get', () => {
  it('shows the columns of the API, aligned, by any name of the resource', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    await add(world, 'a-much-longer-name', 'docs');

    for (const word of ['staticroutes', 'staticroute', 'StaticRoute', 'sr']) {
      const { code, out } = await get(world, word);
      const lines = out.split('\n');
      expect(code).to.equal(0);
      expect(lines[0]).to.match(/^NAME {17}PATH {17}/);
      expect(lines[1]).to.match(/^a-much-longer-name {3}\/a-much-longer-name {3}/);
      expect(lines[2]).to.match(/^docs {17}\/docs {16}/);
      expect(lines).to.have.length(4);
    }
    const [usual, wide] = [await get(world, 'sr'), await get(world, 'sr -o wide')];
    expect(wide.out.split('\n')[0]?.length).to.be.greaterThan(
      usual.out.split('\n')[0]?.length ?? 0,
    );
  });

  it('shows one by name, and those with a label or field', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    await add(world, 'docs', 'wiki');

    expect((await get(world, 'sr docs -o name')).out).to.equal('staticroute.clearway.dev/docs\n');
    const field = await get(world, 'sr --field-selector metadata.name=wiki -o name');
    expect(field.out).to.equal('staticroute.clearway.dev/wiki\n');
    const label = await get(world, 'sr -l app=x');
    expect([label.code, label.out, label.err]).to.deep.equal([0, '', 'No resources found.\n']);
    const refused = await get(world, 'sr -l a=b=c');
    expect(refused.code).to.equal(1);
    expect(refused.err).to.include('API_REFUSED');
  });

  it('shows whole objects as JSON and YAML', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    await add(world, 'docs');

    const one = JSON.parse((await get(world, 'sr docs -o json')).out) as object;
    expect(one).to.nested.include({ kind: 'StaticRoute', 'spec.path': '/docs' });
    expect(one).not.to.have.nested.property('metadata.managedFields');
    expect(parse((await get(world, 'sr docs -o yaml')).out)).to.deep.equal(one);
    const list = JSON.parse((await get(world, 'sr -o json')).out) as object;
    expect(list).to.deep.include({ kind: 'List', apiVersion: 'v1', items: [one] });
  });

  it('says what is not there', async () => {
    await using opened = await apiWorld();
    const { world } = opened;

    const kind = await get(world, 'pods');
    expect([kind.code, kind.out]).to.deep.equal([1, '']);
    expect(kind.err)
      .to.include(`the server doesn't have a resource type`)
      .and.to.include('taskroutes');
    const name = await get(world, 'tr nothing');
    expect([name.code, name.err.includes('not found')]).to.deep.equal([1, true]);
    expect((await get(world, 'tr -o xml')).code).to.equal(2);
  });

  it('goes on with every change until it is stopped, over a restart of the router', async function () {
    this.timeout(20_000);
    await using folder = await tempFolder();
    const first = await ApiWorld.open(folder.path);
    await add(first, 'docs');
    const running = new Running(first.stateFolder, 'sr -w');
    await eventually(() => expect(running.out).to.match(/^docs /m));
    await add(first, 'wiki');
    await eventually(() => expect(running.out).to.match(/^wiki /m));

    first.close();
    await eventually(() => expect(running.err).to.include('waiting for it'));
    const second = await ApiWorld.open(folder.path);
    await add(second, 'late');
    await eventually(() => expect(running.out).to.match(/^late /m), { timeoutMs: 10_000 });

    expect(running.err).to.include('there again');
    expect(running.out.match(/^docs /gm)).to.have.length(1);
    expect(running.out.match(/^NAME/gm)).to.have.length(1);
    expect(await running.stop()).to.be.oneOf([0, 130]);
    second.close();
  });

  it('shows nothing that a terminal would take for a command', async () => {
    await using opened = await apiWorld();
    const { world } = opened;
    await world.store.record({
      ...{ kind: 'StaticRoute', name: 'docs', type: 'Warning', reason: 'Odd' },
      message: 'red \u001b[31m and \u202ereversed\nnext line',
    });

    const { out } = await get(world, 'ev');

    expect(out).to.include('red ?[31m and ?reversed?next line');
    expect(out.split('\n')).to.have.length(3);
  });
});
