import { API_VERSION, type ManagedFieldsEntry } from '../../resources/kinds.ts';
import type { Write } from './contracts.ts';
import { defined, isEmpty, isObject } from './json.ts';
import { compare } from './managed/fields.ts';
import { objectType } from './managed/field-type.ts';
import { readManagers, writeManagers, type Managers, type Writer } from './managed/managers.ts';
import { updateManagers } from './managed/update-managers.ts';
import { OBJECT_LIMIT, timeOf, type Parts } from './save.ts';

/** The parts of an object that managers own. */
export type OwnedParts = Pick<Parts, 'labels' | 'annotations'> & {
  readonly spec: unknown;
  readonly status: unknown;
};

/** The parts as one value, in which what is empty is absent, but metadata: an object always has it, and nobody owns it. */
export function ownedValue({ labels, annotations, spec, status }: OwnedParts): unknown {
  const filled = (value: unknown): unknown => (isEmpty(value) ? undefined : value);
  const metadata = defined({ labels: filled(labels), annotations: filled(annotations) });
  return defined({ metadata, spec: filled(spec), status: filled(status) });
}

/** What names the writer of this request in managedFields. */
export function writerOf(write: Write, operation: Writer['operation']): Writer {
  const { options, request } = write;
  return {
    manager: options.manager,
    operation,
    apiVersion: API_VERSION,
    ...(request.subresource === undefined ? {} : { subresource: request.subresource }),
  };
}

/**
 * managedFields after a create, update or patch. What the client wrote there itself counts when it is in order, as
 * clients move fields between managers that way; `[{}]` forgets all managers.
 */
export function trackUpdate(
  write: Write,
  before: Parts | undefined,
  after: OwnedParts,
  written: readonly unknown[],
): readonly ManagedFieldsEntry[] {
  const now = timeOf(write.context.clock);
  const isStatus = write.request.subresource === 'status';
  const managers = managersBefore(before?.managedFields ?? [], isStatus ? [] : written, now);
  // An object that nobody tracks stays so until somebody applies.
  if (managers.size === 0 && before !== undefined) return [];
  const type = objectType(write.schema);
  const observed = before === undefined ? { metadata: {} } : ownedValue(before);
  const comparison = compare(type, observed, ownedValue(after));
  return writeManagers(updateManagers(managers, comparison, writerOf(write, 'Update'), now));
}

/** What is stored is never larger than an object may be, and is read whatever its size. */
function managersBefore(
  stored: readonly unknown[],
  written: readonly unknown[],
  now: string,
): Managers {
  if (written.length === 1 && isObject(written[0]) && isEmpty(written[0])) return new Map();
  const isTooLarge = JSON.stringify(written).length > OBJECT_LIMIT;
  const fromClient = isTooLarge ? undefined : readManagers(written, now);
  if (fromClient !== undefined && fromClient.size > 0) return fromClient;
  return readManagers(stored, now) ?? new Map();
}
