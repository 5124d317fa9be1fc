// What a kubectl expects beside the kinds of ours: namespaces, events and the definitions of the kinds.
import type { EventReader } from '../../store/contract.ts';
import type { AnyObject, ServedResource, TableColumn } from '../contracts.ts';
import { NAME_COLUMN } from '../tables/printer-columns.ts';
import { definitions, type BuiltInMeta } from './definition-source.ts';
import { eventSource, type CoreEvent } from './event-source.ts';
import { fixedSource } from './fixed-source.ts';

const READ_VERBS = ['get', 'list', 'watch'] as const;

/** The namespaces: the one that the router serves. */
export function namespaces(namespace: string, meta: BuiltInMeta): ServedResource {
  const { resourceVersion, creationTimestamp, uidOf } = meta;
  const object: AnyObject = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: {
      name: namespace,
      uid: uidOf(namespace),
      resourceVersion,
      creationTimestamp,
      labels: { 'kubernetes.io/metadata.name': namespace },
    },
    spec: { finalizers: ['kubernetes'] },
    status: { phase: 'Active' },
  };
  return {
    group: '',
    version: 'v1',
    kind: 'Namespace',
    listKind: 'NamespaceList',
    plural: 'namespaces',
    singular: 'namespace',
    shortNames: ['ns'],
    categories: [],
    namespaced: false,
    verbs: READ_VERBS,
    hasStatus: true,
    readOnlyMessage: `a router serves one namespace, and namespaces cannot be changed here: CLEARWAY_NAMESPACE chooses another one than ${namespace}`,
    columns: [
      NAME_COLUMN,
      column('Status', 'The status of the namespace', () => 'Active'),
      column('Age', CREATED, ({ metadata }) => ({ since: metadata.creationTimestamp })),
    ],
    selectable: { 'status.phase': () => 'Active' },
    source: fixedSource([object], resourceVersion),
  };
}

/** The definitions of the kinds of ours. */
export function customResourceDefinitions(meta: BuiltInMeta): ServedResource {
  return {
    group: 'apiextensions.k8s.io',
    version: 'v1',
    kind: 'CustomResourceDefinition',
    listKind: 'CustomResourceDefinitionList',
    plural: 'customresourcedefinitions',
    singular: 'customresourcedefinition',
    shortNames: ['crd', 'crds'],
    categories: ['api-extensions'],
    namespaced: false,
    verbs: READ_VERBS,
    hasStatus: true,
    readOnlyMessage: 'the kinds come with the version of Clearway, and cannot be changed here',
    columns: [
      NAME_COLUMN,
      {
        ...column('Created At', CREATED, ({ metadata }) => metadata.creationTimestamp),
        type: 'date',
      },
    ],
    selectable: {},
    source: fixedSource(definitions(meta), meta.resourceVersion),
  };
}

/** The events of a namespace. */
export function coreEvents(events: EventReader, namespace: string): ServedResource {
  return {
    group: '',
    version: 'v1',
    kind: 'Event',
    listKind: 'EventList',
    plural: 'events',
    singular: 'event',
    shortNames: ['ev'],
    categories: [],
    namespaced: true,
    verbs: READ_VERBS,
    hasStatus: false,
    readOnlyMessage: 'events are recorded by the router, and cannot be changed here',
    columns: EVENT_COLUMNS,
    selectable: EVENT_FIELDS as unknown as ServedResource['selectable'],
    source: eventSource(events, namespace),
  };
}

/** What a field selector may name (core/v1, field labels of Event). */
const EVENT_FIELDS: Readonly<Record<string, (event: CoreEvent) => string>> = {
  'involvedObject.kind': ({ involvedObject }) => involvedObject.kind,
  'involvedObject.namespace': ({ involvedObject }) => involvedObject.namespace,
  'involvedObject.name': ({ involvedObject }) => involvedObject.name,
  'involvedObject.uid': ({ involvedObject }) => involvedObject.uid,
  'involvedObject.apiVersion': ({ involvedObject }) => involvedObject.apiVersion,
  'involvedObject.resourceVersion': () => '',
  'involvedObject.fieldPath': () => '',
  reason: ({ reason }) => reason,
  reportingComponent: ({ reportingComponent }) => reportingComponent,
  source: ({ source }) => source.component,
  type: ({ type }) => type,
};

const CREATED =
  'CreationTimestamp is a timestamp representing the server time when this object was created. It is represented in RFC3339 form and is in UTC.';

/** The columns of Kubernetes' own printer, in its order; there is no column of the name but with `-o wide`. */
const EVENT_COLUMNS: readonly TableColumn[] = [
  eventColumn('Last Seen', 'The time at which this event was last seen.', 0, (event) => ({
    since: event.lastTimestamp,
  })),
  eventColumn('Type', 'Normal or Warning.', 0, (event) => event.type),
  eventColumn('Reason', 'A short word for why the event happened.', 0, (event) => event.reason),
  eventColumn('Object', 'The object that the event is about.', 0, ({ involvedObject }) => {
    return `${involvedObject.kind.toLowerCase()}/${involvedObject.name}`;
  }),
  eventColumn('Subobject', 'The part of the object that the event is about.', 1, () => ''),
  eventColumn('Source', 'Who recorded the event.', 1, (event) => event.source.component),
  eventColumn('Message', 'What happened, for people.', 0, (event) => event.message.trim()),
  eventColumn('First Seen', 'The time at which this event was first seen.', 1, (event) => ({
    since: event.firstTimestamp,
  })),
  eventColumn('Count', 'How many times the event was seen.', 1, (event) => event.count),
  { ...NAME_COLUMN, priority: 1 },
];

function eventColumn(
  name: string,
  description: string,
  priority: number,
  cell: (event: CoreEvent) => ReturnType<TableColumn['cell']>,
): TableColumn {
  const read = cell as TableColumn['cell'];
  return { name, type: 'string', format: '', description, priority, cell: read };
}

function column(name: string, description: string, cell: TableColumn['cell']): TableColumn {
  return { name, type: 'string', format: '', description, priority: 0, cell };
}
