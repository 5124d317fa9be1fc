import { OBJECT_TYPES, mediaTypeOf, readBody } from './body.ts';
import type { Stored, Target, Write } from './contracts.ts';
import { readIncoming, type Incoming } from './incoming.ts';
import { shown } from './json.ts';
import type { Metadata } from './metadata.ts';
import { badRequest, conflict, invalid, invalidOf, notFound, type Subject } from './problems.ts';
import { partsOf, saveChange, type Parts } from './save.ts';
import { trackUpdate } from './tracking.ts';

/**
 * Replaces an object, or its status, by what the body holds.
 * @throws ApiError, OperatorError of the store
 */
export async function replace(write: Write): Promise<Stored> {
  const { request } = write;
  const { value, duplicates } = await readBody(request, mediaTypeOf(request, OBJECT_TYPES));
  const incoming = readIncoming(write, value, duplicates, (metadata) => addressed(write, metadata));
  const live = await readLive(write);
  const { uid } = incoming.metadata;
  if (uid !== '' && uid !== live.metadata.uid) {
    throw conflict(
      subjectOf(write),
      `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid}`,
    );
  }
  requireVersion(write, live, incoming.metadata);
  return saveChange(write, live, partsAfter(write, live, incoming));
}

/**
 * The object as it is stored.
 * @throws ApiError 404
 */
export async function readLive(target: Target): Promise<Stored> {
  const live = await findLive(target);
  if (live === undefined) throw notFound(subjectOf(target));
  return live;
}

/** The object as it is stored, in the one namespace that there is. */
export async function findLive({ context, kind, request }: Target): Promise<Stored | undefined> {
  if (request.namespace !== context.namespace) return undefined;
  return context.store.get(kind, request.name ?? '', request.signal);
}

/** What errors about the object of the URL name. */
export function subjectOf({ request }: Target): Subject {
  return { resource: request.resource, name: request.name ?? '' };
}

/**
 * The name of an object that is at the URL.
 * @throws ApiError 400 when it says another name
 */
export function addressed({ request }: Write, { name }: Metadata): string {
  const wanted = request.name ?? '';
  if (name === wanted) return name;
  throw badRequest(
    name === ''
      ? `the name of the object (${wanted} based on URL) was undeterminable: name must be provided`
      : `the name of the object (${name}) does not match the name on the URL (${wanted})`,
  );
}

/**
 * Makes sure that the writer knows the newest version.
 * @throws ApiError 409 when it is another, 422 when there is none: custom resources take no unconditional update
 */
export function requireVersion(write: Write, live: Stored, { resourceVersion }: Metadata): void {
  const subject = subjectOf(write);
  if (resourceVersion === live.metadata.resourceVersion) return;
  if (resourceVersion !== '') throw conflict(subject);
  const { group, plural } = subject.resource;
  throw invalidOf(`${plural}.${group}`, { name: subject.name, group, kind: plural }, [
    {
      field: 'metadata.resourceVersion',
      reason: 'FieldValueInvalid',
      body: 'Invalid value: 0: must be specified for an update',
    },
  ]);
}

/**
 * Makes sure that a patch leaves the identity of the object alone.
 * @throws ApiError 422
 */
export function requireSameUid(write: Write, live: Stored, { uid }: Metadata): void {
  if (uid === '' || uid === live.metadata.uid) return;
  const body = `Invalid value: ${shown(uid)}: field is immutable`;
  throw invalid(subjectOf(write), [{ field: 'metadata.uid', reason: 'FieldValueInvalid', body }]);
}

/** The object after the write: a write to /status leaves all else alone, any other the status. */
export function partsAfter(write: Write, live: Stored, incoming: Incoming): Parts {
  const before = partsOf(live);
  const { labels, annotations } = incoming.metadata;
  const after =
    write.request.subresource === 'status'
      ? { ...before, status: incoming.status }
      : { ...before, labels, annotations, spec: incoming.spec };
  const managedFields = trackUpdate(write, before, after, incoming.metadata.managedFields);
  return { ...after, managedFields };
}
