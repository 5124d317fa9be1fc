import fc from 'fast-check';

/** A request that may be anything. */
export interface StrangeRequest {
  readonly method: string;
  /** Path with its query. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

const GROUP = '/apis/clearway.dev/v1alpha1/namespaces/default';

const paths = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...knownPaths()) },
  { weight: 1, arbitrary: fc.array(segment(), { maxLength: 8 }).map((all) => `/${all.join('/')}`) },
  { weight: 3, arbitrary: fc.constantFrom(`${GROUP}/staticroutes`, `${GROUP}/staticroutes/chat`) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom(...knownPaths()), segment()).map((both) => both.join('/')),
  },
);

const selectors = fc.oneof(
  fc.constantFrom(
    ...['team=blue', 'team in (a,b)', '!team', 'team notin ()', 'a=b,', ',,', '(', 'team=blue,x'],
    ...['metadata.name=chat', 'metadata.name!=chat', 'spec.path=/x', 'metadata.name', '==', 'a==='],
  ),
  fc.string({ maxLength: 30, unit: 'binary' }),
);

const queries = fc.dictionary(
  fc.constantFrom(
    ...['labelSelector', 'fieldSelector', 'limit', 'continue', 'resourceVersion', 'includeObject'],
    ...['resourceVersionMatch', 'timeoutSeconds', 'watch', 'sendInitialEvents', 'dryRun'],
    ...['fieldManager', 'fieldValidation', 'force', 'propagationPolicy', 'pretty'],
  ),
  fc.oneof(
    selectors,
    fc.constantFrom('0', '1', 'true', 'false', '-1', '1e9', 'All', 'Strict', 'Object', ''),
    fc.integer().map(String),
  ),
  { maxKeys: 4 },
);

const headers = fc.record(
  {
    accept: fc.oneof(
      fc.constantFrom(
        ...[
          'application/json',
          'application/json;as=Table;v=v1;g=meta.k8s.io',
          '*/*',
          ';;,',
          'x/y',
        ],
        ...['application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io', 'application/yaml'],
        'application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList',
      ),
      printable(),
    ),
    'content-type': fc.oneof(
      {
        weight: 9,
        arbitrary: fc.constantFrom(
          ...['application/json', 'application/merge-patch+json', 'application/json-patch+json'],
          ...['application/apply-patch+yaml', 'application/yaml'],
          'application/vnd.kubernetes.protobuf',
        ),
      },
      {
        weight: 1,
        arbitrary: fc.constantFrom(
          ...['application/strategic-merge-patch+json', 'text/plain', 'multipart/form-data'],
          'application/json;charset=latin1',
        ),
      },
      { weight: 1, arbitrary: printable() },
    ),
    'if-none-match': printable(),
    'x-anything': printable(),
  },
  { requiredKeys: [] },
);

/** Pieces of an object as it should be, anything in their places. */
const objects = fc.record(
  {
    apiVersion: fc.constantFrom<unknown>('clearway.dev/v1alpha1', 'v1', 1, null),
    kind: fc.constantFrom<unknown>('StaticRoute', 'TaskRoute', 'DeleteOptions', {}, null),
    metadata: fc.oneof(
      fc.record(
        {
          name: fc.oneof(fc.constantFrom('chat', 'a', '__proto__', 'UPPER'), fc.anything()),
          labels: fc.anything(),
          annotations: fc.anything(),
          resourceVersion: fc.anything(),
          managedFields: fc.oneof(fc.constant([{}]), fc.anything()),
        },
        { requiredKeys: [] },
      ),
      fc.anything(),
    ),
    spec: fc.oneof(
      fc.record(
        { path: fc.oneof(fc.constant('/a'), fc.anything()), enabled: fc.anything() },
        { requiredKeys: [] },
      ),
      fc.anything(),
    ),
    status: fc.anything(),
  },
  { requiredKeys: [] },
);

const steps = fc.array(
  fc.record(
    {
      op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'nope'),
      path: fc.constantFrom('/spec/path', '/spec', '', '/metadata/labels/~1', '/-', '/__proto__/x'),
      from: fc.constantFrom('/spec', '/status', '/nope', ''),
      value: fc.anything(),
    },
    { requiredKeys: [] },
  ),
  { maxLength: 5 },
);

const bodies = fc.oneof(
  fc.constant(undefined),
  objects.map(toText),
  steps.map(toText),
  fc.json(),
  fc.string({ maxLength: 200, unit: 'binary' }),
  fc.constantFrom('{', '[[[[', '&a [*a,*a]', 'a: !!js/function x', '['.repeat(9_000), '\0'),
);

const anything = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'),
    path: paths,
    query: queries,
    headers,
    body: bodies,
  })
  .map(({ method, path, query, headers: sent, body }) => ({
    method,
    target: `${path}${toQuery(query)}`,
    headers: sent,
    body: method === 'GET' || method === 'HEAD' ? undefined : body,
  }));

/** Lists that only their selectors make strange. */
const lists = fc
  .record({
    path: fc.constantFrom(`${GROUP}/staticroutes`, '/api/v1/namespaces/default/events'),
    name: fc.constantFrom('labelSelector', 'fieldSelector'),
    selector: selectors,
  })
  .map(({ path, name, selector }) => ({
    method: 'GET',
    target: `${path}${toQuery({ [name]: selector })}`,
    headers: {},
    body: undefined,
  }));

/** Writes that only their bodies make strange. */
const writes = fc
  .record({
    kind: fc.constantFrom(
      ['POST', 'application/json', ''],
      ['PUT', 'application/json', '/chat'],
      ['PATCH', 'application/merge-patch+json', '/chat'],
      ['PATCH', 'application/merge-patch+json', '/chat/status'],
      ['PATCH', 'application/apply-patch+yaml', '/chat'],
    ),
    body: objects.map(toText),
  })
  .map(({ kind, body }) => toWrite(kind, body));

const stepped = steps.map((list) =>
  toWrite(['PATCH', 'application/json-patch+json', '/chat'], toText(list)),
);

function toWrite(
  [method = '', type = '', path = '']: readonly string[],
  body: string,
): StrangeRequest {
  const target = `${GROUP}/staticroutes${path}?fieldManager=fuzz`;
  return { method, target, headers: { 'content-type': type }, body };
}

/** Requests of every kind: such as clients send, such as nobody should, and what lies between. */
export const strangeRequests: fc.Arbitrary<StrangeRequest> = fc.oneof(
  { weight: 3, arbitrary: anything },
  { weight: 2, arbitrary: lists },
  { weight: 2, arbitrary: writes },
  { weight: 1, arbitrary: stepped },
);

function knownPaths(): readonly string[] {
  const plurals = ['taskroutes', 'staticroutes', 'routers', 'portpools'];
  return [
    ...plurals.flatMap((plural) => [`${GROUP}/${plural}`, `${GROUP}/${plural}/chat`]),
    ...[`${GROUP}/staticroutes/chat/status`, `${GROUP}/staticroutes/chat/scale`],
    ...['/apis/clearway.dev/v1alpha1/taskroutes', '/api/v1/namespaces/default/events'],
    ...['/api/v1/namespaces', '/api', '/apis', '/openapi/v3', '/openapi/v2', '/version', '/'],
    '/openapi/v3/apis/clearway.dev/v1alpha1',
    '/apis/apiextensions.k8s.io/v1/customresourcedefinitions',
    '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    '/apis/authentication.k8s.io/v1/selfsubjectreviews',
  ];
}

function segment(): fc.Arbitrary<string> {
  return fc.oneof(
    fc.constantFrom(
      'apis',
      'api',
      'v1',
      'clearway.dev',
      'namespaces',
      '..',
      '.',
      '%2e%2e',
      '%',
      '%ff',
    ),
    fc.string({ maxLength: 12, unit: 'binary' }).map(toPath),
  );
}

function toPath(text: string): string {
  return encodeURIComponent(text.toWellFormed());
}

function toQuery(query: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(query).map(([name, value]) => `${name}=${toPath(value)}`);
  return pairs.length === 0 ? '' : `?${pairs.join('&')}`;
}

/** What a header may hold. */
function printable(): fc.Arbitrary<string> {
  return fc.string({ maxLength: 40 }).map((text) => text.replaceAll(/[^\x20-\x7e]/g, ' ').trim());
}

function toText(value: unknown): string {
  return JSON.stringify(value, (_name, part: unknown) =>
    typeof part === 'bigint' ? Number(part) : part,
  );
}
