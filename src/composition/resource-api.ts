import { randomBytes, randomInt } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { makeApiHandler, type ApiHandler } from '../api/access/api-handler.ts';
import { ApiServer } from '../api/access/api-server.ts';
import { authorize } from '../api/access/authorize.ts';
import { ApiAuthority, hasSlept } from '../api/access/authority.ts';
import { makeControlApi } from '../api/access/control-api.ts';
import { Bodies, BODY_LIMITS } from '../api/access/bodies.ts';
import { controlSocket } from '../api/access/control-client.ts';
import { Credentials, type Caller } from '../api/access/credentials.ts';
import { answerReview } from '../api/access/reviews.ts';
import { PATIENCE } from '../api/access/send.ts';
import { makeApi, WATCH_LIMITS, type Api } from '../api/api.ts';
import { makeServed } from '../api/served/served.ts';
import { answerWrite } from '../api/write/answer-write.ts';
import { PROXY_GROUP, nginxFolder } from '../proxy/folder.ts';
import type { RouterParts } from './parts.ts';

/** What the resource API is made of. */
export type ResourceApiParts = Pick<
  RouterParts,
  'settings' | 'version' | 'random' | 'clock' | 'logger' | 'metrics' | 'store'
> & { readonly newUid: () => string };

/** Who calls by the control socket: whoever may open it is the router's own user, or root. */
const LOCAL: Caller = {
  user: {
    name: 'clearway:local',
    groups: ['clearway:admin', 'system:authenticated'],
    role: 'admin',
    isLocal: true,
  },
  signal: new AbortController().signal,
};

/** After this time in ms a start that failed is tried again. */
const RETRY_MS = 30_000;

/**
 * Serves the resource API until the signal aborts: to callers with a token over TLS on `api.sock`, and to the local user
 * on `control.sock`. Resolves when it is served.
 *
 * @remarks Routes do not need it: whatever keeps it from starting is logged, and tried again.
 */
export async function serveResourceApi(
  parts: ResourceApiParts,
  signal: AbortSignal,
): Promise<void> {
  do {
    const attempt = new AbortController();
    try {
      await open(parts, AbortSignal.any([signal, attempt.signal]));
      return;
    } catch (error) {
      attempt.abort();
      if (signal.aborted) return;
      parts.logger.error({ err: error }, 'the resource API is not served; routes are');
    }
  } while (await hasSlept(parts.clock, RETRY_MS, signal));
}

async function open(parts: ResourceApiParts, signal: AbortSignal): Promise<void> {
  const { settings, store, clock, logger } = parts;
  const credentials = new Credentials({ store: store.apiCredentials, clock, randomBytes, logger });
  const authority = await ApiAuthority.open({ memory: store, clock, logger });
  const api = apiOf(parts);
  const control = makeControlApi({
    credentials,
    place: () => ({
      certificateAuthority: authority.certificate,
      namespace: settings.router.namespace,
      port: settings.apiPort,
      router: settings.router.name,
    }),
    logger,
  });
  const local = async (request: Parameters<Api>[0]): ReturnType<Api> =>
    (await control(request)) ?? api(request);
  const outside = new ApiServer({
    place: { path: nginxFolder(settings.folders.nginx).apiSocket, group: PROXY_GROUP },
    handler: handlerOf(parts, api, callerOf(credentials), signal),
    pair: authority.serverPair,
    logger,
  });
  const inside = new ApiServer({
    place: { path: controlSocket(settings.folders.state), mode: 0o600 },
    handler: handlerOf(parts, local, () => LOCAL, signal),
    logger,
  });
  await outside.start(signal);
  // A state folder whose path is too long for a socket, say: who has a credential is served all the same.
  await inside.start(signal).catch((error: unknown) => {
    if (signal.aborted) throw error;
    logger.error({ err: error }, 'nobody can be given a credential: there is no control socket');
  });
  logger.info({ port: settings.apiPort }, 'resource API is served');
  void credentials.run(signal);
  void authority.run((pair) => outside.renew(pair), signal);
}

function apiOf({ settings, version, random, clock, logger, store, newUid }: ResourceApiParts): Api {
  const { namespace } = settings.router;
  return makeApi({
    served: makeServed({ store, events: store, namespace, since: clock.now() }),
    version,
    clock,
    random,
    logger,
    watchLimits: WATCH_LIMITS,
    authorize,
    reviews: answerReview,
    write: (request, render) =>
      answerWrite(request, { store, clock, namespace, newUid, randomBelow: randomInt, render }),
  });
}

function handlerOf(
  { logger, metrics }: ResourceApiParts,
  api: Api,
  identify: (headers: IncomingHttpHeaders) => Caller | undefined,
  closing: AbortSignal,
): ApiHandler {
  return makeApiHandler({
    identify,
    api,
    onAnswer: (outcome) => metrics.apiAnswered(outcome),
    closing,
    patience: PATIENCE,
    // One for each socket, so that nobody outside takes the local user's room.
    bodies: new Bodies(BODY_LIMITS),
    logger,
  });
}

function callerOf(credentials: Credentials): (headers: IncomingHttpHeaders) => Caller | undefined {
  return ({ authorization = '' }) => {
    const [, token] = /^Bearer ([\w-]+)$/i.exec(authorization) ?? [];
    return token === undefined ? undefined : credentials.verify(token);
  };
}
