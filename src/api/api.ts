import type { Clock } from '../controllers/contracts.ts';
import { isAbort } from '../errors.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { ApiAnswer, ApiRequest, ApiStream, ServedResource } from './contracts.ts';
import { makeDiscovery } from './discovery/discovery.ts';
import { makeDispatch, type DispatchParts } from './dispatch.ts';
import { internalError, statusAnswer, toApiError } from './failures.ts';
import { makeFixed } from './fixed.ts';
import { makeOpenApi } from './openapi/openapi.ts';
import { makeRenderObject } from './read/read.ts';
import type { WatchLimits } from './watch/places.ts';
import { makeWatch } from './watch/watch.ts';
import { makeWriters } from './writers.ts';

/** What the API is made of. */
export interface ApiParts extends Pick<DispatchParts, 'authorize' | 'write' | 'reviews'> {
  readonly served: readonly ServedResource[];
  /** Version of Clearway. */
  readonly version: string;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly watchLimits: WatchLimits;
  readonly logger: Logger;
}

/** Enough for every tool on a host; each watch costs a few kilobytes. */
export const WATCH_LIMITS: WatchLimits = { outside: { all: 1000, each: 200 }, local: 100 };

/** Answers a request; it never throws. */
export type Api = (request: ApiRequest) => Promise<ApiAnswer | ApiStream>;

/**
 * Makes the Kubernetes-style API of the resources that are served.
 *
 * @remarks Who calls is settled before; see {@link ApiRequest}. Whatever goes wrong is answered as a Status.
 */
export function makeApi(parts: ApiParts): Api {
  const { served, clock, logger } = parts;
  const writers = makeWriters(served, () => clock.now());
  const render = makeRenderObject(writers);
  const watch = makeWatch({ ...parts, writers });
  const fixed = makeFixed([makeDiscovery(served), makeOpenApi(served)], parts.version);
  const dispatch = makeDispatch({ ...parts, writers, render, watch, fixed });
  return async (request) => {
    try {
      return finished(await dispatch(request));
    } catch (error) {
      return finished(failureAnswer(error, request, logger));
    }
  };
}

/** Nothing is kept by clients and proxies but what says that it may be, and JSON ends a line, as Kubernetes has it. */
function finished(answer: ApiAnswer | ApiStream): ApiAnswer | ApiStream {
  if ('pieces' in answer) return answer;
  const { body, contentType = 'application/json' } = answer;
  const isJson =
    typeof body === 'string' && body !== '' && /^application\/json\b/.test(contentType);
  const headers = { 'Cache-Control': 'no-cache, private', ...answer.headers };
  return { ...answer, headers, body: isJson ? `${body}\n` : body };
}

function failureAnswer(thrown: unknown, request: ApiRequest, logger: Logger): ApiAnswer {
  const known = toApiError(thrown);
  if (known === undefined && !isAbort(thrown)) {
    logger.error({ err: thrown, method: request.method, path: request.path }, 'API request failed');
  }
  return statusAnswer(known ?? internalError());
}
