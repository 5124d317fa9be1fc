import { expect } from 'chai';
import { ClearmlAccess } from '../../src/clearml/identity.ts';
import type { AccessAnswer } from '../../src/controllers/contracts.ts';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { aClient, anApi } from './support/a-client.ts';
import { aToken, envelope, refusal, startStub } from './support/stub-server.ts';

const NEVER = new AbortController().signal;
const TASK = 'a'.repeat(32);

interface Asked {
  readonly api: EmbeddedClearml;
  readonly ask: (
    token: string | undefined,
    task?: string,
    kind?: 'cookie' | 'bearer',
  ) => Promise<AccessAnswer>;
}

async function asking(test: (asked: Asked) => Promise<void>): Promise<void> {
  const api = await anApi({
    tasks: [{ name: 'app', id: TASK, status: 'in_progress', user: 'alice' }],
  });
  const { client } = aClient(api.url);
  const access = new ClearmlAccess({ client });
  const ask: Asked['ask'] = (credential = '', task = TASK, kind = 'bearer') =>
    access.decide({ kind, credential, task }, NEVER);
  try {
    await test({ api, ask });
  } finally {
    await client.close();
    await api.close();
  }
}

describe('ClearmlAccess', () => {
  it('lets in who may read the task, until the token ends', async () => {
    await asking(async ({ api, ask }) => {
      const answer = await ask(api.token('bob', 100));

      expect(answer.verdict).to.equal('allow');
      const expires = answer.verdict === 'allow' ? answer.expires : undefined;
      expect(expires).to.be.within(Date.now(), Date.now() + 110_000);
    });
  });

  it('takes the value of a cookie, quoted or not', async () => {
    await asking(async ({ api, ask }) => {
      const token = api.token('alice') ?? '';

      expect((await ask(token, TASK, 'cookie')).verdict).to.equal('allow');
      expect((await ask(`"${token}"`, TASK, 'cookie')).verdict).to.equal('allow');
      expect((await ask(`"${token}"`, TASK, 'bearer')).verdict).to.equal('unauthenticated');
    });
  });

  it('denies users of other companies, guests, and tasks that do not exist', async () => {
    await asking(async ({ api, ask }) => {
      expect((await ask(api.token('eve'))).verdict).to.equal('deny');
      expect((await ask(api.token('guest'))).verdict).to.equal('deny');
      expect((await ask(api.token('alice'), 'b'.repeat(32))).verdict).to.equal('deny');
      expect((await ask(api.token('alice'), '')).verdict).to.equal('deny');
    });
  });

  it('takes revoked, expired, forged and garbled tokens and those of deleted users for nobody', async () => {
    await asking(async ({ api, ask }) => {
      const revoked = api.token('alice') ?? '';
      api.revoke(revoked);
      const deleted = api.token('bob');
      api.removeUser('bob');

      for (const token of [
        revoked,
        deleted,
        api.token('alice', -1),
        `${api.token('alice') ?? ''}x`,
        aToken({ identity: { user: 'alice' } }),
        'rubbish',
        '',
      ]) {
        expect((await ask(token)).verdict).to.equal('unauthenticated');
      }
    });
  });

  for (const endpoint of ['users\\.get_current_user', 'tasks\\.get_by_id']) {
    for (const fault of [
      { kind: 'status', status: 500 },
      { kind: 'throttle', retryAfterSeconds: 1 },
      { kind: 'reset' },
      { kind: 'html' },
      { kind: 'cut' },
    ] as const) {
      it(`says unavailable when ${endpoint} answers with ${fault.kind}`, async () => {
        await asking(async ({ api, ask }) => {
          api.orderFault({ endpoint, fault });

          expect((await ask(api.token('alice'))).verdict).to.equal('unavailable');
        });
      });
    }
  }

  it('denies a public task to users of other companies', async () => {
    const stub = await startStub(({ path }) =>
      path.endsWith('get_by_id')
        ? envelope({ task: { id: TASK, company: '' } })
        : envelope({ user: { id: 'eve', role: 'user', company: { id: 'elsewhere' } } }),
    );
    const { client } = aClient(stub.url);
    const question = { kind: 'bearer', credential: aToken(), task: TASK } as const;

    expect((await new ClearmlAccess({ client }).decide(question, NEVER)).verdict).to.equal('deny');
    await client.close();
    await stub.close();
  });

  it('never lets anybody in because an answer is about something else', async () => {
    const stub = await startStub(({ path }, response) => {
      if (path.endsWith('get_by_id')) return envelope({ task: { id: 'other', company: 'c' } });
      return path.endsWith('user')
        ? envelope({ user: { id: 'u', company: 'c' } })
        : refusal(response, 400, 0);
    });
    const { client } = aClient(stub.url);
    const question = { kind: 'bearer', credential: aToken(), task: TASK } as const;

    expect((await new ClearmlAccess({ client }).decide(question, NEVER)).verdict).to.equal(
      'unavailable',
    );
    await client.close();
    await stub.close();
  });
});
