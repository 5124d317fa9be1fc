import { hasCode } from '../../errors.ts';
import type { Kind } from '../../resources/kinds.ts';
import { KINDS } from '../../resources/schemas.generated.ts';
import type { AnyObject, ApiAnswer, WriteRequest } from '../contracts.ts';
import { statusAnswer } from '../failures.ts';
import { withoutEmptyStatus } from '../served/empty-status.ts';
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

/** How often a patch is made anew when another writer came in between (apiserver, MaxRetryWhenPatchConflicts). */
const PATCH_ATTEMPTS = 5;

/**
 * Answers a write of a served resource as a Kubernetes API server does for a custom resource: what is refused is
 * answered with a Status and changes nothing.
 * @throws what the store throws unforeseen
 */
export async function answerWrite(
  request: WriteRequest,
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

async function dispatch(request: WriteRequest, context: WriteContext): Promise<ApiAnswer> {
  // Of what is served, only kinds of our own take verbs that change something.
  const kind = request.resource.kind as Kind;
  const { schema } = KINDS[kind];
  const base = { request, context, kind, schema, warnings: [] };
  switch (request.verb) {
    case 'create': {
      const write = { ...base, options: readOptions(request, 'CreateOptions') };
      return answer(write, await create(write), 201);
    }
    case 'update': {
      const write = { ...base, options: readOptions(request, 'UpdateOptions') };
      return answer(write, await replace(write), 200);
    }
    case 'patch':
      return answerPatch(base);
    case 'delete':
      return remove(base);
  }
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
