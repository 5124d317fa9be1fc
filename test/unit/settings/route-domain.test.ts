import { expect } from 'chai';
import { describeProblem } from '../../../src/settings.ts';
import { commonDomain } from '../../../src/settings/route-domain.ts';
import { MINIMAL, warningsOf } from './support.ts';

const APART = { ...MINIMAL, CLEARWAY_ROUTE_DOMAIN: 'my-applications.example' };

/** What the warnings about the domain of routes say, by the names that they are about. */
function remarksOf(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return warningsOf({ ...APART, ...env })
    .filter(({ names }) => names[0] === 'CLEARWAY_ROUTE_DOMAIN')
    .map(describeProblem);
}

describe('warnings about the domain of routes', () => {
  it('are none where it holds nothing else, and none without it', () => {
    expect(remarksOf({})).to.deep.equal([]);
    expect(remarksOf({ CLEARWAY_ROUTE_DOMAIN: '', ROUTER_URL: 'https://192.0.2.7' })).to.deep.equal(
      [],
    );
  });

  it('tell that an IP address is of no domain', () => {
    for (const url of ['https://192.0.2.7', 'https://[2001:db8::7]:8443'])
      expect(remarksOf({ ROUTER_URL: url })).to.match(
        /^CLEARWAY_ROUTE_DOMAIN and ROUTER_URL: .*IP address/,
      );
  });

  it('tell where applications could set cookies for ClearML', () => {
    for (const [domain, api, shared] of [
      ['apps.example.com', 'https://api.clearml.example.com', 'example.com'],
      ['example.com', 'https://api.example.com', 'example.com'],
      ['apps.clearml.example.com', 'https://clearml.example.com/api', 'clearml.example.com'],
      ['clearml.test', 'http://api.clearml.test:8008', 'clearml.test'],
    ] as const) {
      const [remark = '', ...more] = remarksOf({
        CLEARWAY_ROUTE_DOMAIN: domain,
        CLEARML_API_HOST: api,
      });

      expect(remark).to.match(/^CLEARWAY_ROUTE_DOMAIN and CLEARML_API_HOST: /);
      expect(remark).to.contain(`set cookies for ${shared}, where ClearML`);
      expect(more).to.deep.equal([]);
    }
  });

  it('say nothing about hosts of ClearML that share nothing', () => {
    for (const api of ['http://192.0.2.7:8008', 'http://apiserver:8008', 'https://api.clear.ml'])
      expect(remarksOf({ CLEARML_API_HOST: api }), api).to.deep.equal([]);
    expect(
      remarksOf({
        CLEARWAY_ROUTE_DOMAIN: 'apps.co.uk',
        CLEARML_API_HOST: 'https://clearml.co.uk',
      }),
    ).to.deep.equal([]);
  });

  it('tell what Secure cookies are for', () => {
    const near = { CLEARWAY_ROUTE_DOMAIN: 'apps.gateway.example' };
    const url = { ROUTER_URL: 'http://gateway.example', AUTH_SECURE_ENABLED: 'false' };

    expect(remarksOf(url)).to.match(/AUTH_SECURE_ENABLED: .*for its neighbours: /);
    expect(remarksOf({ ...url, ...near })).to.match(/for its neighbours and for the gateway: /);
    expect(remarksOf({ ...url, AUTH_ENABLED: 'false' })).to.deep.equal([]);
  });
});

describe('commonDomain', () => {
  for (const [left, right, shared] of [
    ['a.b.example', 'c.b.example', 'b.example'],
    ['b.example', 'c.b.example', 'b.example'],
    ['b.example', 'b.example', 'b.example'],
    ['b.example', 'xb.example', undefined],
    ['a.co.uk', 'b.co.uk', undefined],
    ['a.x.co.uk', 'b.x.co.uk', 'x.co.uk'],
    ['localhost', 'localhost', undefined],
  ] as const)
    it(`of ${left} and ${right} is ${shared ?? 'none'}`, () => {
      expect(commonDomain(left, right)).to.equal(shared);
      expect(commonDomain(right, left)).to.equal(shared);
    });
});
