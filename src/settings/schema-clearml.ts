import { OPTIONAL, type SettingGroup } from './setting.ts';

const DAY_SECONDS = 86_400;

/** How the router talks to ClearML. */
export const clearml = {
  apiHost: {
    names: ['CLEARML_API_HOST'],
    doc: 'URL of the ClearML API server.',
    example: 'https://api.clearml.example.com',
    format: 'API URL',
    default: null,
  },
  accessKey: {
    names: ['CLEARML_API_ACCESS_KEY'],
    doc: 'Access key of the user or service account that the router works as.',
    example: 'made in the ClearML settings',
    format: 'line',
    default: null,
    sensitive: true,
  },
  secretKey: {
    names: ['CLEARML_API_SECRET_KEY'],
    doc: 'Secret key that belongs to the access key.',
    example: 'made in the ClearML settings',
    format: 'line',
    default: null,
    sensitive: true,
  },
  verifyTls: {
    names: ['SSL_VERIFY'],
    doc: 'Whether the certificate of the ClearML API is verified. A CA of your own goes into the file that NODE_EXTRA_CA_CERTS names.',
    example: 'true',
    format: 'switch',
    default: true,
  },
  httpsProxy: {
    names: ['HTTPS_PROXY', 'https_proxy'],
    doc: 'Forward proxy for a ClearML API at an https:// URL.',
    example: 'http://proxy.example.com:3128',
    format: 'proxy URL',
    ...OPTIONAL,
    sensitive: true,
  },
  httpProxy: {
    names: ['HTTP_PROXY', 'http_proxy'],
    doc: 'Forward proxy for a ClearML API at an http:// URL.',
    example: 'http://proxy.example.com:3128',
    format: 'proxy URL',
    ...OPTIONAL,
    sensitive: true,
  },
  noProxy: {
    names: ['NO_PROXY', 'no_proxy'],
    doc: 'Hosts that are reached without the forward proxy, with commas between them.',
    example: 'localhost,.internal.example.com',
    format: 'line',
    ...OPTIONAL,
  },
  pollSeconds: {
    names: ['CLEARWAY_POLL_SECONDS'],
    doc: 'Time between two looks at the tasks that changed.',
    example: '2',
    format: 'seconds',
    min: 0.1,
    max: 3600,
    default: 2,
  },
  fullPassSeconds: {
    names: ['CLEARWAY_FULL_PASS_SECONDS'],
    doc: 'Time between two looks at all tasks.',
    example: '120',
    format: 'seconds',
    min: 1,
    max: DAY_SECONDS,
    default: 120,
  },
} as const satisfies SettingGroup;

/** Who gets in. */
export const auth = {
  enabled: {
    names: ['AUTH_ENABLED'],
    doc: 'Whether callers must be signed in to ClearML and allowed to see the task.',
    example: 'true',
    format: 'switch',
    default: true,
  },
  cookieName: {
    names: ['AUTH_COOKIE_NAME'],
    doc: 'Name of the session cookie of the ClearML server. Required while authentication is on.',
    example: 'clearml_token_basic',
    format: 'cookie name',
    ...OPTIONAL,
    defaultText: 'required with AUTH_ENABLED',
  },
  secureCookies: {
    names: ['AUTH_SECURE_ENABLED', 'ROUTER__HTTP__AUTHORIZATION__COOKIE__SECURE'],
    doc: 'Whether cookies carry the Secure attribute; browsers drop such cookies on http:// addresses.',
    example: 'true',
    format: 'switch',
    default: true,
  },
  jwks: {
    names: ['AUTH_BASE64_JWKS_KEY'],
    doc: 'Key with which the ClearML server signs its tokens: the secret itself, base64 of it, or a JWKS in base64.',
    example: 'the token_secret of the server',
    format: 'line',
    ...OPTIONAL,
    sensitive: true,
  },
  freshSeconds: {
    names: ['CLEARWAY_ACCESS_FRESH_SECONDS'],
    doc: 'An access decision is not asked for again within this time.',
    example: '60',
    format: 'seconds',
    min: 0,
    max: DAY_SECONDS,
    default: 60,
  },
  usableSeconds: {
    names: ['CLEARWAY_ACCESS_USABLE_SECONDS'],
    doc: 'An access decision holds for this time while neither the router nor ClearML can be asked.',
    example: '900',
    format: 'seconds',
    min: 0,
    max: 30 * DAY_SECONDS,
    default: 900,
  },
} as const satisfies SettingGroup;
