import { expect } from 'chai';
import type { ClearmlCredential } from '../../src/access/contracts.ts';
import type { ClearmlClient } from '../../src/clearml/client.ts';
import { ClearmlPeople } from '../../src/clearml/identity.ts';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { aClient, anApi } from './support/a-client.ts';
import { aToken, envelope, startStub, type StubHandler } from './support/stub-server.ts';

const NEVER = new AbortController().signal;
const TASK = 'a'.repeat(32);
const NOBODY = { verdict: 'unauthenticated' };

interface Asking {
  readonly api: EmbeddedClearml;
  readonly people: ClearmlPeople;
  readonly client: ClearmlClient;
}

async function asking(test: (asking: Asking) => Promise<void>): Promise<void> {
  const api = await anApi({
    users: [
      { name: 'router', accessKey: 'router-key', secretKey: 'router-secret' },
      { name: 'alice', password: 'pass:word', displayName: 'Alice A', id: 'id-of-alice' },
      { name: 'bob' },
      { name: 'agent', accessKey: 'AGENT', secretKey: 'agent-secret', service: true },
      { name: 'eve', company: 'elsewhere' },
    ],
    companies: { tenant: 'id-of-tenant' },
    tasks: [{ name: 'app', id: TASK, status: 'in_progress', user: 'alice' }],
  });
  const { client } = aClient(api.url);
  try {
    await test({ api, people: new ClearmlPeople({ client }), client });
  } finally {
    await client.close();
    await api.close();
  }
}

async function answering(
  handler: StubHandler,
  test: (people: ClearmlPeople) => Promise<void>,
): Promise<void> {
  const stub = await startStub(handler);
  const { client } = aClient(stub.url);
  try {
    await test(new ClearmlPeople({ client }));
  } finally {
    await client.close();
    await stub.close();
  }
}

function bearer(token = ''): ClearmlCredential {
  return { scheme: 'Bearer', token };
}

describe('ClearmlPeople', () => {
  it('says who a token, a password and an API key belong to', async () => {
    await asking(async ({ api, people }) => {
      const alice = await people.whoIs(bearer(api.token('alice')), NEVER);

      expect(alice).to.have.property('said').that.includes({ id: 'id-of-alice', name: 'Alice A' });
      const password = { scheme: 'Basic', name: 'alice', secret: 'pass:word' } as const;
      expect(await people.whoIs(password, NEVER)).to.deep.equal(alice);
      const key = { scheme: 'Basic', name: 'router-key', secret: 'router-secret' } as const;
      expect(await people.whoIs(key, NEVER)).to.have.nested.property('said.name', 'router');
    });
  });

  it('reads a task for who may: its owner and its company', async () => {
    await asking(async ({ api, people }) => {
      const bob = await people.whoIs(bearer(api.token('bob')), NEVER);
      const company = 'said' in bob ? bob.said.company : '';

      const task = await people.readTask(bearer(api.token('bob')), TASK, NEVER);

      expect(task).to.deep.equal({ said: { owner: 'id-of-alice', company } });
    });
  });

  it('says refused for tasks that are not there, or not for this caller, and users that are gone', async () => {
    await asking(async ({ api, people }) => {
      const deleted = bearer(api.token('bob'));
      api.removeUser('bob');
      const agent = { scheme: 'Basic', name: 'AGENT', secret: 'agent-secret' } as const;

      const refused = { verdict: 'refused' };
      const alice = bearer(api.token('alice'));
      expect(await people.readTask(alice, 'b'.repeat(32), NEVER)).to.deep.equal(refused);
      expect(await people.readTask(alice, '', NEVER)).to.deep.equal(refused);
      expect(await people.readTask(bearer(api.token('eve')), TASK, NEVER)).to.deep.equal(refused);
      expect(await people.whoIs(deleted, NEVER)).to.deep.equal(refused);
      expect(await people.whoIs(agent, NEVER)).to.deep.equal(refused);
    });
  });

  it('takes revoked, expired, forged and garbled tokens and wrong passwords for nobody', async () => {
    await asking(async ({ api, people }) => {
      const revoked = api.token('alice') ?? '';
      api.revoke(revoked);

      for (const credential of [
        bearer(revoked),
        bearer(api.token('alice', -1)),
        bearer(`${api.token('alice') ?? ''}x`),
        bearer(aToken({ identity: { user: 'alice' } })),
        bearer('rubbish'),
        bearer(''),
        { scheme: 'Basic', name: 'alice', secret: 'wrong' } as const,
        { scheme: 'Basic', name: 'nobody', secret: 'wrong' } as const,
        { scheme: 'Basic', name: '', secret: '' } as const,
      ]) {
        expect(await people.whoIs(credential, NEVER)).to.deep.equal(NOBODY);
        expect(await people.readTask(credential, TASK, NEVER)).to.deep.equal(NOBODY);
      }
    });
  });

  it('does not send what is no JWT', async () => {
    await asking(async ({ api, people }) => {
      await people.whoIs(bearer('rubbish'), NEVER);
      await people.whoIs(bearer(`${aToken()} x`), NEVER);

      expect(api.calls('users.get_current_user')).to.equal(0);
    });
  });

  it('logs in for the time that was asked for', async () => {
    await asking(async ({ people, client }) => {
      const password = { scheme: 'Basic', name: 'alice', secret: 'pass:word' } as const;

      const answer = await people.logIn(password, 600.9, NEVER);

      const issued = 'said' in answer ? answer.said : undefined;
      expect(issued?.expires).to.be.within(Date.now() + 590_000, Date.now() + 601_000);
      expect(await people.whoIs(bearer(issued?.token), NEVER)).to.have.property('said');
      expect(client.token).to.equal(undefined);
    });
  });

  it('never asks for a token that lives longer than it was meant to', async () => {
    await asking(async ({ people }) => {
      const password = { scheme: 'Basic', name: 'alice', secret: 'pass:word' } as const;

      // 0 means 30 days to ClearML, and what is over a year is refused.
      for (const [asked, seconds] of [
        [0, 1],
        [-5, 1],
        [1e9, 31_536_000],
      ] as const) {
        const answer = await people.logIn(password, asked, NEVER);
        const expires = 'said' in answer ? answer.said.expires : undefined;
        expect(expires).to.be.within(
          Date.now() + (seconds - 2) * 1_000,
          Date.now() + seconds * 1_000,
        );
      }
    });
  });

  it('logs nobody in with a wrong password, or while ClearML cannot say', async () => {
    await asking(async ({ api, people }) => {
      const wrong = { scheme: 'Basic', name: 'alice', secret: 'wrong' } as const;
      expect(await people.logIn(wrong, 60, NEVER)).to.deep.equal(NOBODY);

      api.orderFault({ endpoint: 'auth\\.login', fault: { kind: 'status', status: 500 } });
      const right = { scheme: 'Basic', name: 'alice', secret: 'pass:word' } as const;
      expect(await people.logIn(right, 60, NEVER)).to.deep.equal({ verdict: 'unavailable' });
    });
  });

  it('logs out for good, and says whether ClearML did', async () => {
    await asking(async ({ api, people }) => {
      const token = api.token('alice') ?? '';
      const other = api.token('alice') ?? '';

      expect(await people.logOut(token, NEVER)).to.equal(true);

      expect(await people.whoIs(bearer(token), NEVER)).to.deep.equal(NOBODY);
      expect(await people.whoIs(bearer(other), NEVER)).to.have.property('said');
      expect(await people.logOut(token, NEVER)).to.equal(true);
      api.orderFault({ endpoint: 'auth\\.logout', fault: { kind: 'reset' } });
      expect(await people.logOut(other, NEVER)).to.equal(false);
    });
  });

  it("knows the company of the router's own account once it has signed in", async () => {
    await asking(async ({ api, people, client }) => {
      expect(people.company).to.equal(undefined);

      const ping = { endpoint: 'tasks.ping', body: { task: TASK }, parse: () => true };
      await client.call(ping, NEVER);

      const alice = await people.whoIs(bearer(api.token('alice')), NEVER);
      expect(people.company).to.equal('said' in alice ? alice.said.company : '');
    });
  });

  for (const [endpoint, ask] of [
    ['users\\.get_current_user', (people, token) => people.whoIs(bearer(token), NEVER)],
    ['tasks\\.get_by_id', (people, token) => people.readTask(bearer(token), TASK, NEVER)],
  ] as const satisfies readonly (readonly [
    string,
    (people: ClearmlPeople, token: string | undefined) => Promise<unknown>,
  ])[]) {
    for (const fault of [
      { kind: 'status', status: 500 },
      { kind: 'throttle', retryAfterSeconds: 1 },
      { kind: 'reset' },
      { kind: 'html' },
      { kind: 'cut' },
    ] as const) {
      it(`says unavailable when ${endpoint} answers with ${fault.kind}`, async () => {
        await asking(async ({ api, people }) => {
          api.orderFault({ endpoint, fault });

          const answer = await ask(people, api.token('alice'));
          expect(answer).to.deep.equal({ verdict: 'unavailable' });
        });
      });
    }
  }

  it('says unavailable when an answer is about something else, and for paths that are not known', async () => {
    await answering(
      ({ path }, response) => {
        if (path.endsWith('get_by_id')) return envelope({ task: { id: 'other', company: 'c' } });
        response.statusCode = 404;
        return '{"meta":{"result_code":404,"result_subcode":0},"data":{}}';
      },
      async (people) => {
        const unavailable = { verdict: 'unavailable' };
        expect(await people.readTask(bearer(aToken()), TASK, NEVER)).to.deep.equal(unavailable);
        expect(await people.whoIs(bearer(aToken()), NEVER)).to.deep.equal(unavailable);
      },
    );
  });

  it('reads a public task as one of no company, and a task without an owner as nobody’s', async () => {
    await answering(
      () => envelope({ task: { id: TASK, company: '' } }),
      async (people) => {
        const task = await people.readTask(bearer(aToken()), TASK, NEVER);
        expect(task).to.deep.equal({ said: { owner: '', company: '' } });
      },
    );
  });

  it('ends with the reason of the signal when that aborts', async () => {
    await answering(
      () => undefined,
      async (people) => {
        const stop = new AbortController();
        const reason = new Error('gone');
        const asked = people.whoIs(bearer(aToken()), stop.signal).catch((error: unknown) => error);
        stop.abort(reason);
        expect(await asked).to.equal(reason);
        const left = people.logOut(aToken(), stop.signal).catch((error: unknown) => error);
        expect(await left).to.equal(reason);
      },
    );
  });
});
