import { parse, stringify } from 'yaml';

interface Entry {
  readonly manager: string;
  readonly operation: string;
  readonly subresource?: string;
}

interface Stored {
  readonly metadata: { readonly managedFields?: readonly Entry[] };
}

/** A list of objects as YAML, the entries of managedFields in the order of their names: the server's order depends on the second. */
export function sortedState(text: string): string {
  if (text === '') return '';
  const { items } = parse(text) as { readonly items: readonly Stored[] };
  const sorted = items.map((item) => ({
    ...item,
    metadata: {
      ...item.metadata,
      managedFields: (item.metadata.managedFields ?? []).toSorted((one, other) =>
        nameOf(one).localeCompare(nameOf(other)),
      ),
    },
  }));
  return stringify(sorted, { lineWidth: 0 });
}

function nameOf({ manager, operation, subresource = '' }: Entry): string {
  return [manager, operation, subresource].join('/');
}
