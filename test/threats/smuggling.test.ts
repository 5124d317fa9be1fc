import { expect } from 'chai';
import type { AccessAnswer, AccessQuestion } from '../../src/controllers/contracts.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/free-ports.ts';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';
import { bodyOf, type Outcome, type SmugglingCase } from './corpus/smuggling-case.ts';
import { SMUGGLING } from './corpus/smuggling.ts';
import { RecordingApp } from './support/recording-app.ts';
import { WireClient } from './support/wire.ts';

/** Connections at the same time. */
const AT_ONCE = 12;
const HEAD = 'Host: gw.example\r\nAuthorization: Bearer alice\r\n';

function decide({ credential, task }: AccessQuestion): AccessAnswer {
  if (credential === 'alice') return { verdict: task === '-' ? 'deny' : 'allow', user: 'alice' };
  if (credential === 'mallory') return { verdict: 'deny', user: 'mallory' };
  return { verdict: 'unauthenticated' };
}

type Observed = Outcome & { readonly says: string };

const targetOf =
  (index: number) =>
  (suffix = ''): string =>
    `/service/app/case${index}${suffix}`;

// Attack: bytes that the proxy and an application may cut into requests at different places, so that a request reaches the
// application that nobody judged, or that its sender never sent as one.
// Outcome: a refusal and the end of the connection, or exactly the requests that were sent, each with a decision of its own.
describe('smuggled requests', function () {
  this.timeout(30_000);
  let proxy: ProxyHarness;
  let app: RecordingApp;

  before(async () => {
    app = await RecordingApp.start();
    proxy = await ProxyHarness.start({
      config: { authEnabled: true, hosts: 'gw.example' },
      decide,
    });
    await proxy.publish({
      http: {
        app: anHttpEntry(app.port),
        away: anHttpEntry(await freePort()),
        nowhere: { route: 'nowhere.http', task: 'a'.repeat(32), since: Date.now() },
      },
    });
  });

  after(async () => {
    await proxy.stop('SIGKILL');
    await app.stop();
  });

  /** Sends the bytes, and then a request of nobody: it must be read from its first byte, and judged. */
  async function observe(one: SmugglingCase, index: number): Promise<Observed> {
    const target = targetOf(index);
    const { length } = one.outcome.answers;
    const client = await WireClient.open(proxy.port);
    client.send(one.bytes(target));
    await client.until(() => length > 0 && client.answers(one.heads).length >= length);
    if (one.later !== undefined) client.send(one.later(target));
    if (!client.isClosed)
      client.send(`GET ${target('-next')} HTTP/1.1\r\nHost: gw.example\r\n\r\n`);
    await client.until(() => client.answers(one.heads).length > length);
    const statuses = client.answers(one.heads).map(({ status }) => status);
    const ends = client.isClosed;
    client.destroy();
    const answers = !ends && statuses.at(-1) === 401 ? statuses.slice(0, -1) : statuses;
    return { says: one.says, answers, seen: seenOf(index), ends };
  }

  function seenOf(index: number): Observed['seen'] {
    return app.seen(`/case${index}`).flatMap(({ target, body }) => {
      const suffix = new RegExp(`^/case${index}(-.*)?$`).exec(target);
      return suffix === null ? [] : [[suffix[1] ?? '', body] as const];
    });
  }

  it('T27: reads bytes as the requests that were sent, or ends the connection', async () => {
    const queue = [...SMUGGLING.entries()];
    const observed: Observed[] = [];
    const work = async (): Promise<void> => {
      for (let next = queue.shift(); next !== undefined; next = queue.shift())
        observed[next[0]] = await observe(next[1], next[0]);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));

    for (const [index, { says, outcome }] of SMUGGLING.entries()) {
      const seen = outcome.seen.map(([suffix, body]) => [suffix, bodyOf(body, targetOf(index))]);
      expect(observed[index]).to.deep.equal({ says, ...outcome, seen });
    }
    expect(SMUGGLING.length).to.be.greaterThan(100);
  });

  it('T27 whatever way the application reads: every request is one of the gateway', () => {
    const [first = [], ...others] = app.everyReading();
    const ids = first.map(({ lines }) => valueOf(lines, 'X-Request-ID'));

    expect(new Set(ids).size).to.equal(first.length);
    for (const { lines } of first) {
      expect(valueOf(lines, 'X-Request-ID')).to.match(/^[0-9a-f]{8}-\d+-\d+$/);
      expect(lines.filter((line) => /^x.forwarded.user\s*:/i.test(line))).to.deep.equal([
        'X-Forwarded-User: alice',
      ]);
      expect(
        lines.filter((line) => /^(?:content.length|transfer.encoding)\s*:/i.test(line)).length,
      ).to.be.lessThan(2);
    }
    for (const other of others) expect(other).to.deep.equal(first);
  });

  it('T27 a change of protocol: what follows stays in the tunnel', async () => {
    const client = await WireClient.open(proxy.port);
    const upgrade = 'Upgrade: websocket\r\nConnection: Upgrade\r\n';
    client.send(`GET /service/app/switch HTTP/1.1\r\n${HEAD}${upgrade}\r\n`);
    await client.until(() => client.answers().length > 0);
    client.send(`GET /service/app/in-tunnel HTTP/1.1\r\n${HEAD}\r\n`);

    await eventually(() => expect(app.tunnelled).to.match(/^GET \/service\/app\/in-tunnel HTTP/));

    const { connections } = app;
    client.destroy();
    await eventually(() => expect(app.connections).to.be.lessThan(connections));
    expect(app.seen('in-tunnel')).to.deep.equal([]);
  });

  it('T27 an answer that nobody asked for: it reaches nobody', async () => {
    for (let index = 0; index < 20; index += 1) {
      const client = await WireClient.open(proxy.port);
      const path = index % 2 === 0 ? 'surplus' : 'honest';
      client.send(`GET /service/app/${path}${index} HTTP/1.1\r\n${HEAD}\r\n`);
      await client.until(() => client.answers().length > 0);
      client.destroy();

      expect(client.answers().map(({ body }) => body)).to.deep.equal([`/${path}${index}`]);
    }
  });
});

function valueOf(lines: readonly string[], name: string): string | undefined {
  return lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
}
