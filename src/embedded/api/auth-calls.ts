import { identityOf, issueToken, sessionOf, TOKEN_SECONDS } from './auth.ts';
import type { ApiCall, EndpointTable } from './call.ts';
import { optionalText, requiredText } from './fields.ts';
import type { Dict } from './json.ts';
import { checkToken } from './jwt.ts';
import type { Credential } from './model.ts';
import { ApiRefusal, validationError } from './refusal.ts';
import { formatStamp } from './stamps.ts';

const LONGEST_SECONDS = 31_536_000;

/** Calls of the services `auth` and `login`. */
export const AUTH_CALLS: EndpointTable = {
  'auth.login': { handler: login },
  'auth.logout': { handler: logout, since: '2.2', actual: '2.2' },
  'login.logout': { handler: logout },
  'login.supported_modes': { handler: supportedModes, needsCredentials: false },
  'auth.fixed_users_mode': { handler: fixedUsersMode, needsCredentials: false },
  'auth.create_credentials': { handler: createCredentials },
  'auth.get_credentials': { handler: getCredentials },
  'auth.revoke_credentials': { handler: revokeCredentials },
  'auth.validate_token': { handler: validateToken, roles: ['system', 'root'] },
};

function login(call: ApiCall): Dict {
  const { identity, state } = call;
  const life = lifeSeconds(call.body['expiration_sec']);
  const user = state.users.get(identity.user);
  if (user === undefined) {
    throw new ApiRefusal(
      400,
      301,
      `Invalid user id: id=${identity.user}, company=${identity.company}`,
    );
  }
  const now = Math.floor(call.stamper.next() / 1000);
  const token = issueToken(call, identityOf(state, user), now, life);
  call.setCookie(token);
  return { token };
}

function lifeSeconds(asked: unknown): number {
  if (asked === undefined || asked === null) return TOKEN_SECONDS;
  const seconds = typeof asked === 'boolean' ? Number(asked) : Math.trunc(Number(asked));
  if (Number.isNaN(seconds)) {
    throw validationError("error for field 'expiration_sec': invalid literal for int()");
  }
  if (seconds > LONGEST_SECONDS) {
    throw validationError(
      `error for field 'expiration_sec': bigger than maximum ('${LONGEST_SECONDS}').`,
    );
  }
  return seconds === 0 ? TOKEN_SECONDS : seconds;
}

function logout(call: ApiCall): Dict {
  if (call.identity.session !== undefined) call.state.revokedSessions.add(call.identity.session);
  call.setCookie(undefined);
  return {};
}

function supportedModes(call: ApiCall): Dict {
  return {
    authenticated: call.identity.user !== '',
    basic: { enabled: true, guest: { enabled: false } },
    server_errors: { missed_es_upgrade: false, es_connection_error: false },
    sso: {},
    sso_providers: [],
  };
}

function fixedUsersMode(): Dict {
  return { enabled: true, guest: { enabled: false }, server_errors: {} };
}

function createCredentials(call: ApiCall): Dict {
  const user = call.state.users.get(call.identity.user);
  if (user === undefined || user.service) {
    throw new ApiRefusal(400, 301, 'Invalid user id (protected identity)');
  }
  const label = optionalText(call.body, 'label');
  const credential: Credential = {
    accessKey: call.newId().toUpperCase().slice(0, 30),
    secretKey: `${call.newId()}${call.newId()}`.slice(0, 50),
    user: user.id,
    ...(label === undefined ? {} : { label }),
  };
  call.state.credentials.set(credential.accessKey, credential);
  const shown = { access_key: credential.accessKey, secret_key: credential.secretKey };
  return { credentials: label === undefined ? shown : { ...shown, label } };
}

function getCredentials(call: ApiCall): Dict {
  const own = [...call.state.credentials.values()].filter(
    (credential) => credential.user === call.identity.user,
  );
  return { credentials: own.map((credential) => describeCredential(credential, call.ip)) };
}

function describeCredential(credential: Credential, ip: string): Dict {
  return {
    access_key: credential.accessKey,
    ...(credential.label === undefined ? {} : { label: credential.label }),
    ...(credential.lastUsed === undefined
      ? {}
      : {
          last_used: formatStamp(credential.lastUsed).replace('+00:00', ''),
          last_used_from: ip,
        }),
  };
}

function revokeCredentials(call: ApiCall): Dict {
  const key = requiredText(call.body, 'access_key');
  if (call.state.credentials.get(key)?.user !== call.identity.user) {
    throw new ApiRefusal(400, 300, 'Invalid user (invalid user or invalid access key)');
  }
  call.state.credentials.delete(key);
  return { revoked: 1 };
}

function validateToken(call: ApiCall): Dict {
  const token = requiredText(call.body, 'token');
  const now = Math.floor(call.stamper.next() / 1000);
  const check = checkToken(token, call.profile.tokenSecret, now);
  if ('fault' in check) return { valid: false, msg: check.fault };
  const session = sessionOf(call.profile, token, now);
  const identity = check.claims['identity'] as Dict | undefined;
  return {
    valid: session === undefined || !call.state.revokedSessions.has(session),
    user: identity?.['user'],
    company: identity?.['company'],
  };
}
