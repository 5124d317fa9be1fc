import { once } from 'node:events';
import { expect } from 'chai';
import { WebSocket } from 'ws';
import type { AccessAnswer, AccessQuestion } from '../../src/controllers/contracts.ts';
import { startApp, type TaskApp } from '../support/e2e-app.ts';
import { eventually } from '../support/eventually.ts';
import { rawRequest, type RawAnswer, type RawRequest } from '../support/http-client.ts';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';
import { StaticWorld } from '../support/static-world.ts';
import { BELOW_A_ROUTE } from './corpus/paths.ts';
import { RecordingApp } from './support/recording-app.ts';
import { exchange, WireClient } from './support/wire.ts';

type Headers = readonly (readonly [string, string])[];

const MINE = 'a'.repeat(32);
const THEIRS = 'c'.repeat(32);
const ALICE: Headers = [['Authorization', 'Bearer alice']];
const STATUS = { bad: 400, nothing: 404, route: 200 } as const;
const SWITCH = 'Host: gw.example\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n';
/** Requests under way of one visitor in one worker, beyond which no further websocket is opened. */
const MOST = 500;
const SOON_MS = 1_500;

/** Alice may read her own task and nothing else. */
function decide({ credential, task }: AccessQuestion): AccessAnswer {
  if (credential !== 'alice') return { verdict: 'unauthenticated' };
  return { verdict: task === MINE ? 'allow' : 'deny', user: 'alice' };
}

describe('static routes', function () {
  this.timeout(40_000);
  let proxy: ProxyHarness;
  let mine: RecordingApp;
  let theirs: RecordingApp;

  before(async () => {
    mine = await RecordingApp.start();
    theirs = await RecordingApp.start();
    proxy = await ProxyHarness.start({
      config: {
        authEnabled: true,
        workers: 1,
        workerConnections: 4_096,
        rlimitNofile: 8_192,
        hosts: 'gw.example',
      },
      decide,
    });
  });

  beforeEach(() => publish({}));

  afterEach('the other application has seen nothing', () => {
    expect(theirs.seen()).to.deep.equal([]);
  });

  after(async () => {
    await proxy.stop('SIGKILL');
    await Promise.all([mine.stop(), theirs.stop()]);
  });

  const publish = (more: Readonly<Record<string, ReturnType<typeof anHttpEntry>>>): Promise<void> =>
    proxy.publish({
      http: {
        '/mine': anHttpEntry(mine.port, { task: MINE, answered: true }),
        '/theirs': anHttpEntry(theirs.port, { task: THEIRS, answered: true }),
        '/open': anHttpEntry(mine.port, { task: THEIRS, answered: true, open: true }),
        ...more,
      },
    });

  const ask = (
    target: string,
    headers: Headers = ALICE,
    more: Partial<RawRequest> = {},
  ): Promise<RawAnswer> => rawRequest(proxy.port, { target, headers, host: 'gw.example', ...more });

  // Attack: a path below a static route that the server behind the gateway, or one in front, reads as one of another route.
  it('T12 static routes: one path is read in one way, whoever reads it', async () => {
    for (const [rest, outcome] of BELOW_A_ROUTE) {
      const before = mine.seen().length;
      const { status } = await exchange(
        proxy.port,
        `GET /mine${rest} HTTP/1.1\r\nHost: gw.example\r\nAuthorization: Bearer alice\r\n\r\n`,
      );
      const targets = mine
        .seen()
        .slice(before)
        .map(({ target }) => target);

      expect(status, rest).to.equal(STATUS[outcome]);
      expect(targets, rest).to.deep.equal(outcome === 'route' ? [rest] : []);
    }
  });

  // Attack: another spelling of the name, which a reader in between takes for it. Outcome: it is nobody's, open or not.
  it('T13 static routes: a name has one spelling', async () => {
    for (const name of ['mine', 'open'])
      for (const spelling of [
        ...[
          name.toUpperCase(),
          `%${name.charCodeAt(0).toString(16)}${name.slice(1)}`,
          `${name}%2f`,
        ],
        ...[`${name};v=1`, `;/${name}`, `/${name}`, `./${name}`, `%2e/${name}`, `x/../${name}`],
        ...[
          `%2f${name}`,
          `%5c${name}`,
          `${name}%3b`,
          `${name}%20`,
          `${name}.`,
          `${name}%3f`,
          `${name}%23`,
        ],
        ...[`service/${name}`, `service/%2f${name}`, `service//${name}`, `_clearway/../${name}`],
      ]) {
        const { status } = await ask(`/${spelling}/x`, []);
        expect(status, spelling).to.be.oneOf([400, 401]);
        expect((await ask(`/${spelling}/x`)).status, spelling).to.be.oneOf([400, 404]);
      }
  });

  // Attack: whoever has no account looks for the names of addresses by how differently they are refused.
  it('T29 static routes: an address that is not open looks like none to whoever is not let in', async () => {
    const rests = [
      ...['', '/', '/a?b', '/..', '/../x', '/a/../..', '/..%2fx', '/%2e%2e/', '/a;b', '/%00', '/%'],
      ...[
        '//',
        '/service/x',
        '/%73ervice/x',
        '/_clearway/sign-in',
        '.',
        ';a',
        '%20',
        '%2f',
        '%2f..',
      ],
    ];
    const callers: readonly Headers[] = [
      ...([[], [['Accept', 'text/html']], [['X-Clearway-Via', 'a']]] as const),
      ...([
        [
          ['Upgrade', 'websocket'],
          ['Connection', 'upgrade'],
        ],
        ALICE,
      ] as const),
    ];
    for (const headers of callers)
      for (const rest of rests)
        for (const method of ['GET', 'POST', 'OPTIONS']) {
          const texts = await Promise.all(
            ['/theirs', '/nobody'].map(async (name) => {
              const { status, headers: lines, body } = await ask(name + rest, headers, { method });
              const text = JSON.stringify([status, lines.filter(([key]) => key !== 'date'), body]);
              return text.replaceAll('nobody', 'theirs');
            }),
          );
          expect(texts[0], `${method} ${rest}`).to.equal(texts[1]);
        }
  });

  // Attack: an application that is open to everybody collects what its visitors are signed in with elsewhere on the gateway.
  it('T16 static routes: an open application hears of no cookie of the gateway, and of no user', async () => {
    const before = mine.seen().length;
    await ask('/open/a', [
      ['Cookie', 'theme=dark; clearml_token=alice; clearway-0a1b2c3d=s; __Host-clearway-1=t'],
      ['X-Forwarded-User', 'admin'],
    ]);
    const lines = mine.seen().slice(before)[0]?.lines.join('\n') ?? '';

    expect(lines).to.match(/^cookie: theme=dark$/im);
    expect(lines).to.not.match(/alice|clearway-[01]|x-forwarded-user/i);
    expect(proxy.questions.filter(({ credential }) => credential === 's')).to.deep.equal([]);
  });

  // Attack: a table in which something else than the address of an administrator is open.
  it('T26 static routes: no address of a task is ever open', async () => {
    await publish({ closed: anHttpEntry(mine.port, { task: MINE, open: true }) });

    expect((await ask('/service/closed/', [])).status).to.equal(401);
  });

  // Attack: websockets of somebody without an account, until the worker has no connections left.
  it('T32 static routes: a visitor of an open address has a share of a worker', async () => {
    const clients = await Promise.all(
      Array.from({ length: MOST + 5 }, async () => {
        const client = await WireClient.open(proxy.port);
        client.send(`GET /open/switch HTTP/1.1\r\n${SWITCH}\r\n`);
        return client;
      }),
    );
    await Promise.all(
      clients.map((client) => client.until(() => client.answers().length > 0, 10_000)),
    );
    const statuses = clients.map((client) => client.answers()[0]?.status);
    for (const client of clients) client.destroy();

    expect(statuses.filter((status) => status === 101)).to.have.length(MOST);
    expect(statuses.filter((status) => status === 429)).to.have.length(5);
  });
});

describe('static routes of a running router', function () {
  this.timeout(40_000);
  let world: StaticWorld;
  let app: TaskApp;
  let other: TaskApp;

  before(async () => {
    world = await StaticWorld.start();
    app = await startApp('the holder');
    other = await startApp('the hostile one');
  });

  after(async () => {
    await world[Symbol.asyncDispose]();
    await app[Symbol.asyncDispose]();
    await other[Symbol.asyncDispose]();
  });

  // Attack: a task names an address that another task has, one that nobody defined, or one of the gateway's own.
  it('T3 static routes: a task gets an address that an administrator defined and nobody has, or none', async () => {
    await world.create('chat');
    world.addTask('chat', app.port);
    const read = (path: string): Promise<string> =>
      fetch(world.url + path, { headers: world.bearer('alice') }).then((answer) => answer.text());
    await eventually(async () => expect(await read('/chat/')).to.equal('the holder'));

    const wishes = [
      ...['chat', '/chat', '.*', '/', '', 'service', '_clearway', '__proto__', 'constructor'],
      ...['../chat', 'Chat', 'chat ', 'chat\n', 'x'.repeat(10_000), '/_clearway/sign-in'],
    ];
    const tasks = wishes.map((wish) => world.addTask(wish, other.port));
    await eventually(async () => {
      for (const task of tasks)
        expect(await world.router.condition(`${task}.http`, 'Accepted')).to.match(/^False /);
    });

    expect(await read('/chat/')).to.equal('the holder');
    for (const path of ['/', '/service/', '/_clearway/', '/__proto__/', '/constructor/', '/Chat/'])
      expect(await read(path), path).to.not.include('the hostile one');
    for (const task of tasks) world.endTask(task);
  });

  // Attack: whoever came while an address was open to everybody stays when it is not any more.
  it('T23 static routes: what everybody could open ends when the address is closed to them', async () => {
    await world.create('open', { access: 'public' });
    world.addTask('open', app.port);
    await eventually(async () => expect((await fetch(`${world.url}/open/`)).status).to.equal(200));
    const socket = new WebSocket(`${world.url.replace('http', 'ws')}/open/`);
    await once(socket, 'open');
    const stream = await fetch(`${world.url}/open/events`);
    const over = Promise.all([once(socket, 'close'), stream.text().catch(() => undefined)]);

    await world.edit('open', { access: 'authenticated' });
    const closed = performance.now();
    await over;

    expect(performance.now() - closed).to.be.lessThan(SOON_MS);
    expect((await fetch(`${world.url}/open/`)).status).to.equal(401);
  });
});
