import type { ApiAnswer, ResourceRequest } from '../contracts.ts';
import { BODY_LIMIT, OBJECT_TYPES, mediaTypeOf, readBody } from './body.ts';
import type { Target } from './contracts.ts';
import { readDeleteOptions, type DeleteOptions } from './options.ts';
import { deleteConflict, type Subject } from './problems.ts';
import { readLive, subjectOf } from './update.ts';

/**
 * Deletes an object at once: nothing here has dependents, finalizers or a time of grace.
 * @throws ApiError, OperatorError of the store
 */
export async function remove(target: Target): Promise<ApiAnswer> {
  const { context, kind, request } = target;
  const options = readDeleteOptions(request.query, await readOptionsBody(request));
  const live = await readLive(target);
  const { uid } = live.metadata;
  requireMeant(subjectOf(target), live.metadata, options);
  if (!options.dryRun) {
    await context.store.delete(
      kind,
      live.metadata.name,
      { uid, ...options.preconditions },
      request.signal,
    );
  }
  const { group, plural } = request.resource;
  const details = { name: live.metadata.name, group, kind: plural, uid };
  const status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details };
  return { status: 200, body: JSON.stringify(status) };
}

async function readOptionsBody(request: ResourceRequest): Promise<unknown> {
  const bytes = await request.body(BODY_LIMIT);
  if (bytes.length === 0) return undefined;
  return (await readBody(request, mediaTypeOf(request, OBJECT_TYPES))).value;
}

function requireMeant(
  subject: Subject,
  found: { readonly uid: string; readonly resourceVersion: string },
  { preconditions }: DeleteOptions,
): void {
  const { uid, resourceVersion } = preconditions;
  if (uid !== undefined && uid !== found.uid) {
    throw deleteConflict(
      subject,
      `the UID in the precondition (${uid}) does not match the UID in record (${found.uid}). The object might have been deleted and then recreated`,
    );
  }
  if (resourceVersion !== undefined && resourceVersion !== found.resourceVersion) {
    throw deleteConflict(
      subject,
      `the ResourceVersion in the precondition (${resourceVersion}) does not match the ResourceVersion in record (${found.resourceVersion}). The object might have been modified`,
    );
  }
}
