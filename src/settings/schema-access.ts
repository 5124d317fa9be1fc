import { OPTIONAL, type SettingGroup } from './setting.ts';

const DAY_SECONDS = 86_400;

/** Longest life of a session that can be set, in seconds. */
export const LONGEST_SESSION_SECONDS = 30 * DAY_SECONDS;

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
  rule: {
    names: ['CLEARWAY_ACCESS'],
    doc: 'Who may use an address: `read`, whoever can read the task in ClearML; `owner`, the user whose task it is; `authenticated`, every user of the company.',
    example: 'owner',
    format: 'access rule',
    default: 'read',
  },
  sessionSecret: {
    names: ['CLEARWAY_SESSION_SECRET'],
    doc: 'Secret from which the key of sessions is made. Without one the router makes a key and keeps it in its state; a new secret signs everybody out.',
    example: 'the output of: openssl rand -base64 32',
    format: 'secret',
    ...OPTIONAL,
    defaultText: 'made once and kept',
    sensitive: true,
  },
  sessionSeconds: {
    names: ['CLEARWAY_SESSION_SECONDS'],
    doc: 'Who signs in on the page of the gateway stays signed in for this time.',
    example: '28800',
    format: 'seconds',
    min: 60,
    max: LONGEST_SESSION_SECONDS,
    default: DAY_SECONDS,
  },
  sameSite: {
    names: ['CLEARWAY_COOKIE_SAMESITE'],
    doc: 'SameSite attribute of the cookies of the gateway: lax, strict or none. `none` is for applications inside frames of another site, and needs Secure cookies.',
    example: 'none',
    format: 'SameSite',
    default: 'lax',
  },
} as const satisfies SettingGroup;
