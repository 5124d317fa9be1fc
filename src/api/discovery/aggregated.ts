import type { DiscoveryGroup, DiscoveryResource } from './groups.ts';

/** Content type of an aggregated document: clients that do not find these parameters take the body for the older form. */
export const AGGREGATED_TYPE =
  'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList';

/** All groups with their resources in one document (apidiscovery.k8s.io/v2 APIGroupDiscoveryList). */
export function aggregated(groups: readonly DiscoveryGroup[]): Readonly<Record<string, unknown>> {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map((group) => ({
      metadata: group.name === '' ? {} : { name: group.name },
      versions: [
        {
          version: group.version,
          resources: group.resources.map((resource) => toItem(group, resource)),
          freshness: 'Current',
        },
      ],
    })),
  };
}

function toItem(
  { name: group, version }: DiscoveryGroup,
  resource: DiscoveryResource,
): Readonly<Record<string, unknown>> {
  const { plural, singular, namespaced, kind, verbs, statusVerbs, shortNames, categories } =
    resource;
  const responseKind = { group, version, kind };
  return {
    resource: plural,
    responseKind,
    scope: namespaced ? 'Namespaced' : 'Cluster',
    singularResource: singular,
    verbs,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
    ...(statusVerbs.length === 0
      ? {}
      : { subresources: [{ subresource: 'status', responseKind, verbs: statusVerbs }] }),
  };
}
