import type { ServedResource } from '../contracts.ts';
import { REVIEWS, type Review } from '../paths.ts';

/** A resource as discovery tells it. */
export interface DiscoveryResource {
  readonly plural: string;
  readonly singular: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: readonly string[];
  /** Empty when there is no status subresource. */
  readonly statusVerbs: readonly string[];
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
}

/** One version of one group; no group has two. */
export interface DiscoveryGroup {
  /** Empty for the core group. */
  readonly name: string;
  readonly version: string;
  /** Where its resources are, such as `/apis/clearway.dev/v1alpha1`. */
  readonly path: string;
  readonly resources: readonly DiscoveryResource[];
}

/** All groups in the order in which clients look names up. */
export function groupsOf(served: readonly ServedResource[]): readonly DiscoveryGroup[] {
  const groups = new Map<string, DiscoveryResource[]>();
  const add = (name: string, version: string, resource: DiscoveryResource): void => {
    const key = `${name}/${version}`;
    groups.set(key, [...(groups.get(key) ?? []), resource]);
  };
  for (const resource of served) add(resource.group, resource.version, toResource(resource));
  for (const review of REVIEWS) add(review.group, 'v1', toReview(review));
  return [...groups].map(([key, resources]) => {
    const [name = '', version = ''] = key.split('/');
    const path = name === '' ? `/api/${version}` : `/apis/${name}/${version}`;
    return { name, version, path, resources };
  });
}

const STATUS_VERBS: readonly string[] = ['get', 'patch', 'update'];

function toResource(resource: ServedResource): DiscoveryResource {
  const { plural, singular, namespaced, kind, shortNames, categories, hasStatus } = resource;
  const verbs = [...resource.verbs].sort();
  return {
    plural,
    singular,
    namespaced,
    kind,
    shortNames,
    categories,
    verbs,
    statusVerbs: hasStatus ? STATUS_VERBS.filter((verb) => verbs.some((one) => one === verb)) : [],
  };
}

function toReview({ kind, plural }: Review): DiscoveryResource {
  return {
    plural,
    singular: kind.toLowerCase(),
    namespaced: false,
    kind,
    verbs: ['create'],
    statusVerbs: [],
    shortNames: [],
    categories: [],
  };
}
