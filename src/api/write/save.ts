import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '../../controllers/contracts.ts';
import { API_VERSION, type Kind, type ManagedFieldsEntry } from '../../resources/kinds.ts';
import { toSeconds } from '../../resources/text.ts';
import type { Draft } from '../../store/contract.ts';
import { ApiError } from '../status.ts';
import type { Stored, Write } from './contracts.ts';
import { isEmpty } from './json.ts';

/**
 * Largest object, in bytes of its labels, annotations, managed fields, spec and status as JSON: objects are kept in memory,
 * and each of their versions in the history of changes.
 */
export const OBJECT_LIMIT = 262_144;

/** The parts of an object that a write decides. */
export interface Parts {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly managedFields: readonly ManagedFieldsEntry[];
  readonly spec: Stored['spec'];
  readonly status: Stored['status'];
}

/** The parts of a stored object. */
export function partsOf({ metadata, spec, status }: Stored): Parts {
  const { labels = {}, annotations = {}, managedFields = [] } = metadata;
  return { labels, annotations, managedFields, spec, status };
}

/** The time of now as the API writes it. */
export function timeOf(clock: Pick<Clock, 'now'>): string {
  return toSeconds(new Date(clock.now()).toISOString());
}

/**
 * Stores a new object, or says what it would be.
 * @throws ApiError 413 when it is too large; OperatorError `RESOURCE_EXISTS`, `RESOURCE_INVALID`, `STORE_WRITE_FAILED`
 */
export async function saveNew(write: Write, name: string, parts: Parts): Promise<Stored> {
  requireSmall(write, name, parts);
  const { context, kind, options, request } = write;
  const metadata = { name, ...metadataOf(parts) };
  if (!options.dryRun) {
    const draft = { kind, metadata, spec: parts.spec } as Draft<Kind>;
    return context.store.create(draft, request.signal);
  }
  const system = {
    namespace: context.namespace,
    uid: context.newUid(),
    generation: 1,
    creationTimestamp: timeOf(context.clock),
  };
  return {
    apiVersion: API_VERSION,
    kind,
    metadata: { ...metadata, ...system },
    spec: parts.spec,
    status: {},
  } as Stored;
}

/**
 * Stores other parts of an object, or says what it would be. What changes nothing is not written.
 * @throws ApiError 413 when the object would be too large; OperatorError `RESOURCE_CONFLICT`, `RESOURCE_NOT_FOUND`, `RESOURCE_INVALID`, `STORE_WRITE_FAILED`
 */
export async function saveChange(write: Write, live: Stored, desired: Parts): Promise<Stored> {
  const { context, options, request } = write;
  const observed = partsOf(live);
  if (isDeepStrictEqual(withoutTimes(observed), withoutTimes(desired))) return live;
  requireSmall(write, live.metadata.name, desired);
  const object = withParts(live, desired);
  if (options.dryRun) return withGeneration(object, observed, desired);
  return request.subresource === 'status'
    ? context.store.updateStatus(object, request.signal)
    : context.store.update(object, request.signal);
}

function requireSmall({ kind }: Write, name: string, parts: Parts): void {
  const size = Buffer.byteLength(JSON.stringify(parts));
  if (size <= OBJECT_LIMIT) return;
  throw new ApiError(
    'RequestEntityTooLarge',
    `${kind} "${name}" would be ${size} bytes large with its managedFields, and may be at most ${OBJECT_LIMIT}: give it fewer or shorter labels and annotations`,
  );
}

function withParts(live: Stored, parts: Parts): Stored {
  const { name, namespace, uid, resourceVersion, generation, creationTimestamp } = live.metadata;
  const system = { name, namespace, uid, resourceVersion, generation, creationTimestamp };
  const metadata = { ...system, ...metadataOf(parts) };
  return { ...live, metadata, spec: parts.spec, status: parts.status } as Stored;
}

function metadataOf(parts: Parts): Omit<Draft<Kind>['metadata'], 'name'> {
  const { labels, annotations, managedFields } = parts;
  return {
    ...(isEmpty(labels) ? {} : { labels }),
    ...(isEmpty(annotations) ? {} : { annotations }),
    ...(managedFields.length === 0 ? {} : { managedFields }),
  };
}

/** A write that would only renew the time of an entry is none (apiserver, IgnoreManagedFieldsTimestampsTransformer). */
function withoutTimes(parts: Parts): unknown {
  return { ...parts, managedFields: parts.managedFields.map((entry) => ({ ...entry, time: '' })) };
}

function withGeneration(object: Stored, observed: Parts, desired: Parts): Stored {
  const changed = !isDeepStrictEqual(observed.spec, desired.spec);
  const generation = object.metadata.generation + (changed ? 1 : 0);
  return { ...object, metadata: { ...object.metadata, generation } };
}
