import { expect } from 'chai';
import type { Call } from '../../../src/clearml/client.ts';
import { listTasks, listTasksById, type Caller } from '../../../src/clearml/task-queries.ts';
import { OperatorError } from '../../../src/errors.ts';

const NEVER = new AbortController().signal;

interface Task {
  readonly id: string;
  readonly last_change: string;
}

interface Query {
  readonly last_change?: readonly string[];
  readonly page: number;
  readonly page_size: number;
}

/** A server that orders and cuts as the real one; pages with the task `huge` are too large unless it is alone. */
function aServer(
  tasks: readonly Task[],
  cap = 500,
): { readonly caller: Caller; readonly queries: Query[] } {
  const queries: Query[] = [];
  const answer = (query: Query): readonly Task[] => {
    queries.push(query);
    const from = query.last_change?.[0]?.slice(2) ?? '';
    const size = Math.min(query.page_size, cap);
    const page = tasks
      .filter((task) => task.last_change >= from)
      .sort((left, right) => (left.last_change + left.id < right.last_change + right.id ? -1 : 1))
      .slice(query.page * size, (query.page + 1) * size);
    if (page.length > 1 && page.some(({ id }) => id === 'huge')) {
      throw new OperatorError('CLEARML_MALFORMED', { problem: 'answer too large' });
    }
    return page;
  };
  const call = <T>(call: Call<T>): Promise<T> =>
    Promise.resolve().then(() => call.parse({ tasks: answer(call.body as unknown as Query) }, ''));
  return { caller: { call }, queries };
}

function manyTasks(count: number, stampOf: (index: number) => number): Task[] {
  return Array.from({ length: count }, (_, index) => ({
    id: `t${index}`,
    last_change: new Date(stampOf(index)).toISOString().replace('Z', '000+00:00'),
  }));
}

async function idsOf(caller: Caller, thorough: boolean): Promise<ReadonlySet<string>> {
  const ids = new Set<string>();
  for await (const page of listTasks(caller, {}, { thorough }, NEVER)) {
    for (const task of page) ids.add((task as Task).id);
  }
  return ids;
}

describe('listTasks', () => {
  for (const [name, stampOf] of [
    ['of one stamp', () => 5_000],
    ['of different stamps', (index: number) => index],
    ['of few stamps', (index: number) => Math.floor(index / 700)],
  ] as const) {
    it(`finds all of 2,000 tasks ${name}`, async () => {
      expect(await idsOf(aServer(manyTasks(2_000, stampOf)).caller, false)).to.have.property(
        'size',
        2_000,
      );
      expect(await idsOf(aServer(manyTasks(2_000, stampOf)).caller, true)).to.have.property(
        'size',
        2_000,
      );
    });
  }

  it('finds all tasks of a server with a lower cap when it is thorough', async () => {
    const { caller } = aServer(
      manyTasks(1_050, (index) => index),
      200,
    );

    expect((await idsOf(caller, true)).size).to.equal(1_050);
  });

  it('finds the tasks beside one that is too large for a page', async () => {
    const tasks = manyTasks(700, (index) => index).map((task, index) =>
      index === 345 ? { ...task, id: 'huge' } : task,
    );
    const { caller } = aServer(tasks);

    expect((await idsOf(caller, false)).size).to.equal(700);
  });

  it('ends on a server that ignores pages', async () => {
    const tasks = manyTasks(500, () => 5_000);
    const call = <T>(call: Call<T>): Promise<T> => Promise.resolve(call.parse({ tasks }, ''));

    const error = await idsOf({ call }, false).catch((thrown: unknown) => thrown);

    expect(error).to.include({ code: 'CLEARML_MALFORMED' });
  });
});

describe('listTasksById', () => {
  it('asks for nothing when there are no ids', async () => {
    const { caller, queries } = aServer(manyTasks(3, () => 1));

    expect(await listTasksById(caller, [], NEVER)).to.deep.equal([]);
    expect(queries).to.deep.equal([]);
  });
});
