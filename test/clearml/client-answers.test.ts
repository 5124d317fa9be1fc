import { expect } from 'chai';
import type { ServerResponse } from 'node:http';
import type { ErrorCode } from '../../src/errors.ts';
import { aClient } from './support/a-client.ts';
import { envelope, refusal } from './support/stub-server.ts';
import { NEVER, PING, errorOf, withStub } from './support/with-stub.ts';

describe('ClearmlClient, by answer', () => {
  type Answer = (response: ServerResponse) => string;
  const status =
    (code: number, text: string, headers: Record<string, string> = {}): Answer =>
    (response) => {
      response.writeHead(code, headers);
      return text;
    };
  const cases: readonly [string, Answer, ErrorCode, Record<string, unknown>][] = [
    ['500 in an envelope', (r) => refusal(r, 500, 0), 'CLEARML_UNAVAILABLE', { status: 500 }],
    [
      '500 as plain text',
      status(500, 'Internal Server Error'),
      'CLEARML_UNAVAILABLE',
      { status: 500 },
    ],
    ['502 as a page', status(502, '<html>'), 'CLEARML_UNAVAILABLE', { status: 502 }],
    [
      '429 with a delay',
      status(429, '', { 'retry-after': '7' }),
      'CLEARML_THROTTLED',
      { delayMs: 7_000 },
    ],
    ['429 without', status(429, ''), 'CLEARML_THROTTLED', {}],
    ['a refusal', (r) => refusal(r, 400, 101), 'CLEARML_REFUSED', { code: 400, subcode: 101 }],
    ['403', (r) => refusal(r, 403, 21), 'CLEARML_REFUSED', { code: 403, subcode: 21 }],
    ['404 as a page', status(404, '<html>'), 'CLEARML_MALFORMED', { status: 404 }],
    ['200 as a page', status(200, '<html>'), 'CLEARML_MALFORMED', {}],
    ['a redirect', status(302, '', { location: '/login' }), 'CLEARML_MALFORMED', { status: 302 }],
    ['JSON without an envelope', status(200, '{"data":{}}'), 'CLEARML_MALFORMED', {}],
    [
      'an envelope without data',
      status(200, '{"meta":{"result_code":200}}'),
      'CLEARML_MALFORMED',
      {},
    ],
    ['half of an answer', status(200, envelope({ a: 1 }).slice(0, -5)), 'CLEARML_MALFORMED', {}],
    [
      'a failure inside a 200',
      status(200, '{"meta":{"result_code":500},"data":{}}'),
      'CLEARML_UNAVAILABLE',
      {},
    ],
  ];
  for (const [name, answer, code, details] of cases) {
    it(`takes ${name} for ${code}`, async () => {
      await withStub(
        ({ path }, response) => (path.endsWith('ping') ? answer(response) : undefined),
        async (url) => {
          const { client, calls } = aClient(url);

          const error = await errorOf(client.call(PING, NEVER));

          expect(error.code).to.equal(code);
          expect(error.details).to.include(details);
          expect(calls.at(-1)).to.include({ endpoint: 'tasks.ping', outcome: code });
          await client.close();
        },
      );
    });
  }

  it('reads NaN and Infinity where they stand bare', async () => {
    await withStub(
      ({ path }) =>
        path.endsWith('ping')
          ? '{"meta":{"result_code":200},"data":{"a":NaN,"b":-Infinity,"c":"NaN, \\"Infinity"}}'
          : undefined,
      async (url) => {
        const { client } = aClient(url);

        expect(await client.call(PING, NEVER)).to.deep.equal({
          a: 'NaN',
          b: -Infinity,
          c: 'NaN, "Infinity',
        });
        await client.close();
      },
    );
  });

  it('takes rubbish in the data for malformed', async () => {
    await withStub(
      ({ path }) => (path.endsWith('ping') ? envelope({}) : undefined),
      async (url) => {
        const { client } = aClient(url);
        const parse = (): never => {
          throw new TypeError('no list');
        };

        const error = await errorOf(client.call({ ...PING, parse }, NEVER));

        expect(error.code).to.equal('CLEARML_MALFORMED');
        await client.close();
      },
    );
  });

  it('bounds the size of an answer', async () => {
    await withStub(
      ({ path }) => (path.endsWith('ping') ? envelope({ a: 'x'.repeat(100_000) }) : undefined),
      async (url) => {
        const { client } = aClient(url, { maxAnswerBytes: 10_000 });

        const error = await errorOf(client.call(PING, NEVER));

        expect(error.code).to.equal('CLEARML_MALFORMED');
        expect(error.details).to.deep.equal({ problem: 'answer too large' });
        await client.close();
      },
    );
  });
});
