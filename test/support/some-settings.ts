import type { Settings } from '../../src/settings.ts';

/** Settings of a router that could start. */
export function someSettings(overrides: Partial<Settings> = {}): Settings {
  return {
    router: { name: 'test', url: 'http://gateway.example:8080', namespace: 'default' },
    listenPort: 8080,
    clearml: {
      apiHost: 'http://127.0.0.1:8008',
      accessKey: 'key',
      secretKey: 'secret',
      verifyTls: true,
      pollSeconds: 2,
      fullPassSeconds: 60,
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
    folders: { nginx: '/nonexistent/nginx', state: '/nonexistent/state' },
    dockerSocket: '/nonexistent/docker.sock',
    metricsPort: 0,
    apiPort: 0,
    idleSeconds: 86_400,
    logLevel: 'info',
    ...overrides,
  };
}
