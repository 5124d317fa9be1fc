import { expect } from 'chai';
import { clearmlWebOrigin, finisher } from '../../../src/access/pages/page-headers.ts';
import { someSettings } from '../../support/some-settings.ts';

function policyOf(edge: { readonly frameAncestors?: readonly string[] }, apiHost: string): string {
  const base = someSettings();
  const settings = {
    clearml: { ...base.clearml, apiHost },
    edge: { ...base.edge, ...edge },
  };
  const { headers = {} } = finisher(settings, 'sha256-x')({ status: 200, html: '' });
  return headers['Content-Security-Policy'] ?? '';
}

describe('finisher', () => {
  it('forbids everything but the one style and forms to this host', () => {
    expect(policyOf({}, 'http://clearml.internal')).to.equal(
      "default-src 'none'; style-src 'sha256-x'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    );
  });

  it('lets the ClearML web page frame where nothing is set', () => {
    expect(policyOf({}, 'https://api.clearml.example.com')).to.match(
      /frame-ancestors https:\/\/app\.clearml\.example\.com$/,
    );
  });

  it('lets those frame that the setting names, and then no other', () => {
    const frameAncestors = ['https://a.example', 'https://b.example:8443'];

    expect(policyOf({ frameAncestors }, 'https://api.clearml.example.com')).to.match(
      /frame-ancestors https:\/\/a\.example https:\/\/b\.example:8443$/,
    );
    expect(policyOf({ frameAncestors: [] }, 'https://api.clearml.example.com')).to.match(
      /frame-ancestors 'none'$/,
    );
  });

  it('lets an answer say otherwise about the referrer, and nothing else about itself', () => {
    const finish = finisher(someSettings(), 'sha256-x');

    expect(finish({ status: 303, headers: { Location: '/' } }).headers).to.include({
      Location: '/',
      'Cache-Control': 'no-store',
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'no-referrer',
    });
    expect(finish({ status: 303 }).headers).to.not.have.property('Content-Type');
    expect(
      finish({ status: 200, html: '', headers: { 'Referrer-Policy': 'same-origin' } }).headers,
    ).to.include({
      'Referrer-Policy': 'same-origin',
      'Content-Type': 'text/html; charset=utf-8',
    });
  });
});

describe('clearmlWebOrigin', () => {
  for (const [api, web] of [
    ['https://api.clearml.example.com', 'https://app.clearml.example.com'],
    ['https://api.clearml.example.com:8443/path', 'https://app.clearml.example.com:8443'],
    ['http://192.0.2.7:8008', 'http://192.0.2.7:8080'],
    ['http://[2001:db8::1]:8008/', 'http://[2001:db8::1]:8080'],
    ['http://api.clearml.example.com:8008', 'http://app.clearml.example.com:8080'],
    ['https://clearml.example.com', undefined],
    ['https://rapi.example.com', undefined],
    ['https://clearml.example.com/api', undefined],
  ] as const) {
    it(`makes ${String(web)} of ${api}`, () => {
      expect(clearmlWebOrigin(api)).to.equal(web);
    });
  }
});
