import { expect } from 'chai';
import type { Finding, Machine } from '../../src/check/contract.ts';
import { ROUTE_HOST_CHECKS } from '../../src/check/route-host-checks.ts';
import { runChecks } from '../../src/check/run-checks.ts';
import { parseSettings } from '../../src/settings/parse.ts';

const ENV = {
  ROUTER_NAME: 'main-router',
  ROUTER_URL: 'https://gateway.example.com:8443',
  CLEARML_API_HOST: 'https://api.example.com',
  CLEARML_API_ACCESS_KEY: 'the-access-key',
  CLEARML_API_SECRET_KEY: 'the-secret-key',
  AUTH_COOKIE_NAME: 'clearml_token_basic',
};
const DOMAIN = { CLEARWAY_ROUTE_DOMAIN: 'my-applications.example' };

/** What the check finds on a machine whose resolver is this one. */
async function find(
  resolve: Machine['resolve'],
  env: Readonly<Record<string, string>> = DOMAIN,
): Promise<readonly Finding[]> {
  const machine: Machine = {
    inContainer: false,
    sysctlFolder: '/nonexistent',
    now: () => 0,
    resolve,
    newLabel: () => 'never-used',
  };
  const context = { parsed: parseSettings({ ...ENV, ...env }), api: undefined, machine };
  const { signal } = new AbortController();
  const reports = await runChecks(ROUTE_HOST_CHECKS, context, 50, signal);
  return reports.flatMap(({ findings }) => findings);
}

describe('check of the hosts of routes', () => {
  it('asks for nothing where there are none', async () => {
    const [finding] = await find(() => Promise.reject(new Error('asked a resolver')), {});

    expect(finding?.level).to.equal('ok');
    expect(finding?.message).to.match(/^CLEARWAY_ROUTE_DOMAIN is not set/);
  });

  it('asks for a whole name that nobody has used, and says where it leads', async () => {
    const asked: string[] = [];
    const findings = await find((name) => {
      asked.push(name);
      return Promise.resolve(['192.0.2.7', '2001:db8::7']);
    });

    expect(asked).to.deep.equal(['never-used.my-applications.example.']);
    expect(findings).to.deep.equal([
      { level: 'ok', message: '*.my-applications.example leads to 192.0.2.7, 2001:db8::7' },
    ]);
  });

  it('warns when the name has no address, with the record that is missing', async () => {
    const todo =
      'Add a wildcard record, *.my-applications.example, that leads where gateway.example.com leads.';

    expect(await find(() => Promise.resolve([]))).to.deep.equal([
      {
        level: 'warn',
        message:
          'never-used.my-applications.example has no address here, so no endpoint can be opened by its host',
        todo,
      },
    ]);
    expect((await find(() => Promise.reject(new Error('SERVFAIL'))))[0]).to.deep.include({
      level: 'warn',
      todo,
    });
  });

  it('does not wait for a resolver that never answers', async () => {
    const [finding] = await find(() => new Promise(() => undefined));

    expect(finding?.message).to.equal('no answer in time');
  });
});
