import type { ServerResponse } from 'node:http';
import type { ApiProfile } from './call.ts';
import type { ApiAnswer } from './dispatch.ts';
import { emptyLists, withNaN, type Fault } from './faults.ts';
import { isDict, stringifyJson, type Dict } from './json.ts';

/** What an answer needs besides the envelope. */
export interface AnswerContext {
  readonly profile: ApiProfile;
  readonly origin: string | undefined;
  readonly keepAlive: boolean;
}

const COOKIE_SECONDS = 99_999_999_999;
const PORTAL = '<!doctype html><title>Please wait</title><p>The service is not available now.</p>';

/** Writes an answer, with the fault that hits it. */
export function writeAnswer(
  response: ServerResponse,
  answer: ApiAnswer,
  fault: Fault | undefined,
  context: AnswerContext,
): void {
  if (fault?.kind === 'reset') {
    response.destroy();
    return;
  }
  const headers = { ...baseHeaders(context), ...cookieHeader(context.profile, answer.cookie) };
  if (fault?.kind === 'html') {
    send(response, fault.status ?? 200, { ...headers, 'Content-Type': 'text/html' }, PORTAL);
    return;
  }
  const { status, envelope, retryAfter } = spoil(answer, fault);
  const text = stringifyJson(envelope);
  const json = {
    ...headers,
    'Content-Type': 'application/json',
    ...(retryAfter === undefined ? {} : { 'Retry-After': String(retryAfter) }),
  };
  if (fault?.kind === 'cut') cut(response, status, json, text);
  else send(response, status, json, text);
}

/** Writes a small text or HTML answer. */
export function writeText(
  response: ServerResponse,
  status: number,
  text: string,
  context: AnswerContext,
): void {
  send(
    response,
    status,
    { ...baseHeaders(context), 'Content-Type': 'text/html; charset=utf-8' },
    text,
  );
}

/** Set-Cookie as the real server sends it: host-only, HttpOnly, Lax (protocol 4.1). */
export function cookieText(profile: ApiProfile, token: string | null): string {
  const life =
    token === null
      ? 'Expires=Thu, 01 Jan 1970 00:00:00 GMT; Max-Age=0'
      : `Max-Age=${COOKIE_SECONDS}`;
  return `${profile.cookieName}=${token ?? ''}; ${life}; HttpOnly; Path=/; SameSite=Lax`;
}

interface Spoilt {
  readonly status: number;
  readonly envelope: Dict;
  readonly retryAfter?: number;
}

function spoil(answer: ApiAnswer, fault: Fault | undefined): Spoilt {
  const { envelope, status } = answer;
  if (fault?.kind === 'status') return refused(envelope, fault.status, fault.subcode ?? 0);
  if (fault?.kind === 'unauthorized') return refused(envelope, 401, 30);
  if (fault?.kind === 'throttle') {
    return { ...refused(envelope, 429, 0), retryAfter: fault.retryAfterSeconds };
  }
  return { status, envelope: { ...envelope, data: spoilData(envelope['data'], fault) } };
}

function spoilData(data: unknown, fault: Fault | undefined): unknown {
  if (!isDict(data)) return data;
  if (fault?.kind === 'empty-page') return emptyLists(data);
  return fault?.kind === 'nan' ? withNaN(data) : data;
}

function refused(envelope: Dict, code: number, subcode: number): Spoilt {
  const meta = isDict(envelope['meta']) ? envelope['meta'] : {};
  return {
    status: code,
    envelope: {
      meta: { ...meta, result_code: code, result_subcode: subcode, result_msg: 'ordered fault' },
      data: {},
    },
  };
}

function baseHeaders(context: AnswerContext): Record<string, string> {
  return {
    ...(context.keepAlive ? {} : { Connection: 'close' }),
    ...(context.origin === undefined
      ? {}
      : {
          'Access-Control-Allow-Origin': context.origin,
          'Access-Control-Allow-Credentials': 'true',
          'Access-Control-Allow-Methods': 'DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT',
          Vary: 'Origin',
        }),
  };
}

function cookieHeader(
  profile: ApiProfile,
  cookie: string | null | undefined,
): Record<string, string> {
  return cookie === undefined ? {} : { 'Set-Cookie': cookieText(profile, cookie) };
}

function send(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  text: string,
): void {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(text) });
  response.end(text);
}

function cut(
  response: ServerResponse,
  status: number,
  headers: Record<string, string>,
  text: string,
): void {
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(text) });
  response.write(text.slice(0, Math.floor(text.length / 2)), () => response.destroy());
}
