import type { ServedResource } from '../contracts.ts';
import { META, METADATA_SCHEMAS } from './metadata.ts';

type Json = Readonly<Record<string, unknown>>;

/** The OpenAPI v3 document of one group and version: what `kubectl explain` and the validation of clients read. */
export function openApiDocument(path: string, resources: readonly ServedResource[]): Json {
  return {
    openapi: '3.0.0',
    info: { title: 'Clearway', version: 'v1' },
    paths: Object.assign({}, ...resources.map((resource) => paths(path, resource))) as Json,
    components: {
      schemas: Object.assign({}, METADATA_SCHEMAS, ...resources.map(schemas)) as Json,
    },
  };
}

function schemaName({ group, version, kind }: ServedResource): string {
  if (group === '') return `io.k8s.api.core.${version}.${kind}`;
  return [...group.split('.').reverse(), version, kind].join('.');
}

function schemas(resource: ServedResource): Json {
  const name = schemaName(resource);
  const { group, version, kind, listKind } = resource;
  const whole = resource.schema ?? UNKNOWN;
  return {
    [name]: {
      ...whole,
      properties: { ...TYPE_FIELDS, ...whole.properties, metadata: reference(`${META}ObjectMeta`) },
      'x-kubernetes-group-version-kind': [{ group, version, kind }],
    },
    [`${name}List`]: {
      description: `${listKind} is a list of ${kind}.`,
      type: 'object',
      required: ['items'],
      properties: {
        ...TYPE_FIELDS,
        metadata: reference(`${META}ListMeta`),
        items: {
          description: 'The objects.',
          type: 'array',
          items: { $ref: `#/components/schemas/${name}` },
        },
      },
      'x-kubernetes-group-version-kind': [{ group, version, kind: listKind }],
    },
  };
}

/** A kind that is served for those who look, and not described. */
const UNKNOWN: Json & { readonly properties?: Json } = {
  type: 'object',
  'x-kubernetes-preserve-unknown-fields': true,
};

const TYPE_FIELDS: Json = {
  apiVersion: { description: 'The version of the schema of this object.', type: 'string' },
  kind: { description: 'The kind of this object.', type: 'string' },
};

/** A reference that can carry a description of its own: `explain` follows `allOf`. */
function reference(name: string): Json {
  return {
    description: 'Standard metadata.',
    default: {},
    allOf: [{ $ref: `#/components/schemas/${name}` }],
  };
}

function paths(path: string, resource: ServedResource): Json {
  const scope = resource.namespaced ? '/namespaces/{namespace}' : '';
  const collection = `/${path}${scope}/${resource.plural}`;
  const one = `${collection}/{name}`;
  const namespace = resource.namespaced ? [pathParameter('namespace')] : [];
  const name = [...namespace, pathParameter('name')];
  return {
    ...(resource.namespaced
      ? { [`/${path}/${resource.plural}`]: { get: operation(resource, 'list', LIST) } }
      : {}),
    [collection]: { parameters: namespace, ...collectionOperations(resource) },
    [one]: { parameters: name, ...objectOperations(resource) },
    ...(resource.hasStatus
      ? { [`${one}/status`]: { parameters: name, ...statusOperations(resource) } }
      : {}),
  };
}

function collectionOperations(resource: ServedResource): Json {
  return {
    get: operation(resource, 'list', LIST),
    ...(serves(resource, 'create') ? { post: operation(resource, 'post', WRITE) } : {}),
  };
}

/**
 * There is a patch of every kind, also of those that nobody may write: clients take its parameter for a sign that the server
 * validates fields, and would otherwise complain of the document instead of showing why the server refuses.
 */
function objectOperations(resource: ServedResource): Json {
  return {
    get: operation(resource, 'get', []),
    ...(serves(resource, 'update') ? { put: operation(resource, 'put', WRITE) } : {}),
    patch: operation(resource, 'patch', PATCH),
    ...(serves(resource, 'delete') ? { delete: operation(resource, 'delete', DELETE) } : {}),
  };
}

function statusOperations(resource: ServedResource): Json {
  return {
    get: operation(resource, 'get', []),
    ...(serves(resource, 'update') ? { put: operation(resource, 'put', WRITE) } : {}),
    ...(serves(resource, 'patch') ? { patch: operation(resource, 'patch', PATCH) } : {}),
  };
}

function serves({ verbs }: ServedResource, verb: string): boolean {
  return verbs.some((served) => served === verb);
}

const LIST = [
  'allowWatchBookmarks',
  'continue',
  'fieldSelector',
  'labelSelector',
  'limit',
  'resourceVersion',
  'resourceVersionMatch',
  'sendInitialEvents',
  'timeoutSeconds',
  'watch',
];
const WRITE = ['dryRun', 'fieldManager', 'fieldValidation'];
const PATCH = [...WRITE, 'force'];
const DELETE = ['dryRun', 'gracePeriodSeconds', 'propagationPolicy'];

function operation(resource: ServedResource, action: string, parameters: readonly string[]): Json {
  const { group, version, kind } = resource;
  const name = action === 'list' ? `${schemaName(resource)}List` : schemaName(resource);
  return {
    description: `${action} ${kind}`,
    'x-kubernetes-action': action,
    'x-kubernetes-group-version-kind': { group, version, kind },
    parameters: parameters.map((parameter) => ({
      name: parameter,
      in: 'query',
      schema: { type: 'string', uniqueItems: true },
    })),
    responses: {
      '200': {
        description: 'OK',
        content: { 'application/json': { schema: { $ref: `#/components/schemas/${name}` } } },
      },
    },
  };
}

function pathParameter(name: string): Json {
  return { name, in: 'path', required: true, schema: { type: 'string', uniqueItems: true } };
}
