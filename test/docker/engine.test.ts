import { rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect } from 'chai';
import pino from 'pino';
import type { Clock, ContainerFact } from '../../src/controllers/contracts.ts';
import { EngineClient } from '../../src/docker/engine-client.ts';
import { DockerEngine } from '../../src/docker/engine.ts';
import {
  DockerScope,
  addressOf,
  docker,
  engineOrSkip,
  restartEngine,
  stopEngine,
} from '../support/docker-harness.ts';
import { eventually } from '../support/eventually.ts';
import { notRun } from '../support/not-run.ts';
import { tempFolder } from '../support/temp-folder.ts';

const IMAGE = 'debian:bookworm-slim';
const clock: Clock = {
  now: () => Date.now(),
  sleep: (ms, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(resolve, ms);
      signal?.addEventListener('abort', () => {
        clearTimeout(timer);
        reject(signal.reason as Error);
      });
    }),
};

/** A followed engine, with its log lines, the number of changes it emitted, and how often it rested. */
function follow(socketPath: string, onClose: (() => Promise<void>)[]) {
  const lines: { readonly level: number; readonly msg: string; readonly reason?: string }[] = [];
  const log = pino({}, { write: (line) => lines.push(JSON.parse(line) as (typeof lines)[number]) });
  let rests = 0;
  const counting: Clock = {
    now: () => clock.now(),
    sleep: (ms, signal) => {
      rests += 1;
      return clock.sleep(ms, signal);
    },
  };
  const client = new EngineClient({ socketPath });
  const engine = new DockerEngine({ client, clock: counting, log });
  const stop = new AbortController();
  let emitted = 0;
  engine.changes.subscribe(() => (emitted += 1));
  const running = engine.run(stop.signal);
  const close = async (): Promise<void> => {
    stop.abort();
    await running;
  };
  onClose.push(close);
  /** Resolves when it has rested some times more: it looked in between. */
  const restsAgain = async (times: number): Promise<void> => {
    const wanted = rests + times;
    await eventually(() => expect(rests).to.be.at.least(wanted));
  };
  return { engine, lines, emitted: () => emitted, restsAgain };
}

function factOf(engine: DockerEngine, id: string): ContainerFact {
  const fact = engine.facts.containers.find((candidate) => candidate.id === id);
  if (fact === undefined) throw new Error(`no fact of ${id}`);
  return fact;
}

/** A socket that leads to the engine's as long as it `forwards`; then it takes connections and says nothing. */
async function listenFor(path: string, socketPath: string, forwards: boolean) {
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket.on('error', () => undefined));
    if (!forwards) return;
    const engine = connect(socketPath).on('error', () => undefined);
    open.add(engine);
    socket.pipe(engine).pipe(socket);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  return async (): Promise<void> => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const socket of open) socket.destroy();
    await closed;
    await rm(path, { force: true });
  };
}

const task = (id: string): string[] => ['--env', `CLEARML_TASK_ID=${id}`];
const forever = ['--init', IMAGE, 'sleep', 'infinity'];

describe('DockerEngine on a real engine', function () {
  this.timeout(180_000);
  const scope = new DockerScope();
  const followers: (() => Promise<void>)[] = [];
  let ours = false;
  let socketPath = '';

  before(async function () {
    const state = await engineOrSkip(this);
    ({ ours, socketPath } = state);
  });
  afterEach(async () => {
    for (const close of followers.splice(0)) await close();
    await scope.close();
  });
  after(async () => stopEngine());

  it('tells containers that were there before, on the default bridge and on a network of their own', async () => {
    const network = await scope.network();
    const first = await scope.container([
      ...task('a1'),
      '--publish',
      '127.0.0.1::8080',
      ...forever,
    ]);
    const second = await scope.container([...task('b2'), '--network', network, ...forever]);

    const followed = follow(socketPath, followers);
    await followed.engine.firstLook;

    const { engine } = followed;
    expect(engine.facts.available).to.equal(true);
    const one = factOf(engine, first);
    expect(one.taskId).to.equal('a1');
    expect(one.running).to.equal(true);
    expect(one.addresses).to.deep.equal([await addressOf(first)]);
    expect(one.published.map((port) => [port.containerPort, port.hostAddress])).to.deep.equal([
      [8080, '127.0.0.1'],
    ]);
    expect(factOf(engine, second).addresses).to.deep.equal([await addressOf(second, network)]);
    const subnets = await docker(
      'network',
      'inspect',
      '--format',
      '{{(index .IPAM.Config 0).Subnet}}',
      'bridge',
      network,
    );
    expect(engine.facts.bridgeSubnets).to.include.members(subnets.split('\n'));
  });

  it('sees a container start, die, come back and go', async () => {
    const followed = follow(socketPath, followers);
    const { engine } = followed;
    await engine.firstLook;

    const id = await scope.container([...task('c3'), ...forever]);
    await eventually(() => expect(factOf(engine, id).addresses).to.have.length(1));

    await docker('kill', id);
    await eventually(() => expect(factOf(engine, id).running).to.equal(false));
    expect(factOf(engine, id).addresses).to.deep.equal([]);
    expect(factOf(engine, id).taskId).to.equal('c3');

    await docker('start', id);
    await eventually(() => expect(factOf(engine, id).running).to.equal(true));

    await docker('rm', '--force', id);
    await eventually(() =>
      expect(engine.facts.containers.map((fact) => fact.id)).not.to.include(id),
    );
  });

  it('sees networks come and go under a running container', async () => {
    const followed = follow(socketPath, followers);
    const { engine } = followed;
    await engine.firstLook;
    const id = await scope.container([...task('d4'), ...forever]);
    const before = engine.facts.bridgeSubnets.length;

    const network = await scope.network();
    await eventually(() => expect(engine.facts.bridgeSubnets).to.have.length(before + 1));
    await docker('network', 'connect', network, id);
    await eventually(() => expect(factOf(engine, id).addresses).to.have.length(2));
    await docker('network', 'disconnect', network, id);
    await eventually(() => expect(factOf(engine, id).addresses).to.have.length(1));
  });

  it('tells host networking, and the addresses of a container that shares the network of another', async () => {
    const host = await scope.container([...task('e5'), '--network', 'host', ...forever]);
    const owner = await scope.container(forever);
    const sharer = await scope.container([
      ...task('f6'),
      '--network',
      `container:${owner}`,
      ...forever,
    ]);

    const followed = follow(socketPath, followers);
    await followed.engine.firstLook;

    expect(factOf(followed.engine, host).hostNetwork).to.equal(true);
    expect(factOf(followed.engine, host).addresses).to.deep.equal([]);
    expect(factOf(followed.engine, sharer).addresses).to.deep.equal([await addressOf(owner)]);
  });

  it('keeps nothing of an environment but the task id', async () => {
    const id = await scope.container([...task('a7'), '--env', 'SECRET_KEY=hush-hush', ...forever]);

    const followed = follow(socketPath, followers);
    await followed.engine.firstLook;

    expect(factOf(followed.engine, id).taskId).to.equal('a7');
    expect(JSON.stringify([followed.engine.facts, followed.lines])).not.to.include('hush');
  });

  it('emits nothing while nothing changes, and gives the same snapshot', async () => {
    const id = await scope.container([...task('a8'), ...forever]);
    const followed = follow(socketPath, followers);
    await followed.engine.firstLook;
    const { facts } = followed.engine;
    const emitted = followed.emitted();

    await docker('exec', id, 'true');
    await docker('pause', id);
    await docker('unpause', id);
    const marker = await scope.container(forever);
    await eventually(() => factOf(followed.engine, marker));

    expect(followed.emitted() - emitted).to.be.at.most(2);
    expect(facts.containers.map((fact) => fact.id)).not.to.include(marker);
  });

  it('says once that there is no engine, and keeps trying', async () => {
    const followed = follow('/run/clearway-no-such.sock', followers);
    await followed.engine.firstLook;
    await followed.restsAgain(4);

    expect(followed.engine.facts).to.deep.equal({
      available: false,
      containers: [],
      bridgeSubnets: [],
    });
    expect(followed.lines.map((line) => line.reason)).to.deep.equal(['ENOENT']);
  });

  it('keeps its word while the engine is dead, and takes it back when somebody listens who does not answer', async () => {
    await using folder = await tempFolder();
    const path = join(folder.path, 'engine.sock');
    const id = await scope.container([...task('a0'), ...forever]);
    const die = await listenFor(path, socketPath, true);
    const { engine, restsAgain } = follow(path, followers);
    await engine.firstLook;

    await die();
    await eventually(() => expect(engine.facts.available).to.equal(false));
    expect(factOf(engine, id).running).to.equal(true);

    const hang = await listenFor(path, socketPath, false);
    await eventually(() => expect(engine.facts.containers).to.deep.equal([]));
    expect(engine.facts.bridgeSubnets).not.to.deep.equal([]);

    await hang();
    await restsAgain(3);
    expect(engine.facts.containers).to.deep.equal([]);
    const end = await listenFor(path, socketPath, true);
    followers.push(end);
    await eventually(() => expect(engine.facts.available).to.equal(true));
    expect(factOf(engine, id).running).to.equal(true);
  });

  for (const how of ['stop', 'kill'] as const) {
    it(`recovers when the engine was restarted (${how})`, async function () {
      if (!ours) notRun(this, 'the engine is not ours to restart');
      const followed = follow(socketPath, followers);
      const { engine } = followed;
      await engine.firstLook;
      const stays = await scope.container([...task('a9'), '--restart', 'always', ...forever]);
      const ends = await scope.container([...task('b9'), ...forever]);
      await eventually(() => factOf(engine, ends));

      await restartEngine(how, async () => {
        await eventually(() => expect(engine.facts.available).to.equal(false));
        expect(factOf(engine, stays).taskId).to.equal('a9');
      });

      await eventually(() => expect(engine.facts.available).to.equal(true), { timeoutMs: 15_000 });
      await eventually(() => expect(factOf(engine, stays).running).to.equal(true));
      expect(factOf(engine, ends).running).to.equal(false);
      const late = await scope.container([...task('c9'), ...forever]);
      await eventually(() => expect(factOf(engine, late).running).to.equal(true));
    });
  }
});
