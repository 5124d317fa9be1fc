import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { endpointUrl } from '../../src/domain/route-name.ts';
import { OperatorError } from '../../src/errors.ts';
import { proxyConfig } from '../../src/proxy/proxy-config.ts';
import { ALICE, startClearml, tokenOf } from '../support/clearml-world.ts';
import { startApp, type TaskApp } from '../support/e2e-app.ts';
import { eventually } from '../support/eventually.ts';
import { Gateway } from '../support/gateway-harness.ts';
import { childrenOf } from '../support/processes.ts';
import { someSettings } from '../support/some-settings.ts';

/** What ends, begins or names something in nginx's configuration, in Lua, JavaScript, a shell, a template, JSON or a path. */
const PIECES = [
  ...[
    ';',
    '{',
    '}',
    '"',
    "'",
    '\\',
    '#',
    '$',
    '\n',
    '\r',
    '\0',
    '\t',
    ' ',
    '`',
    '|',
    '&',
    '<',
    '>',
  ],
  ...[
    '${request_uri}',
    '$uri',
    '$(id)',
    '{{revision}}',
    '{{{x}}}',
    ']]',
    '[[',
    '--[[',
    '--]]',
    '%s',
    '%f[',
  ],
  ...[
    '*/',
    '/*',
    '..',
    '/',
    '%2f',
    '%00',
    'unix:',
    'return 200',
    'proxy_pass',
    'content_by_lua_block',
  ],
  ...[
    'listen 1;',
    'load_module',
    'include /etc/passwd;',
    'ssl_engine x;',
    'os.execute("id")',
    'require("x")',
  ],
  ...['__proto__', 'constructor', 'toString', '\u2028', '\u202e', '\ud800', '\u00e4', '\u001b[2J'],
];
const hostile = fc
  .array(fc.constantFrom(...PIECES, 'a', '1'), { minLength: 1, maxLength: 8 })
  .map((parts) => parts.join(''));
const SEED = 4;

/** A key of the table: a task id, and a slug of what its user wrote. */
const KEY = /^[a-z0-9]{1,63}(?:--[a-z0-9](?:[a-z0-9-]{0,28})?)?$/;
const LITERAL = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f:.]{2,45})$/;

describe('injection by what tasks say', function () {
  this.timeout(40_000);
  let clearml: EmbeddedClearml;
  let gateway: Gateway;
  let app: TaskApp;

  before(async () => {
    clearml = await startClearml();
    app = await startApp('the canary');
    gateway = await Gateway.start({ clearml, tcpPorts: 4 });
  });

  after(async () => {
    await gateway.stop();
    await app[Symbol.asyncDispose]();
    await clearml.close();
  });

  function plant(texts: readonly string[]): { readonly id: string; readonly endpointName: string } {
    const [name = '', tag = '', endpointName = '', value = ''] = texts;
    const [systemTags, status] = [['external_service'], 'in_progress'];
    const id = clearml.tasks.create({ name, status, systemTags, tags: [tag], user: ALICE.name });
    clearml.tasks.setRuntime(id, {
      _SERVICE: 'EXTERNAL',
      _PORT: app.port,
      _ADDRESS: '127.0.0.1',
      [`_PORT__${endpointName}`]: app.port,
      [`_ADDRESS__${endpointName}`]: '127.0.0.1',
      external_tcp_port: value,
      external_address: value,
      endpoint: value,
      hostname: value,
      clearway: value,
      // Refused for the kind of static route that they ask for, and for its name.
      _PORT__mode: app.port,
      _ROUTER_ENDPOINT_MODE__mode: value,
      _ROUTER_ENDPOINT_MODE_PARAM__mode: value,
      _PORT__seat: app.port,
      _ROUTER_ENDPOINT_MODE__seat: 'path',
      _ROUTER_ENDPOINT_MODE_PARAM__seat: value,
      [value]: value,
    });
    return { id, endpointName };
  }

  // Attack: name, tags, names of endpoints, addresses, ports and neighbouring keys of a task that would be directives, code or paths
  // if any of them were ever pasted into a text that is not data.
  // Outcome: the configuration of nginx stays the same byte by byte, no worker is replaced, and what is written elsewhere is keys and literals.
  it('T1: nothing that a task says reaches a configuration', async () => {
    const conf = await gateway.nginxConf();
    const workers = await childrenOf(await gateway.nginxPid());
    const planted = fc
      .sample(fc.tuple(hostile, hostile, hostile, hostile), { numRuns: 60, seed: SEED })
      .map(plant);

    const authorization = `Bearer ${tokenOf(clearml, ALICE)}`;
    await eventually(
      async () => {
        for (const { id, endpointName } of planted) {
          const url = endpointUrl(
            { routerUrl: gateway.url },
            { task: id, protocol: 'http', endpointName },
          );
          expect(clearml.tasks.runtime(id)[`endpoint__${endpointName}`]).to.equal(url);
          expect(new URL(url).href).to.equal(url);
        }
        const first = planted.at(-1)?.id ?? '';
        expect((await gateway.get(`/service/${first}/`, { authorization })).text).to.equal(
          'the canary',
        );
      },
      { timeoutMs: 20_000, everyMs: 200 },
    );

    expect(await gateway.nginxConf()).to.equal(conf);
    expect(await childrenOf(await gateway.nginxPid())).to.deep.equal(workers);
    const folder = join(gateway.folder, 'nginx');
    const table = JSON.parse(await readFile(join(folder, 'snapshot.json'), 'utf8')) as {
      readonly http: Readonly<Record<string, { readonly host: string }>>;
    };
    for (const [key, { host }] of Object.entries(table.http)) {
      expect(key).to.match(KEY);
      expect(host).to.match(LITERAL);
    }
    expect(Object.keys(table.http)).to.have.length(2 * planted.length);
    for (const name of await readdir(join(folder, 'tcp'))) expect(name).to.match(/^\d{1,5}$/);
    const log = await gateway.proxy.log();
    expect(
      log.split('\n').filter((line) => /"level":"(?:error|emerg|alert|crit)"/.test(line)),
    ).to.deep.equal([]);
  });

  // Attack: the same by whoever writes the settings of the router; they do reach the configuration, so every text must be plain.
  it('T1 settings: no text that is more than a value reaches a template', () => {
    const base = someSettings();
    const { auth, edge, router } = base;
    const wrong = [
      'a"b',
      'a;b',
      'a{b',
      'a}b',
      'a\nb',
      'a\rb',
      'a\0b',
      'a\\b',
      'a b',
      'a(b',
      'a,b',
      'a<b',
      'ä',
    ];
    for (const text of wrong) {
      const all = [
        { ...base, auth: { ...auth, cookieName: text } },
        { ...base, edge: { ...edge, trustedProxies: [text] } },
        { ...base, edge: { ...edge, tls: { certificate: `/${text}`, key: '/k' } } },
        ...(text === 'a b'
          ? []
          : [
              { ...base, edge: { ...edge, allowedHosts: [text] } },
              { ...base, edge: { ...edge, corsOrigins: [`http://${text}`] } },
              { ...base, edge: { ...edge, frameAncestors: [text] } },
              { ...base, edge: { ...edge, routeDomain: text } },
              { ...base, router: { ...router, url: `http://gw.example/${text}` } },
            ]),
      ];
      for (const settings of all)
        expect(() => proxyConfig(settings, 2), JSON.stringify(settings)).to.throw(OperatorError);
    }
    expect(proxyConfig(base, 2).cookieName).to.equal(auth.cookieName);
  });
});
