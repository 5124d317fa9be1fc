import { API_VERSION } from '../../resources/kinds.ts';
import type { Body } from './body.ts';
import type { Stored, Write } from './contracts.ts';
import { requireNoConflict } from './conflicts.ts';
import { configOf, type Config } from './config.ts';
import { readIncoming, type Incoming } from './incoming.ts';
import { fieldOf, isObject } from './json.ts';
import { applyConfig, type Applied } from './managed/apply-managers.ts';
import { compare } from './managed/fields.ts';
import { objectType } from './managed/field-type.ts';
import { readManagers, writeManagers, type Managers } from './managed/managers.ts';
import { updateManagers } from './managed/update-managers.ts';
import { withLastApplied } from './last-applied.ts';
import { conflict, namespaceNotFound, notFound } from './problems.ts';
import { partsOf, saveChange, saveNew, timeOf, type Parts } from './save.ts';
import { ownedValue, writerOf } from './tracking.ts';
import { addressed, findLive, requireSameUid, requireVersion, subjectOf } from './update.ts';

/** Owner of what was there before anybody applied (apimachinery). */
const BEFORE_FIRST_APPLY = 'before-first-apply';

/** The object after an apply, and whether it is new. */
export interface AppliedObject {
  readonly object: Stored;
  readonly created: boolean;
}

/**
 * Applies what the body holds, as its field manager (server-side apply).
 * @throws ApiError 409 when fields of other managers would change, without force; OperatorError of the store
 */
export async function apply(write: Write, body: Body): Promise<AppliedObject> {
  const config = configOf(write, body);
  const live = await findLive(write);
  if (live === undefined) return { object: await createApplied(write, config), created: true };
  const { applied, incoming } = applyTo(write, config, live);
  requireSameUid(write, live, config.metadata);
  if (config.metadata.resourceVersion !== '') requireVersion(write, live, config.metadata);
  const parts = partsAfterApply(write, { applied, incoming, before: partsOf(live) });
  return {
    object: await saveChange(write, live, withLastApplied(write, config, parts)),
    created: false,
  };
}

async function createApplied(write: Write, config: Config): Promise<Stored> {
  const { context, request } = write;
  const subject = subjectOf(write);
  if (request.subresource !== undefined) throw notFound(subject);
  if (request.namespace !== context.namespace) throw namespaceNotFound(request.namespace ?? '');
  const { uid } = config.metadata;
  if (uid !== '') {
    throw conflict(
      subject,
      `uid mismatch: the provided object specified uid ${uid}, and no existing object was found`,
    );
  }
  const { applied, incoming } = applyTo(write, config, undefined);
  const { labels, annotations, name } = incoming.metadata;
  const managedFields = writeManagers(applied.managers);
  return saveNew(write, name, {
    labels,
    annotations,
    managedFields,
    spec: incoming.spec,
    status: {},
  });
}

interface Outcome {
  readonly applied: Applied;
  readonly incoming: Incoming;
}

function applyTo(write: Write, config: Config, live: Stored | undefined): Outcome {
  const now = timeOf(write.context.clock);
  const type = objectType(write.schema);
  const before = live === undefined ? undefined : ownedValue(partsOf(live));
  const observed = before ?? { metadata: {} };
  const managers = managersBefore(write, live, now);
  const writer = writerOf(write, 'Apply');
  const application = { type, live: observed, config: config.value, managers, writer, now };
  const applied = applyConfig(application);
  requireNoConflict(write, applied.conflicts, observed);
  const name = config.metadata.name === '' ? live?.metadata.name : config.metadata.name;
  const document = {
    apiVersion: API_VERSION,
    kind: write.kind,
    ...(isObject(applied.value) ? applied.value : {}),
    metadata: { ...(fieldOf(applied.value, 'metadata') ?? {}), name },
  };
  const incoming = readIncoming(write, document, [], (metadata) => addressed(write, metadata));
  return { applied, incoming };
}

/** Of an object that nobody tracks, all that this request might change belongs to one entry from now on. */
function managersBefore(write: Write, live: Stored | undefined, now: string): Managers {
  if (live === undefined) return new Map();
  const managers = readManagers(live.metadata.managedFields ?? [], now) ?? new Map();
  if (managers.size > 0) return managers;
  const type = objectType(write.schema);
  const parts = partsOf(live);
  const seen =
    write.request.subresource === 'status'
      ? { ...parts, spec: undefined }
      : { ...parts, status: {} };
  const comparison = compare(type, { metadata: {} }, ownedValue(seen));
  const writer = { ...writerOf(write, 'Update'), manager: BEFORE_FIRST_APPLY };
  return updateManagers(managers, comparison, writer, now);
}

function partsAfterApply(
  write: Write,
  { applied, incoming, before }: Outcome & { readonly before: Parts },
): Parts {
  const managedFields = writeManagers(applied.managers);
  const { labels, annotations } = incoming.metadata;
  return write.request.subresource === 'status'
    ? { ...before, managedFields, status: incoming.status }
    : { ...before, managedFields, labels, annotations, spec: incoming.spec };
}
