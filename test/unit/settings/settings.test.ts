import { expect } from 'chai';
import { LINUX_EPHEMERAL_PORTS } from '../../../src/settings/ephemeral.ts';
import {
  parseClearmlSettings,
  parseProxySettings,
  parseSettings,
} from '../../../src/settings/parse.ts';
import { SETTINGS_SCHEMA } from '../../../src/settings/schema.ts';
import { listSettings } from '../../../src/settings/setting.ts';
import { describeProblem, type Settings, type SettingsWarning } from '../../../src/settings.ts';
import type { Environment } from '../../../src/settings/types.ts';

const MINIMAL: Environment = {
  ROUTER_NAME: 'main-router',
  ROUTER_URL: 'https://gateway.example.com',
  CLEARML_API_HOST: 'https://api.example.com',
  CLEARML_API_ACCESS_KEY: 'the-access-key',
  CLEARML_API_SECRET_KEY: 'the-secret-key',
  AUTH_COOKIE_NAME: 'clearml_token_basic',
};

const TCP: Environment = {
  TCP_ROUTER_ADDRESS: 'tcp.example.com',
  TCP_PORT_START: '20000',
  TCP_PORT_END: '20099',
};

function settingsOf(env: Environment): Settings {
  const parsed = parseSettings(env);
  if (parsed.kind === 'problems') throw new Error(parsed.problems.map(describeProblem).join('\n'));
  return parsed.settings;
}

function warningsOf(env: Environment): readonly SettingsWarning[] {
  const parsed = parseSettings(env);
  return parsed.kind === 'problems' ? [] : parsed.warnings;
}

function problemsOf(env: Environment): readonly string[] {
  const parsed = parseSettings(env);
  return parsed.kind === 'problems' ? parsed.problems.map(describeProblem) : [];
}

interface Row {
  readonly name: string;
  readonly text: string;
  readonly with?: Environment;
  readonly pick: (settings: Settings) => unknown;
  readonly value: unknown;
}

// One row at least for every name of the schema: a test below counts.
const GOOD: readonly Row[] = [
  { name: 'ROUTER_NAME', text: 'team a', pick: (s) => s.router.name, value: 'team a' },
  {
    name: 'ROUTER_URL',
    text: 'https://gw.example.com:443/',
    pick: (s) => s.router.url,
    value: 'https://gw.example.com',
  },
  {
    name: 'ROUTER_URL',
    text: 'http://[2001:db8::1]:8010',
    pick: (s) => s.router.url,
    value: 'http://[2001:db8::1]:8010',
  },
  { name: 'CLEARWAY_NAMESPACE', text: 'team-a', pick: (s) => s.router.namespace, value: 'team-a' },
  { name: 'CLEARWAY_TAKE_OVER', text: 'retired', pick: (s) => s.takeOver, value: 'retired' },
  {
    name: 'ROUTER__WEBSERVER__SERVER_PORT',
    text: '"8010"',
    pick: (s) => s.listenPort,
    value: 8010,
  },
  { name: 'CLEARWAY_IDLE_SECONDS', text: '1800', pick: (s) => s.idleSeconds, value: 1800 },
  { name: 'CLEARWAY_METRICS_PORT', text: '9090', pick: (s) => s.metricsPort, value: 9090 },
  {
    name: 'ROUTER__WEBSERVER__AUTO_RELOAD_CONFIG',
    text: 'true',
    pick: (s) => s.listenPort,
    value: 8080,
  },
  {
    name: 'CLEARML_API_HOST',
    text: 'http://app.example.com/api/',
    pick: (s) => s.clearml.apiHost,
    value: 'http://app.example.com/api',
  },
  { name: 'CLEARML_API_ACCESS_KEY', text: "'AK'", pick: (s) => s.clearml.accessKey, value: 'AK' },
  { name: 'CLEARML_API_SECRET_KEY', text: ' SK\n', pick: (s) => s.clearml.secretKey, value: 'SK' },
  { name: 'SSL_VERIFY', text: 'False', pick: (s) => s.clearml.verifyTls, value: false },
  {
    name: 'HTTPS_PROXY',
    text: 'http://user:word@proxy.example.com:3128',
    pick: (s) => s.clearml.proxy,
    value: { https: 'http://user:word@proxy.example.com:3128/' },
  },
  {
    name: 'https_proxy',
    text: 'proxy.example.com:3128',
    pick: (s) => s.clearml.proxy?.https,
    value: 'http://proxy.example.com:3128/',
  },
  {
    name: 'HTTP_PROXY',
    text: 'http://proxy.example.com',
    pick: (s) => s.clearml.proxy?.http,
    value: 'http://proxy.example.com/',
  },
  {
    name: 'http_proxy',
    text: 'http://proxy.example.com',
    pick: (s) => s.clearml.proxy?.http,
    value: 'http://proxy.example.com/',
  },
  {
    name: 'NO_PROXY',
    text: 'localhost,.example.com',
    with: { HTTPS_PROXY: 'http://proxy.example.com' },
    pick: (s) => s.clearml.proxy?.noProxy,
    value: 'localhost,.example.com',
  },
  { name: 'no_proxy', text: '*', pick: (s) => s.clearml.proxy, value: undefined },
  { name: 'CLEARWAY_POLL_SECONDS', text: '0.5', pick: (s) => s.clearml.pollSeconds, value: 0.5 },
  {
    name: 'CLEARWAY_FULL_PASS_SECONDS',
    text: '30',
    pick: (s) => s.clearml.fullPassSeconds,
    value: 30,
  },
  { name: 'AUTH_ENABLED', text: '0', pick: (s) => s.auth.enabled, value: false },
  { name: 'AUTH_COOKIE_NAME', text: 'tok', pick: (s) => s.auth.cookieName, value: 'tok' },
  { name: 'AUTH_SECURE_ENABLED', text: 'no', pick: (s) => s.auth.secureCookies, value: false },
  {
    name: 'ROUTER__HTTP__AUTHORIZATION__COOKIE__SECURE',
    text: 'FALSE',
    pick: (s) => s.auth.secureCookies,
    value: false,
  },
  { name: 'AUTH_BASE64_JWKS_KEY', text: 'c2VjcmV0', pick: (s) => s.auth.jwks, value: 'c2VjcmV0' },
  {
    name: 'CLEARWAY_ACCESS_FRESH_SECONDS',
    text: '5',
    pick: (s) => s.auth.freshSeconds,
    value: 5,
  },
  {
    name: 'CLEARWAY_ACCESS_USABLE_SECONDS',
    text: '60',
    pick: (s) => s.auth.usableSeconds,
    value: 60,
  },
  { name: 'LISTEN_QUEUE_NAME', text: 'a b , c ', pick: (s) => s.queues, value: 'a b , c ' },
  { name: 'LISTEN_QUEUE_NAME', text: '"queue one"', pick: (s) => s.queues, value: 'queue one' },
  { name: 'LISTEN_QUEUE_NAME', text: ' "" ', pick: (s) => s.queues, value: undefined },
  {
    name: 'CLEARWAY_UPSTREAM_CIDRS',
    text: '10.0.0.0/8, fd00::/8 192.0.2.1',
    pick: (s) => s.upstreamCidrs,
    value: ['10.0.0.0/8', 'fd00::/8', '192.0.2.1/32'],
  },
  {
    name: 'CLEARWAY_DOCKER_SOCKET',
    text: '/run/d.sock',
    pick: (s) => s.dockerSocket,
    value: '/run/d.sock',
  },
  {
    name: 'TCP_ROUTER_ADDRESS',
    text: '192.0.2.7',
    with: TCP,
    pick: (s) => s.tcp?.address,
    value: '192.0.2.7',
  },
  {
    name: 'ROUTER__STREAM__EXTERNAL_URL',
    text: 'tcp://[2001:db8::1]',
    with: { ...TCP, TCP_ROUTER_ADDRESS: '' },
    pick: (s) => s.tcp?.address,
    value: '2001:db8::1',
  },
  { name: 'TCP_PORT_START', text: '20001', with: TCP, pick: (s) => s.tcp?.start, value: 20001 },
  {
    name: 'ROUTER__STREAM__PORT_RANGE__START',
    text: '"20000"',
    with: TCP,
    pick: (s) => s.tcp?.start,
    value: 20000,
  },
  { name: 'TCP_PORT_END', text: '20000', with: TCP, pick: (s) => s.tcp?.end, value: 20000 },
  {
    name: 'ROUTER__STREAM__PORT_RANGE__END',
    text: '21000',
    with: { ...TCP, TCP_PORT_END: ' ' },
    pick: (s) => s.tcp?.end,
    value: 21000,
  },
  { name: 'CLEARWAY_PORT_REST_SECONDS', text: '0', pick: (s) => s.portRestSeconds, value: 0 },
  {
    name: 'CLEARWAY_NGINX_FOLDER',
    text: '/srv/nginx/',
    pick: (s) => s.folders,
    value: { nginx: '/srv/nginx', state: '/srv/nginx/.clearway-state' },
  },
  {
    name: 'CLEARWAY_STATE_FOLDER',
    text: '/srv/state',
    pick: (s) => s.folders.state,
    value: '/srv/state',
  },
  {
    name: 'CLEARWAY_RUN_FOLDER',
    text: '/srv/run',
    pick: (s) => s.folders.nginx,
    value: '/etc/nginx/conf.d',
  },
  { name: 'LOGGER_LEVEL', text: 'WARNING', pick: (s) => s.logLevel, value: 'warn' },
  { name: 'LOGGER_LEVEL', text: 'CRITICAL', pick: (s) => s.logLevel, value: 'fatal' },
  { name: 'LOGGER_LEVEL', text: 'trace', pick: (s) => s.logLevel, value: 'trace' },
];

const BAD: readonly (readonly [name: string, text: string])[] = [
  ['ROUTER_NAME', 'a\u0007b'],
  ['ROUTER_URL', 'gateway.example.com'],
  ['ROUTER_URL', 'https://gateway.example.com/path'],
  ['ROUTER_URL', 'https://gateway.example.com/?a=b'],
  ['ROUTER_URL', 'https://gateway.example.com/#'],
  ['ROUTER_URL', 'https://user:word@gateway.example.com'],
  ['ROUTER_URL', 'ftp://gateway.example.com'],
  ['CLEARWAY_NAMESPACE', 'Team_A'],
  ['ROUTER__WEBSERVER__SERVER_PORT', '0'],
  ['ROUTER__WEBSERVER__SERVER_PORT', '65536'],
  ['ROUTER__WEBSERVER__SERVER_PORT', '80.5'],
  ['ROUTER__WEBSERVER__SERVER_PORT', '0x50'],
  ['ROUTER__WEBSERVER__AUTO_RELOAD_CONFIG', 'perhaps'],
  ['CLEARML_API_HOST', 'https://key:secret@api.example.com'],
  ['CLEARML_API_HOST', 'api.example.com:8008'],
  ['CLEARML_API_SECRET_KEY', 'two\nlines'],
  ['SSL_VERIFY', 'maybe'],
  ['HTTPS_PROXY', 'socks5://proxy.example.com'],
  ['CLEARWAY_POLL_SECONDS', '-1'],
  ['CLEARWAY_POLL_SECONDS', '1e3'],
  ['AUTH_COOKIE_NAME', 'a=b'],
  ['CLEARWAY_UPSTREAM_CIDRS', '10.0.0.0/33'],
  ['CLEARWAY_UPSTREAM_CIDRS', ','],
  ['TCP_ROUTER_ADDRESS', 'host:30000'],
  ['TCP_ROUTER_ADDRESS', '10.0.0.256'],
  ['TCP_ROUTER_ADDRESS', '[fe80::1%eth0]'],
  ['CLEARWAY_NGINX_FOLDER', 'relative/folder'],
  ['LOGGER_LEVEL', 'LOUD'],
  ['LOGGER_LEVEL', 'constructor'],
];

describe('parseSettings', () => {
  for (const row of GOOD) {
    it(`reads ${row.name}=${JSON.stringify(row.text)}`, () => {
      const settings = settingsOf({ ...MINIMAL, ...row.with, [row.name]: row.text });

      expect(row.pick(settings)).to.deep.equal(row.value);
    });
  }

  it('has a row above for every name of the schema', () => {
    const tested = new Set(GOOD.map(({ name }) => name));
    const names = listSettings(SETTINGS_SCHEMA).flatMap((setting) => setting.names);

    expect(names.filter((name) => !tested.has(name))).to.deep.equal([]);
  });

  for (const [name, text] of BAD) {
    it(`refuses ${name}=${JSON.stringify(text)} by that name and says what it expects`, () => {
      const problems = problemsOf({ ...MINIMAL, ...TCP, [name]: text });

      expect(problems).to.have.length(1);
      expect(problems[0]).to.match(new RegExp(`^${name}: expected `));
    });
  }

  it('reads the environment of the published compose file', () => {
    const settings = settingsOf({
      ...MINIMAL,
      LOGGER_LEVEL: 'INFO',
      ROUTER__WEBSERVER__SERVER_PORT: '"8010"',
      AUTH_SECURE_ENABLED: '',
      TCP_ROUTER_ADDRESS: '',
      TCP_PORT_START: '',
      TCP_PORT_END: '',
    });

    expect(settings).to.deep.equal({
      router: { name: 'main-router', url: 'https://gateway.example.com', namespace: 'default' },
      listenPort: 8010,
      clearml: {
        apiHost: 'https://api.example.com',
        accessKey: 'the-access-key',
        secretKey: 'the-secret-key',
        verifyTls: true,
        pollSeconds: 2,
        fullPassSeconds: 120,
      },
      auth: {
        enabled: true,
        cookieName: 'clearml_token_basic',
        secureCookies: true,
        freshSeconds: 60,
        usableSeconds: 900,
      },
      portRestSeconds: 60,
      folders: { nginx: '/etc/nginx/conf.d', state: '/etc/nginx/conf.d/.clearway-state' },
      dockerSocket: '/var/run/docker.sock',
      metricsPort: 0,
      idleSeconds: 86400,
      logLevel: 'info',
    });
  });

  it('reports everything that is missing or wrong at once', () => {
    const problems = problemsOf({ SSL_VERIFY: 'x', TCP_PORT_START: '1', LOGGER_LEVEL: 'y' });

    expect(problems.map((problem) => problem.split(':')[0])).to.have.members([
      'ROUTER_NAME',
      'ROUTER_URL',
      'CLEARML_API_HOST',
      'CLEARML_API_ACCESS_KEY',
      'CLEARML_API_SECRET_KEY',
      'AUTH_COOKIE_NAME',
      'SSL_VERIFY',
      'LOGGER_LEVEL',
      'TCP_PORT_END',
    ]);
  });

  it('names the alias that the user wrote', () => {
    const problems = problemsOf({ ...MINIMAL, ROUTER__STREAM__PORT_RANGE__START: 'x' });

    expect(problems).to.deep.equal([
      'ROUTER__STREAM__PORT_RANGE__START: expected a whole number from 1 to 65535, but it is "x"',
    ]);
  });

  const ALIASED = listSettings(SETTINGS_SCHEMA).filter(({ names }) => names.length > 1);
  for (const setting of ALIASED) {
    const [first, second = ''] = setting.names;

    it(`names both when ${first} and ${second} differ`, () => {
      const values = ['switch', 'whole number'].includes(setting.format)
        ? ['1', '0']
        : ['http://a.example.com', 'http://b.example.com'];

      const problems = problemsOf({ ...MINIMAL, [first]: values[0], [second]: values[1] });

      expect(problems).to.deep.equal([
        `${first} and ${second}: are two names of one setting and have different values: set one of them`,
      ]);
    });

    it(`takes ${first} and ${second} with one value`, () => {
      const text = setting.format === 'whole number' ? '20005' : 'true';
      const env = { ...MINIMAL, ...TCP, [first]: `"${text}"`, [second]: ` ${text} ` };

      expect(problemsOf(env)).to.deep.equal([]);
    });
  }

  it('needs no cookie name when authentication is off, and warns', () => {
    const env = { ...MINIMAL, AUTH_COOKIE_NAME: '', AUTH_ENABLED: 'false' };

    expect(settingsOf(env).auth.cookieName).to.equal('');
    expect(warningsOf(env).map(({ names }) => names[0])).to.include('AUTH_ENABLED');
  });

  const RELATIONS: readonly (readonly [what: string, env: Environment, expected: string])[] = [
    [
      'a range in the wrong order',
      { ...TCP, TCP_PORT_END: '19999' },
      'TCP_PORT_START and TCP_PORT_END: expected the first port not to be after the last',
    ],
    [
      'a first port alone',
      { TCP_PORT_START: '20000' },
      'TCP_PORT_END: is required, because TCP_PORT_START is set',
    ],
    [
      'a last port alone, by its alias',
      { ROUTER__STREAM__PORT_RANGE__END: '20000' },
      'TCP_PORT_START: is required, because ROUTER__STREAM__PORT_RANGE__END is set',
    ],
    [
      'the HTTP port inside the range',
      { ...TCP, ROUTER__WEBSERVER__SERVER_PORT: '20050' },
      'TCP_PORT_START, TCP_PORT_END and ROUTER__WEBSERVER__SERVER_PORT: expected a range without the port that HTTP is served on, 20050',
    ],
    [
      'the metrics port inside the range',
      { ...TCP, CLEARWAY_METRICS_PORT: '20000' },
      'CLEARWAY_METRICS_PORT, TCP_PORT_START and TCP_PORT_END: expected a port outside the TCP range',
    ],
    [
      'one port for HTTP and metrics',
      { CLEARWAY_METRICS_PORT: '8080' },
      'CLEARWAY_METRICS_PORT and ROUTER__WEBSERVER__SERVER_PORT: expected two different ports',
    ],
    [
      'decisions that are fresh longer than usable',
      { CLEARWAY_ACCESS_USABLE_SECONDS: '10' },
      'CLEARWAY_ACCESS_USABLE_SECONDS and CLEARWAY_ACCESS_FRESH_SECONDS: expected the first to be at least the second',
    ],
  ];
  for (const [what, env, expected] of RELATIONS) {
    it(`refuses ${what}`, () => {
      expect(problemsOf({ ...MINIMAL, ...env })).to.deep.equal([expected]);
    });
  }

  it('says once that TCP is off, and more loudly when only a part is set', () => {
    const none = warningsOf(MINIMAL);
    const part = warningsOf({ ...MINIMAL, ...TCP, TCP_ROUTER_ADDRESS: '' });

    expect(none.map(({ level, names }) => ({ level, names }))).to.deep.equal([
      { level: 'info', names: ['TCP_ROUTER_ADDRESS', 'TCP_PORT_START', 'TCP_PORT_END'] },
    ]);
    expect(part.map(({ level, names }) => ({ level, names }))).to.deep.equal([
      { level: 'warn', names: ['TCP_ROUTER_ADDRESS'] },
    ]);
  });

  it('warns about a range among the ephemeral ports with the line that reserves it', () => {
    const start = String(LINUX_EPHEMERAL_PORTS.start - 1);
    const end = String(LINUX_EPHEMERAL_PORTS.start);
    const [inside] = warningsOf({ ...MINIMAL, ...TCP, TCP_PORT_START: start, TCP_PORT_END: end });
    const outside = warningsOf({ ...MINIMAL, ...TCP, TCP_PORT_START: start, TCP_PORT_END: start });

    expect(inside?.message).to.include(
      `sysctl -w net.ipv4.ip_local_reserved_ports=${start}-${end}`,
    );
    expect(outside).to.deep.equal([]);
  });

  it('warns about Secure cookies on an http:// address and names both', () => {
    const env = { ...MINIMAL, ...TCP, ROUTER_URL: 'http://gateway.example.com' };
    const names = warningsOf(env).map((warning) => warning.names);

    expect(names).to.deep.equal([['ROUTER_URL', 'AUTH_SECURE_ENABLED']]);
    expect(warningsOf({ ...env, AUTH_SECURE_ENABLED: 'false' })).to.deep.equal([]);
  });

  it('warns about addresses that mean this machine only', () => {
    const env = { ...MINIMAL, ...TCP, ROUTER_URL: 'https://localhost:8010' };
    const names = warningsOf({ ...env, TCP_ROUTER_ADDRESS: '127.0.0.1' }).map((w) => w.names[0]);

    expect(names).to.deep.equal(['ROUTER_URL', 'TCP_ROUTER_ADDRESS']);
  });

  it('warns about unknown names with the nearest known one, and never shows the value', () => {
    const env = { ...MINIMAL, ...TCP, CLEARWAY_POL_SECONDS: 'my-value', CLEARWAY_XYZZY_FROB: 'b' };
    const lines = warningsOf(env).map(describeProblem);

    expect(lines).to.deep.equal([
      'CLEARWAY_POL_SECONDS: is not a setting of Clearway, and not used; did you mean CLEARWAY_POLL_SECONDS?',
      'CLEARWAY_XYZZY_FROB: is not a setting of Clearway, and not used',
    ]);
  });

  it('is not misled by the variables that Kubernetes makes of Services', () => {
    const env = {
      ...MINIMAL,
      ...TCP,
      CLEARWAY_PORT: 'tcp://192.0.2.1:80',
      CLEARWAY_SERVICE_HOST: '192.0.2.1',
      CLEARWAY_SERVICE_PORT_HTTP: '80',
      CLEARWAY_PORT_80_TCP: 'tcp://192.0.2.1:80',
      CLEARWAY_PORT_80_TCP_ADDR: '192.0.2.1',
      CLEARWAY_METRICS_PORT: 'tcp://192.0.2.1:9090',
    };

    expect(settingsOf(env).metricsPort).to.equal(0);
    expect(warningsOf(env)).to.deep.equal([]);
  });
});

describe('parseClearmlSettings', () => {
  it('needs the ClearML settings only', () => {
    const { CLEARML_API_HOST, CLEARML_API_ACCESS_KEY, CLEARML_API_SECRET_KEY } = MINIMAL;
    const env = { CLEARML_API_HOST, CLEARML_API_ACCESS_KEY, CLEARML_API_SECRET_KEY };

    const parsed = parseClearmlSettings({ ...env, TCP_PORT_START: 'wrong' });

    expect(parsed).to.deep.include({ kind: 'settings' });
    expect(parseClearmlSettings({}).kind).to.equal('problems');
  });

  it('carries the name of the router where it is set', () => {
    const parsed = parseClearmlSettings(MINIMAL);

    expect(parsed.kind === 'settings' && parsed.settings.routerName).to.equal('main-router');
  });
});

describe('parseProxySettings', () => {
  it('reads its folders and needs nothing', () => {
    expect(parseProxySettings({ CLEARWAY_RUN_FOLDER: '/tmp/run' })).to.deep.equal({
      kind: 'settings',
      settings: { nginxFolder: '/etc/nginx/conf.d', runFolder: '/tmp/run' },
      warnings: [],
    });
  });
});
