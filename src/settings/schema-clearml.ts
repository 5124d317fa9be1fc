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
