/** Where the schemas of meta/v1 stand; clients look for them under these names. */
export const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.';

/** The schemas that all kinds share, with the fields that objects of this API have. */
export const METADATA_SCHEMAS = {
  [`${META}ObjectMeta`]: {
    description: 'What every stored object carries beside spec and status.',
    type: 'object',
    properties: {
      annotations: {
        description:
          'Texts of any form that tools and people keep with the object; they select nothing.',
        type: 'object',
        additionalProperties: { type: 'string', default: '' },
      },
      creationTimestamp: {
        description: 'When the object was created, set by the server.',
        allOf: [{ $ref: `#/components/schemas/${META}Time` }],
      },
      generateName: {
        description: 'Beginning of a name whose end the server chooses, when no name is given.',
        type: 'string',
      },
      generation: {
        description: 'Counts the changes of spec, set by the server.',
        type: 'integer',
        format: 'int64',
      },
      labels: {
        description: 'Short texts by which objects are selected.',
        type: 'object',
        additionalProperties: { type: 'string', default: '' },
      },
      managedFields: {
        description: 'Which writer set which field last, kept by the server.',
        type: 'array',
        items: {
          default: {},
          allOf: [{ $ref: `#/components/schemas/${META}ManagedFieldsEntry` }],
        },
        'x-kubernetes-list-type': 'atomic',
      },
      name: { description: 'Name of the object, the only one in its namespace.', type: 'string' },
      namespace: {
        description: 'The namespace of the object: a router serves one.',
        type: 'string',
      },
      resourceVersion: {
        description:
          'Version of the object, set by the server. It means nothing but by being equal: a write that carries another one is refused.',
        type: 'string',
      },
      uid: {
        description: 'Identifies this very object, also from a later one of its name.',
        type: 'string',
      },
    },
  },
  [`${META}ManagedFieldsEntry`]: {
    description: 'The fields that one writer set last.',
    type: 'object',
    properties: {
      apiVersion: { description: 'The version that the fields are of.', type: 'string' },
      fieldsType: { description: 'How fieldsV1 is written: FieldsV1.', type: 'string' },
      fieldsV1: {
        description: 'The fields, as a tree of their names.',
        allOf: [{ $ref: `#/components/schemas/${META}FieldsV1` }],
      },
      manager: { description: 'Name of the writer.', type: 'string' },
      operation: { description: 'How it writes: Apply or Update.', type: 'string' },
      subresource: {
        description: 'The subresource that it wrote to; absent for the object itself.',
        type: 'string',
      },
      time: {
        description: 'When it changed its fields.',
        allOf: [{ $ref: `#/components/schemas/${META}Time` }],
      },
    },
  },
  [`${META}FieldsV1`]: { description: 'A tree of names of fields.', type: 'object' },
  [`${META}Time`]: {
    description: 'A time, as RFC 3339 writes it.',
    type: 'string',
    format: 'date-time',
  },
  [`${META}ListMeta`]: {
    description: 'What every list carries beside its items.',
    type: 'object',
    properties: {
      continue: { description: 'Always empty: lists are never cut.', type: 'string' },
      resourceVersion: {
        description: 'The version from which a watch goes on without a gap.',
        type: 'string',
      },
    },
  },
} as const;
