import type { Logger } from '../../telemetry/logger.ts';
import type { ApiAnswer, ApiRequest } from '../contracts.ts';
import { statusAnswer, toApiError } from '../failures.ts';
import { ApiError } from '../status.ts';
import type { CredentialFacts, CredentialOrder, Credentials } from './credentials.ts';

/** Where credentials are issued, listed and revoked, on the control socket only. */
export const CREDENTIALS_PATH = '/clearway/v1/credentials';

/** Longest body in bytes. */
const ORDER_BYTES = 65_536;

/** What a client needs beside its token. */
export interface ApiPlace {
  /** Certificate of the authority, as PEM. */
  readonly certificateAuthority: string;
  readonly namespace: string;
  /** Loopback port of the host; 0 for none. */
  readonly port: number;
  /** Exact ROUTER_NAME. */
  readonly router: string;
}

/** A credential that was just issued, with everything that a kubeconfig is made of. */
export interface IssuedCredential extends ApiPlace {
  readonly credential: CredentialFacts;
  readonly token: string;
}

/** What a {@link makeControlApi} works with. */
export interface ControlDeps {
  readonly credentials: Credentials;
  readonly place: () => ApiPlace;
  readonly logger: Logger;
}

/** Answers what is about credentials; undefined for every other path. It never throws. */
export function makeControlApi(
  deps: ControlDeps,
): (request: ApiRequest) => Promise<ApiAnswer> | undefined {
  return (request) => {
    const { path } = request;
    if (path !== CREDENTIALS_PATH && !path.startsWith(`${CREDENTIALS_PATH}/`)) return undefined;
    return answer(deps, request).catch((error: unknown) => {
      const known = toApiError(error);
      if (known === undefined) deps.logger.error({ err: error }, 'a credential cannot be changed');
      return statusAnswer(known ?? new ApiError('InternalError', 'the state cannot be written'));
    });
  };
}

async function answer(deps: ControlDeps, request: ApiRequest): Promise<ApiAnswer> {
  const { method, path } = request;
  const name = path.slice(CREDENTIALS_PATH.length + 1);
  if (name === '' && method === 'GET') return json(200, { credentials: deps.credentials.list() });
  if (name === '' && method === 'POST') return issue(deps, await request.body(ORDER_BYTES));
  if (name !== '' && method === 'DELETE') return revoke(deps, name);
  throw new ApiError(
    'MethodNotAllowed',
    'the server does not allow this method on the requested resource',
  );
}

function issue({ credentials, place, logger }: ControlDeps, body: Buffer): ApiAnswer {
  const { credential, token } = credentials.issue(readOrder(body));
  const { name, role, expires } = credential;
  logger.info(
    { audit: true, name, role, ...(expires === undefined ? {} : { expires: new Date(expires) }) },
    'credential of the resource API issued',
  );
  const issued: IssuedCredential = { credential, token, ...place() };
  return json(201, issued);
}

function revoke({ credentials, logger }: ControlDeps, name: string): ApiAnswer {
  if (!credentials.revoke(name)) {
    throw new ApiError('NotFound', `there is no credential of the name ${JSON.stringify(name)}`);
  }
  logger.info({ audit: true, name }, 'credential of the resource API revoked');
  return json(200, {});
}

function readOrder(body: Buffer): CredentialOrder {
  const { role, name, expires, replace } = readObject(body);
  if (role !== 'view' && role !== 'admin') throw malformed('role', 'view or admin');
  if (name !== undefined && typeof name !== 'string') throw malformed('name', 'text');
  if (expires !== undefined && !Number.isSafeInteger(expires)) throw malformed('expires', 'a time');
  return {
    role,
    ...(name === undefined ? {} : { name }),
    ...(expires === undefined ? {} : { expires: expires as number }),
    replace: replace === true,
  };
}

function readObject(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(body.toString('utf8'));
    if (typeof parsed === 'object' && parsed !== null) return parsed as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new ApiError('BadRequest', 'the body of the request is no JSON object');
}

function malformed(field: string, expected: string): ApiError {
  return new ApiError('BadRequest', `${field} is not ${expected}`);
}

function json(status: number, body: object): ApiAnswer {
  return { status, body: JSON.stringify(body) };
}
