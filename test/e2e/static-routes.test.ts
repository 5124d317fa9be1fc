import { once } from 'node:events';
import { expect } from 'chai';
import { getCondition } from '../../src/resources/conditions.ts';
import { echoed, openWebSocket, startApp, type TaskApp } from '../support/e2e-app.ts';
import { eventually } from '../support/eventually.ts';
import { StaticWorld } from '../support/static-world.ts';

/** What an edit, a switch or a deletion may take until it counts. */
const SOON_MS = 1_000;

interface Answer {
  readonly status: number;
  readonly text: string;
}

describe('a StaticRoute', function () {
  this.timeout(30_000);
  let world: StaticWorld;
  let first: TaskApp;
  let second: TaskApp;
  const tasks = new Set<string>();

  before(async () => {
    world = await StaticWorld.start();
    first = await startApp('the first');
    second = await startApp('the second');
  });

  afterEach(async () => {
    for (const task of tasks) world.endTask(task);
    tasks.clear();
    const { items } = await world.router.store.list('StaticRoute');
    for (const { metadata } of items) await world.router.store.delete('StaticRoute', metadata.name);
    await eventually(async () => expect(await world.router.routes()).to.deep.equal([]));
  });

  after(async () => {
    await world[Symbol.asyncDispose]();
    await first[Symbol.asyncDispose]();
    await second[Symbol.asyncDispose]();
  });

  function addTask(name: string, app: TaskApp, more = {}): string {
    const task = world.addTask(name, app.port, more);
    tasks.add(task);
    return task;
  }

  async function get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await fetch(`${world.url}${path}`, {
      headers: { connection: 'close', ...headers },
      redirect: 'manual',
    });
    return { status: answer.status, text: await answer.text() };
  }

  const alice = (): Record<string, string> => world.bearer('alice');

  async function untilServed(path: string, text: string, headers = alice()): Promise<void> {
    await eventually(async () =>
      expect(await get(path, headers)).to.deep.equal({ status: 200, text }),
    );
  }

  it('serves the task that asks for it by name, and stands in ClearML', async () => {
    await world.create('chat');
    const task = addTask('chat', first);

    await untilServed('/chat/', 'the first');
    await world.untilPublished(task, `${world.url}/chat/`);
    await world.untilReason('chat', 'Ready', 'Ready');
    const { status } = await world.static('chat');
    expect(status).to.deep.include({
      state: 'Routing',
      url: `${world.url}/chat/`,
      route: `${task}.http`,
      targets: [`127.0.0.1:${String(first.port)}`],
      tasks: [{ id: task, name: 'app', route: `${task}.http` }],
    });
    expect((await get(`/service/${task}/`, alice())).status).to.equal(404);
  });

  it('is asked for by named endpoints as well, and by the word that newer SDKs write', async () => {
    await world.create('chat');
    const task = addTask('none', first, {
      _ROUTER_ENDPOINT_MODE: '',
      _PORT__api: second.port,
      _ADDRESS__api: '127.0.0.1',
      _ROUTER_ENDPOINT_MODE__api: 'subdomain',
      _ROUTER_ENDPOINT_MODE_PARAM__api: 'chat',
    });

    await untilServed('/chat/', 'the second');
    await untilServed(`/service/${task}/`, 'the first');
    await eventually(() =>
      expect(world.people.api.tasks.runtime(task)).to.include({
        endpoint: `${world.url}/service/${task}/`,
        endpoint__api: `${world.url}/chat/`,
      }),
    );
  });

  it('lets in who may use the task, and tells the others nothing', async () => {
    await world.create('chat');
    addTask('chat', first);
    await untilServed('/chat/', 'the first');

    expect((await get('/chat/', world.bearer('bob'))).status).to.equal(200);
    expect(await get('/chat/', world.bearer('eve'))).to.deep.equal(
      await get('/nowhere/', world.bearer('eve')),
    );
    expect((await get('/chat/', world.bearer('eve'))).status).to.equal(404);
    expect(await get('/chat/')).to.deep.equal(await get('/nowhere/'));
    expect((await get('/chat/')).status).to.equal(401);
  });

  it('waits for the StaticRoute that its task names', async () => {
    const task = addTask('later', first);
    const accepted = (): Promise<string> => world.router.condition(`${task}.http`, 'Accepted');
    await eventually(async () => expect(await accepted()).to.equal('False StaticRouteNotFound'));
    expect((await get('/later/', alice())).status).to.equal(404);

    await world.create('later', { path: '/elsewhere' });

    await untilServed('/elsewhere/', 'the first');
    expect(await accepted()).to.equal('True Accepted');
  });

  it('is kept by the first comer until that ends, then it is the turn of the one that waits longest', async () => {
    await world.create('chat');
    const one = addTask('chat', first);
    await untilServed('/chat/', 'the first');
    const two = addTask('chat', second);
    const accepted = (): Promise<string> => world.router.condition(`${two}.http`, 'Accepted');
    await eventually(async () => expect(await accepted()).to.equal('False StaticRouteInUse'));
    const three = addTask('chat', first);
    await eventually(async () =>
      expect((await world.static('chat')).status.tasks?.map(({ id }) => id)).to.deep.equal([
        one,
        two,
        three,
      ]),
    );
    await world.untilPublished(two, undefined);

    world.endTask(one);

    await untilServed('/chat/', 'the second');
    await world.untilPublished(two, `${world.url}/chat/`);
    await world.untilPublished(one, undefined);
    expect((await world.static('chat')).status.tasks?.map(({ id }) => id)).to.deep.equal([
      two,
      three,
    ]);
  });

  it('keeps its holder over a restart of the router', async () => {
    await world.create('chat');
    addTask('chat', first);
    await untilServed('/chat/', 'the first');
    addTask('chat', second);
    await eventually(async () =>
      expect((await world.static('chat')).status.tasks).to.have.length(2),
    );

    await world.stopRouter();
    expect((await get('/chat/', alice())).text).to.equal('the first');
    await world.startRouter();
    await eventually(() => expect(world.router.isComplete()).to.equal(true));

    expect((await get('/chat/', alice())).text).to.equal('the first');
  });

  it('moves while it is live: path, public, mode', async () => {
    await world.create('chat');
    const task = addTask('chat', first);
    await untilServed('/chat/', 'the first');

    await world.edit('chat', { path: '/talk' });
    const moved = performance.now();
    await untilServed('/talk/', 'the first');
    expect(performance.now() - moved).to.be.lessThan(SOON_MS);
    expect((await get('/chat/', alice())).status).to.equal(404);
    await world.untilPublished(task, `${world.url}/talk/`);

    await world.edit('chat', { access: 'public', pathMode: 'keep' });
    await untilServed('/talk/x', 'the first', {});
    await eventually(async () => {
      await get('/talk/x');
      expect(first.http.last.url).to.equal('/talk/x');
    });

    await world.edit('chat', { access: 'authenticated', pathMode: 'strip' });
    await eventually(async () => expect((await get('/talk/x')).status).to.equal(401));
  });

  async function held(path: string, token: string): Promise<{ ended: Promise<number> }> {
    const socket = await openWebSocket(`${world.url}${path}`, token);
    expect(await echoed(socket, 'hello')).to.equal('hello');
    return { ended: once(socket, 'close').then(() => performance.now()) };
  }

  for (const [what, change] of [
    ['disabled', () => world.edit('chat', { enabled: false })],
    ['deleted', () => world.router.store.delete('StaticRoute', 'chat')],
  ] as const)
    it(`ends what is open when it is ${what}, and leaves no address in ClearML`, async () => {
      await world.create('chat');
      const task = addTask('chat', first);
      await untilServed('/chat/', 'the first');
      await world.untilPublished(task, `${world.url}/chat/`);
      const socket = await held('/chat/', world.people.token('alice'));
      const stream = await fetch(`${world.url}/chat/events`, { headers: alice() });
      const streamed = stream.text().catch(() => 'broken off');

      await change();
      const changed = performance.now();

      expect((await socket.ended) - changed).to.be.lessThan(SOON_MS);
      await streamed;
      expect(performance.now() - changed).to.be.lessThan(SOON_MS);
      expect((await get('/chat/', alice())).status).to.equal(404);
      await world.untilPublished(task, undefined);
      await eventually(async () =>
        expect(await world.router.condition(`${task}.http`, 'Published')).to.equal(
          'Unknown NotAccepted',
        ),
      );
    });

  it('gives its address back to the same task when it is enabled again', async () => {
    await world.create('chat');
    const one = addTask('chat', first);
    await untilServed('/chat/', 'the first');
    addTask('chat', second);
    await world.edit('chat', { enabled: false });
    await world.untilReason('chat', 'Programmed', 'Disabled');
    await world.untilPublished(one, undefined);

    await world.edit('chat', { enabled: true });

    await untilServed('/chat/', 'the first');
    await world.untilPublished(one, `${world.url}/chat/`);
  });

  it('ends what was open to everybody when it is not public any more', async () => {
    await world.create('chat', { access: 'public' });
    addTask('chat', first);
    await untilServed('/chat/', 'the first', {});
    const socket = await held('/chat/', 'nobody');

    await world.edit('chat', { access: 'authenticated' });
    const changed = performance.now();

    expect((await socket.ended) - changed).to.be.lessThan(SOON_MS);
  });

  it('leaves its path to an older one, and takes it over when that goes', async () => {
    const { metadata } = await world.create('chat');
    addTask('chat', first);
    await untilServed('/chat/', 'the first');
    // Ages are in whole seconds.
    const later = Date.parse(metadata.creationTimestamp) + 1_000;
    await eventually(() => expect(Date.now()).to.be.at.least(later));
    await world.create('other', { path: '/chat' });
    const waiting = addTask('other', second);
    await world.untilReason('other', 'Accepted', 'PathTaken');
    const { conditions = [] } = (await world.static('other')).status;

    expect(getCondition(conditions, 'Accepted')?.message).to.include('"chat"');
    expect((await get('/chat/', alice())).text).to.equal('the first');
    await eventually(async () =>
      expect(await world.router.condition(`${waiting}.http`, 'Accepted')).to.equal(
        'False StaticRouteNotAccepted',
      ),
    );

    await world.router.store.delete('StaticRoute', 'chat');

    await untilServed('/chat/', 'the second');
    await world.untilReason('other', 'Accepted', 'Accepted');
  });

  it('leaves no address behind that was moved while no router ran', async () => {
    await world.create('chat');
    const task = addTask('chat', first);
    await untilServed('/chat/', 'the first');
    await world.untilPublished(task, `${world.url}/chat/`);

    await world.stopRouter();
    await world.whileDown(async (store) => {
      await store.delete('StaticRoute', 'chat');
    });
    await world.startRouter();

    await world.untilPublished(task, undefined);
    await eventually(async () => expect((await get('/chat/', alice())).status).to.equal(404));
  });
});
