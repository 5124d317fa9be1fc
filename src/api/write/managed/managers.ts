import type { ManagedFieldsEntry } from '../../../resources/kinds.ts';
import { isObject, type JsonObject } from '../json.ts';
import { fromFieldsV1, toFieldsV1, type FieldSet } from './field-set.ts';

/** Who wrote, and how. */
export type Writer = Pick<
  ManagedFieldsEntry,
  'manager' | 'operation' | 'apiVersion' | 'subresource'
>;

/** A writer with the fields that it wrote last. */
export interface Manager {
  readonly writer: Writer;
  readonly fields: FieldSet;
  readonly time: string;
}

/** The managers of an object by {@link identityOf}. */
export type Managers = ReadonlyMap<string, Manager>;

/** What makes a manager one: an applier stays the same when it goes on in another version. */
export function identityOf({ manager, operation, apiVersion, subresource = '' }: Writer): string {
  const version = operation === 'Apply' ? '' : apiVersion;
  return JSON.stringify([manager, operation, version, subresource]);
}

/**
 * Reads managedFields, as stored or as a client wrote them; `now` is the time of entries without one.
 * @returns undefined when they are not in order
 */
export function readManagers(entries: readonly unknown[], now: string): Managers | undefined {
  const managers = new Map<string, Manager>();
  for (const entry of entries) {
    const manager = isObject(entry) ? readManager(entry, now) : undefined;
    if (manager === undefined) return undefined;
    managers.set(identityOf(manager.writer), manager);
  }
  return managers;
}

function readManager(entry: JsonObject, now: string): Manager | undefined {
  const { fieldsType, fieldsV1 = {} } = entry;
  const writer = readWriter(entry);
  const fields = fromFieldsV1(fieldsV1);
  const time = entry['time'] ?? now;
  if (writer === undefined || fields === undefined || fieldsType !== 'FieldsV1') return undefined;
  return typeof time === 'string' ? { writer, fields, time } : undefined;
}

function readWriter(entry: JsonObject): Writer | undefined {
  const { manager = '', operation, apiVersion, subresource = '' } = entry;
  if (operation !== 'Apply' && operation !== 'Update') return undefined;
  if (typeof manager !== 'string' || typeof apiVersion !== 'string') return undefined;
  if (typeof subresource !== 'string') return undefined;
  const writer = { manager, operation, apiVersion } as const;
  return subresource === '' ? writer : { ...writer, subresource };
}

/** managedFields as they are stored: appliers first, then by time and name. */
export function writeManagers(managers: Managers): readonly ManagedFieldsEntry[] {
  return [...managers.values()]
    .filter(({ fields }) => fields.size > 0)
    .sort((left, right) => (orderOf(left) < orderOf(right) ? -1 : 1))
    .map(({ writer, fields, time }) => ({
      ...writer,
      time,
      fieldsType: 'FieldsV1',
      fieldsV1: toFieldsV1(fields),
    }));
}

function orderOf({ writer, time }: Manager): string {
  const { operation, manager, apiVersion, subresource = '' } = writer;
  return [operation, time, manager, apiVersion, subresource].join('\0');
}

/** The managers with some of them changed, by what `change` makes of each. */
export function changeManagers(
  managers: Managers,
  change: (fields: FieldSet, identity: string) => FieldSet,
): Managers {
  return new Map(
    [...managers].map(([identity, manager]) => [
      identity,
      { ...manager, fields: change(manager.fields, identity) },
    ]),
  );
}
