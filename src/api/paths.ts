import type { ServedResource } from './contracts.ts';

/** Kinds that exist only to be posted, as a question: who am I, what may I do. */
export interface Review {
  readonly group: 'authentication.k8s.io' | 'authorization.k8s.io';
  readonly kind: string;
  readonly plural: string;
}

/** The self-reviews of authentication.k8s.io/v1 and authorization.k8s.io/v1. */
export const REVIEWS: readonly Review[] = [
  { group: 'authentication.k8s.io', kind: 'SelfSubjectReview', plural: 'selfsubjectreviews' },
  {
    group: 'authorization.k8s.io',
    kind: 'SelfSubjectAccessReview',
    plural: 'selfsubjectaccessreviews',
  },
  {
    group: 'authorization.k8s.io',
    kind: 'SelfSubjectRulesReview',
    plural: 'selfsubjectrulesreviews',
  },
];

/** What a path says below its group and version. */
export interface ResourcePath {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly subresource?: string;
}

/**
 * Reads the path of a resource, such as `/apis/clearway.dev/v1alpha1/namespaces/default/taskroutes/x/status`; undefined when
 * it is none.
 *
 * @remarks `/api/v1/namespaces/x` is the namespace itself, and `/api/v1/namespaces/x/status` its subresource.
 */
export function readResourcePath(path: string): ResourcePath | undefined {
  const segments = path.split('/').slice(1);
  if (segments.at(-1) === '') segments.pop();
  if (segments.includes('')) return undefined;
  const [prefix, ...rest] = segments;
  if (prefix === 'api') return belowVersion('', rest[0], rest.slice(1));
  if (prefix === 'apis') return belowVersion(rest[0], rest[1], rest.slice(2));
  return undefined;
}

function belowVersion(
  group: string | undefined,
  version: string | undefined,
  rest: readonly string[],
): ResourcePath | undefined {
  if (group === undefined || version === undefined || rest.length === 0) return undefined;
  const [first, second, third, ...more] = rest;
  if (first === 'namespaces' && second !== undefined && third !== undefined && !isPart(third)) {
    return toPath({ group, version, namespace: second }, [third, ...more]);
  }
  return toPath({ group, version }, rest);
}

function isPart(segment: string): boolean {
  return segment === 'status' || segment === 'finalize';
}

function toPath(
  base: Pick<ResourcePath, 'group' | 'version' | 'namespace'>,
  rest: readonly string[],
): ResourcePath | undefined {
  const [plural, name, subresource, ...more] = rest;
  if (plural === undefined || more.length > 0) return undefined;
  return {
    ...base,
    plural,
    ...(name === undefined ? {} : { name }),
    ...(subresource === undefined ? {} : { subresource }),
  };
}

/** True when a path of this form exists for the resource. */
export function fits(path: ResourcePath, resource: ServedResource): boolean {
  const { namespace, name, subresource } = path;
  if (!resource.namespaced && namespace !== undefined) return false;
  if (resource.namespaced && name !== undefined && namespace === undefined) return false;
  return subresource === undefined || (subresource === 'status' && resource.hasStatus);
}
