import { expect } from 'chai';
import { LINUX_EPHEMERAL_PORTS } from '../../../src/settings/ephemeral.ts';
import { parseClearmlSettings, parseProxySettings } from '../../../src/settings/parse.ts';
import { SETTINGS_SCHEMA } from '../../../src/settings/schema.ts';
import { listSettings } from '../../../src/settings/setting.ts';
import type { Environment } from '../../../src/settings/types.ts';
import { describeProblem } from '../../../src/settings.ts';
import { MINIMAL, problemsOf, settingsOf, TCP, warningsOf } from './support.ts';

describe('parseSettings', () => {
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
        rule: 'read',
        sessionSeconds: 86_400,
        sameSite: 'lax',
      },
      edge: { allowedHosts: [], trustedProxies: [], corsOrigins: [] },
      portRestSeconds: 60,
      folders: { nginx: '/etc/nginx/conf.d', state: '/etc/nginx/conf.d/.clearway-state' },
      dockerSocket: '/var/run/docker.sock',
      metricsPort: 0,
      apiPort: 7443,
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
      'one port for HTTP and kubectl',
      { CLEARWAY_API_PORT: '8080' },
      'CLEARWAY_API_PORT and ROUTER__WEBSERVER__SERVER_PORT: expected two different ports',
    ],
    [
      'one port for metrics and kubectl',
      { CLEARWAY_METRICS_PORT: '9090', CLEARWAY_API_PORT: '9090' },
      'CLEARWAY_API_PORT and CLEARWAY_METRICS_PORT: expected two different ports',
    ],
    [
      "kubectl's port inside the range",
      { ...TCP, CLEARWAY_API_PORT: '20099' },
      'CLEARWAY_API_PORT, TCP_PORT_START and TCP_PORT_END: expected a port outside the TCP range',
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

  it('warns about a certificate on an http:// address, and about believing everybody', () => {
    const env = {
      ...MINIMAL,
      ...TCP,
      ROUTER_URL: 'http://gateway.example.com',
      AUTH_SECURE_ENABLED: 'false',
      CLEARWAY_TLS_CERT: '/tls/tls.crt',
      CLEARWAY_TLS_KEY: '/tls/tls.key',
    };
    const names = (more: Readonly<Record<string, string>>) =>
      warningsOf({ ...env, ...more }).map((warning) => warning.names);

    expect(names({})).to.deep.equal([['CLEARWAY_TLS_CERT', 'ROUTER_URL']]);
    const https = { ROUTER_URL: 'https://gateway.example.com' };
    expect(names(https)).to.deep.equal([]);
    for (const everybody of ['0.0.0.0/0', '10.0.0.0/8,::/0']) {
      expect(names({ ...https, CLEARWAY_TRUSTED_PROXIES: everybody })).to.deep.equal([
        ['CLEARWAY_TRUSTED_PROXIES'],
      ]);
    }
  });

  it('goes without the usual port for kubectl where another port is the same, and says so', () => {
    const clashes = [
      { ROUTER__WEBSERVER__SERVER_PORT: '7443' },
      { CLEARWAY_METRICS_PORT: '7443' },
      { ...TCP, TCP_PORT_START: '7000', TCP_PORT_END: '8000' },
    ];
    for (const clash of clashes) {
      const env = { ...MINIMAL, ...TCP, ...clash };
      expect(settingsOf(env).apiPort).to.equal(0);
      expect(warningsOf(env).map(({ names }) => names[0])).to.include('CLEARWAY_API_PORT');
    }
    const off = { ...MINIMAL, ...TCP, CLEARWAY_METRICS_PORT: '7443', CLEARWAY_API_PORT: '0' };
    expect(warningsOf(off)).to.deep.equal([]);
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
