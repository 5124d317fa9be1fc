import { expect } from 'chai';
import type { AccessAnswer, AccessQuestion } from '../../src/controllers/contracts.ts';
import { anHttpEntry, ProxyHarness, type Decide } from '../support/proxy-harness.ts';
import { EchoApp } from '../support/echo-app.ts';
import { headerOf, rawRequest, type RawAnswer } from '../support/http-client.ts';
import { eventually } from '../support/eventually.ts';

const TASK = 'a'.repeat(32);
const OTHER = 'c'.repeat(32);

/** Alice may read TASK; mallory is known and may read nothing; everybody else is nobody. */
function decideLikeClearml({ credential, task }: AccessQuestion): AccessAnswer {
  if (credential === 'mallory') return { verdict: 'deny', user: 'mallory' };
  if (!credential.startsWith('alice')) return { verdict: 'unauthenticated' };
  return task === TASK ? { verdict: 'allow', user: 'alice' } : { verdict: 'deny', user: 'alice' };
}

type Headers = readonly (readonly [string, string])[];

const cookie = (value: string): Headers => [['Cookie', `clearml_token=${value}`]];
const bearer = (value: string): Headers => [['Authorization', `Bearer ${value}`]];

describe('who gets in', function () {
  this.timeout(30_000);
  let proxy: ProxyHarness;
  let app: EchoApp;
  let decide: Decide;

  const start = async (times: { freshSeconds?: number; usableSeconds?: number } = {}) => {
    decide = decideLikeClearml;
    app = await EchoApp.start();
    const decideNow: Decide = (question) => decide(question);
    proxy = await ProxyHarness.start({
      config: { authEnabled: true },
      decide: decideNow,
      ...times,
    });
    await proxy.publish({
      http: { app: anHttpEntry(app.port), other: anHttpEntry(app.port, { task: OTHER }) },
    });
  };

  afterEach(async () => {
    await proxy.stop();
    await app.stop();
  });

  const ask = (headers: Headers, target = '/service/app/'): Promise<RawAnswer> =>
    rawRequest(proxy.port, { target, headers });

  it('is who may read the task, by cookie or bearer token', async () => {
    await start();

    expect((await ask(cookie('alice'))).status).to.equal(200);
    expect((await ask(cookie('"alice"'))).status).to.equal(200);
    expect((await ask(bearer('alice'))).status).to.equal(200);
    expect((await ask([['authorization', 'bearer   alice']])).status).to.equal(200);
    expect((await ask(cookie('mallory'))).status).to.equal(404);
    expect((await ask(bearer('mallory'))).status).to.equal(404);
    expect((await ask(cookie('alice'), '/service/other/')).status).to.equal(404);
    expect((await ask(cookie('alice'), '/service/unknown/')).status).to.equal(404);
    expect((await ask(cookie('alice'), '/x')).status).to.equal(404);
    expect((await ask(cookie('alice'), '/')).status).to.equal(302);
    expect((await ask(cookie('alice'), '/service/app')).status).to.equal(307);
  });

  it('is nobody without a valid credential, and the answer tells nothing', async () => {
    await start();
    const nobody: readonly Headers[] = [
      [],
      [['X-Clearway-Via', 'a']],
      cookie('stranger'),
      cookie(''),
      bearer('stranger'),
      bearer(''),
      [['Authorization', 'Basic YTpi']],
      [['Cookie', 'clearml_tokens=alice; xclearml_token=alice; a="clearml_token=alice"']],
    ];
    const targets = ['/service/app/', '/service/unknown/', '/service/app', '/', '/service/other/x'];
    const texts = new Set<string>();
    for (const headers of nobody)
      for (const target of targets) {
        const answer = await ask(headers, target);
        expect(answer.status, `${target} ${JSON.stringify(headers)}`).to.equal(401);
        texts.add(
          JSON.stringify([answer.headers.filter(([name]) => name !== 'date'), answer.body]),
        );
      }

    expect([...texts]).to.have.length(1);
    expect(app.seen).to.deep.equal([]);
  });

  it('hears of a loop whether the route exists or not', async () => {
    await start();
    const loop: Headers = [['X-Clearway-Via', 'x'.repeat(300)]];

    for (const target of ['/service/app/', '/service/unknown/'])
      expect((await ask(loop, target)).status, target).to.equal(508);
  });

  it('tries every cookie of the name, and then the bearer token', async () => {
    await start();

    expect((await ask([['Cookie', 'clearml_token=tossed; clearml_token=alice']])).status).to.equal(
      200,
    );
    expect((await ask([...cookie('tossed'), ...cookie('alice')])).status).to.equal(200);
    expect((await ask([...cookie('tossed'), ...bearer('alice')])).status).to.equal(200);
  });

  it('is never decided for a task that the address no longer leads to', async () => {
    await start();
    decide = async (question) => {
      await proxy.publish({ http: { app: anHttpEntry(app.port, { task: OTHER }) } });
      return decideLikeClearml(question);
    };

    expect((await ask(cookie('alice'))).status).to.equal(503);
    expect(app.seen).to.deep.equal([]);
  });

  it('bounds what one request may ask', async () => {
    await start();
    const many = Array.from({ length: 50 }, (_, index) => `clearml_token=stranger${index}`);

    expect((await ask([['Cookie', many.join('; ')]])).status).to.equal(401);
    expect(proxy.questions.length).to.be.lessThan(6);
  });

  it('hides the credential that was used, and no other Authorization', async () => {
    await start();

    await ask([...cookie('alice'), ['Authorization', 'Bearer the-apps-own']]);
    expect(app.lastHeader('authorization')).to.deep.equal(['Bearer the-apps-own']);
    expect(app.lastHeader('cookie')).to.deep.equal([]);

    await ask([...bearer('alice'), ['Cookie', 'a=b; clearml_token=stale']]);
    expect(app.lastHeader('authorization')).to.deep.equal([]);
    expect(app.lastHeader('cookie')).to.deep.equal(['a=b']);
  });

  it('asks once while a decision is fresh, also for many requests at once', async () => {
    await start();
    decide = async (question) => {
      await new Promise((done) => setTimeout(done, 200));
      return decideLikeClearml(question);
    };

    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(cookie('alice'))));
    for (let index = 0; index < 10; index += 1) answers.push(await ask(cookie('alice')));

    expect(new Set(answers.map(({ status }) => status))).to.deep.equal(new Set([200]));
    expect(proxy.questions.length).to.be.at.most(proxy.plane.proxies[0]?.workers ?? 0);
  });

  it('asks again when a decision is no longer fresh', async () => {
    await start({ freshSeconds: 1 });
    expect((await ask(cookie('alice'))).status).to.equal(200);
    decide = () => ({ verdict: 'unauthenticated' });

    await eventually(async () => expect((await ask(cookie('alice'))).status).to.equal(401));
  });

  it('lets nobody in when the router cannot say, and says when to come back', async () => {
    await start();
    decide = () => ({ verdict: 'unavailable' });

    const unavailable = await ask(cookie('alice'));
    await proxy.stopRouter();
    const away = await ask(cookie('alice2'));

    for (const answer of [unavailable, away]) {
      expect(answer.status).to.equal(503);
      expect(headerOf(answer, 'retry-after')).to.equal('5');
    }
    expect((await ask([])).status).to.equal(401);
    expect(app.seen).to.deep.equal([]);
  });

  it('goes on with decisions that are still usable while the router is away', async () => {
    await start({ freshSeconds: 1, usableSeconds: 3 });
    expect((await ask(cookie('alice'))).status).to.equal(200);
    const from = performance.now();
    await proxy.stopRouter();

    let served = 0;
    await eventually(async () => {
      const { status } = await ask(cookie('alice'));
      if (status === 200) served = performance.now() - from;
      expect(status).to.equal(503);
    });

    expect(served).to.be.greaterThan(1_500).and.lessThan(4_000);
  });

  it('never writes a credential to the log', async () => {
    await start();
    await ask(cookie('alice-planted'));
    await ask(bearer('stranger-planted'));
    await proxy.stopRouter();
    await ask(cookie('late-planted'));

    await proxy.untilLine({ message: 'request', status: 503 });
    expect(JSON.stringify(proxy.lines)).not.to.contain('planted');
  });
});
