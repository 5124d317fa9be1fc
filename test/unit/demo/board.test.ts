import { expect } from 'chai';
import { RouteBoard } from '../../../src/embedded/demo/board.ts';
import { endpointKeys } from '../../../src/embedded/demo/clearml.ts';
import type { SeenTask } from '../../../src/embedded/demo/clearml.ts';
import type { RouteRow } from '../../../src/embedded/demo/table.ts';

const signal = new AbortController().signal;

/** A board over a list of tasks and a clock that the test sets. */
function aBoard(): {
  tasks: readonly SeenTask[];
  now: number;
  rows: () => Promise<readonly RouteRow[]>;
} {
  const world = {
    tasks: [] as readonly SeenTask[],
    now: 0,
    rows: () => board.rows(signal),
  };
  const board = new RouteBoard({
    router: {
      url: 'http://127.0.0.1:8080',
      tcpAddress: '127.0.0.1',
      tcpPorts: { start: 20_000, end: 20_019 },
    },
    token: 'token',
    listTasks: () => Promise.resolve(world.tasks),
    now: () => world.now,
  });
  return world;
}

function aTask(overrides: Partial<SeenTask> = {}): SeenTask {
  const runtime = endpointKeys({ protocol: 'http', name: '', address: '127.0.0.1', port: 1 });
  const base = { id: '01', name: 'notebook', user: 'alice', status: 'in_progress', started: 0 };
  return { ...base, runtime, ...overrides };
}

describe('RouteBoard', () => {
  it('shows the oldest task first, with its age', async () => {
    const board = aBoard();
    board.now = 9000;
    board.tasks = [aTask({ id: '02', name: 'later', started: 5000 }), aTask()];

    const rows = await board.rows();

    expect(rows.map(({ task, ageMs }) => [task, ageMs])).to.deep.equal([
      ['notebook', 9000],
      ['later', 4000],
    ]);
  });

  it('names the endpoint beside the task', async () => {
    const board = aBoard();
    const runtime = endpointKeys({ protocol: 'http', name: 'api', address: '127.0.0.1', port: 1 });
    board.tasks = [aTask({ runtime })];

    expect((await board.rows()).map(({ task }) => task)).to.deep.equal(['notebook / api']);
  });

  it('does not tell of tasks that ended before anyone looked', async () => {
    const board = aBoard();
    board.tasks = [aTask({ status: 'completed' })];

    expect(await board.rows()).to.deep.equal([]);
  });

  it('shows an ended route with its last address for a while', async () => {
    const board = aBoard();
    const endpoint = 'http://127.0.0.1:9/service/01/';
    board.tasks = [aTask({ runtime: { ...aTask().runtime, endpoint } })];
    await board.rows();
    board.tasks = [aTask({ status: 'completed' })];

    const ended = await board.rows();
    board.now += 16_000;
    const later = await board.rows();

    expect(ended.map((row) => [row.state, row.endpoint])).to.deep.equal([['Ended', endpoint]]);
    expect(later).to.deep.equal([]);
  });

  it('shows a route as ended when its task or its keys are gone', async () => {
    const board = aBoard();
    board.tasks = [aTask(), aTask({ id: '02' })];
    await board.rows();
    board.tasks = [aTask({ runtime: {} })];

    expect((await board.rows()).map(({ state }) => state)).to.deep.equal(['Ended', 'Ended']);
  });
});
