import { expect } from 'chai';
import { OperatorError } from '../../../src/errors.ts';
import { proxyConfig } from '../../../src/proxy/proxy-config.ts';
import type { Settings } from '../../../src/settings.ts';
import { someSettings } from '../../support/some-settings.ts';

function refusedVariable(settings: Settings, workers: 'auto' | number = 'auto'): unknown {
  try {
    proxyConfig(settings, workers);
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    expect(error.code).to.equal('PROXY_TEMPLATE_INVALID');
    return error.details['variable'];
  }
  return undefined;
}

describe('proxyConfig', () => {
  it('takes scheme and port from the public URL', () => {
    const at = (url: string): unknown => {
      const { router } = someSettings();
      const config = proxyConfig(someSettings({ router: { ...router, url } }), 'auto');
      return [config.routerScheme, config.routerPort];
    };

    expect(at('https://gateway.example')).to.deep.equal(['https', 443]);
    expect(at('http://gateway.example')).to.deep.equal(['http', 80]);
    expect(at('http://gateway.example:8010')).to.deep.equal(['http', 8010]);
  });

  it('makes room for the connections of every TCP port', () => {
    const tcp = { address: 'gateway.example', start: 30_000, end: 30_999 };
    const without = proxyConfig(someSettings(), 2);
    const config = proxyConfig(someSettings({ tcp }), 2);

    expect(config).to.include({ tcp: true, tcpStart: 30_000, tcpEnd: 30_999 });
    expect(config.workerConnections).to.equal(without.workerConnections + 2_000);
    expect(config.rlimitNofile).to.equal(2 * config.workerConnections + 1_000);
    expect(without).to.include({ tcp: false, tcpStart: 0, tcpEnd: 0 });
  });

  const { auth } = someSettings();
  const refusals: readonly (readonly [string, Partial<Settings>])[] = [
    ['cookieName', { auth: { ...auth, cookieName: 'a";os.exit()--' } }],
    ['cookieName', { auth: { ...auth, cookieName: '' } }],
    ['cookieName', { auth: { ...auth, cookieName: 'a\nb' } }],
    ['idleSeconds', { idleSeconds: 0.5 }],
    ['listenPort', { listenPort: 70_000 }],
    ['metricsPort', { metricsPort: -1 }],
    ['tcp', { tcp: { address: 'a', start: 31_000, end: 30_000 } }],
  ];
  for (const [variable, overrides] of refusals) {
    it(`lets no wrong ${variable} reach a template: ${JSON.stringify(overrides)}`, () => {
      expect(refusedVariable(someSettings(overrides))).to.equal(variable);
    });
  }

  it('takes no cookie name only when authentication is off', () => {
    const off = someSettings({ auth: { ...auth, enabled: false, cookieName: '' } });

    expect(proxyConfig(off, 'auto')).to.include({ authEnabled: false, cookieName: '' });
  });
});
