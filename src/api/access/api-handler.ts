import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import type { Logger } from '../../telemetry/logger.ts';
import type { ApiAnswer, ApiRequest, ApiStream } from '../contracts.ts';
import { statusAnswer } from '../failures.ts';
import { ApiError } from '../status.ts';
import { toApiRequest } from './api-request.ts';
import { auditWrite } from './audit.ts';
import type { Bodies } from './bodies.ts';
import type { Caller } from './credentials.ts';
import { guardBody, guardCaller } from './guards.ts';
import { sendAnswer, sendStream, type Patience } from './send.ts';

/** What {@link makeApiHandler} works with. */
export interface ApiHandlerDeps {
  /** Who calls; undefined for nobody who is known. */
  readonly identify: (headers: IncomingHttpHeaders) => Caller | undefined;
  /** Answers a request of a known caller; it never throws. */
  readonly api: (request: ApiRequest) => Promise<ApiAnswer | ApiStream>;
  /** A request was answered. */
  readonly onAnswer: (outcome: Outcome) => void;
  /** Aborts when the router stops. */
  readonly closing: AbortSignal;
  readonly patience: Patience;
  readonly bodies: Bodies;
  readonly logger: Logger;
}

/** How a request was answered. */
export interface Outcome {
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly isStream: boolean;
}

/** Handles requests of an HTTP server. */
export type ApiHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** Lets callers in, and answers them: guards, then who calls, then the API, with a line for each write. */
export function makeApiHandler(deps: ApiHandlerDeps): ApiHandler {
  return (incoming, response) => {
    handle(deps, incoming, response).catch((error: unknown) => {
      if (!response.destroyed)
        deps.logger.error({ err: error }, 'an answer of the resource API could not be sent');
      response.destroy();
    });
  };
}

async function handle(
  deps: ApiHandlerDeps,
  incoming: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const ending = new AbortController();
  const endWith = (signal: AbortSignal): void => {
    const end = (): void => ending.abort();
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    // These signals outlive the request by far.
    response.once('close', () => signal.removeEventListener('abort', end));
  };
  response.once('close', () => ending.abort());
  endWith(deps.closing);
  let request: ApiRequest;
  try {
    guardCaller(incoming);
    const caller = deps.identify(incoming.headers);
    if (caller === undefined) throw new ApiError('Unauthorized', 'Unauthorized');
    endWith(caller.signal);
    const { user } = caller;
    const { signal } = ending;
    const readBody = bodyReader(deps.bodies, response, user.name, signal);
    request = toApiRequest(incoming, { user, readBody, signal });
  } catch (error) {
    await refuse(deps, incoming, response, error);
    return;
  }
  await answer(deps, request, response);
}

/** Where a body is not read to its end, the connection ends with the answer: what is left of the body is not waited for. */
function bodyReader(
  bodies: Bodies,
  response: ServerResponse,
  holder: string,
  signal: AbortSignal,
): (limit: number) => Promise<Buffer> {
  return async (limit) => {
    try {
      return await bodies.read(response.req, limit, holder, signal);
    } catch (error) {
      if (!response.headersSent) response.setHeader('Connection', 'close');
      throw error;
    }
  };
}

async function refuse(
  { patience, onAnswer }: ApiHandlerDeps,
  incoming: IncomingMessage,
  response: ServerResponse,
  error: unknown,
): Promise<void> {
  if (!(error instanceof ApiError)) throw error;
  const { method = '', url = '' } = incoming;
  onAnswer({ method, path: url.replace(/\?.*$/s, ''), status: error.code, isStream: false });
  // What is left of the request is not waited for.
  response.setHeader('Connection', 'close');
  await sendAnswer(response, statusAnswer(error), patience);
}

async function answer(
  deps: ApiHandlerDeps,
  request: ApiRequest,
  response: ServerResponse,
): Promise<void> {
  const result = await answerOf(deps, request);
  const isStream = 'pieces' in result;
  const status = isStream ? 200 : result.status;
  const { method, path } = request;
  deps.onAnswer({ method, path, status, isStream });
  if (isStream) {
    await sendStream(response, result, { patience: deps.patience, signal: request.signal });
    return;
  }
  if (isWrite(request)) auditWrite(request, result, deps.logger);
  await sendAnswer(response, result, deps.patience);
}

async function answerOf(
  { api }: ApiHandlerDeps,
  request: ApiRequest,
): Promise<ApiAnswer | ApiStream> {
  try {
    guardBody(request);
  } catch (error) {
    if (error instanceof ApiError) return statusAnswer(error);
    throw error;
  }
  return api(request);
}

/** Self-reviews are posted and change nothing. */
function isWrite({ method, path }: ApiRequest): boolean {
  return method !== 'GET' && method !== 'HEAD' && !/\/selfsubject[a-z]+\/?$/.test(path);
}
