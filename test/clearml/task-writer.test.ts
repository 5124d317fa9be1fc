import { expect } from 'chai';
import { ClearmlTaskWriter } from '../../src/clearml/task-writer.ts';
import { hasCode, type OperatorError } from '../../src/errors.ts';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { aClient, anApi } from './support/a-client.ts';
import { envelope, startStub } from './support/stub-server.ts';

const NEVER = new AbortController().signal;

async function writing(
  test: (writer: ClearmlTaskWriter, api: EmbeddedClearml) => Promise<void>,
): Promise<void> {
  const api = await anApi();
  const { client } = aClient(api.url);
  try {
    await test(new ClearmlTaskWriter({ client }), api);
  } finally {
    await client.close();
    await api.close();
  }
}

/** A writer on a stub whose task has this runtime, as text; gives the bodies of all edits. */
async function writingRaw(
  runtime: string,
  test: (writer: ClearmlTaskWriter, edits: () => readonly string[]) => Promise<void>,
  edited = envelope({ updated: 1 }),
): Promise<void> {
  const stub = await startStub(({ path }) => {
    if (path.endsWith('tasks.get_by_id')) {
      return `{"meta":{"result_code":200},"data":{"task":{"id":"t1","runtime":${runtime}}}}`;
    }
    return path.endsWith('auth.login') ? undefined : edited;
  });
  const { client } = aClient(stub.url);
  const edits = (): readonly string[] =>
    stub.seen.filter(({ path }) => path.includes('tasks.edit')).map(({ body }) => body);
  try {
    await test(new ClearmlTaskWriter({ client }), edits);
  } finally {
    await client.close();
    await stub.close();
  }
}

async function errorOf(promise: Promise<unknown>): Promise<OperatorError> {
  return promise.then(
    () => {
      throw new Error('it went well');
    },
    (error: unknown) => error as OperatorError,
  );
}

describe('ClearmlTaskWriter', () => {
  it('reads a task, and says missing when ClearML does', async () => {
    await writing(async (writer, api) => {
      const id = api.tasks.create({ name: 'app', status: 'queued', runtime: { _PORT: 1, _x: 2 } });

      expect(await writer.read(id, NEVER)).to.deep.include({
        id,
        status: 'queued',
        runtime: { _PORT: 1 },
      });
      expect(await writer.read('0'.repeat(32), NEVER)).to.equal('missing');
      expect(writer.hasEditRuntime).to.equal(true);
    });
  });

  it('edits keys atomically', async () => {
    await writing(async (writer, api) => {
      const id = api.tasks.create({
        name: 'app',
        status: 'in_progress',
        runtime: { _PORT: 1, b: 2 },
      });

      await writer.editRuntime(
        id,
        { set: { endpoint: 'u', clearway: '{}' }, remove: ['b', 'endpoint'] },
        NEVER,
      );
      await writer.editRuntime(id, { set: {}, remove: [] }, NEVER);

      expect(api.tasks.runtime(id)).to.deep.equal({ _PORT: 1, endpoint: 'u', clearway: '{}' });
      expect(api.calls('tasks.edit_runtime')).to.equal(1);
    });
  });

  for (const key of ['_PORT', 'endpoint__api', 'a.b', '$a', 'a%b', '']) {
    it(`does not edit the key ${JSON.stringify(key)} atomically, as the server would rename it`, async () => {
      await writing(async (writer, api) => {
        const error = await errorOf(
          writer.editRuntime('x', { set: { [key]: 1 }, remove: [] }, NEVER),
        );

        expect(hasCode(error, 'UNEXPECTED')).to.equal(true);
        expect(api.calls('tasks.edit_runtime')).to.equal(0);
      });
    });
  }

  it('is refused to edit an ended task atomically, and replaces its runtime', async () => {
    await writing(async (writer, api) => {
      const id = api.tasks.create({
        name: 'app',
        status: 'stopped',
        runtime: { endpoint: 'u', a: 1 },
      });
      const patch = { set: {}, remove: ['endpoint'] };

      const error = await errorOf(writer.editRuntime(id, patch, NEVER));
      await writer.replaceRuntime(id, patch, NEVER);

      expect(error.code).to.equal('CLEARML_REFUSED');
      expect(api.tasks.runtime(id)).to.deep.equal({ a: 1 });
    });
  });

  it('writes back every other key and value as it was, byte by byte', async () => {
    const runtime =
      '{ "CLEARML VERSION":"2.1.7", "f":1.0, "big":9007199254740993, "e":1e+300, "z":-0.0, "n":NaN, "i":-Infinity,' +
      ' "a.b":{"x":[1, "}]\\"", {}]}, "$a":null, "":"", "\\u043a":"\\u00e9\\ud800", "__proto__":1, "a/b":true,' +
      ' "endpoint":"old", "_PORT":8080, "gone":[{"a":"]"}]}';
    await writingRaw(runtime, async (writer, edits) => {
      await writer.replaceRuntime(
        't1',
        { set: { endpoint: 'new', endpoint__api: 'a"b' }, remove: ['gone', 'absent'] },
        NEVER,
      );

      expect(edits()).to.deep.equal([
        '{"task":"t1","force":true,"runtime":{"CLEARML VERSION":"2.1.7","f":1.0,"big":9007199254740993,"e":1e+300,' +
          '"z":-0.0,"n":NaN,"i":-Infinity,"a.b":{"x":[1, "}]\\"", {}]},"$a":null,"":"","\\u043a":"\\u00e9\\ud800",' +
          '"__proto__":1,"a/b":true,"_PORT":8080,"endpoint":"new","endpoint__api":"a\\"b"}}',
      ]);
    });
  });

  it('writes nothing when nothing would change', async () => {
    await writingRaw('{"endpoint":"\\u0068ttp://x/","p":5}', async (writer, edits) => {
      await writer.replaceRuntime(
        't1',
        { set: { endpoint: 'http://x/', p: 5 }, remove: ['q'] },
        NEVER,
      );

      expect(edits()).to.deep.equal([]);
    });
  });

  it('writes a port anew that another writer made a text', async () => {
    await writingRaw('{"upstream_task_port":"5"}', async (writer, edits) => {
      await writer.replaceRuntime('t1', { set: { upstream_task_port: 5 }, remove: [] }, NEVER);

      expect(edits()).to.have.length(1);
    });
  });

  for (const runtime of ['""', '[]', '[["a",1]]', '5', '{"_cls":"Foo"}']) {
    it(`writes nothing over the runtime ${runtime}`, async () => {
      await writingRaw(runtime, async (writer, edits) => {
        const error = await errorOf(
          writer.replaceRuntime('t1', { set: { a: 1 }, remove: [] }, NEVER),
        );

        expect(error.code).to.equal('CLEARML_REFUSED');
        expect(error.outcome).to.equal('blocked');
        expect(edits()).to.deep.equal([]);
      });
    });
  }

  it('does not take a write for done that updated nothing', async () => {
    await writingRaw(
      'null',
      async (writer) => {
        const patch = { set: { endpoint: 'u' }, remove: [] };

        expect((await errorOf(writer.replaceRuntime('t1', patch, NEVER))).outcome).to.equal(
          'retry',
        );
        expect((await errorOf(writer.editRuntime('t1', patch, NEVER))).outcome).to.equal('retry');
      },
      envelope({ updated: 0 }),
    );
  });

  it('does not write over a task that it did not read', async () => {
    await writingRaw('{}', async (writer, edits) => {
      const error = await errorOf(
        writer.replaceRuntime('t2', { set: { a: 1 }, remove: [] }, NEVER),
      );

      expect(error.code).to.equal('CLEARML_MALFORMED');
      expect(edits()).to.deep.equal([]);
    });
  });
});
