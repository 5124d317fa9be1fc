import { stringify } from 'yaml';

/** An object of the API, as far as it is printed. */
export interface AnyObject {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly resourceVersion: string;
    readonly managedFields?: unknown;
  };
}

/** A list of them. */
export interface AnyList {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly AnyObject[];
}

/** Ways of printing whole objects. */
export type ObjectForm = 'json' | 'yaml' | 'name';

/** Prints one object. `fullName` is the resource in the singular with its group. */
export function printObject(object: AnyObject, form: ObjectForm, fullName: string): string {
  if (form === 'name') return `${fullName}/${object.metadata.name}\n`;
  return printed(withoutManagers(object), form);
}

/** Prints several objects, as one list as kubectl does. */
export function printObjects(
  items: readonly AnyObject[],
  form: ObjectForm,
  fullName: string,
): string {
  if (form === 'name') return items.map((item) => printObject(item, form, fullName)).join('');
  const list = {
    apiVersion: 'v1',
    items: items.map(withoutManagers),
    kind: 'List',
    metadata: { resourceVersion: '' },
  };
  return printed(list, form);
}

function printed(value: object, form: 'json' | 'yaml'): string {
  return form === 'json'
    ? `${JSON.stringify(value, undefined, 4)}\n`
    : stringify(value, { lineWidth: 0 });
}

/** Who wrote which field is long, and seldom asked for. */
function withoutManagers(object: AnyObject): AnyObject {
  const { managedFields, ...metadata } = object.metadata;
  return managedFields === undefined ? object : { ...object, metadata };
}
