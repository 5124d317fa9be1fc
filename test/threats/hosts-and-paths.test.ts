import { expect } from 'chai';
import type { AccessAnswer, AccessQuestion } from '../../src/controllers/contracts.ts';
import { rawRequest, sendRaw } from '../support/http-client.ts';
import { LuaRunner } from '../support/lua-runner.ts';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';
import { ANYWHERE, BELOW_A_ROUTE, PAGES_IN_DISGUISE } from './corpus/paths.ts';
import { RecordingApp } from './support/recording-app.ts';
import { exchange, type WireAnswer } from './support/wire.ts';

const MINE = 'a'.repeat(32);
const THEIRS = 'c'.repeat(32);
const STATUS = { bad: 400, nothing: 404, route: 200 } as const;

/** Alice may read her own task and nothing else. */
function decide({ credential, task }: AccessQuestion): AccessAnswer {
  if (credential !== 'alice') return { verdict: 'unauthenticated' };
  return { verdict: task === MINE ? 'allow' : 'deny', user: 'alice' };
}

describe('hosts and paths', function () {
  this.timeout(20_000);
  let proxy: ProxyHarness;
  let own: ProxyHarness;
  let mine: RecordingApp;
  let theirs: RecordingApp;

  before(async () => {
    mine = await RecordingApp.start();
    theirs = await RecordingApp.start();
    const table = {
      http: {
        mine: anHttpEntry(mine.port, { task: MINE }),
        kept: anHttpEntry(mine.port, { task: MINE, keep: true }),
        theirs: anHttpEntry(theirs.port, { task: THEIRS }),
      },
    };
    const [authEnabled, hosts] = [true, 'gw.example [2001:db8::1]'];
    proxy = await ProxyHarness.start({ config: { authEnabled, hosts }, decide });
    own = await ProxyHarness.start({
      config: { authEnabled, hosts, routeDomain: 'apps.example', routerUrl: 'http://gw.example' },
      decide,
    });
    await Promise.all([proxy.publish(table), own.publish(table)]);
  });

  afterEach('the other application has seen nothing', () => {
    expect(theirs.seen()).to.deep.equal([]);
  });

  after(async () => {
    await Promise.all([proxy.stop('SIGKILL'), own.stop('SIGKILL')]);
    await Promise.all([mine.stop(), theirs.stop()]);
  });

  const ask = (target: string, host = 'gw.example', at = proxy): Promise<WireAnswer> =>
    exchange(
      at.port,
      `GET ${target} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: Bearer alice\r\n\r\n`,
    );

  /** Asks, and gives the targets that reached the application meanwhile. */
  async function reach(target: string, host?: string, at?: ProxyHarness): Promise<string[]> {
    const before = mine.seen().length;
    const { status } = await ask(target, host, at);
    return [
      String(status),
      ...mine
        .seen()
        .slice(before)
        .map((request) => request.target),
    ];
  }

  // Attack: a path that the gateway reads as one of the caller's own route, and the server behind it as another one.
  // Outcome: the application gets the very bytes that were judged, or nobody gets anything.
  it('T12: one path is read in one way, whoever reads it', async () => {
    for (const [rest, outcome] of BELOW_A_ROUTE) {
      const status = String(STATUS[outcome]);
      const reached = outcome === 'route';
      expect(await reach(`/service/mine${rest}`), rest).to.deep.equal(
        reached ? [status, rest] : [status],
      );
      expect(await reach(`/service/kept${rest}`), rest).to.deep.equal(
        reached ? [status, `/service/kept${rest}`] : [status],
      );
    }
    for (const [path, outcome] of ANYWHERE)
      expect(await reach(path), path).to.deep.equal([String(STATUS[outcome])]);
    expect(proxy.pages.seen).to.deep.equal([]);
  });

  // Attack: the same on a host of the route's own, where every path is the application's but the pages of the gateway: a
  // path that some server reads as one of those pages must not be an application's.
  it('T12 on a host of its own: no application answers for a page of the gateway', async () => {
    const host = 'mine.apps.example';
    for (const path of PAGES_IN_DISGUISE)
      expect(await reach(path, host, own), path).to.deep.equal(['400']);
    for (const path of [
      '/',
      '/service/theirs/x',
      '/a/../theirs',
      '/clearway/sign-in',
      '/_clearwayx',
    ])
      expect(await reach(path, host, own), path).to.deep.equal(['200', path]);
    expect(own.pages.seen).to.deep.equal([]);
  });

  // Attack: the prefix is cut off the raw text by the length of the decoded one, so that a rest is left which nobody asked for.
  // Outcome: no second spelling of a prefix is accepted at all.
  it('T13: a prefix is taken off the very text that it was found in', async () => {
    for (const key of ['%6dine', 'min%65', 'mine%2f', '%6D%69%6E%65', 'mine%3F'])
      expect(await reach(`/service/${key}/secret/x`), key).to.deep.equal(['400']);
    for (const prefix of ['/%73ervice', '/servic%65', '/service%2f', '/%2fservice'])
      expect(await reach(`${prefix}/mine/secret/x`), prefix).to.deep.equal(['400']);
    expect(await reach('/service/mine/%6dine/x')).to.deep.equal(['200', '/%6dine/x']);
    expect(await reach('/service/mine/?%6d')).to.deep.equal(['200', '/?%6d']);
  });

  // Attack: a route whose name begins with another one's: `mine` and `mine10`, `mine--x`, `mine%2f..`.
  // Outcome: names are compared as whole segments.
  it('T14: a route ends where its segment ends', async () => {
    for (const key of ['mine1', 'mine10', 'mine--x', 'min', 'm', 'mine.', 'mine~', 'Mine'])
      expect(await reach(`/service/${key}/x`), key).to.deep.equal(['404']);
    await proxy.publish({ http: { mine10: anHttpEntry(theirs.port, { task: THEIRS }) } });
    try {
      expect(await reach('/service/mine/x')).to.deep.equal(['404']);
    } finally {
      await proxy.publish({
        http: {
          mine: anHttpEntry(mine.port, { task: MINE }),
          theirs: anHttpEntry(theirs.port, { task: THEIRS }),
        },
      });
    }
  });

  // Attack: percent signs that encode nothing, on which decoders fail.
  // Outcome: 400, without a question to the router, an error in the log, or a worker that ends.
  it('T15: a percent sign that encodes nothing is refused and breaks nothing', async () => {
    const pid = await proxy.nginxPid();
    const asked = proxy.questions.length;
    for (const place of ['/service/mine/', '/service/', '/_clearway/', '/'])
      for (const bad of [
        '%',
        '%z',
        '%zz',
        '%a',
        '%1g',
        '%%',
        '%%41',
        'a%',
        '%u0041',
        '%-1',
        '% 41',
      ])
        expect((await ask(`${place}${bad}`)).status, place + bad).to.equal(400);

    expect(await proxy.nginxPid()).to.equal(pid);
    expect(proxy.questions.length).to.equal(asked);
    expect(proxy.lines.filter(({ level }) => level === 'error')).to.deep.equal([]);
    expect(await reach('/service/mine/x')).to.deep.equal(['200', '/x']);
  });

  // Attack: the same, were there no nginx that refuses most of it by itself.
  it('T15 at the reader of paths: refused there as well', async () => {
    const lua = await LuaRunner.start(['path']);
    try {
      for (const bad of ['%', '%z', '%zz', '%a', '%1g', '%%', '%%41', 'a%', '%u0041', '%-1', '%00'])
        for (const place of ['/service/mine/', '/service/mine/x?', '/x/'])
          expect(await lua.call('path.read', place + bad), place + bad).to.deep.equal(
            place.endsWith('?') ? ['route', 'mine', `/x?${bad}`] : ['bad'],
          );
    } finally {
      await lua.stop();
    }
  });

  // Attack: a page of one application names another one in a header that proxies use, to be led there with the cookies of this one.
  // Outcome: Host alone decides, and the application hears of no other host.
  it('T10: no header but Host says which route is meant', async () => {
    const names = ['X-Forwarded-Host', 'X-Host', 'X-Original-Host', 'X-HTTP-Host-Override'].concat(
      ['X-Forwarded-Server', 'Forwarded', 'X-Original-URL', 'X-Rewrite-URL', 'X-Forwarded-Prefix'],
      [
        'X-Clearway-Host-Key',
        'X-Forwarded-Uri',
        'X-Forwarded-Path',
        'X_Forwarded_Host',
        ':authority',
      ],
    );
    for (const name of names)
      for (const value of ['theirs.apps.example', 'host=theirs.apps.example', '/service/theirs/']) {
        const before = mine.seen().length;
        const answer = await rawRequest(own.port, {
          target: '/',
          host: 'mine.apps.example',
          headers: [
            ['Authorization', 'Bearer alice'],
            [name, value],
          ],
        });
        const reached = mine.seen().slice(before);
        // A name that begins with a colon is no name: nginx ends there.
        expect(answer.status, name).to.equal(name.startsWith(':') ? 400 : 200);
        expect(JSON.stringify(reached), name).not.to.contain('theirs');
      }
  });

  // Attack: a Host that the gateway and another server read as two different ones, or one that is not the gateway's.
  // Outcome: 400 or 421, without a question to the router; the same host in another spelling is the same host.
  it('T11: a request has one host, and it is one of ours', async () => {
    const statusOf = async (host: string, target = '/', at = own): Promise<number> =>
      (await ask(target, host, at)).status;
    const asked = own.questions.length;
    const malformed = [
      '',
      'mine.apps.example:evil',
      'mine.apps.example:80:80',
      'mine.apps.example:0',
    ]
      .concat([
        'mine.apps.example:99999',
        'mine..apps.example',
        '.mine.apps.example',
        'mine.apps.example..',
      ])
      .concat([
        'mine.apps.example@evil',
        'mine.apps.example/x',
        'mine.apps.example#',
        'mine%2eapps.example',
      ])
      .concat([
        '[::1',
        '[::1]x',
        '[fe80::1%25eth0]',
        'm\xefne.apps.example',
        '-mine.apps.example',
        'a b',
      ])
      .concat([
        'mine.apps.example, evil.example',
        `${'a'.repeat(64)}.apps.example`,
        'mine.apps.example:80;',
      ]);
    for (const host of malformed) expect(await statusOf(host), host).to.equal(400);
    const foreign = [
      'evil.example',
      'apps.example',
      'x.mine.apps.example',
      'evilapps.example',
      '127.0.0.1',
    ].concat([
      'gw.example.evil.example',
      '[::1]',
      'mine.apps.example.evil.example',
      'mi_ne.apps.example',
    ]);
    for (const host of foreign) expect(await statusOf(host), host).to.equal(421);
    expect(own.questions.length).to.equal(asked);

    for (const host of ['MINE.Apps.Example', 'mine.apps.example.', 'mine.apps.example:8080'])
      expect(await reach('/', host, own), host).to.deep.equal(['200', '/']);
    for (const host of ['[2001:DB8::1]', '[2001:db8:0::1]:80'])
      expect(await reach('/service/mine/x', host), host).to.deep.equal(['200', '/x']);
    expect(await statusOf('theirs.apps.example')).to.equal(404);
  });

  // Attack: the request line names one host and the Host header another one, or there are two headers, or none.
  it('T11 two hosts or none: refused', async () => {
    const end = 'Authorization: Bearer alice\r\nConnection: close\r\n\r\n';
    const heads = [
      'GET http://theirs.apps.example/ HTTP/1.1\r\nHost: mine.apps.example\r\n',
      'GET http://mine.apps.example/ HTTP/1.1\r\nHost: theirs.apps.example\r\n',
      'GET http://evil.example/ HTTP/1.1\r\nHost: mine.apps.example\r\n',
      'GET / HTTP/1.1\r\nHost: mine.apps.example\r\nHost: theirs.apps.example\r\n',
      'GET / HTTP/1.1\r\nHost: mine.apps.example\r\nhost: mine.apps.example\r\n',
      'GET / HTTP/1.1\r\nHost : mine.apps.example\r\n',
      'GET / HTTP/1.1\r\n',
      'GET / HTTP/1.0\r\n',
      'GET http://mine.apps.example/ HTTP/1.0\r\n',
    ];
    const before = mine.seen().length;
    for (const head of heads)
      expect(await sendRaw(own.port, head + end), head).to.match(/^HTTP\/1\.1 400 /);

    expect(mine.seen().length).to.equal(before);
  });
});
