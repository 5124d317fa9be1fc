import { API_VERSION, type Kind } from '../../resources/kinds.ts';
import type { KindDefinition } from '../../resources/schema.ts';
import { KINDS } from '../../resources/schemas.generated.ts';
import type { AnyObject } from '../contracts.ts';

/** Metadata of an object that comes with the router and is in no store. */
export interface BuiltInMeta {
  /** Uid of a name, always the same. */
  readonly uidOf: (name: string) => string;
  readonly resourceVersion: string;
  /** RFC 3339. */
  readonly creationTimestamp: string;
}

/** The CustomResourceDefinitions of crds/, as a cluster would show them (apiextensions.k8s.io/v1). */
export function definitions(meta: BuiltInMeta): readonly AnyObject[] {
  return Object.entries(KINDS)
    .map(([kind, definition]) => toDefinition(kind as Kind, definition, meta))
    .sort((left, right) => (left.metadata.name < right.metadata.name ? -1 : 1));
}

function toDefinition(kind: Kind, definition: KindDefinition, meta: BuiltInMeta): AnyObject {
  const [group = '', version = ''] = API_VERSION.split('/');
  const { plural, singular, listKind, shortNames, categories, columns, schema } = definition;
  const names = {
    plural,
    singular,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    kind,
    listKind,
    categories,
  };
  const { resourceVersion, creationTimestamp, uidOf } = meta;
  const name = `${plural}.${group}`;
  return {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name, uid: uidOf(name), resourceVersion, generation: 1, creationTimestamp },
    spec: {
      group,
      names,
      scope: 'Namespaced',
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: schema },
          subresources: { status: {} },
          additionalPrinterColumns: columns,
        },
      ],
      conversion: { strategy: 'None' },
    },
    status: {
      conditions: [
        condition('NamesAccepted', 'NoConflicts', 'no conflicts found', creationTimestamp),
        condition(
          'Established',
          'InitialNamesAccepted',
          'the initial names have been accepted',
          creationTimestamp,
        ),
      ],
      acceptedNames: names,
      storedVersions: [version],
    },
  };
}

function condition(
  type: string,
  reason: string,
  message: string,
  lastTransitionTime: string,
): Readonly<Record<string, string>> {
  return { type, status: 'True', lastTransitionTime, reason, message };
}
