import type { Stored, Write } from './contracts.ts';
import { OBJECT_TYPES, mediaTypeOf, readBody } from './body.ts';
import { readIncoming } from './incoming.ts';
import type { Metadata } from './metadata.ts';
import { generateName } from './names.ts';
import { alreadyExists, badRequest, invalid, namespaceNotFound } from './problems.ts';
import { saveNew } from './save.ts';
import { trackUpdate } from './tracking.ts';

/**
 * Creates the object that the body holds.
 * @throws ApiError, OperatorError of the store
 */
export async function create(write: Write): Promise<Stored> {
  const { context, request } = write;
  const { value, duplicates } = await readBody(request, mediaTypeOf(request, OBJECT_TYPES));
  const incoming = readIncoming(write, value, duplicates, (metadata) => nameOf(write, metadata));
  if (request.namespace !== context.namespace) throw namespaceNotFound(request.namespace ?? '');
  const { metadata, spec } = incoming;
  if (metadata.resourceVersion !== '') {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  const { name } = metadata;
  const exists = await context.store.get(write.kind, name, request.signal);
  if (exists !== undefined) throw alreadyExists({ ...request, name });
  const { labels, annotations } = metadata;
  const parts = { labels, annotations, spec, status: {} };
  const managedFields = trackUpdate(write, undefined, parts, metadata.managedFields);
  return saveNew(write, name, { ...parts, managedFields });
}

function nameOf({ context, request }: Write, { name, generateName: start }: Metadata): string {
  if (name !== '') return name;
  if (start !== '') return generateName(start, context.randomBelow);
  const body = 'Required value: name or generateName is required';
  const field = 'metadata.name';
  throw invalid({ ...request, name: '' }, [{ field, reason: 'FieldValueRequired', body }]);
}
