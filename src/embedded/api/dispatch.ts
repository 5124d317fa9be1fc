import { authenticate, NOBODY, type AuthHeaders } from './auth.ts';
import type { ApiCall, ApiWorld, Endpoint } from './call.ts';
import { ENDPOINTS } from './endpoints.ts';
import { actAs, type ActHeaders } from './impersonation.ts';
import { isDict, parseJson, type Dict } from './json.ts';
import type { Identity } from './model.ts';
import { ApiRefusal, unhandled } from './refusal.ts';
import { compareVersions, mergeQuery, parseCallPath, type CallPath } from './wire.ts';

/** A request as it came, apart from HTTP itself. */
export interface ApiRequest {
  readonly path: string;
  readonly query: URLSearchParams;
  readonly auth: AuthHeaders;
  readonly act: ActHeaders;
  readonly contentType: string;
  readonly body: Buffer;
  readonly ip: string;
  readonly worker?: string;
  /** X-Clearml-Trx or X-Trains-Trx. */
  readonly trx?: string;
}

/** The envelope, its HTTP status, and the cookie to set: null deletes it. */
export interface ApiAnswer {
  readonly endpoint: string;
  readonly status: number;
  readonly envelope: Dict;
  readonly cookie?: string | null;
}

/** Answers one request: finds the call, then who calls, then reads the body, then does it (protocol 9.2). */
export function dispatch(world: ApiWorld, request: ApiRequest): ApiAnswer {
  const found = parseCallPath(request.path);
  let cookie: string | null | undefined;
  const setCookie = (token: string | undefined): void => void (cookie = token ?? null);
  const endpoint = found === undefined ? undefined : findEndpoint(world, found);
  const meta = describeEndpoint(world, found, endpoint);
  try {
    const data = run(world, request, { found, endpoint, setCookie });
    return answer(world, request, meta, { code: 200, subcode: 0, message: 'OK', data, cookie });
  } catch (thrown) {
    const refusal = thrown instanceof ApiRefusal ? thrown : unhandled('unexpected');
    const { code, subcode, message } = refusal;
    return answer(world, request, meta, { code, subcode, message, data: {}, cookie: undefined });
  }
}

interface Target {
  readonly found: CallPath | undefined;
  readonly endpoint: Endpoint | undefined;
  readonly setCookie: ApiCall['setCookie'];
}

function run(world: ApiWorld, request: ApiRequest, target: Target): Dict {
  const { found, endpoint } = target;
  if (found === undefined) throw new ApiRefusal(400, 0, `Invalid request path ${request.path}`);
  const version = found.version ?? world.profile.apiVersion;
  if (endpoint === undefined) {
    throw new ApiRefusal(
      404,
      0,
      `Unable to find endpoint for name ${found.endpoint} and version ${version}`,
    );
  }
  const identity = identify(world, request, endpoint);
  if (endpoint.roles !== undefined && !endpoint.roles.includes(identity.role)) {
    throw new ApiRefusal(403, 20, `Forbidden (not allowed for role): role=${identity.role}`);
  }
  const { body, batch } = readBody(request);
  return endpoint.handler({
    ...world,
    endpoint: found.endpoint,
    body: mergeQuery(body, request.query),
    batch,
    identity,
    version,
    ip: request.ip,
    setCookie: target.setCookie,
    ...(request.worker === undefined ? {} : { worker: request.worker }),
  });
}

function identify(world: ApiWorld, request: ApiRequest, endpoint: Endpoint): Identity {
  try {
    return actAs(world, authenticate(world, request.auth), request.act);
  } catch (thrown) {
    if (endpoint.needsCredentials === false) return NOBODY;
    throw thrown;
  }
}

function findEndpoint(world: ApiWorld, path: CallPath): Endpoint | undefined {
  const endpoint = Object.hasOwn(ENDPOINTS, path.endpoint) ? ENDPOINTS[path.endpoint] : undefined;
  if (endpoint === undefined) return undefined;
  if (endpoint.featureSet === 'advanced' && world.profile.featureSet !== 'advanced')
    return undefined;
  const version = path.version ?? world.profile.apiVersion;
  return compareVersions(version, endpoint.since ?? '1.0') < 0 ? undefined : endpoint;
}

function describeEndpoint(
  world: ApiWorld,
  path: CallPath | undefined,
  endpoint: Endpoint | undefined,
): Dict {
  const asked = path === undefined ? '1.0' : (path.version ?? world.profile.apiVersion);
  const numeric = compareVersions(asked, '2.1') < 0;
  const form = (version: string): string | number => (numeric ? Number(version) : version);
  const actual = numeric ? '1.0' : (endpoint?.actual ?? '1.0');
  return {
    name: path?.endpoint ?? '',
    requested_version: form(asked),
    actual_version: endpoint === undefined ? null : form(actual),
  };
}

interface Outcome {
  readonly code: number;
  readonly subcode: number;
  readonly message: string;
  readonly data: Dict;
  readonly cookie: string | null | undefined;
}

function answer(world: ApiWorld, request: ApiRequest, endpoint: Dict, outcome: Outcome): ApiAnswer {
  const id = world.newId();
  const envelope = {
    meta: {
      id,
      trx: request.trx ?? id,
      endpoint,
      result_code: outcome.code,
      result_subcode: outcome.subcode,
      result_msg: outcome.message,
      error_stack: null,
      error_data: {},
    },
    data: outcome.data,
  };
  const shown = { endpoint: String(endpoint['name']), status: outcome.code, envelope };
  return outcome.cookie === undefined ? shown : { ...shown, cookie: outcome.cookie };
}

interface Body {
  readonly body: Dict;
  readonly batch: readonly Dict[];
}

function readBody(request: ApiRequest): Body {
  if (request.body.length === 0) return { body: {}, batch: [] };
  const text = decodeText(request.body);
  if (request.contentType.startsWith('application/x-www-form-urlencoded')) {
    return { body: mergeQuery({}, new URLSearchParams(text)), batch: [] };
  }
  const lines = request.contentType.startsWith('application/json-lines');
  const whole = lines ? undefined : tryJson(text);
  if (whole === undefined) return { body: {}, batch: readLines(text) };
  const value = whole.value;
  if (value === null || (Array.isArray(value) && value.length === 0))
    return { body: {}, batch: [] };
  if (!isDict(value)) throw unhandled('Data should be a dict');
  return { body: value, batch: [value] };
}

function readLines(text: string): readonly Dict[] {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  const items = lines.map((line) => tryJson(line)?.value);
  if (lines.length === 0 || !items.every(isDict)) throw badRequest();
  return items;
}

function decodeText(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    throw badRequest();
  }
}

function tryJson(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: parseJson(text) };
  } catch {
    return undefined;
  }
}

function badRequest(): ApiRefusal {
  return new ApiRefusal(
    400,
    0,
    'The browser (or proxy) sent a request that this server could not understand.',
  );
}
