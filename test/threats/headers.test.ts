import { expect } from 'chai';
import { EchoApp } from '../support/echo-app.ts';
import { rawRequest } from '../support/http-client.ts';
import { anHttpEntry, ProxyHarness } from '../support/proxy-harness.ts';

type Headers = readonly (readonly [string, string])[];

/** Names that some application, framework or server takes as the word of a proxy in front of it. */
const FORGED = [
  // Who asks.
  ...['X-Forwarded-User', 'X-Forwarded-Email', 'X-Forwarded-Groups', 'X-Forwarded-Roles'],
  ...['X-Forwarded-Preferred-Username', 'X-Forwarded-Access-Token', 'X-Forwarded-Name'],
  ...['Remote-User', 'Remote-Groups', 'Remote-Email', 'Remote-Name', 'X-Remote-User'],
  ...['X-Remote-Group', 'X-Remote-Groups', 'X-Remote-Email', 'X-Authenticated-User'],
  ...['X-Authenticated-Groups', 'X-Authenticated-UserId', 'X-Auth-User', 'X-Auth-Email'],
  ...['X-Auth-Groups', 'X-Auth-Roles', 'X-Auth-Username', 'X-Auth-Request-User'],
  ...['X-Auth-Request-Email', 'X-Auth-Request-Groups', 'X-Auth-Request-Access-Token'],
  ...['X-Auth-Request-Preferred-Username', 'X-Webauth-User', 'X-Webauth-Role', 'X-Proxy-User'],
  ...['X-RStudio-Username', 'Kubeflow-Userid', 'X-Goog-Authenticated-User-Email'],
  ...['X-Goog-IAP-JWT-Assertion', 'CF-Access-Authenticated-User-Email', 'CF-Access-JWT-Assertion'],
  ...['X-Amzn-Oidc-Identity', 'X-Amzn-Oidc-Data', 'X-MS-Client-Principal-Name'],
  ...['X-MS-Client-Principal', 'X-Authentik-Username', 'X-Pomerium-JWT-Assertion'],
  ...['Tailscale-User-Login', 'X-Vouch-User', 'X-Consumer-Username', 'X-Userinfo'],
  ...['X-Forwarded-Client-Cert', 'X-Forwarded-Tls-Client-Cert', 'X-SSL-Client-Cert'],
  ...['X-SSL-Client-Verify', 'X-SSL-Client-S-DN', 'SSL-Client-Cert', 'X-ARR-ClientCert'],
  // From where.
  ...['X-Forwarded-For', 'X-Real-IP', 'Forwarded', 'True-Client-IP', 'CF-Connecting-IP'],
  ...['Client-IP', 'X-Client-IP', 'X-Cluster-Client-IP', 'Fastly-Client-IP', 'Fly-Client-IP'],
  ...['X-Azure-ClientIP', 'X-Envoy-External-Address', 'X-Originating-IP', 'X-Remote-IP'],
  ...['X-Remote-Addr', 'X-Original-Forwarded-For', 'X-AppEngine-User-IP'],
  // Which host, path and scheme.
  ...['X-Forwarded-Host', 'X-Host', 'X-Original-Host', 'X-HTTP-Host-Override', 'X-Forwarded'],
  ...['X-Forwarded-Proto', 'X-Forwarded-Protocol', 'X-Forwarded-Scheme', 'X-Forwarded-Ssl'],
  ...['Front-End-Https', 'X-Url-Scheme', 'X-Scheme', 'X-Forwarded-Port', 'X-Forwarded-Server'],
  ...['X-Forwarded-Prefix', 'X-Forwarded-Path', 'X-Forwarded-Uri', 'X-Forwarded-Method'],
  ...['X-Forwarded-By', 'X-Forwarded-Context', 'X-Script-Name', 'X-Original-URL'],
  ...['X-Original-URI', 'X-Original-Method', 'X-Rewrite-URL', 'X-Ingress-Path'],
  ...['X-RStudio-Root-Path', 'X-Envoy-Original-Path', 'X-Middleware-Subrequest'],
  ...['Proxy', 'Proxy-Authorization', 'Proxy-Connection', 'X-Request-ID', 'X-Clearway-Host-Key'],
] as const;

const SPELLINGS: readonly ((name: string) => string)[] = [
  (name) => name,
  (name) => name.toLowerCase(),
  (name) => name.toUpperCase(),
  (name) => name.replaceAll('-', '_'),
  (name) => name.replace('-', '_'),
  (name) => name.replace(/-(?=[^-]*$)/, '.'),
];

describe('headers of a proxy', function () {
  this.timeout(20_000);
  let proxy: ProxyHarness;
  let open: ProxyHarness;
  let app: EchoApp;

  before(async () => {
    app = await EchoApp.start();
    const table = { http: { app: anHttpEntry(app.port) } };
    proxy = await ProxyHarness.start({
      config: { authEnabled: true },
      decide: () => ({ verdict: 'allow', user: 'alice' }),
    });
    open = await ProxyHarness.start();
    await Promise.all([proxy.publish(table), open.publish(table)]);
  });

  after(async () => {
    await Promise.all([proxy.stop('SIGKILL'), open.stop('SIGKILL')]);
    await app.stop();
  });

  const ask = async (at: ProxyHarness, headers: Headers): Promise<void> => {
    const credential = [['Authorization', 'Bearer alice']] as const;
    const request = {
      target: '/service/app/',
      host: 'gw.example',
      headers: [...credential, ...headers],
    };
    expect((await rawRequest(at.port, request)).status).to.equal(200);
  };

  // Attack: headers by which applications believe a proxy, sent by a client: once, twice, in every spelling that a server
  // turns into the same variable.
  // Outcome: none of them arrives; those that the gateway sends itself say what it knows, once.
  it('T8: no client speaks for the gateway', async () => {
    for (const at of [proxy, open]) {
      for (const spell of SPELLINGS) {
        // Half of them at a time: a request may have so many lines and no more.
        for (const half of [FORGED.slice(0, 60), FORGED.slice(60)]) {
          const twice = half.flatMap((name) => [spell(name), spell(name)]);
          await ask(
            at,
            twice.map((name) => [name, 'root'] as const),
          );
          const { rawHeaders } = app.last;
          const arrived = rawHeaders.filter((_, index) => rawHeaders[index + 1] === 'root');
          expect(arrived).to.deep.equal([]);
        }
      }
    }
    await ask(
      proxy,
      FORGED.map((name) => [name, 'root'] as const),
    );
    const said = (name: string): readonly string[] => app.lastHeader(name);
    expect(said('x-forwarded-user')).to.deep.equal(['alice']);
    expect(said('x-forwarded-for')).to.deep.equal(['127.0.0.1']);
    expect(said('x-real-ip')).to.deep.equal(['127.0.0.1']);
    expect(said('x-forwarded-host')).to.deep.equal(['gw.example']);
    expect(said('x-forwarded-proto')).to.deep.equal(['http']);
    expect(said('x-forwarded-prefix')).to.deep.equal(['/service/app']);
  });

  // Attack: without access control there is no user; a client names one.
  it('T8 without access control: there is no user at all', async () => {
    await ask(open, [
      ['X-Forwarded-User', 'root'],
      ['X-Clearway-Host-Key', 'other'],
    ]);

    expect(app.lastHeader('x-forwarded-user')).to.deep.equal([]);
  });
});
