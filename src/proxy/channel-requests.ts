import type { Logger } from 'pino';
import type {
  AccessAnswer,
  AccessDecider,
  AccessQuestion,
  Clock,
} from '../controllers/contracts.ts';
import { toOperatorError } from '../errors.ts';
import {
  EMPTY_DELTA,
  FORMATS,
  type ChannelFormat,
  type DecisionStamp,
  type Json,
  type Parsed,
  type PollReport,
} from './channel-format.ts';
import { refusal, type Reply, type Route } from './channel-server.ts';
import type { TablePublisher } from './table-publisher.ts';
import type { WorkerRegistry } from './worker-registry.ts';

/** Longest wait of a poll for news, in ms. */
const POLL_MS = 5_000;

const KIB = 1024;

/** What the requests of the channel work with. */
export interface ChannelRequestsDeps {
  readonly publisher: TablePublisher;
  readonly registry: WorkerRegistry;
  readonly decider: AccessDecider;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly freshSeconds: number;
  readonly usableSeconds: number;
  /** Called after each poll that began, or was refused for its format. */
  readonly onWorkers: () => void;
  readonly onAnswered: (routes: readonly string[]) => void;
}

/** The paths of the channel: polls, decisions and observations. */
export function channelRoutes(deps: ChannelRequestsDeps): ReadonlyMap<string, Route> {
  return new Map<string, Route>([
    ['/proxy/poll', { limit: 1024 * KIB, handle: (body, signal) => poll(deps, body, signal) }],
    ['/proxy/decide', { limit: 64 * KIB, handle: (body, signal) => decide(deps, body, signal) }],
    ['/proxy/observe', { limit: 1024 * KIB, handle: (body) => observe(deps, body) }],
  ]);
}

/** How long this answer may be used: never longer than the credential lives, and not at all when nobody could be asked. */
export function stampDecision(
  answer: AccessAnswer,
  times: { readonly freshSeconds: number; readonly usableSeconds: number; readonly now: number },
): Omit<DecisionStamp, 'generation'> {
  const { freshSeconds, usableSeconds, now } = times;
  switch (answer.verdict) {
    case 'unavailable':
    case 'throttled':
      return { fresh: 0, usable: 0 };
    case 'unauthenticated':
      return { fresh: freshSeconds, usable: freshSeconds };
    case 'deny': {
      const fresh = Math.max(0, Math.min(freshSeconds, secondsLeft(answer.expires, now)));
      return { fresh, usable: fresh };
    }
    case 'allow': {
      const left = secondsLeft(answer.expires, now);
      return {
        fresh: Math.max(0, Math.min(freshSeconds, left)),
        usable: Math.max(0, Math.min(usableSeconds, left)),
      };
    }
  }
}

function secondsLeft(expires: number | undefined, now: number): number {
  return Math.floor(((expires ?? Infinity) - now) / 1000);
}

async function poll(deps: ChannelRequestsDeps, body: unknown, signal: AbortSignal): Promise<Reply> {
  const request = read(body, (format) => format.parsePoll);
  if (!request.ok) {
    if (request.format !== undefined) noteRefusal(deps, body, request.format);
    return refusal(400, request.error);
  }
  const { publisher, registry, clock } = deps;
  const { format, value: report } = request;
  publisher.raiseAbove(report.generation);
  const isOurs = publisher.hasPublished(report.generation);
  registry.pollBegan(report, isOurs ? report.generation : 0, clock.now());
  deps.onWorkers();
  try {
    return { status: 200, body: await newsFor(deps, report, { format, signal }) };
  } finally {
    registry.pollEnded(report, clock.now());
  }
}

async function newsFor(
  { publisher, clock }: ChannelRequestsDeps,
  report: PollReport,
  { format, signal }: { readonly format: ChannelFormat; readonly signal: AbortSignal },
): Promise<Buffer> {
  const news = publisher.answerFor(report.generation, format);
  if (news !== undefined) return news;
  // The signal aborts once the answer is out, so the loser of the race does not linger.
  const timeout = clock.sleep(POLL_MS, signal).catch(() => undefined);
  await Promise.race([publisher.nextPublication(signal), timeout]);
  return (
    publisher.answerFor(report.generation, format) ??
    format.delta(report.generation, EMPTY_DELTA, publisher.revoked)
  );
}

async function decide(
  deps: ChannelRequestsDeps,
  body: unknown,
  signal: AbortSignal,
): Promise<Reply> {
  const request = read(body, (format) => format.parseQuestion);
  if (!request.ok) return refusal(400, request.error);
  // Read before anybody is asked: an answer that a revocation overtook is then seen to be old.
  const { generation } = deps.publisher;
  const given = await ask(deps, request.value, signal);
  const now = deps.clock.now();
  const hasEnded = 'expires' in given && (given.expires ?? Infinity) <= now;
  const answer: AccessAnswer = hasEnded ? { verdict: 'unauthenticated' } : given;
  const stamp = { generation, ...stampDecision(answer, { ...deps, now }) };
  return { status: 200, body: request.format.decision(answer, stamp) };
}

async function ask(
  { decider, logger }: ChannelRequestsDeps,
  question: AccessQuestion,
  signal: AbortSignal,
): Promise<AccessAnswer> {
  try {
    return await decider.decide(question, signal);
  } catch (thrown) {
    const error = toOperatorError(thrown);
    if (!signal.aborted) {
      logger.warn({ err: error, task: question.task }, 'access decision failed');
    }
    return { verdict: 'unavailable' };
  }
}

function observe(deps: ChannelRequestsDeps, body: unknown): Promise<Reply> {
  const request = read(body, (format) => format.parseAnswered);
  if (!request.ok) return Promise.resolve(refusal(400, request.error));
  deps.onAnswered(request.value);
  return Promise.resolve({ status: 200, body: request.format.observed() });
}

type Read<T> =
  | { readonly ok: true; readonly format: ChannelFormat; readonly value: T }
  | { readonly ok: false; readonly error: string; readonly format?: number };

function read<T>(
  body: unknown,
  parserOf: (format: ChannelFormat) => (body: Json) => Parsed<T>,
): Read<T> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return { ok: false, error: 'the body is not an object' };
  }
  const { format: number } = body as Json;
  if (typeof number !== 'number') return { ok: false, error: 'format is not a number' };
  const format = FORMATS.get(number);
  if (format === undefined) {
    const spoken = [...FORMATS.keys()].join(' and ');
    return { ok: false, error: `this router speaks format ${spoken} only`, format: number };
  }
  const parsed = parserOf(format)(body as Json);
  return parsed.ok ? { ok: true, format, value: parsed.value } : parsed;
}

function noteRefusal(deps: ChannelRequestsDeps, body: unknown, format: number): void {
  const { proxy } = body as Json;
  if (typeof proxy !== 'string' || !/^[\w.-]{1,64}$/.test(proxy)) return;
  if (deps.registry.refused(proxy, format, deps.clock.now())) {
    const spoken = [...FORMATS.keys()];
    deps.logger.error({ proxy, format, spoken }, 'proxy speaks another format; use one version');
  }
  deps.onWorkers();
}
