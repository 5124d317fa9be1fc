import { join } from 'node:path';
import { expect } from 'chai';
import { pino } from 'pino';
import { AdminServer, type AdminServerDeps } from '../../src/api/admin-server.ts';
import { call, type ChannelAnswer } from '../support/channel-client.ts';
import { tempFolder } from '../support/temp-folder.ts';

/** Asks a server with these answers. */
async function asked(
  path: string,
  overrides: Partial<AdminServerDeps> = {},
  method = 'GET',
): Promise<ChannelAnswer> {
  await using temp = await tempFolder();
  const socketPath = join(temp.path, 'metrics.sock');
  const server = new AdminServer({
    path: socketPath,
    metrics: () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }),
    healthy: () => ({ status: 200, text: 'well\n' }),
    ready: () => ({ status: 503, text: 'no proxy\n' }),
    logger: pino({ level: 'silent' }),
    ...overrides,
  });
  const stop = new AbortController();
  await server.start(stop.signal);
  try {
    return await call({ socketPath, path, method });
  } finally {
    stop.abort();
    await server.close();
  }
}

describe('AdminServer', () => {
  it('answers metrics with their content type', async () => {
    const { status, text, headers } = await asked('/metrics?x=1');

    expect({ status, text }).to.deep.equal({ status: 200, text: 'up 1\n' });
    expect(headers['content-type']).to.equal('text/plain; version=0.0.4');
  });

  it('answers health and readiness as it is told', async () => {
    expect(await asked('/healthz')).to.include({ status: 200, text: 'well\n' });
    expect(await asked('/readyz')).to.include({ status: 503, text: 'no proxy\n' });
  });

  it('answers HEAD without a body', async () => {
    expect(await asked('/readyz', {}, 'HEAD')).to.include({ status: 503, text: '' });
  });

  it('serves nothing else', async () => {
    expect((await asked('/')).status).to.equal(404);
    expect((await asked('/metrics', {}, 'POST')).status).to.equal(405);
  });

  it('goes on when metrics cannot be made', async () => {
    const metrics = (): Promise<never> => Promise.reject(new Error('secret reason'));

    const { status, text } = await asked('/metrics', { metrics });

    expect(status).to.equal(500);
    expect(text).to.not.include('secret');
  });
});
