import { expect } from 'chai';
import fc from 'fast-check';
import { parseEndpointRequests, pickKnownKeys } from '../../../src/domain/endpoint-request.ts';
import { readStaticRoute } from '../../../src/domain/static-request.ts';

const MODE = '_ROUTER_ENDPOINT_MODE';
const NAME = '_ROUTER_ENDPOINT_MODE_PARAM';

describe('readStaticRoute', () => {
  for (const [mode, name, desired] of [
    [undefined, undefined, {}],
    [undefined, 'stale', {}],
    [null, 'stale', {}],
    ['', 'stale', {}],
    ['path', 'chat', { staticRoute: 'chat' }],
    ['subdomain', 'chat', { staticRoute: 'chat' }],
    ['path', 'No Such-Name ä', { staticRoute: 'No Such-Name ä' }],
    ['path', undefined, NAME],
    ['path', '', NAME],
    ['path', 5, NAME],
    ['path', 'x'.repeat(254), NAME],
    ['host', 'chat', MODE],
    ['PATH', 'chat', MODE],
    [1, 'chat', MODE],
    [true, 'chat', MODE],
  ] as const)
    it(`reads ${JSON.stringify(mode)} and ${JSON.stringify(name)?.slice(0, 30) ?? 'nothing'}`, () => {
      const wish = readStaticRoute('', { [MODE]: mode, [NAME]: name });

      if (typeof desired === 'object') {
        expect(wish).to.deep.equal(desired);
        return;
      }
      const { refusal } = wish as { refusal: { reason: string; message: string } };
      expect(refusal.reason).to.equal('InvalidStaticRoute');
      expect(refusal.message).to.match(new RegExp(`^${desired} must be`));
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
