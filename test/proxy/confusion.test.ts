import { expect } from 'chai';
import fc from 'fast-check';
import { EchoApp } from '../support/echo-app.ts';
import { sendRaw } from '../support/http-client.ts';
import { climbs, isMalformed } from '../support/path-readings.ts';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';
import {
  meaningOf,
  type AskedFor,
  type HostSettings,
  type Meaning,
} from '../support/route-model.ts';

const DOMAIN = 'apps.test';
const PUBLIC = 'a'.repeat(32);
const PRIVATE = `${PUBLIC}--b`;

const PLACES: Readonly<Record<string, HostSettings>> = {
  'path mode': { hosts: ['gw.test', '[::1]'], domain: '' },
  'subdomain mode': { hosts: ['gw.test', '[::1]'], domain: DOMAIN },
};

/** The paths of threats T12 to T15, below a route, a prefix of our own, and nothing. */
const CRAFTED = [
  ...['', '..', '../', '%2e%2e', '%2E.', '.%2e/', '..;/', '..;x/', ';x=/', '/', './', '%2f', '%5c'],
  ...['\\', '%00', '%0d%0aX:%20y', '%252e%252e/', '%25', '%c0%ae%c0%ae/', '%c0%af'],
  ...['%e0%80%af', '..%2f', '..%5c', 'a%2f..%2f..', 'a%2fb/../..', '#', '%23', '%3f', '%zz', '%'],
  ...['x%2f..%3bx/', '%73', 'A/', 'a b', '\x7f', '%C3%A4/a;b=c?x=%2F', '?#', '?%00'],
];
const STARTS = [
  ...[`/service/${PUBLIC}/`, `/service/${PUBLIC}`, `/service/${PUBLIC}x/`, `/service/%61/`],
  ...['/service/', '/_clearway/', '/_clearway', '/', '//', '/service%2f', '/%5fclearway/'],
];
const ENDS = [
  ...['', `/service/${PRIVATE}/`, '/_clearway/sign-in', `/../${PRIVATE}/secret`],
  ...['/../../_clearway/sign-in', `%2f..%2f${PRIVATE}/secret`, '/x'],
];
const TARGETS = STARTS.flatMap((start) =>
  CRAFTED.flatMap((crafted) => ENDS.map((end) => start + crafted + end)),
);

describe('what a crafted request reaches', function () {
  this.timeout(60_000);

  for (const [name, settings] of Object.entries(PLACES))
    describe(`in ${name}`, () => {
      let proxy: ProxyHarness;
      let open: EchoApp;
      let secret: EchoApp;

      before(async () => {
        const { hosts, domain } = settings;
        const config = { hosts: hosts.join(' '), routeDomain: domain };
        [open, secret] = await Promise.all([EchoApp.start(), EchoApp.start()]);
        proxy = await ProxyHarness.start({ config: { ...config, routerUrl: 'http://gw.test' } });
        await proxy.publish({
          http: { [PUBLIC]: anHttpEntry(open.port), [PRIVATE]: anHttpEntry(secret.port) },
        });
      });

      after(async () => {
        await proxy.stop();
        await open.stop();
        await secret.stop();
      });

      let sent = 0;

      /** Sends the request, and says what came of it: status, and what was seen where. */
      async function send(asked: AskedFor, more = ''): Promise<Outcome> {
        const { host, target, named } = asked;
        const line = named === undefined ? target : `http://${named}${target}`;
        const head = host === undefined ? 'HTTP/1.0\r\n' : `HTTP/1.1\r\nHost: ${host}\r\n`;
        const text = `GET ${line} ${head}Connection: close\r\n${more}\r\n`;
        const before = [open, secret, proxy.pages].map(({ seen }) => seen.length);
        // Each from an address of its own: the pages of the gateway are not for so many requests of one.
        sent += 1;
        const from = `127.1.${Math.floor(sent / 250)}.${(sent % 250) + 1}`;
        const answer = await sendRaw(proxy.port, Buffer.from(text, 'latin1'), from);
        const [atOpen, atSecret, atPages] = [open, secret, proxy.pages].map(({ seen }, index) =>
          seen.slice(before[index]).map(({ url }) => url),
        );
        const location = /^location: (.*)\r$/im.exec(answer)?.[1];
        const status = Number(answer.split(' ')[1]);
        return { status, location, atOpen, atSecret, atPages };
      }

      /** Sends it and compares with the reference model. */
      async function check(asked: AskedFor, more = ''): Promise<void> {
        const meaning = meaningOf(settings, asked);
        const outcome = await send(asked, more);
        const shown = JSON.stringify([asked, meaning]);
        if (outcome.status === 400 && isRefusedByNginx(asked.target)) {
          expect(outcome, shown).to.deep.include(NOTHING_SEEN);
          return;
        }
        expect(outcome, shown).to.deep.equal(expected(meaning, asked.target));
      }

      it('is what the reference model says of every crafted path (T12, T13, T14, T15)', async () => {
        const hosts = settings.domain === '' ? ['gw.test'] : ['gw.test', `${PUBLIC}.${DOMAIN}`];
        for (const host of hosts) for (const target of TARGETS) await check({ host, target });
      });

      it('is what the reference model says of any path', () => {
        const piece = fc.constantFrom(...CRAFTED, ...ENDS, '/', '/', 'a', '..', 'service', PUBLIC);
        const target = fc
          .tuple(fc.constantFrom(...STARTS), fc.array(piece, { maxLength: 6 }))
          .map(([start, pieces]) => start + pieces.join(''));
        const host = fc.constantFrom('gw.test', `${PUBLIC}.${DOMAIN}`, `${PRIVATE}.${DOMAIN}:80`);
        return fc.assert(
          fc.asyncProperty(host, target, (asked, path) => check({ host: asked, target: path })),
          { numRuns: 400 },
        );
      });

      it('is what the reference model says of every Host (T11)', async () => {
        for (const host of [
          ...[
            'gw.test',
            'GW.test',
            'gw.test.',
            'gw.test:80',
            'gw.test:evil',
            'gw.test:',
            'u@gw.test',
          ],
          ...[
            'gw.test..',
            '.gw.test',
            'evil.test',
            'gw.test.evil.test',
            '127.0.0.1',
            '[::1]',
            '[0::1]:80',
          ],
          ...[
            '[::1',
            '[::1%25lo]',
            '::1',
            '\xe4.test',
            'gw.test,evil.test',
            'gw.test/x',
            'gw test',
            '_',
          ],
          ...[DOMAIN, `x.${PUBLIC}.${DOMAIN}`, `${PUBLIC}.${DOMAIN}`, `${PUBLIC}.${DOMAIN}.`],
          ...[
            `${PUBLIC}.${DOMAIN}:8010`,
            `${PUBLIC.toUpperCase()}.${DOMAIN}`,
            `-.${DOMAIN}`,
            undefined,
          ],
          ...[
            `${PUBLIC}.${DOMAIN}@gw.test`,
            `${PUBLIC}.${DOMAIN}\\.gw.test`,
            `${PUBLIC}_.${DOMAIN}`,
          ],
        ])
          for (const target of ['/', `/service/${PUBLIC}/x`, '/_clearway/sign-in?to=/'])
            await check({ ...(host === undefined ? {} : { host }), target });
      });

      it('is one host only, whether in Host or in the request line (T11)', async () => {
        const [own, other] = [`${PUBLIC}.${DOMAIN}`, `${PRIVATE}.${DOMAIN}`];
        for (const host of ['gw.test', own, 'evil.test'])
          for (const named of ['gw.test', own, other, 'evil.test'])
            await check({ host, target: `/service/${PUBLIC}/x`, named });
        const twice = `GET / HTTP/1.1\r\nHost: ${own}\r\nHost: ${other}\r\n\r\n`;
        expect(await sendRaw(proxy.port, twice)).to.match(/^HTTP\/1.1 400 /);
        expect((await send({ target: '/', named: 'gw.test' })).status).to.equal(400);
      });

      it('is not what X-Forwarded-Host or its like name (T10)', async () => {
        const names = ['X-Forwarded-Host', 'X-Host', 'X-Original-Host', 'X-Forwarded-Server']
          .concat(['X-Original-URL', 'X-Rewrite-URL', 'X-Forwarded-Prefix', 'X-Forwarded-Uri'])
          .concat(['X_Forwarded_Host']);
        for (const name of names)
          for (const value of [`${PRIVATE}.${DOMAIN}`, `/service/${PRIVATE}/`, 'evil.test']) {
            const more = `${name}: ${value}\r\nForwarded: host=${PRIVATE}.${DOMAIN}\r\n`;
            await check({ host: 'gw.test', target: `/service/${PUBLIC}/x` }, more);
            await check({ host: `${PUBLIC}.${DOMAIN}`, target: '/x' }, more);
            expect(JSON.stringify(open.last.rawHeaders)).not.to.contain(value);
          }
      });
    });
});

/** What nginx cannot read, or what leaves the root in its own reading, ends before anybody looks at Host. */
function isRefusedByNginx(target: string): boolean {
  const path = target.replace(/\?.*$/s, '');
  return climbs(path) || isMalformed(path) || /[^!-~\x80-\xff]/.test(target);
}

interface Outcome {
  readonly status: number;
  readonly location: string | undefined;
  readonly atOpen: readonly string[] | undefined;
  readonly atSecret: readonly string[] | undefined;
  readonly atPages: readonly string[] | undefined;
}

const NOTHING_SEEN = { location: undefined, atOpen: [], atSecret: [], atPages: [] };
const STATUS = { bad: 400, misdirected: 421, other: 404 } as const;

/** What must come of a request that means this; the pages of the router here answer 404. */
function expected(meaning: Meaning, target: string): Partial<Outcome> {
  switch (meaning.kind) {
    case 'moved': {
      const location = `http://${meaning.key}.${DOMAIN}${meaning.rest}`;
      return { ...NOTHING_SEEN, status: 308, location };
    }
    case 'gateway':
      return { ...NOTHING_SEEN, status: 404, atPages: [target] };
    case 'route':
      return routed(meaning);
    case 'bad':
    case 'misdirected':
    case 'other':
      return { ...NOTHING_SEEN, status: STATUS[meaning.kind] };
  }
}

function routed({ key, rest, query = '' }: Meaning & { readonly kind: 'route' }): Partial<Outcome> {
  if (key !== PUBLIC && key !== PRIVATE) return { ...NOTHING_SEEN, status: 404 };
  if (rest === undefined) return { ...NOTHING_SEEN, status: 307, location: `${key}/${query}` };
  return { ...NOTHING_SEEN, status: 200, [key === PUBLIC ? 'atOpen' : 'atSecret']: [rest] };
}
