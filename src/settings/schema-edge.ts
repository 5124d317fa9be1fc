import { OPTIONAL, type SettingGroup } from './setting.ts';

/** What the proxy is towards those who connect to it. */
export const edge = {
  tlsCertificate: {
    names: ['CLEARWAY_TLS_CERT'],
    doc: 'File with the certificate and its chain, as the proxy sees it. With certificate and key there, the proxy speaks TLS on its port; a changed file is served without a restart.',
    example: '/etc/clearway/tls/tls.crt',
    format: 'plain path',
    ...OPTIONAL,
    defaultText: '`tls/tls.crt` in the nginx folder',
  },
  tlsKey: {
    names: ['CLEARWAY_TLS_KEY'],
    doc: 'File with the private key of the certificate, as the proxy sees it.',
    example: '/etc/clearway/tls/tls.key',
    format: 'plain path',
    ...OPTIONAL,
    defaultText: '`tls/tls.key` in the nginx folder',
  },
  allowedHosts: {
    names: ['CLEARWAY_ALLOWED_HOSTS'],
    doc: 'Further host names under which the gateway may be asked; every other one gets 421. `*` allows all.',
    example: 'gateway.internal,192.0.2.7',
    format: 'host list',
    ...OPTIONAL,
    defaultText: 'the hosts of ROUTER_URL and CLEARWAY_ROUTE_DOMAIN only',
  },
  trustedProxies: {
    names: ['CLEARWAY_TRUSTED_PROXIES'],
    doc: 'Networks of the load balancers in front of the proxy, whose X-Forwarded-For and X-Forwarded-Proto are believed.',
    example: '10.1.0.0/16',
    format: 'networks',
    ...OPTIONAL,
  },
  corsOrigins: {
    names: ['CLEARWAY_CORS_ORIGINS'],
    doc: 'Origins of other web pages that may call applications: the proxy answers their preflights, which carry no credentials.',
    example: 'https://dashboard.example.com',
    format: 'origins',
    ...OPTIONAL,
  },
  frameAncestors: {
    names: ['CLEARWAY_FRAME_ANCESTORS'],
    doc: 'Origins of the pages that may show applications and the pages of the gateway in a frame; applications may also be shown by those of their own origin.',
    example: 'https://app.clearml.example.com',
    format: 'origins',
    ...OPTIONAL,
    defaultText:
      'any page for applications; for the pages of the gateway the ClearML web page that CLEARML_API_HOST hints at',
  },
  routeDomain: {
    names: ['CLEARWAY_ROUTE_DOMAIN'],
    doc: 'Domain under which each HTTP endpoint has a host of its own, `<task id>.<domain>`, so that browsers keep applications apart. Needs a wildcard DNS record, and with TLS a wildcard certificate.',
    example: 'apps.example.com',
    format: 'host name',
    ...OPTIONAL,
    defaultText: 'endpoints share the host of ROUTER_URL',
  },
} as const satisfies SettingGroup;
