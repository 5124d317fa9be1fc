import {
  API_VERSION,
  type Kind,
  type ObjectMeta,
  type ResourceByKind,
} from '../resources/kinds.ts';
import { frozen, settled } from './canonical.ts';
import type { Draft } from './contract.ts';

/** A resource of any kind. */
export type AnyResource = ResourceByKind[Kind];

/** The parts of metadata that are left out where they are empty, in canonical order. */
export type MetadataParts = {
  readonly [Part in 'annotations' | 'labels' | 'managedFields']?: ObjectMeta[Part] | undefined;
};

/** Those parts which hold something. */
export function filledParts({
  annotations,
  labels,
  managedFields,
}: MetadataParts): Pick<ObjectMeta, keyof MetadataParts> {
  return {
    ...(isFilled(annotations) ? { annotations } : {}),
    ...(isFilled(labels) ? { labels } : {}),
    ...(isFilled(managedFields) ? { managedFields } : {}),
  };
}

/** The object that a draft becomes. */
export function newObject<K extends Kind>(
  draft: Draft<K>,
  given: Pick<ObjectMeta, 'namespace' | 'uid' | 'resourceVersion' | 'creationTimestamp'>,
): ResourceByKind[K] {
  const { kind, metadata, spec } = draft;
  const { name } = metadata;
  return settled({
    apiVersion: API_VERSION,
    kind,
    metadata: { ...given, name, generation: 1, ...filledParts(metadata) },
    spec,
    status: {},
  }) as unknown as ResourceByKind[K];
}

/** What a write makes of an object: the object itself when nothing differs. */
export function changedObject<T extends AnyResource>(
  observed: T,
  desired: {
    readonly parts: MetadataParts;
    readonly spec: T['spec'];
    readonly status: T['status'];
  },
  resourceVersion: string,
): T {
  const spec = settled(desired.spec, observed.spec);
  const status = settled(desired.status, observed.status);
  const observedParts = filledParts(observed.metadata);
  const parts = settled(filledParts(desired.parts), observedParts);
  const isSameSpec = spec === observed.spec;
  if (isSameSpec && status === observed.status && parts === observedParts) return observed;
  const { name, namespace, uid, creationTimestamp } = observed.metadata;
  const generation = observed.metadata.generation + (isSameSpec ? 0 : 1);
  const metadata = {
    name,
    namespace,
    uid,
    resourceVersion,
    generation,
    creationTimestamp,
    ...parts,
  };
  return frozen<T>({ ...observed, metadata, spec, status });
}

/** The last state of an object that goes, at the version of its deletion. */
export function deletedObject<T extends AnyResource>(observed: T, resourceVersion: string): T {
  return frozen<T>({ ...observed, metadata: { ...observed.metadata, resourceVersion } });
}

function isFilled<T extends object>(part: T | undefined): part is T {
  return part !== undefined && Object.keys(part).length > 0;
}
