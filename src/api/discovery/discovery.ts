import type { ApiAnswer, ApiRequest, ServedResource } from '../contracts.ts';
import { aggregated, AGGREGATED_TYPE } from './aggregated.ts';
import { groupsOf, type DiscoveryGroup, type DiscoveryResource } from './groups.ts';
import { answerDocument, jsonDocument, type FixedDocument } from './documents.ts';
import { isJson, mediaRanges, notAcceptable } from '../read/negotiation.ts';

/** Answers a path of discovery; undefined when it is none. @throws ApiError `NotAcceptable` */
export type Discovery = (request: ApiRequest) => ApiAnswer | undefined;

interface Choice {
  readonly legacy: FixedDocument;
  /** In one document for all groups; at `/api` and `/apis` only. */
  readonly aggregated?: FixedDocument;
}

/** Makes the documents by which clients find out what is served, in both forms that clients know. */
export function makeDiscovery(served: readonly ServedResource[]): Discovery {
  const documents = allDocuments(groupsOf(served));
  return (request) => {
    const choice = documents.get(request.path.replace(/(?<=.)\/$/, ''));
    if (choice === undefined) return undefined;
    const document = choose(request.headers.accept, choice);
    return answerDocument(request, document, { Vary: 'Accept', 'Cache-Control': 'public' });
  };
}

function choose(accept: string | undefined, choice: Choice): FixedDocument {
  for (const range of mediaRanges(accept)) {
    const { parameters } = range;
    if (!isJson(range)) continue;
    const as = parameters.get('as') ?? '';
    if (as === '') return choice.legacy;
    const isAggregated =
      as === 'APIGroupDiscoveryList' &&
      parameters.get('g') === 'apidiscovery.k8s.io' &&
      parameters.get('v') === 'v2';
    if (isAggregated && choice.aggregated !== undefined) return choice.aggregated;
  }
  throw notAcceptable();
}

function allDocuments(groups: readonly DiscoveryGroup[]): ReadonlyMap<string, Choice> {
  const core = groups.filter(({ name }) => name === '');
  const named = groups.filter(({ name }) => name !== '');
  const documents = new Map<string, Choice>([
    ['/', { legacy: jsonDocument({ paths: rootPaths(groups) }) }],
    [
      '/api',
      {
        legacy: jsonDocument({
          kind: 'APIVersions',
          versions: core.map(({ version }) => version),
          serverAddressByClientCIDRs: [],
        }),
        aggregated: jsonDocument(aggregated(core), AGGREGATED_TYPE),
      },
    ],
    [
      '/apis',
      {
        legacy: jsonDocument({
          kind: 'APIGroupList',
          apiVersion: 'v1',
          groups: named.map(legacyGroup),
        }),
        aggregated: jsonDocument(aggregated(named), AGGREGATED_TYPE),
      },
    ],
  ]);
  for (const group of groups) {
    documents.set(group.path, { legacy: jsonDocument(legacyResources(group)) });
    if (group.name === '') continue;
    const one = { kind: 'APIGroup', apiVersion: 'v1', ...legacyGroup(group) };
    documents.set(`/apis/${group.name}`, { legacy: jsonDocument(one) });
  }
  return documents;
}

function rootPaths(groups: readonly DiscoveryGroup[]): readonly string[] {
  const named = groups.filter(({ name }) => name !== '').map(({ name }) => `/apis/${name}`);
  return [
    ...new Set([
      '/api',
      '/apis',
      ...named,
      ...groups.map(({ path }) => path),
      '/healthz',
      '/livez',
      '/openapi/v2',
      '/openapi/v3',
      '/readyz',
      '/version',
    ]),
  ].sort();
}

function legacyGroup({ name, version }: DiscoveryGroup): Readonly<Record<string, unknown>> {
  const preferred = { groupVersion: `${name}/${version}`, version };
  return { name, versions: [preferred], preferredVersion: preferred };
}

function legacyResources(group: DiscoveryGroup): Readonly<Record<string, unknown>> {
  const { name, version, resources } = group;
  return {
    kind: 'APIResourceList',
    ...(name === '' ? {} : { apiVersion: 'v1' }),
    groupVersion: name === '' ? version : `${name}/${version}`,
    resources: resources.flatMap(legacyResource),
  };
}

function legacyResource(resource: DiscoveryResource): readonly Readonly<Record<string, unknown>>[] {
  const { plural, singular, namespaced, kind, verbs, statusVerbs, shortNames, categories } =
    resource;
  const main = {
    name: plural,
    singularName: singular,
    namespaced,
    kind,
    verbs,
    ...(shortNames.length === 0 ? {} : { shortNames }),
    ...(categories.length === 0 ? {} : { categories }),
  };
  const status = {
    name: `${plural}/status`,
    singularName: '',
    namespaced,
    kind,
    verbs: statusVerbs,
  };
  return statusVerbs.length === 0 ? [main] : [main, status];
}
