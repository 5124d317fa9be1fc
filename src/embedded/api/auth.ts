import type { ApiProfile, ApiWorld } from './call.ts';
import { isDict, type Dict } from './json.ts';
import { checkToken, signToken } from './jwt.ts';
import type { Identity, User } from './model.ts';
import { ApiRefusal, unhandled } from './refusal.ts';
import type { EmbeddedState } from './state.ts';
import { readCookie } from './wire.ts';

/** Headers that carry credentials. */
export interface AuthHeaders {
  /** Present and empty counts as present: it hides the cookie (protocol 9.3). */
  readonly authorization?: string;
  readonly cookie?: string;
}

/** Life of a token when the caller names none, in seconds (protocol 4.1). */
export const TOKEN_SECONDS = 30 * 24 * 3600;

/** Nobody: for calls that need no credentials. */
export const NOBODY: Identity = { user: '', company: '', role: '', userName: '', companyName: '' };

/**
 * Finds out who calls. The Authorization header beats the cookie, whatever is in either.
 *
 * @throws ApiRefusal 401/10, /20, /22 or /30 as the real server answers (protocol 9.3).
 */
export function authenticate(world: ApiWorld, headers: AuthHeaders): Identity {
  const cookie = readCookie(headers.cookie, world.profile.cookieName);
  const header = headers.authorization ?? (cookie === undefined ? '' : `Bearer ${cookie}`);
  if (header === '') throw new ApiRefusal(401, 20, 'Unauthorized (missing credentials)');
  const at = header.indexOf(' ');
  const scheme = at < 0 ? header : header.slice(0, at);
  const value = at < 0 ? '' : header.slice(at + 1);
  if (scheme === 'Basic') return basicIdentity(world, value);
  if (scheme === 'Bearer') return bearerIdentity(world, value);
  throw new ApiRefusal(401, 10, 'Unauthorized (bad authentication header type)');
}

/** Identity of a user as a token of this user would carry it. */
export function identityOf(state: EmbeddedState, user: User): Identity {
  return {
    user: user.id,
    company: user.company,
    role: user.role,
    userName: user.name,
    companyName: state.companies.get(user.company)?.name ?? '',
  };
}

/** Signs a token for an identity, as `auth.login` hands out. */
export function issueToken(
  world: Pick<ApiWorld, 'profile' | 'newId'>,
  identity: Identity,
  nowSeconds: number,
  lifeSeconds: number,
): string {
  return signToken(
    {
      identity: {
        user: identity.user,
        company: identity.company,
        role: identity.role,
        user_name: identity.userName,
        company_name: identity.companyName,
      },
      auth_type: 'Bearer',
      iat: nowSeconds,
      exp: nowSeconds + lifeSeconds,
      env: '<unknown>',
      session_id: world.newId(),
      api_version: world.profile.apiVersion,
      server_version: world.profile.serverVersion,
      server_build: '',
      feature_set: world.profile.featureSet,
    },
    world.profile.tokenSecret,
  );
}

/** Session of a token that this API signed, for revocation; undefined when it has none or is bad. */
export function sessionOf(
  profile: ApiProfile,
  token: string,
  nowSeconds: number,
): string | undefined {
  const check = checkToken(token, profile.tokenSecret, nowSeconds);
  return 'claims' in check ? text(check.claims, 'session_id') : undefined;
}

function basicIdentity(world: ApiWorld, value: string): Identity {
  const decoded = Buffer.from(value, 'base64').toString();
  const at = decoded.indexOf(':');
  const name = at < 0 ? decoded : decoded.slice(0, at);
  const secret = at < 0 ? '' : decoded.slice(at + 1);
  const user = userOfKey(world, name, secret) ?? userOfPassword(world.state, name, secret);
  return identityOf(world.state, user);
}

function userOfKey(world: ApiWorld, key: string, secret: string): User | undefined {
  const credential = world.state.credentials.get(key);
  if (credential === undefined) return undefined;
  if (credential.secretKey !== secret)
    throw badCredentials('failed to locate provided credentials');
  credential.lastUsed = world.stamper.next();
  return world.state.users.get(credential.user);
}

function userOfPassword(state: EmbeddedState, login: string, password: string): User {
  const user = state.userByLogin(login);
  if (user?.password === undefined) throw badCredentials('failed to locate provided credentials');
  if (user.password !== password) throw badCredentials('bad username or password');
  return user;
}

function badCredentials(detail: string): ApiRefusal {
  return new ApiRefusal(401, 22, `Unauthorized (invalid credentials) (${detail})`);
}

function bearerIdentity(world: ApiWorld, token: string): Identity {
  const now = Math.floor(world.stamper.next() / 1000);
  const check = checkToken(token, world.profile.tokenSecret, now);
  if ('fault' in check) {
    throw new ApiRefusal(401, 30, `Invalid token (invalid jwt token): reason=${check.fault}`);
  }
  const session = text(check.claims, 'session_id');
  if (session !== undefined && world.state.revokedSessions.has(session)) {
    throw new ApiRefusal(401, 30, 'Invalid token (revoked token)');
  }
  const identity = check.claims['identity'];
  if (!isDict(identity)) throw unhandled('tuple index out of range');
  if (!('company' in identity && 'user' in identity)) {
    throw new ApiRefusal(401, 30, 'Invalid token (failed parsing token)');
  }
  return readIdentity(identity, session);
}

function readIdentity(identity: Dict, session: string | undefined): Identity {
  const read = {
    user: text(identity, 'user') ?? '',
    company: text(identity, 'company') ?? '',
    role: text(identity, 'role') ?? '',
    userName: text(identity, 'user_name') ?? '',
    companyName: text(identity, 'company_name') ?? '',
  };
  return session === undefined ? read : { ...read, session };
}

function text(of: Dict, key: string): string | undefined {
  const value = of[key];
  return typeof value === 'string' ? value : undefined;
}
