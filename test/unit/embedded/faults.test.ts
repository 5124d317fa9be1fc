import { expect } from 'chai';
import type { Fault } from '../../../src/embedded/api/faults.ts';
import { anApi, call } from './an-api.ts';

async function underFault(fault: Fault): Promise<Awaited<ReturnType<typeof call>>> {
  await using server = await anApi();
  server.api.tasks.create({ name: 'task' });
  server.api.orderFault({ endpoint: '^tasks\\.', fault });
  return await call(server.api, 'tasks.get_all_ex');
}

describe('ordered faults', () => {
  it('answer with a status in an envelope', async () => {
    const told = await underFault({ kind: 'status', status: 500, subcode: 102 });

    expect(told.status).to.equal(500);
    expect(told.meta).to.include({ result_code: 500, result_subcode: 102 });
  });

  it('answer 401/30', async () => {
    const told = await underFault({ kind: 'unauthorized' });

    expect(told.meta).to.include({ result_code: 401, result_subcode: 30 });
  });

  it('answer 429 with Retry-After', async () => {
    const told = await underFault({ kind: 'throttle', retryAfterSeconds: 7 });

    expect([told.status, told.headers.get('retry-after')]).to.deep.equal([429, '7']);
  });

  it('answer an empty page', async () => {
    const told = await underFault({ kind: 'empty-page' });

    expect([told.status, told.data]).to.deep.equal([200, { tasks: [] }]);
  });

  it('answer a page that is not JSON', async () => {
    const told = await underFault({ kind: 'html', status: 200 });

    expect(told.headers.get('content-type')).to.equal('text/html');
    expect(told.text).to.match(/^<!doctype html>/);
  });

  it('answer a bare NaN, and leave the task as it is', async () => {
    await using server = await anApi();
    const id = server.api.tasks.create({ name: 'task', runtime: { a: 1 } });
    server.api.orderFault({ endpoint: '.', count: 1, fault: { kind: 'nan' } });

    const told = await call(server.api, 'tasks.get_all_ex');

    expect(told.text).to.contain('"runtime":{"a":1,"nan":NaN}');
    expect(server.api.tasks.runtime(id)).to.deep.equal({ a: 1 });
  });

  for (const kind of ['cut', 'reset'] as const) {
    it(`break the connection (${kind})`, async () => {
      let problem: unknown;
      await underFault({ kind }).catch((thrown: unknown) => (problem = thrown));

      expect(problem).to.be.instanceOf(Error);
    });
  }

  it('come late, beside another fault', async () => {
    await using server = await anApi();
    server.api.orderFault({ endpoint: '.', fault: { kind: 'latency', ms: 60 } });
    server.api.orderFault({ endpoint: '.', fault: { kind: 'status', status: 503 } });

    const started = performance.now();
    const told = await call(server.api, 'debug.ping');

    expect(told.status).to.equal(503);
    expect(performance.now() - started).to.be.at.least(55);
  });

  it('hit as often as ordered, and only the calls that were named', async () => {
    await using server = await anApi();
    const fault = { kind: 'status', status: 500 } as const;
    server.api.orderFault({ endpoint: '^tasks\\.get_all$', count: 1, fault });

    const statuses: number[] = [];
    for (const endpoint of ['users.get_all', 'tasks.get_all', 'tasks.get_all']) {
      statuses.push((await call(server.api, endpoint)).status);
    }

    expect(statuses).to.deep.equal([200, 500, 200]);
  });

  it('can be ordered over HTTP, as JSON only', async () => {
    await using server = await anApi();
    const url = `${server.api.url}/_embedded/faults`;
    const order = JSON.stringify({
      endpoint: 'debug',
      count: 1,
      fault: { kind: 'status', status: 502 },
    });

    const form = await fetch(url, { method: 'POST', body: order });
    const json = await fetch(url, {
      method: 'POST',
      body: order,
      headers: { 'Content-Type': 'application/json' },
    });

    expect([form.status, json.status]).to.deep.equal([415, 200]);
    expect((await call(server.api, 'debug.ping')).status).to.equal(502);
  });
});
