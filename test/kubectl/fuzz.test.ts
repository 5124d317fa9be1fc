import { once } from 'node:events';
import { connect } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import fc from 'fast-check';
import { Agent, request } from 'undici';
import { Readable } from 'node:stream';
import { startClearwayWorld, type ClearwayWorld } from './support/clearway-world.ts';
import { strangeRequests, type StrangeRequest } from './support/strange-requests.ts';

const RUNS = process.env['CLEARWAY_LONG'] === '1' ? 20_000 : 1_500;
/** More than caches and the compiler's work take, in bytes. */
const MEMORY = 64 * 1_048_576;

describe('the resource API, asked for anything', function () {
  this.timeout(process.env['CLEARWAY_LONG'] === '1' ? 600_000 : 120_000);
  let world: ClearwayWorld;
  let agent: Agent;

  before(async () => {
    world = await startClearwayWorld();
    agent = new Agent({ connect: { ca: world.served.authority } });
  });
  after(async () => {
    await agent.destroy();
    await world[Symbol.asyncDispose]();
  });

  it('answers with what was asked for or with a Status, and never fails itself', async () => {
    const property = fc.asyncProperty(strangeRequests, async (strange) => {
      await checkAnswer(world, agent, strange);
    });
    await fc.assert(property, { numRuns: RUNS });
    expect(failures(world)).to.deep.equal([]);
    await expectAlive(world, agent);
  });

  it('keeps its memory', async () => {
    const sample = fc.sample(strangeRequests, RUNS);
    for (const strange of sample) await checkAnswer(world, agent, strange);
    const before = heapBytes();
    for (let round = 0; round < 2; round += 1) {
      for (const strange of sample) await checkAnswer(world, agent, strange);
    }
    expect(heapBytes() - before).to.be.below(MEMORY);
  });

  it('ends connections that do not speak HTTP, and serves the next', async () => {
    const property = fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      async (bytes) => {
        const { port, authority } = world.served;
        const socket = connect({ port, host: '127.0.0.1', ca: authority });
        socket.on('error', () => undefined).resume();
        await once(socket, 'secureConnect');
        socket.end(Buffer.concat([bytes, Buffer.from('\r\n\r\n')]));
        await once(socket, 'close');
      },
    );
    await fc.assert(property, { numRuns: RUNS / 10 });
    await expectAlive(world, agent);
  });

  it('refuses a body without end', async () => {
    const { served } = world;
    const piece = Buffer.alloc(65_536, 0x20);
    const answer = await request(
      `${served.url}/apis/clearway.dev/v1alpha1/namespaces/default/staticroutes`,
      {
        method: 'POST',
        dispatcher: agent,
        headers: { authorization: `Bearer ${served.token}`, 'content-type': 'application/json' },
        body: Readable.from(
          (function* () {
            for (let sent = 0; sent < 8 * 1_048_576; sent += piece.length) yield piece;
          })(),
        ),
      },
    ).catch(() => undefined);
    if (answer !== undefined) {
      expect(answer.statusCode).to.equal(413);
      await answer.body.dump();
    }
    await expectAlive(world, agent);
  });
});

async function checkAnswer(
  { served }: ClearwayWorld,
  agent: Agent,
  { method, target, headers, body }: StrangeRequest,
): Promise<void> {
  const answer = await agent.request({
    origin: served.url,
    path: target,
    method: method,
    headers: { ...headers, authorization: `Bearer ${served.token}` },
    ...(body === undefined ? {} : { body }),
  });
  const { statusCode } = answer;
  expect(statusCode, `${method} ${target}`).to.not.equal(500);
  if (/[?&]watch=/.test(target) && statusCode === 200) {
    answer.body.on('error', () => undefined).destroy();
    return;
  }
  const text = await answer.body.text();
  if (statusCode >= 400 && method !== 'HEAD') {
    const status = JSON.parse(text) as { readonly kind: string; readonly code: number };
    expect(status, `${method} ${target}`).to.include({ kind: 'Status', code: statusCode });
  } else if (String(answer.headers['content-type']).startsWith('application/json') && text !== '') {
    JSON.parse(text);
  }
}

async function expectAlive({ served }: ClearwayWorld, dispatcher: Agent): Promise<void> {
  const headers = { authorization: `Bearer ${served.token}` };
  const answer = await request(`${served.url}/version`, { dispatcher, headers });
  expect(answer.statusCode).to.equal(200);
  await answer.body.dump();
}

/** What the router logged as its own failure. */
function failures({ served }: ClearwayWorld): readonly string[] {
  return served.log.filter((line) => (JSON.parse(line) as { level: string }).level === 'error');
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  collect();
  return process.memoryUsage().heapUsed;
}
