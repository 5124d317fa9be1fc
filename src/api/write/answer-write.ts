import { hasCode } from '../../errors.ts';
import { API_VERSION, type Kind } from '../../resources/kinds.ts';
import { KINDS } from '../../resources/schemas.generated.ts';
import type { AnyObject, ApiAnswer, ResourceRequest, Verb } from '../contracts.ts';
import { statusAnswer } from '../failures.ts';
import { withoutEmptyStatus } from '../served/empty-status.ts';
import { ApiError } from '../status.ts';
import { apply } from './apply.ts';
import { mediaTypeOf, PATCH_TYPES, readBody } from './body.ts';
import type { Stored, Write, WriteContext } from './contracts.ts';
import { create } from './create.ts';
import { remove } from './delete.ts';
import { readOptions } from './options.ts';
import { patch } from './patch.ts';
import { fromStoreError } from './store-errors.ts';
import { replace } from './update.ts';
import { warningHeaders } from './warnings.ts';

const [API_GROUP] = API_VERSION.split('/');

/** How often a patch is made anew when another writer came in between (apiserver, MaxRetryWhenPatchConflicts). */
const PATCH_ATTEMPTS = 5;

const VERBS: Readonly<Record<string, Verb>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/**
 * Answers a write of a served resource as a Kubernetes API server does for a custom resource: what is refused is
 * answered with a Status and changes nothing.
 * @throws what the store throws unforeseen
 */
export async function answerWrite(
  request: ResourceRequest,
  context: WriteContext,
): Promise<ApiAnswer> {
  try {
    return await dispatch(request, context);
  } catch (error) {
    const subject = { resource: request.resource, name: request.name ?? '' };
    const failure = fromStoreError(error, subject);
    if (failure === undefined) throw error;
    return statusAnswer(failure);
  }
}

async function dispatch(request: ResourceRequest, context: WriteContext): Promise<ApiAnswer> {
  const kind = requireWritable(request);
  const schema = KINDS[kind].schema;
  const base = { request, context, kind, schema, warnings: [] };
  switch (request.method) {
    case 'POST': {
      const write = { ...base, options: readOptions(request, 'CreateOptions') };
      return answer(write, await create(write), 201);
    }
    case 'PUT': {
      const write = { ...base, options: readOptions(request, 'UpdateOptions') };
      return answer(write, await replace(write), 200);
    }
    case 'PATCH':
      return answerPatch(base);
    default:
      return remove(base);
  }
}

function requireWritable({ resource, method, name, subresource }: ResourceRequest): Kind {
  const verb = VERBS[method];
  const { group, kind, plural, readOnlyMessage } = resource;
  const isKnown = Object.hasOwn(KINDS, kind) && group === API_GROUP;
  if (!isKnown || verb === undefined || !resource.verbs.includes(verb)) {
    throw notAllowed(readOnlyMessage ?? `${method} is not supported on ${plural}`, resource);
  }
  const isCollection = name === undefined;
  if (isCollection !== (verb === 'create') || (subresource !== undefined && verb === 'delete')) {
    throw notAllowed('the server does not allow this method on the requested resource', resource);
  }
  return kind as Kind;
}

function notAllowed(message: string, { group, plural }: ResourceRequest['resource']): ApiError {
  return new ApiError('MethodNotAllowed', message, { group, kind: plural });
}

async function answerPatch(base: Omit<Write, 'options'>): Promise<ApiAnswer> {
  const { request } = base;
  const mediaType = mediaTypeOf(request, Object.values(PATCH_TYPES));
  const isApply = mediaType === PATCH_TYPES.apply;
  const write = { ...base, options: readOptions(request, 'PatchOptions', isApply) };
  const body = await readBody(request, mediaType);
  return retried(async () => {
    write.warnings.length = 0;
    if (!isApply) return answer(write, await patch(write, body, mediaType), 200);
    const { object, created } = await apply(write, body);
    return answer(write, object, created ? 201 : 200);
  });
}

/** A conflict that the client did not ask for is settled here: the patch is made again on what is there now. */
async function retried<T>(attempt: () => Promise<T>): Promise<T> {
  for (let left = PATCH_ATTEMPTS - 1; ; left -= 1) {
    try {
      return await attempt();
    } catch (error) {
      const isRace = hasCode(error, 'RESOURCE_CONFLICT') || hasCode(error, 'RESOURCE_EXISTS');
      if (!isRace || left === 0) throw error;
    }
  }
}

function answer({ context, request, warnings }: Write, object: Stored, status: number): ApiAnswer {
  const rendered = context.render(request, withoutEmptyStatus(object as unknown as AnyObject));
  if (warnings.length === 0) return { ...rendered, status };
  const headers = { ...rendered.headers, Warning: warningHeaders(warnings) };
  return { ...rendered, status, headers };
}
