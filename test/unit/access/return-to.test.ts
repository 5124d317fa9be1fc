import { expect } from 'chai';
import fc from 'fast-check';
import { ELSEWHERE } from '../../support/elsewhere.ts';
import { HOME, returnTo, type ReturnScope } from '../../../src/access/return-to.ts';

const BASE = 'https://gateway.example.com:8443';
const TASK = '0123456789abcdef0123456789abcdef';
const HOSTS = { scheme: 'https:', domain: 'apps.example.com', port: ':8443' } as const;
const MAIN: ReturnScope = { on: 'main host' };
const MAIN_WITH_HOSTS: ReturnScope = { on: 'main host', routeHosts: HOSTS };
const ROUTE: ReturnScope = { on: 'route host' };

/** Addresses of our own. */
const OURS = [
  '/',
  HOME,
  `/service/${TASK}`,
  `/service/${TASK}/`,
  `/service/${TASK}?x=1`,
  `/service/${TASK}--notebook/lab/tree/a%20b.ipynb?reset&x=%2F%2F`,
  `/service/${TASK}/a//b`,
  `/service/${TASK}/?next=https://elsewhere.example/&u=//x`,
  `/service/${TASK}/%E2%82%AC/;p=1/@x:y`,
  "/service/abc/!$&'()*+,;=:@-._~",
] as const;

/** Where a StaticRoute may be, in path mode only. */
const NAMED = ['/chat', '/chat/', '/Chat_0-1?x=//y', '/services/abc/', '/x/a%20b//c'] as const;

describe('returnTo', () => {
  for (const text of ELSEWHERE) {
    it(`does not go to ${JSON.stringify(text.slice(0, 60))}`, () => {
      expect(returnTo(text, MAIN)).to.equal(HOME);
      expect(returnTo(text, MAIN_WITH_HOSTS)).to.equal(HOME);
    });
  }

  for (const text of OURS) {
    it(`goes to ${text}`, () => {
      expect(returnTo(text, MAIN)).to.equal(text);
      expect(new URL(returnTo(text, MAIN), BASE).href).to.equal(`${BASE}${text}`);
    });
  }

  for (const text of NAMED) {
    it(`goes to ${text} where endpoints have no hosts of their own`, () => {
      expect(returnTo(text, MAIN)).to.equal(text);
      expect(returnTo(text, MAIN_WITH_HOSTS)).to.equal(HOME);
    });
  }

  it('goes home when no address was asked for', () => {
    expect(returnTo(undefined, MAIN)).to.equal(HOME);
  });

  it('goes where a browser would: dot segments are resolved before they are judged', () => {
    expect(returnTo('/service/abc/../def/./x?y', MAIN)).to.equal('/service/def/x?y');
  });

  it('stays on the origin that was asked, whatever the text', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.webUrl({ withFragments: true, withQueryParameters: true }),
      fc.constantFrom(...ELSEWHERE),
      fc
        .array(
          fc.constantFrom(
            ...[
              '/',
              '\\',
              '.',
              '..',
              '%2e',
              '%2f',
              '%5c',
              '\t',
              '\n',
              ' ',
              ':',
              '@',
              '?',
              '#',
              '//',
            ],
            ...['https:', 'evil.example', 'service', 'abc', '_clearway', '\u0000', '\u2028', '%00'],
          ),
          { maxLength: 12 },
        )
        .map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(hostile, fc.constantFrom('', '/', '/service/abc/'), (text, front) => {
        for (const scope of [MAIN, ROUTE]) {
          const result = returnTo(`${front}${text}`, scope);
          expect(result).to.match(/^\/(?!\/)[!-[\]-~]*$/);
          expect(new URL(result, BASE).origin).to.equal(BASE);
          expect(returnTo(result, scope)).to.equal(result);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  it('never leads to another page of the gateway than the one that says who is signed in', () => {
    const step = fc.constantFrom(
      '..',
      '.',
      '%2e%2E',
      'service',
      'abc',
      '_clearway',
      'sign-out',
      '',
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 8 }), (steps) => {
        for (const scope of [MAIN, ROUTE]) {
          const { pathname } = new URL(returnTo(`/${steps.join('/')}`, scope), BASE);
          if (pathname !== HOME) expect(pathname).to.not.match(/^\/+_clearway/);
        }
      }),
    );
  });

  describe('with route hosts', () => {
    const own = `https://${TASK}.apps.example.com:8443`;

    it('goes to the host of a route', () => {
      expect(returnTo(`${own}/x?y=1`, MAIN_WITH_HOSTS)).to.equal(`${own}/x?y=1`);
      expect(returnTo(own, MAIN_WITH_HOSTS)).to.equal(`${own}/`);
    });

    it('knows no route hosts in path mode, nor on a route host', () => {
      expect(returnTo(`${own}/`, MAIN)).to.equal(HOME);
      expect(returnTo(`${own}/`, ROUTE)).to.equal(HOME);
    });

    for (const url of [
      `http://${TASK}.apps.example.com:8443/`,
      `https://${TASK}.apps.example.com/`,
      `https://${TASK}.apps.example.com:8444/`,
      'https://apps.example.com:8443/',
      'https://a.b.apps.example.com:8443/',
      'https://-abc.apps.example.com:8443/',
      'https://a_b.apps.example.com:8443/',
      'https://evil.example/.apps.example.com:8443/',
      'https://abc.apps.example.com.evil.example:8443/',
      'https://abc.apps.example.com:8443@evil.example/',
      'https://x@abc.apps.example.com:8443/',
      'https://abc.evil.example\\.apps.example.com:8443/',
      'https://abc.apps.example.com:8443/_clearway/sign-out',
      'https://abc.apps.example.com:8443//evil.example',
      'https://abc.apps.example.com:8443/#x',
    ]) {
      it(`does not go to ${url}`, () => {
        expect(returnTo(url, MAIN_WITH_HOSTS)).to.equal(HOME);
      });
    }

    it('goes to a route host of ours or stays, whatever the text', () => {
      const labels = fc.constantFrom(
        TASK,
        'abc',
        'evil.example',
        'apps.example.com',
        '@',
        ':8443',
        '/',
      );
      fc.assert(
        fc.property(fc.array(labels, { maxLength: 6 }), (parts) => {
          const text = `https://${parts.join('.').replaceAll('.@.', '@').replaceAll('.:', ':')}`;
          const { origin } = new URL(returnTo(text, MAIN_WITH_HOSTS), BASE);
          if (origin !== BASE) {
            expect(origin).to.match(/^https:\/\/[a-z0-9-]{1,63}\.apps\.example\.com:8443$/);
          }
        }),
        { numRuns: 2_000 },
      );
    });
  });

  describe('on a route host', () => {
    it('goes to every path of the application', () => {
      for (const path of ['/', '/x?y=1', '/service/abc', '/a//b', '/?x', '/%2f/x']) {
        expect(returnTo(path, ROUTE)).to.equal(path);
      }
    });

    it('does not go to pages of the gateway, however they are written', () => {
      for (const path of [
        '/_clearway/sign-in',
        '/_clearway',
        '/%5fclearway/sign-out',
        '/_%63learway/enter',
        '/x/../_clearway/sign-out',
        '//evil.example',
        '/.//evil.example',
      ]) {
        expect(returnTo(path, ROUTE)).to.equal(HOME);
      }
    });
  });
});
