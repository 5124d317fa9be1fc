import { expect } from 'chai';
import type { PageRequest } from '../../../src/access/pages/page-http.ts';
import { dropsSecureCookies, isForeignFrame, isOwnForm } from '../../../src/access/pages/source.ts';

const ROUTER_URL = 'https://gateway.example.com';

function aRequest(overrides: Partial<PageRequest>): PageRequest {
  return {
    method: 'POST',
    name: 'sign-in',
    query: new Map(),
    form: new Map(),
    cookies: [],
    scheme: 'https',
    host: 'gateway.example.com',
    ...overrides,
  };
}

const OWN: readonly (readonly [string, Partial<PageRequest>])[] = [
  ['an old browser that says nothing', {}],
  ['a form of this page', { origin: ROUTER_URL, fetchSite: 'same-origin', fetchMode: 'navigate' }],
  ['a browser without Fetch Metadata', { origin: ROUTER_URL }],
  ['a form that the user sent again', { origin: ROUTER_URL, fetchSite: 'none' }],
  ['a page that forbids the referrer', { origin: 'null', fetchSite: 'same-origin' }],
  [
    'another port',
    { host: 'gateway.example.com:8443', origin: 'https://gateway.example.com:8443' },
  ],
  ['a balancer that ends TLS', { origin: ROUTER_URL, scheme: 'http' }],
  ['a balancer that puts its own name into Host', { origin: ROUTER_URL, host: 'backend:8080' }],
  [
    'a route host',
    { routeKey: 'abc', host: 'abc.apps.example', origin: 'https://abc.apps.example' },
  ],
];

const FOREIGN: readonly (readonly [string, Partial<PageRequest>])[] = [
  ['another site', { origin: 'https://evil.example', fetchSite: 'cross-site' }],
  ['another site in an old browser', { origin: 'https://evil.example' }],
  [
    'an application on a route host',
    { origin: 'https://abc.apps.example.com', fetchSite: 'same-site' },
  ],
  ['another port of this host', { origin: 'https://gateway.example.com:8443' }],
  ['a name that begins like ours', { origin: 'https://gateway.example.com.evil.example' }],
  ['a sandboxed frame', { origin: 'null', fetchSite: 'cross-site' }],
  ['a sandboxed frame in an old browser', { origin: 'null' }],
  ['a script of this host', { origin: ROUTER_URL, fetchSite: 'same-origin', fetchMode: 'cors' }],
  ['a script that hides its mode', { fetchSite: 'same-origin', fetchMode: 'no-cors' }],
  ['a site that says it is none of ours', { fetchSite: 'same-site' }],
  ['a word that no browser says', { fetchSite: 'SAME-ORIGIN ' }],
  ['an Origin that is none', { origin: 'gateway.example.com' }],
  [
    'the main host at a route host',
    { routeKey: 'abc', host: 'abc.apps.example', origin: ROUTER_URL },
  ],
];

describe('isOwnForm', () => {
  for (const [what, overrides] of OWN) {
    it(`accepts ${what}`, () => {
      expect(isOwnForm(aRequest(overrides), ROUTER_URL)).to.equal(true);
    });
  }

  for (const [what, overrides] of FOREIGN) {
    it(`refuses ${what}`, () => {
      expect(isOwnForm(aRequest(overrides), ROUTER_URL)).to.equal(false);
    });
  }
});

describe('dropsSecureCookies', () => {
  for (const [host, scheme, drops] of [
    ['gateway.example.com', 'https', false],
    ['gateway.example.com', 'http', true],
    ['192.0.2.7:8010', 'http', true],
    ['[2001:db8::1]:8010', 'http', true],
    ['localhost.evil.example', 'http', true],
    ['127.0.0.1.evil.example', 'http', true],
    ['', 'http', true],
    ['localhost:8010', 'http', false],
    ['app.localhost', 'http', false],
    ['127.0.0.1:8010', 'http', false],
    ['[::1]:8010', 'http', false],
  ] as const) {
    it(`says ${drops ? 'yes' : 'no'} for ${scheme}://${host}`, () => {
      expect(dropsSecureCookies(aRequest({ host, scheme }))).to.equal(drops);
    });
  }
});

describe('isForeignFrame', () => {
  it('tells a frame of another site from one of ours and from a tab', () => {
    expect(isForeignFrame(aRequest({ fetchDest: 'iframe', fetchSite: 'cross-site' }))).to.equal(
      true,
    );
    expect(isForeignFrame(aRequest({ fetchDest: 'iframe', fetchSite: 'same-site' }))).to.equal(
      false,
    );
    expect(isForeignFrame(aRequest({ fetchDest: 'document', fetchSite: 'cross-site' }))).to.equal(
      false,
    );
    expect(isForeignFrame(aRequest({}))).to.equal(false);
  });
});
