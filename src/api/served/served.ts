import { createHash } from 'node:crypto';
import { API_VERSION, type Kind } from '../../resources/kinds.ts';
import { KINDS } from '../../resources/schemas.generated.ts';
import type { EventReader, ResourceStore } from '../../store/contract.ts';
import type { ServedResource, Verb } from '../contracts.ts';
import { NAME_COLUMN, toTableColumn } from '../tables/printer-columns.ts';
import { coreEvents, customResourceDefinitions, namespaces } from './core.ts';
import { kindSource } from './kind-source.ts';

/** What the served resources are read from. */
export interface ServedParts {
  readonly store: Pick<ResourceStore, 'list' | 'get' | 'watch'>;
  readonly events: EventReader;
  /** The one namespace of the router. */
  readonly namespace: string;
  /** Unix time in ms at which the router started: what is in no store was created then. */
  readonly since: number;
}

/** Why people may not write a kind, and what they can do instead; null when they may. */
const READ_ONLY: Readonly<Record<Kind, string | null>> = {
  TaskRoute:
    'task routes are derived from what tasks ask for in ClearML, and cannot be changed here: change the task, or make a StaticRoute',
  StaticRoute: null,
  Router:
    'a router is described by itself, from its settings and from what it sees, and cannot be changed here: change its settings',
  PortPool:
    'a port pool is written by its router, and cannot be changed here: TCP_PORT_START and TCP_PORT_END set its range',
};

const READ_VERBS: readonly Verb[] = ['get', 'list', 'watch'];
const ALL_VERBS: readonly Verb[] = [...READ_VERBS, 'create', 'update', 'patch', 'delete'];

/** Every resource that the API serves, in the order in which clients look names up. */
export function makeServed(parts: ServedParts): readonly ServedResource[] {
  const { store, events, namespace, since } = parts;
  const meta = {
    uidOf: uidOfName,
    resourceVersion: String(since),
    creationTimestamp: new Date(since).toISOString().replace(/\.\d+Z$/, 'Z'),
  };
  return [
    coreEvents(events, namespace),
    namespaces(namespace, meta),
    ...(Object.keys(KINDS) as Kind[]).map((kind) => toServed(kind, store)),
    customResourceDefinitions(meta),
  ];
}

function toServed(kind: Kind, store: ServedParts['store']): ServedResource {
  const [group = '', version = ''] = API_VERSION.split('/');
  const { plural, singular, listKind, shortNames, categories, columns, schema } = KINDS[kind];
  const readOnlyMessage = READ_ONLY[kind];
  return {
    group,
    version,
    kind,
    listKind,
    plural,
    singular,
    shortNames,
    categories,
    namespaced: true,
    verbs: readOnlyMessage === null ? ALL_VERBS : READ_VERBS,
    hasStatus: true,
    ...(readOnlyMessage === null ? {} : { readOnlyMessage }),
    columns: [NAME_COLUMN, ...columns.map(toTableColumn)],
    schema,
    selectable: {},
    source: kindSource(store, kind),
  };
}

/** A uid that is made of a name alone (RFC 9562, version 8), so that it is the same after every start. */
function uidOfName(name: string): string {
  const hash = createHash('sha256').update(`clearway/${name}`).digest('hex');
  const variant = '89ab'.charAt(Number.parseInt(hash.charAt(16), 16) & 3);
  return [
    hash.slice(0, 8),
    hash.slice(8, 12),
    `8${hash.slice(13, 16)}`,
    `${variant}${hash.slice(17, 20)}`,
    hash.slice(20, 32),
  ].join('-');
}
