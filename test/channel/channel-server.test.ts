import { connect } from 'node:net';
import { once } from 'node:events';
import { expect } from 'chai';
import type {
  AccessAnswer,
  AccessDecider,
  AccessQuestion,
} from '../../src/controllers/contracts.ts';
import { call, type ChannelAnswer } from '../support/channel-client.ts';
import { startDataPlane } from '../support/data-plane.ts';
import { eventually } from '../support/eventually.ts';
import { aTable } from '../support/route-tables.ts';
import { pino } from 'pino';

const question = { format: 1, kind: 'cookie', credential: 'top-secret', task: 'abc' } as const;

/** Asks a data plane with this decider. */
async function decided(
  decide: AccessDecider['decide'],
  body: unknown = question,
): Promise<{ readonly answer: ChannelAnswer; readonly log: string; readonly generation: number }> {
  const lines: string[] = [];
  const logger = pino({}, { write: (line) => void lines.push(line) });
  await using running = await startDataPlane({ decider: { decide }, logger });
  const { socketPath, plane } = running;
  const generation = await plane.apply(aTable('a'));
  const answer = await call({ socketPath, path: '/proxy/decide', body });
  return { answer, log: lines.join(''), generation };
}

const saying =
  (answer: AccessAnswer): AccessDecider['decide'] =>
  () =>
    Promise.resolve(answer);

describe('/proxy/decide', () => {
  it('asks about the caller and stamps the answer', async () => {
    const asked: AccessQuestion[] = [];
    const { answer, generation } = await decided((given) => {
      asked.push(given);
      return Promise.resolve({ verdict: 'allow', user: 'u1' });
    });

    expect(asked).to.deep.equal([{ kind: 'cookie', credential: 'top-secret', task: 'abc' }]);
    expect(JSON.parse(answer.text)).to.deep.equal({
      format: 1,
      verdict: 'allow',
      user: 'u1',
      generation,
      fresh: 60,
      usable: 900,
    });
  });

  it('stamps the generation that was read before asking', async () => {
    const answered = Promise.withResolvers<AccessAnswer>();
    await using running = await startDataPlane({ decider: { decide: () => answered.promise } });
    const { socketPath, plane } = running;
    const before = await plane.apply(aTable('a'));
    const waiting = call({ socketPath, path: '/proxy/decide', body: question });
    await call({ socketPath, path: '/proxy/observe', body: { format: 1, answered: [] } });
    await plane.apply(aTable());

    answered.resolve({ verdict: 'allow', user: 'u' });

    expect(JSON.parse((await waiting).text)).to.include({ verdict: 'allow', generation: before });
  });

  it('lets nobody in when the decision fails, and logs no credential', async () => {
    const { answer, log } = await decided(() => Promise.reject(new Error('out of order')));

    expect(answer.status).to.equal(200);
    expect(JSON.parse(answer.text)).to.include({ verdict: 'unavailable', fresh: 0, usable: 0 });
    expect(log).to.include('access decision failed').and.not.include('top-secret');
  });

  it('takes a credential that has ended for none', async () => {
    const { answer } = await decided(
      saying({ verdict: 'allow', user: 'u', expires: Date.now() - 1 }),
    );

    expect(JSON.parse(answer.text)).to.include({ verdict: 'unauthenticated' });
    expect(answer.text).to.not.include('user');
  });

  it('refuses what it cannot read, without repeating it', async () => {
    const bodies: readonly unknown[] = [
      'top-secret',
      '["top-secret"]',
      { ...question, kind: 'top-secret' },
      { ...question, credential: ['top-secret'] },
      { ...question, task: '' },
      { ...question, format: 'top-secret' },
      { ...question, format: 2 },
    ];
    for (const body of bodies) {
      const { answer } = await decided(saying({ verdict: 'allow', user: 'u' }), body);

      expect(answer.status).to.equal(400);
      expect(answer.text).to.not.include('top-secret');
    }
  });

  it('gives up asking when the proxy hangs up', async () => {
    const asked = Promise.withResolvers<AbortSignal>();
    const decide: AccessDecider['decide'] = (_question, signal) => {
      asked.resolve(signal);
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason as Error));
      });
    };
    await using running = await startDataPlane({ decider: { decide } });
    const { socketPath } = running;
    const hangup = new AbortController();

    const { signal } = hangup;
    const waiting = call({ socketPath, path: '/proxy/decide', body: question, signal });
    const seen = await asked.promise;
    hangup.abort();

    await waiting.catch(() => undefined);
    await eventually(() => expect(seen.aborted).to.equal(true));
  });
});

describe('ChannelServer', () => {
  it('serves its three paths by POST only, with their length', async () => {
    await using running = await startDataPlane();
    const { socketPath } = running;

    const status = async (method: string, path: string): Promise<number> =>
      (await call({ socketPath, method, path, body: method === 'GET' ? undefined : '{}' })).status;

    expect(await status('POST', '/metrics')).to.equal(404);
    expect(await status('POST', '/proxy/poll/../decide')).to.equal(404);
    expect(await status('POST', '/proxy/poll?x=1')).to.equal(404);
    expect(await status('GET', '/proxy/poll')).to.equal(405);
    expect(await status('POST', '/proxy/poll')).to.equal(400);
    const { headers } = await call({ socketPath, path: '/proxy/observe', body: '' });
    expect(headers['content-length']).to.match(/^\d+$/);
  });

  it('refuses a body that is too long, announced or not', async () => {
    await using running = await startDataPlane();
    const { socketPath } = running;
    const body = JSON.stringify({ ...question, credential: 'x'.repeat(70_000) });

    const announced = await call({ socketPath, path: '/proxy/decide', body });
    const chunked = connect(socketPath);
    chunked.write('POST /proxy/decide HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n');
    chunked.write(`${(70_000).toString(16)}\r\n${'x'.repeat(70_000)}\r\n`);
    const [head] = (await once(chunked, 'data')) as [Buffer];
    chunked.destroy();

    expect(announced.status).to.equal(413);
    expect(head.toString()).to.match(/^HTTP\/1\.1 413 /);
  });

  it('goes on after rubbish, half a request and callers that hang up', async () => {
    await using running = await startDataPlane();
    const { socketPath, plane } = running;
    const rubbish = connect(socketPath);
    rubbish.end('\u0000\u0001 no request\r\n\r\n');
    const half = connect(socketPath);
    half.write('POST /proxy/poll HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"for');
    const gone = connect(socketPath);
    gone.write('POST /proxy/poll HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{"for');
    await once(gone, 'connect');
    gone.destroy();
    await once(rubbish.resume(), 'close');
    const worker = running.worker();

    const generation = await plane.apply(aTable('a'));

    await eventually(() => expect(plane.acknowledged).to.equal(generation));
    expect(worker.table).to.deep.equal(aTable('a'));
    half.destroy();
  });
});
