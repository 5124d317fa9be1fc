import { Writable } from 'node:stream';
import { expect } from 'chai';
import { pino } from 'pino';
import type { ResolveName } from '../../../src/composition/name-lookup.ts';
import { warnOfRouteHosts } from '../../../src/composition/route-hosts.ts';
import { someSettings } from '../../support/some-settings.ts';

const EDGE = { allowedHosts: [], trustedProxies: [], corsOrigins: [] };

/** What is logged where names resolve like this. */
async function logged(
  resolve: ResolveName,
  routeDomain: string | undefined = 'apps.example',
  signal = new AbortController().signal,
): Promise<string> {
  let log = '';
  const write = (chunk: Buffer, _: unknown, done: () => void): void => {
    log += chunk.toString();
    done();
  };
  const logger = pino(new Writable({ write }));
  const edge = routeDomain === '' ? EDGE : { ...EDGE, routeDomain };
  await warnOfRouteHosts({ settings: someSettings({ edge }), logger }, resolve, signal);
  return log;
}

describe('warnOfRouteHosts', () => {
  it('says which record is missing', async () => {
    const log = await logged(() => Promise.resolve([]));

    expect(log).to.contain('.apps.example has no address').and.contain('*.apps.example, that');
  });

  it('asks for another name each time', async () => {
    const asked: string[] = [];
    const resolve: ResolveName = (name) => {
      asked.push(name);
      return Promise.resolve(['192.0.2.7']);
    };

    expect((await logged(resolve)) + (await logged(resolve))).to.equal('');
    expect(new Set(asked).size).to.equal(2);
    for (const name of asked) expect(name).to.match(/^[a-z0-9-]{1,63}\.apps\.example\.$/);
  });

  it('says nothing without such hosts, and nothing when the router ends meanwhile', async () => {
    expect(await logged(() => Promise.reject(new Error('asked')), '')).to.equal('');
    expect(await logged(() => Promise.resolve([]), 'apps.example', AbortSignal.abort())).to.equal(
      '',
    );
  });
});
