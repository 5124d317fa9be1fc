import { expect } from 'chai';
import fc from 'fast-check';
import { parseEndpointRequests, pickKnownKeys } from '../../../src/domain/endpoint-request.ts';
import { readStaticRoute } from '../../../src/domain/static-request.ts';

const MODE = '_ROUTER_ENDPOINT_MODE';
const NAME = '_ROUTER_ENDPOINT_MODE_PARAM';

describe('readStaticRoute', () => {
  for (const [mode, name, staticRoute] of [
    [undefined, undefined, undefined],
    [undefined, 'stale', undefined],
    [null, 'stale', undefined],
    ['', 'stale', undefined],
    ['path', 'chat', 'chat'],
    ['subdomain', 'chat', 'chat'],
    ['path', 'No Such-Name ä', 'No Such-Name ä'],
  ])
    it(`reads ${String(mode)} and ${String(name)}`, () => {
      expect(readStaticRoute('', { [MODE]: mode, [NAME]: name })).to.deep.equal(
        staticRoute === undefined ? {} : { staticRoute },
      );
    });

  for (const [mode, name, key] of [
    ['path', undefined, NAME],
    ['path', '', NAME],
    ['path', 5, NAME],
    ['path', 'x'.repeat(254), NAME],
    ['host', 'chat', MODE],
    ['PATH', 'chat', MODE],
    [1, 'chat', MODE],
    [true, 'chat', MODE],
  ] as const)
    it(`refuses ${String(mode)} and ${String(name).slice(0, 9)}, and names ${key}`, () => {
      const wish = readStaticRoute('', { [MODE]: mode, [NAME]: name });

      expect(wish).to.have.nested.property('refusal.reason', 'InvalidStaticRoute');
      expect(wish)
        .to.have.nested.property('refusal.message')
        .that.matches(new RegExp(`^${key} must be`));
    });

  it('reads the keys of the endpoint that is asked for and no other ones', () => {
    const runtime = {
      _PORT: 1,
      _PORT__api: 2,
      [MODE]: 'path',
      [NAME]: 'chat',
      [`${MODE}__api`]: 'path',
      [`${NAME}__api`]: 'other',
      external_tcp_port: 3,
    };
    const requests = parseEndpointRequests(pickKnownKeys(runtime), { replacedUpstreams: {} });

    expect(
      requests.map(({ protocol, name, staticRoute }) => [protocol, name, staticRoute]),
    ).to.deep.equal([
      ['http', '', 'chat'],
      ['http', 'api', 'other'],
      ['tcp', '', undefined],
    ]);
  });

  it('says something of any value, that ends and can be shown', () => {
    fc.assert(
      fc.property(
        fc.anything(),
        fc.anything(),
        fc.string({ unit: 'binary' }),
        (mode, name, endpoint) => {
          const suffix = endpoint === '' ? '' : `__${endpoint}`;
          const wish = readStaticRoute(endpoint, { [MODE + suffix]: mode, [NAME + suffix]: name });

          if ('refusal' in wish) expect(wish.refusal.message).to.match(/^[\x20-\x7e]{1,200}$/);
          else expect(Object.keys(wish).length).to.be.at.most(1);
        },
      ),
    );
  });
});
