import { expect } from 'chai';
import { ClearmlPeople } from '../../src/clearml/identity.ts';
import { eventually } from '../support/eventually.ts';
import { aClient } from './support/a-client.ts';
import { aToken, envelope, refusal, type StubHandler } from './support/stub-server.ts';
import { PING, errorOf, withStub } from './support/with-stub.ts';

const CALLERS = 200;
const NEVER = new AbortController().signal;

/** Answers the router at once, and everybody else never. */
function hangsForStrangers({ path, authorization }: { path: string; authorization: string }) {
  if (path.endsWith('auth.login')) return undefined;
  return authorization === `Bearer ${aToken()}` ? envelope({ ok: 1 }) : undefined;
}

describe('ClearmlClient.callAs', () => {
  it('takes nothing from own calls, however many callers hang', async () => {
    await withStub(hangsForStrangers, async (url, seen) => {
      const { client } = aClient(url);
      await client.call(PING, NEVER);
      const stop = new AbortController();
      const people = new ClearmlPeople({ client });
      const verdicts: unknown[] = [];
      const running = Array.from({ length: CALLERS }, async (_, index) => {
        const credential = { scheme: 'Bearer', token: aToken({ index }) } as const;
        verdicts.push(await people.whoIs(credential, stop.signal));
      });
      const ended = Promise.allSettled(running);

      // Whoever finds no room is told at once.
      await eventually(() => expect(verdicts.length).to.be.equal(CALLERS - 16 - 128));
      for (const verdict of verdicts) expect(verdict).to.deep.equal({ verdict: 'unavailable' });
      const started = performance.now();
      await Promise.all([1, 2, 3].map(() => client.call(PING, NEVER)));
      expect(performance.now() - started).to.be.below(1_000);
      expect(seen.filter(({ path }) => !/login|ping/.test(path))).to.have.length(16);

      stop.abort();
      await ended;
      await client.close();
    });
  });

  it('sends waiting calls when earlier ones end, and forgets those whose callers went', async () => {
    let isOpen = false;
    const held: (() => void)[] = [];
    await withStub(
      ({ path }, response) => {
        if (path.endsWith('auth.login')) return undefined;
        if (isOpen) return envelope({ ok: 1 });
        held.push(() => response.end(envelope({ ok: 1 })));
        return undefined;
      },
      async (url, seen) => {
        const { client } = aClient(url);
        const call = (signal: AbortSignal): Promise<unknown> =>
          client.callAs({ scheme: 'Bearer', token: aToken() }, PING, signal);
        const first = Array.from({ length: 16 }, () => call(NEVER));
        const gone = new AbortController();
        const left = call(gone.signal);
        const waiting = call(NEVER);
        await eventually(() => expect(held).to.have.length(16));
        gone.abort();
        const reason: unknown = await left.catch((error: unknown) => error);
        expect(reason).to.equal(gone.signal.reason);

        isOpen = true;
        for (const end of held) end();
        expect(await Promise.all([...first, waiting])).to.have.length(17);
        expect(seen.filter(({ path }) => path.endsWith('ping'))).to.have.length(17);
        await client.close();
      },
    );
  });

  it('refuses who has waited too long', async () => {
    await withStub(hangsForStrangers, async (url) => {
      const { client } = aClient(url);
      const stop = new AbortController();
      const call = (): Promise<unknown> =>
        client.callAs({ scheme: 'Bearer', token: aToken({ a: 1 }) }, PING, stop.signal);
      const first = Promise.allSettled(Array.from({ length: 16 }, call));
      const error = await errorOf(call());

      expect(error.code).to.equal('CLEARML_UNREACHABLE');
      expect(error.details).to.deep.equal({ problem: 'too many callers at a time' });
      stop.abort();
      await first;
      await client.close();
    });
  });

  it("calls with somebody else's token, and never signs in for it", async () => {
    await withStub(
      ({ path }, response) => (path.endsWith('ping') ? refusal(response, 401, 30) : undefined),
      async (url, seen) => {
        const { client } = aClient(url);
        const token = aToken({ exp: 1 });

        const error = await errorOf(client.callAs({ scheme: 'Bearer', token }, PING, NEVER));

        expect(error.code).to.equal('CLEARML_UNAUTHORIZED');
        expect(seen.map(({ authorization }) => authorization)).to.deep.equal([`Bearer ${token}`]);
        await client.close();
      },
    );
  });

  it("calls with somebody else's name and secret", async () => {
    await withStub(
      () => envelope({ ok: 1 }),
      async (url, seen) => {
        const { client } = aClient(url);
        const credential = { scheme: 'Basic', name: 'zoë', secret: 'a:b ü' } as const;

        await client.callAs(credential, PING, NEVER);

        const sent = Buffer.from('zoë:a:b ü', 'utf8').toString('base64');
        expect(seen.map(({ authorization }) => authorization)).to.deep.equal([`Basic ${sent}`]);
        await client.close();
      },
    );
  });

  for (const [name, secret] of [
    ['', 'secret'],
    ['a:b', 'secret'],
    ['a\nb', 'secret'],
    ['name', 'a\u0000b'],
    ['name', 'x'.repeat(1_021)],
  ] as const) {
    it(`does not send the name ${JSON.stringify(name)} with ${JSON.stringify(secret.slice(0, 9))}`, async () => {
      const { client } = aClient('http://127.0.0.1:1');

      const error = await errorOf(client.callAs({ scheme: 'Basic', name, secret }, PING, NEVER));

      expect(error.code).to.equal('CLEARML_UNAUTHORIZED');
      await client.close();
    });
  }

  const unsigned = aToken().replace(/[^.]*$/, '');
  const tokens = ['', 'x', 'a.b.c', 'a b', unsigned, `${aToken()}\r\nX-Evil: 1`, 'ä.ö.ü'];
  for (const token of tokens) {
    it(`does not send ${JSON.stringify(token.slice(-20))} to anybody`, async () => {
      const { client } = aClient('http://127.0.0.1:1');

      const error = await errorOf(client.callAs({ scheme: 'Bearer', token }, PING, NEVER));

      expect(error.code).to.equal('CLEARML_UNAUTHORIZED');
      await client.close();
    });
  }
});

describe("ClearmlClient's own account", () => {
  const answered: StubHandler = ({ path }) =>
    path.endsWith('login') ? undefined : envelope({ ok: 1 });

  it('is known by token and company after each sign-in', async () => {
    const token = aToken({ api_version: '2.34', identity: { user: 'r', company: 'tenant' } });
    await withStub(
      answered,
      async (url) => {
        const { client } = aClient(url);
        const seen: (string | undefined)[] = [];
        client.signIns.subscribe(() => seen.push(client.token));
        expect([client.token, client.company]).to.deep.equal([undefined, undefined]);

        await client.call(PING, NEVER);

        expect([client.token, client.company]).to.deep.equal([token, 'tenant']);
        expect(seen).to.deep.equal([token]);
        await client.close();
      },
      token,
    );
  });

  for (const identity of [undefined, null, 'tenant', {}, { company: '' }, { company: 7 }]) {
    it(`has no company when its token says ${JSON.stringify(identity)}`, async () => {
      await withStub(
        answered,
        async (url) => {
          const { client } = aClient(url);
          await client.call(PING, NEVER);

          expect(client.company).to.equal(undefined);
          await client.close();
        },
        aToken({ api_version: '2.34', identity }),
      );
    });
  }
});
