import type {
  ApiAnswer,
  ApiRequest,
  ApiStream,
  Authorize,
  RequestAttributes,
  ResourceRequest,
  ServedResource,
  Verb,
  WriteRequest,
  WriteVerb,
} from './contracts.ts';
import { methodNotAllowed, unknownPath } from './failures.ts';
import { readListOptions } from './read/list-options.ts';
import { fits, readResourcePath, REVIEWS, type ResourcePath } from './paths.ts';
import { answerGet, answerList, type RenderObject } from './read/read.ts';
import type { AnswerWatch } from './watch/watch.ts';
import type { Writers } from './writers.ts';

/** Who answers what a dispatcher hands out. */
export interface DispatchParts {
  readonly served: readonly ServedResource[];
  readonly authorize: Authorize;
  /** Answers a write of a resource that people may write. */
  readonly write: (request: WriteRequest, render: RenderObject) => Promise<ApiAnswer>;
  /** Answers the POST of a self-review; its path says which. */
  readonly reviews: (request: ApiRequest) => Promise<ApiAnswer>;
  /** Answers everything that is about no resource; undefined when nothing is at this path. */
  readonly fixed: (request: ApiRequest) => ApiAnswer | undefined;
  readonly writers: Writers;
  readonly render: RenderObject;
  readonly watch: AnswerWatch;
}

/** Answers a request, or throws what is wrong with it. */
export type Dispatch = (request: ApiRequest) => Promise<ApiAnswer | ApiStream>;

/** Finds who answers, by path and method. */
export function makeDispatch(parts: DispatchParts): Dispatch {
  return async (request) => {
    const path = readResourcePath(request.path);
    if (path === undefined) return answerFixed(parts, request);
    const resource = findResource(parts.served, path);
    if (resource !== undefined) {
      return answerResource(parts, toResourceRequest(request, resource, path));
    }
    return isReview(path) ? answerReview(parts, request, path) : answerFixed(parts, request);
  };
}

function findResource(
  served: readonly ServedResource[],
  path: ResourcePath,
): ServedResource | undefined {
  return served.find(
    (resource) =>
      resource.group === path.group &&
      resource.version === path.version &&
      resource.plural === path.plural &&
      fits(path, resource),
  );
}

function toResourceRequest(
  request: ApiRequest,
  resource: ServedResource,
  { namespace, name, subresource }: ResourcePath,
): ResourceRequest {
  return {
    ...request,
    resource,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(subresource === 'status' ? { subresource } : {}),
  };
}

function isReview({ group, version, plural, namespace, name }: ResourcePath): boolean {
  return (
    version === 'v1' &&
    namespace === undefined &&
    name === undefined &&
    REVIEWS.some((review) => review.group === group && review.plural === plural)
  );
}

async function answerReview(
  { authorize, reviews }: DispatchParts,
  request: ApiRequest,
  { group, version, plural }: ResourcePath,
): Promise<ApiAnswer> {
  if (request.method !== 'POST') throw methodNotAllowed();
  const resource = { group, version, plural };
  await authorize(request, { verb: 'create', path: request.path, resource });
  return reviews(request);
}

async function answerFixed(
  { authorize, fixed }: DispatchParts,
  request: ApiRequest,
): Promise<ApiAnswer> {
  const { method, path } = request;
  const answer = fixed(request);
  // Which paths there are is no secret, and "forbidden" would send people to look for rights.
  if (answer === undefined) throw unknownPath();
  await authorize(request, { verb: method.toLowerCase(), path });
  if (!isReading(request)) throw methodNotAllowed();
  return answer;
}

async function answerResource(
  parts: DispatchParts,
  request: ResourceRequest,
): Promise<ApiAnswer | ApiStream> {
  const wanted = verbOf(request);
  const { resource } = request;
  const verb = resource.verbs.find((served) => served === wanted);
  if (verb === undefined) throw methodNotAllowed(resource);
  await parts.authorize(request, { verb, path: request.path, resource: pathOf(request) });
  if (isWriting(verb)) return parts.write({ ...request, verb }, parts.render);
  const { name } = request;
  if (name !== undefined) return answerGet({ ...request, name }, parts.render);
  const options = readListOptions(request.query);
  return options.watch
    ? parts.watch(request, options)
    : answerList(request, options, parts.writers);
}

function pathOf(request: ResourceRequest): NonNullable<RequestAttributes['resource']> {
  const { resource, namespace, name, subresource } = request;
  const { group, version, plural } = resource;
  return {
    group,
    version,
    plural,
    ...(namespace === undefined ? {} : { namespace }),
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}

/** The verb of a request (apiserver, RequestInfo); undefined when nothing of the resource takes this method. */
function verbOf(request: ResourceRequest): string | undefined {
  const { method, name, subresource } = request;
  if (name === undefined)
    return isReading(request) ? readingVerb(request) : COLLECTION_VERBS.get(method);
  return method === 'DELETE' && subresource !== undefined ? undefined : OBJECT_VERBS.get(method);
}

function isWriting(verb: Verb): verb is WriteVerb {
  return verb !== 'get' && verb !== 'list' && verb !== 'watch';
}

/** A HEAD is answered as a GET, and the listener keeps the body to itself. */
function isReading({ method }: ApiRequest): boolean {
  return method === 'GET' || method === 'HEAD';
}

const COLLECTION_VERBS: ReadonlyMap<string, string> = new Map([
  ['POST', 'create'],
  ['DELETE', 'deletecollection'],
]);
const OBJECT_VERBS: ReadonlyMap<string, string> = new Map([
  ['GET', 'get'],
  ['HEAD', 'get'],
  ['PUT', 'update'],
  ['PATCH', 'patch'],
  ['DELETE', 'delete'],
]);

/** A watch has no head to speak of. */
function readingVerb({ method, query }: ResourceRequest): 'watch' | 'list' | undefined {
  if (!readListOptions(query).watch) return 'list';
  return method === 'GET' ? 'watch' : undefined;
}
