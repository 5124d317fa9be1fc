import { isAddress, isCidr } from '../domain/address.ts';
import type { TableDelta } from '../domain/route-table.ts';
import type {
  AccessAnswer,
  AccessQuestion,
  CredentialKind,
  HostFacts,
} from '../controllers/contracts.ts';
import type { Revoked } from './revocations.ts';
import type { TableParts } from './table-text.ts';

/** Generations are below this: the JSON writer of nginx's Lua keeps 14 digits. */
export const MAX_GENERATION = 2 ** 46;

/** What a worker says with every poll; see docs/proxy-channel.md. */
export interface PollReport {
  readonly proxy: string;
  readonly pid: number;
  readonly worker: number;
  readonly workers: number;
  readonly revision: string;
  readonly generation: number;
  readonly ports: readonly number[];
  readonly exiting: boolean;
  /** Absent when the proxy does not say. */
  readonly host?: HostFacts;
}

/** How long a decision may be used, in seconds, and the generation that was read before asking. */
export interface DecisionStamp {
  readonly generation: number;
  readonly fresh: number;
  readonly usable: number;
}

/** A request that was read, or what is wrong with it (never the text itself: it may hold a credential). */
export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: string };

/** One version of the channel: how requests are read and answers are written. */
export interface ChannelFormat {
  readonly parsePoll: (body: Json) => Parsed<PollReport>;
  readonly parseQuestion: (body: Json) => Parsed<AccessQuestion>;
  readonly parseAnswered: (body: Json) => Parsed<readonly string[]>;
  readonly full: (generation: number, parts: TableParts, revoked: Revoked) => Buffer;
  readonly delta: (generation: number, delta: TableDelta, revoked: Revoked) => Buffer;
  readonly decision: (answer: AccessAnswer, stamp: DecisionStamp) => Buffer;
  readonly observed: () => Buffer;
}

/** A JSON object, not looked into yet. */
export type Json = Readonly<Record<string, unknown>>;

/** A delta that changes nothing. */
export const EMPTY_DELTA: TableDelta = {
  http: { set: {}, remove: [] },
  tcp: { set: {}, remove: [] },
};

/** Most routes that one observation names. */
const MAX_ANSWERED = 10_000;

/** Most addresses, and most bridges, that a proxy names; it leaves out what is more. */
const MAX_HOST_ITEMS = 256;

/** Longest credential in characters; nginx refuses longer headers before. */
const MAX_CREDENTIAL = 32_768;

/** Format 1. */
const FORMAT_1: ChannelFormat = {
  parsePoll,
  parseQuestion,
  parseAnswered,
  full: (generation, parts, revoked) =>
    Buffer.concat([
      Buffer.from(`{"format":1,"generation":${generation},"full":true,"http":{"set":`),
      parts.http,
      Buffer.from(',"remove":[]},"tcp":{"set":'),
      parts.tcp,
      Buffer.from(`,"remove":[]},"revoked":${JSON.stringify(revoked)}}`),
    ]),
  delta: (generation, delta, revoked) =>
    toJson({ format: 1, generation, full: false, ...delta, revoked }),
  decision: (answer, { generation, fresh, usable }) =>
    toJson({
      format: 1,
      verdict: answer.verdict,
      ...subjectsOf(answer),
      generation,
      fresh,
      usable,
    }),
  observed: () => toJson({ format: 1 }),
};

/** The formats that this router speaks, by number: the current one, and the one before when there is one. */
export const FORMATS: ReadonlyMap<number, ChannelFormat> = new Map([[1, FORMAT_1]]);

function subjectsOf(answer: AccessAnswer): Readonly<Record<string, string>> {
  if (answer.verdict !== 'allow' && answer.verdict !== 'deny') return {};
  const { user, session } = answer;
  return session === undefined ? { user } : { user, session };
}

function parsePoll(body: Json): Parsed<PollReport> {
  const { proxy, pid, worker, workers, revision, generation, exiting } = body;
  const ports = asList(body['ports']);
  if (!isName(proxy)) return wrong('proxy', 'an id');
  if (!isName(revision)) return wrong('revision', 'a revision');
  if (!isCount(pid, 2 ** 31)) return wrong('pid', 'a process id');
  if (!isCount(workers, 4096) || workers === 0) return wrong('workers', 'a number from 1 to 4095');
  if (!isCount(worker, workers)) return wrong('worker', 'a number below workers');
  if (!isCount(generation, MAX_GENERATION)) return wrong('generation', 'a generation');
  if (!ports?.every(isPort)) return wrong('ports', 'a list of ports');
  const report = { proxy, pid, worker, workers, revision, generation, exiting: exiting === true };
  return withHost(body, { ...report, ports });
}

function withHost(body: Json, report: PollReport): Parsed<PollReport> {
  const host = parseHost(body);
  if (!host.ok) return host;
  return { ok: true, value: host.value === undefined ? report : { ...report, host: host.value } };
}

/** A proxy of a version that does not know them leaves both fields out. */
function parseHost(body: Json): Parsed<HostFacts | undefined> {
  if (body['addresses'] === undefined && body['bridges'] === undefined) {
    return { ok: true, value: undefined };
  }
  const addresses = asList(body['addresses']);
  const bridges = asList(body['bridges']);
  const isIp = (item: unknown): item is string => isText(item, 45) && isAddress(item);
  const isNetwork = (item: unknown): item is string => isText(item, 49) && isCidr(item);
  if (!addresses?.every(isIp) || addresses.length > MAX_HOST_ITEMS) {
    return wrong('addresses', 'a list of addresses');
  }
  if (!bridges?.every(isNetwork) || bridges.length > MAX_HOST_ITEMS) {
    return wrong('bridges', 'a list of networks');
  }
  return { ok: true, value: { addresses, bridges } };
}

const CREDENTIAL_KINDS: readonly CredentialKind[] = ['session', 'cookie', 'bearer', 'basic'];

function parseQuestion(body: Json): Parsed<AccessQuestion> {
  const { credential, task, host, client } = body;
  const kind = CREDENTIAL_KINDS.find((known) => known === body['kind']);
  if (kind === undefined) return wrong('kind', CREDENTIAL_KINDS.join(' or '));
  if (!isText(credential, MAX_CREDENTIAL)) return wrong('credential', 'a text');
  if (!isText(task, 256)) return wrong('task', 'a task id');
  if (host !== undefined && !isText(host, 256)) return wrong('host', 'the key of a route');
  if (client !== undefined && !isText(client, 64)) return wrong('client', 'an address');
  const more = {
    ...(host === undefined ? {} : { host }),
    ...(client === undefined ? {} : { client }),
  };
  return { ok: true, value: { kind, credential, task, ...more } };
}

function parseAnswered(body: Json): Parsed<readonly string[]> {
  const answered = asList(body['answered']);
  const isRoute = (route: unknown): route is string => isText(route, 512);
  if (!answered?.every(isRoute) || answered.length > MAX_ANSWERED) {
    return wrong('answered', 'a list of routes');
  }
  return { ok: true, value: answered };
}

function wrong(field: string, expected: string): Parsed<never> {
  return { ok: false, error: `${field} is not ${expected}` };
}

/** Lua's JSON writer cannot tell an empty list from an empty object, and writes `{}`. */
function asList(value: unknown): readonly unknown[] | undefined {
  if (Array.isArray(value)) return value as readonly unknown[];
  const isEmpty = typeof value === 'object' && value !== null && Object.keys(value).length === 0;
  return isEmpty ? [] : undefined;
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[\w.-]{1,64}$/.test(value);
}

function isText(value: unknown, longest: number): value is string {
  return typeof value === 'string' && value !== '' && value.length <= longest;
}

function isCount(value: unknown, end: number): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < end;
}

function isPort(value: unknown): value is number {
  return isCount(value, 65_536) && value > 0;
}

function toJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}
