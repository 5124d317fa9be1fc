import type { FieldError } from './field-error.ts';
import type { Kind, ObjectMeta, ResourceByKind } from './kinds.ts';

/** Something that must hold and that the schema cannot say; asked only of values that the schema accepts. */
export interface Rule<T> {
  /** Path of the field that must change. */
  readonly field: string;
  readonly message: string;
  readonly broken: (value: T) => boolean;
}

type Rules<Part extends 'spec' | 'status'> = {
  readonly [K in Kind]: readonly Rule<ResourceByKind[K][Part]>[];
};

/** The path at the root of a router that no StaticRoute can have, whatever the case of its letters: tasks are served below it. */
const RESERVED_PATH = '/service';

/** What must hold in a spec. */
export const SPEC_RULES: Rules<'spec'> = {
  TaskRoute: [
    {
      field: 'spec.pathMode',
      message: 'is for http endpoints only',
      broken: (spec) => spec.protocol === 'tcp' && spec.pathMode !== undefined,
    },
    {
      field: 'spec.target',
      message: 'is needed unless the request is refused',
      broken: (spec) => spec.target === undefined && spec.refusal === undefined,
    },
    {
      field: 'spec.staticRoute',
      message: 'is for http endpoints only',
      broken: (spec) => spec.protocol === 'tcp' && spec.staticRoute !== undefined,
    },
  ],
  StaticRoute: [
    {
      field: 'spec.path',
      message: `must not be ${RESERVED_PATH}: tasks are served below it`,
      broken: (spec) => spec.path.toLowerCase() === RESERVED_PATH,
    },
  ],
  Router: [
    {
      field: 'spec.url',
      message: 'must be an http or https URL with a host and without a path',
      broken: (spec) => !isOrigin(spec.url),
    },
    {
      field: 'spec.tcpPorts.end',
      message: 'must not be lower than start',
      broken: (spec) => spec.tcpPorts !== undefined && spec.tcpPorts.end < spec.tcpPorts.start,
    },
    {
      field: 'spec.tcpAddress',
      message: 'goes together with tcpPorts: both or none',
      broken: (spec) => (spec.tcpAddress === undefined) !== (spec.tcpPorts === undefined),
    },
  ],
  PortPool: [
    {
      field: 'spec.end',
      message: 'must not be lower than start',
      broken: (spec) => spec.end < spec.start,
    },
  ],
};

/** What must hold in a status. */
export const STATUS_RULES: Rules<'status'> = {
  TaskRoute: [],
  StaticRoute: [],
  Router: [],
  PortPool: [
    {
      field: 'status.leases',
      message: 'must not give two ports to one route',
      broken: ({ leases = [] }) => new Set(leases.map((lease) => lease.route)).size < leases.length,
    },
  ],
};

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = new RegExp(`^${LABEL}(\\.${LABEL})*$`);
const QUALIFIED = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const SUBDOMAIN_LENGTH = 253;
/** Kubernetes' limit on all keys and values of an object's annotations, in bytes. */
const ANNOTATIONS_SIZE = 262_144;

/** True for a DNS subdomain as RFC 1123 has it: what objects may be called. */
export function isObjectName(text: string): boolean {
  return text.length <= SUBDOMAIN_LENGTH && SUBDOMAIN.test(text);
}

/** What is wrong with a name, labels and annotations, by Kubernetes' rules. */
export function metadataErrors(
  metadata: Pick<ObjectMeta, 'name' | 'labels' | 'annotations'>,
): readonly FieldError[] {
  const { name, labels = {}, annotations = {} } = metadata;
  const errors: FieldError[] = [];
  const add = (field: string, message: string): void => {
    errors.push({ field, reason: 'FieldValueInvalid', message });
  };
  if (!isObjectName(name)) {
    add('metadata.name', 'must be lower case letters, digits, "-" and ".", at most 253 of them');
  }
  for (const [key, value] of Object.entries(labels)) {
    if (!isQualifiedName(key)) add('metadata.labels', 'a key is no qualified name');
    else if (!isLabelValue(value)) add(`metadata.labels[${key}]`, 'is no label value');
  }
  for (const key of Object.keys(annotations)) {
    if (!isQualifiedName(key.toLowerCase())) {
      add('metadata.annotations', 'a key is no qualified name');
    }
  }
  if (sizeOf(annotations) > ANNOTATIONS_SIZE) {
    add('metadata.annotations', `must have at most ${ANNOTATIONS_SIZE} bytes in all`);
  }
  return errors;
}

function isOrigin(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && /^https?:$/.test(url.protocol) && url.host !== '' && url.pathname === '/';
}

function isQualifiedName(key: string): boolean {
  const slash = key.indexOf('/');
  return slash < 0
    ? QUALIFIED.test(key)
    : isObjectName(key.slice(0, slash)) && QUALIFIED.test(key.slice(slash + 1));
}

function isLabelValue(value: unknown): boolean {
  return typeof value === 'string' && (value === '' || QUALIFIED.test(value));
}

function sizeOf(map: Readonly<Record<string, string>>): number {
  const encoder = new TextEncoder();
  return Object.entries(map).reduce(
    (size, [key, value]) => size + encoder.encode(key).length + encoder.encode(value).length,
    0,
  );
}
