import { expect } from 'chai';
import { eventually } from '../support/eventually.ts';
import { aClient } from './support/a-client.ts';
import { aToken, envelope, refusal, startStub } from './support/stub-server.ts';
import { NEVER, PING, errorOf, withStub } from './support/with-stub.ts';

describe('ClearmlClient', () => {
  it('signs in once for many calls, and sends JSON to a versioned path', async () => {
    await withStub(
      ({ path }) => (path.endsWith('tasks.ping') ? envelope({ ok: 1 }) : undefined),
      async (url, seen) => {
        const { client } = aClient(`${url}/api`);

        const results = await Promise.all([1, 2, 3].map(() => client.call(PING, NEVER)));

        expect(results).to.deep.equal([{ ok: 1 }, { ok: 1 }, { ok: 1 }]);
        expect(seen.filter(({ path }) => path === '/api/v2.34/auth.login')).to.have.length(1);
        expect(seen.at(-1)?.body).to.equal('{"task":"x"}');
        expect(client.hasEditRuntime).to.equal(true);
        await client.close();
      },
    );
  });

  for (const [apiVersion, has] of [
    ['2.34', true],
    ['2.40', true],
    ['3.0', true],
    ['2.9', false],
    ['2.33', false],
    ['x', false],
  ] as const) {
    it(`${has ? 'has' : 'lacks'} tasks.edit_runtime at API ${apiVersion}`, async () => {
      await withStub(
        ({ path }) => (path.endsWith('ping') ? envelope({}) : undefined),
        async (url) => {
          const { client } = aClient(url);
          expect(client.hasEditRuntime).to.equal(false);

          await client.call(PING, NEVER);

          expect(client.hasEditRuntime).to.equal(has);
          await client.close();
        },
        aToken({ api_version: apiVersion }),
      );
    });
  }

  it('renews the token before it ends', async () => {
    let now = 1_000_000_000;
    await withStub(
      ({ path }) => (path.endsWith('ping') ? envelope({}) : undefined),
      async (url, seen) => {
        const { client } = aClient(url, {}, () => now);
        const logins = (): number => seen.filter(({ path }) => path.endsWith('auth.login')).length;

        await client.call(PING, NEVER);
        now += 3_000_000;
        await client.call(PING, NEVER);
        expect(logins()).to.equal(1);
        now += 300_000;
        await client.call(PING, NEVER);

        expect(logins()).to.equal(2);
        await client.close();
      },
      // Life is counted between the claims: the server's clock may be years away from ours.
      aToken({ iat: 5_000_000, exp: 5_003_600 }),
    );
  });

  it('goes on with a token that still works when it cannot be renewed', async () => {
    let now = 0;
    let down = false;
    await withStub(
      ({ path }, response) => {
        if (path.endsWith('ping')) return envelope({});
        return down ? refusal(response, 500, 0) : undefined;
      },
      async (url) => {
        const { client } = aClient(url, {}, () => now);
        await client.call(PING, NEVER);
        down = true;

        now = 3_500_000;
        await client.call(PING, NEVER);
        now = 3_700_000;

        expect((await errorOf(client.call(PING, NEVER))).code).to.equal('CLEARML_UNAVAILABLE');
        await client.close();
      },
      aToken({ iat: 0, exp: 3_600 }),
    );
  });

  it('signs in anew once when a call is answered with 401', async () => {
    let refuse = 1;
    await withStub(
      ({ path }, response) => {
        if (!path.endsWith('ping')) return undefined;
        return refuse-- > 0 ? refusal(response, 401, 30) : envelope({});
      },
      async (url, seen) => {
        const { client } = aClient(url);

        await client.call(PING, NEVER);
        expect(seen.map(({ path }) => path.slice(7))).to.deep.equal([
          'auth.login',
          'tasks.ping',
          'auth.login',
          'tasks.ping',
        ]);
        refuse = 2;

        expect((await errorOf(client.call(PING, NEVER))).code).to.equal('CLEARML_UNAUTHORIZED');
        await client.close();
      },
    );
  });

  it('calls credentials that are refused unauthorized', async () => {
    await withStub(
      (_, response) => refusal(response, 401, 22),
      async (url) => {
        const { client } = aClient(url);

        const error = await errorOf(client.call(PING, NEVER));

        expect(error.code).to.equal('CLEARML_UNAUTHORIZED');
        expect(JSON.stringify(error)).not.to.contain('router-secret');
        await client.close();
      },
    );
  });

  it('gives up after its own time, and says unreachable', async () => {
    await withStub(
      () => undefined,
      async (url) => {
        const { client } = aClient(url, { timeoutMs: 100 });
        await client.call(PING, NEVER).catch(() => undefined);

        const error = await errorOf(client.call(PING, NEVER));

        expect(error.code).to.equal('CLEARML_UNREACHABLE');
        expect(error.details).to.deep.equal({ problem: 'timed out' });
        await client.close();
      },
    );
  });

  it('says unreachable when nobody listens', async () => {
    const stub = await startStub(() => undefined);
    await stub.close();
    const { client } = aClient(stub.url);

    const error = await errorOf(client.call(PING, NEVER));

    expect(error.code).to.equal('CLEARML_UNREACHABLE');
    expect(error.details).to.deep.equal({ problem: 'ECONNREFUSED' });
    await client.close();
  });

  it('ends a call with the reason of the signal, and leaves a sign-in of others alone', async () => {
    let release = (): void => undefined;
    await withStub(
      ({ path }, response) => {
        if (path.endsWith('ping')) return envelope({});
        release = () => response.end(envelope({ token: aToken() }));
        return undefined;
      },
      async (url, seen) => {
        const { client } = aClient(url);
        const controller = new AbortController();
        const first = client.call(PING, controller.signal).catch((error: unknown) => error);
        const second = client.call(PING, NEVER);
        await eventually(() => expect(seen).to.have.length(1));
        const reason = new Error('enough');

        controller.abort(reason);

        expect(await first).to.equal(reason);
        release();
        expect(await second).to.deep.equal({});
        await client.close();
      },
      '',
    );
  });

  it('goes through a forward proxy, except for the hosts that are named', async () => {
    await withStub(
      ({ path }) =>
        path.endsWith('ping') ? envelope({ via: path.startsWith('http') }) : undefined,
      async (url) => {
        const through = aClient('http://clearml.invalid', { proxy: { http: url } }).client;
        const direct = aClient(url, {
          proxy: { http: 'http://127.0.0.1:1', noProxy: '127.0.0.1' },
        }).client;

        expect(await through.call(PING, NEVER)).to.deep.equal({ via: true });
        expect(await direct.call(PING, NEVER)).to.deep.equal({ via: false });
        await Promise.all([through.close(), direct.close()]);
      },
    );
  });
});
