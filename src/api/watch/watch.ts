// A watch, from its start to its end:
//
// | resourceVersion | sendInitialEvents | what comes first | then |
// | --- | --- | --- | --- |
// | absent or 0 | absent | an ADDED for each object | changes since that list |
// | N | absent | nothing | changes after N |
// | any | true | an ADDED for each object, then the bookmark that ends them | changes since that list |
// | absent or 0 | false | nothing | changes from now on |
// | N | false | nothing | changes after N |
//
// A version that the store does not know the changes after is told in the stream: an ERROR with a Status of code 410. The end comes
// with the timeout, with that ERROR, or when the client goes away.
import type { Clock } from '../../controllers/contracts.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { AnyChange, AnyObject, ApiStream, ResourceRequest } from '../contracts.ts';
import { internalError, toApiError } from '../failures.ts';
import { readSelection, type ListOptions } from '../read/list-options.ts';
import { requireReached } from '../read/freshness.ts';
import { negotiateForm } from '../read/negotiation.ts';
import { includeOf } from '../tables/table.ts';
import { WatchEventWriter } from './events.ts';
import { WatchPlaces, type WatchLimits } from './places.ts';
import { withTicks, TICK } from './ticks.ts';
import type { Writers } from '../writers.ts';

/** What watches work with. */
export interface WatchParts {
  readonly writers: Writers;
  readonly clock: Clock;
  /** From 0 to below 1. */
  readonly random: () => number;
  readonly watchLimits: WatchLimits;
  readonly logger: Logger;
}

/** Starts a watch. @throws ApiError `BadRequest`, `NotAcceptable`, `TooManyRequests` */
export type AnswerWatch = (request: ResourceRequest, options: ListOptions) => ApiStream;

/** A bookmark each minute tells an idle client how far it has come. */
const BOOKMARK_MS = 60_000;
/** Shortest time, and most that chance adds, of a watch whose client names no time. */
const DEFAULT_SECONDS = 1800;
/** Longest text that goes to a client in one piece of the initial events, in characters, give or take one event. */
const PIECE_LENGTH = 65_536;

interface Watch {
  readonly request: ResourceRequest;
  readonly options: ListOptions;
  readonly selects: (object: AnyObject) => boolean;
  readonly events: WatchEventWriter;
}

/** Makes what answers watches; all of them share their number and the texts of objects. */
export function makeWatch(parts: WatchParts): AnswerWatch {
  const places = new WatchPlaces(parts.watchLimits);
  return (request, options) => {
    const form = negotiateForm(request.headers.accept, 'one');
    const include = includeOf(request.query.get('includeObject'));
    const selects = readSelection(request);
    const events = new WatchEventWriter({ ...parts, resource: request.resource, form, include });
    const release = places.take(request.user, request.signal);
    const watch = { request, options, selects, events };
    return { contentType: 'application/json', pieces: pieces(watch, parts, release) };
  };
}

async function* pieces(
  watch: Watch,
  parts: WatchParts,
  release: () => void,
): AsyncGenerator<string, void, undefined> {
  const { clock, random } = parts;
  const end = new AbortController();
  const signal = AbortSignal.any([watch.request.signal, end.signal]);
  clock.sleep(timeoutMs(watch.options, random), signal).then(
    () => end.abort(),
    () => undefined,
  );
  try {
    yield* follow(watch, clock, signal);
  } catch (error) {
    if (!signal.aborted) yield errorPiece(error, watch, parts);
  } finally {
    end.abort();
    release();
  }
}

function timeoutMs({ timeoutSeconds }: ListOptions, random: () => number): number {
  const seconds =
    timeoutSeconds !== undefined && timeoutSeconds > 0
      ? timeoutSeconds
      : DEFAULT_SECONDS * (1 + random());
  return Math.min(seconds * 1000, LONGEST_TIMER_MS);
}

/** Node's timers hold no more. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

async function* follow(
  watch: Watch,
  clock: Clock,
  signal: AbortSignal,
): AsyncGenerator<string, void, undefined> {
  const { request, options, selects, events } = watch;
  const { source } = request.resource;
  let version = options.resourceVersion;
  if (options.sendInitialEvents ?? isUnset(version)) {
    const list = await source.list(signal);
    requireReached(version, list.resourceVersion);
    yield* initialPieces(list.items, watch);
    version = list.resourceVersion;
    if (options.sendInitialEvents === true && options.allowWatchBookmarks) {
      yield events.bookmark(version, { 'k8s.io/initial-events-end': 'true' });
    }
  } else if (isUnset(version)) {
    version = (await source.list(signal)).resourceVersion;
  }
  const changes = source.watch(version, signal);
  const tick = options.allowWatchBookmarks ? () => clock.sleep(BOOKMARK_MS, signal) : undefined;
  for await (const change of withTicks(changes, tick)) {
    if (change === TICK) {
      yield events.bookmark(version);
      continue;
    }
    version = change.object.metadata.resourceVersion;
    const piece = changePiece(change, selects, events);
    if (piece !== undefined) yield piece;
  }
}

function isUnset(version: string): boolean {
  return version === '' || version === '0';
}

/** Several events in one piece, since a piece is a write; the list is shared, and not copied for one client. */
function* initialPieces(
  objects: readonly AnyObject[],
  { selects, events }: Watch,
): Generator<string, void, undefined> {
  let piece = '';
  for (const object of objects) {
    if (!selects(object)) continue;
    piece += events.event('ADDED', object);
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

/** An object that starts to be selected came for this client, and one that no longer is went. */
function changePiece(
  { type, object, previous = object }: AnyChange,
  selects: (object: AnyObject) => boolean,
  events: WatchEventWriter,
): string | undefined {
  const isSelected = selects(object);
  if (type !== 'modified') {
    return isSelected ? events.event(type === 'added' ? 'ADDED' : 'DELETED', object) : undefined;
  }
  const wasSelected = selects(previous);
  if (isSelected) return events.event(wasSelected ? 'MODIFIED' : 'ADDED', object);
  return wasSelected ? events.event('DELETED', atVersionOf(previous, object)) : undefined;
}

/** Kubernetes shows the state that was selected last, at the version of the change. */
function atVersionOf(previous: AnyObject, { metadata }: AnyObject): AnyObject {
  const { resourceVersion } = metadata;
  return { ...previous, metadata: { ...previous.metadata, resourceVersion } };
}

function errorPiece(thrown: unknown, { request, events }: Watch, { logger }: WatchParts): string {
  const known = toApiError(thrown);
  if (known === undefined) logger.error({ err: thrown, path: request.path }, 'API watch failed');
  return events.error(known ?? internalError());
}
