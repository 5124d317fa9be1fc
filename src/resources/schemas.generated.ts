// Generated from crds/*.yaml by scripts/generate-types.ts. Do not edit: run `make generate`.

import type { Kind } from './kinds.ts';
import type { KindDefinition } from './schema.ts';

/** What crds/ says of each kind. */
export const KINDS: Readonly<Record<Kind, KindDefinition>> = {
  PortPool: {
    plural: 'portpools',
    singular: 'portpool',
    listKind: 'PortPoolList',
    shortNames: ['pp'],
    categories: ['all', 'clearway'],
    columns: [
      {
        name: 'Start',
        type: 'integer',
        description: 'First port of the range.',
        jsonPath: '.spec.start',
      },
      {
        name: 'End',
        type: 'integer',
        description: 'Last port of the range.',
        jsonPath: '.spec.end',
      },
      {
        name: 'Free',
        type: 'integer',
        description: 'Leasable ports that nobody holds.',
        jsonPath: '.status.free',
      },
      { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
      {
        name: 'Router',
        type: 'string',
        description: 'The router whose ports these are.',
        priority: 1,
        jsonPath: '.spec.router',
      },
      {
        name: 'Rest',
        type: 'integer',
        description: 'Seconds that a freed port rests.',
        priority: 1,
        jsonPath: '.spec.restSeconds',
      },
    ],
    schema: {
      description:
        'The TCP ports of a router and who holds them. Written by the router from its settings.',
      type: 'object',
      required: ['spec'],
      properties: {
        apiVersion: {
          description: 'The version of the schema of this object, clearway.dev/v1alpha1.',
          type: 'string',
        },
        kind: { description: 'The kind of this object, PortPool.', type: 'string' },
        metadata: { type: 'object' },
        spec: {
          description: 'The TCP ports that a router may lease.',
          type: 'object',
          required: ['router', 'start', 'end', 'restSeconds'],
          properties: {
            router: {
              description: 'Exact name of the router (ROUTER_NAME).',
              type: 'string',
              minLength: 1,
              maxLength: 1024,
            },
            start: {
              description: 'First port of the range.',
              type: 'integer',
              format: 'int32',
              minimum: 1,
              maximum: 65535,
            },
            end: {
              description: 'Last port of the range, itself included.',
              type: 'integer',
              format: 'int32',
              minimum: 1,
              maximum: 65535,
            },
            restSeconds: {
              description: 'Seconds that a freed port rests before another route may get it.',
              type: 'integer',
              format: 'int32',
              minimum: 0,
              maximum: 86400,
            },
          },
        },
        status: {
          description: 'Who holds which port.',
          type: 'object',
          properties: {
            observedGeneration: {
              description: 'The metadata.generation that this status was written for.',
              type: 'integer',
              format: 'int64',
              minimum: 0,
            },
            leases: {
              description: 'The ports that are held.',
              type: 'array',
              maxItems: 65535,
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['port'],
              items: {
                description: 'One port and the route that holds it.',
                type: 'object',
                required: ['port', 'route'],
                properties: {
                  port: {
                    description: 'The port.',
                    type: 'integer',
                    format: 'int32',
                    minimum: 1,
                    maximum: 65535,
                  },
                  route: {
                    description: 'Name of the TaskRoute.',
                    type: 'string',
                    minLength: 1,
                    maxLength: 253,
                  },
                },
              },
            },
            resting: {
              description:
                'Ports that were freed; nobody but the named route gets them before `until`.',
              type: 'array',
              maxItems: 65535,
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['port'],
              items: {
                description: 'One port that rests.',
                type: 'object',
                required: ['port', 'until'],
                properties: {
                  port: {
                    description: 'The port.',
                    type: 'integer',
                    format: 'int32',
                    minimum: 1,
                    maximum: 65535,
                  },
                  route: {
                    description: 'Name of the TaskRoute that held it, when that is known.',
                    type: 'string',
                    minLength: 1,
                    maxLength: 253,
                  },
                  until: {
                    description: 'When the rest is over.',
                    type: 'string',
                    format: 'date-time',
                  },
                },
              },
            },
            free: {
              description: 'Leasable ports that nobody holds.',
              type: 'integer',
              format: 'int32',
              minimum: 0,
            },
            busy: {
              description: 'Ports of the range that the proxy could not listen on.',
              type: 'array',
              maxItems: 65535,
              'x-kubernetes-list-type': 'set',
              items: {
                description: 'A port.',
                type: 'integer',
                format: 'int32',
                minimum: 1,
                maximum: 65535,
              },
            },
            conditions: {
              description: 'The latest observations of this object, one per condition type.',
              type: 'array',
              maxItems: 32,
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['type'],
              items: {
                description: 'One condition of a resource, as Kubernetes defines it.',
                type: 'object',
                required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
                properties: {
                  type: {
                    description: 'What is observed, one word.',
                    type: 'string',
                    minLength: 1,
                    maxLength: 316,
                    pattern: '^[A-Za-z]([A-Za-z0-9]*[A-Za-z0-9])?$',
                  },
                  status: {
                    description: 'Whether it holds; Unknown while nobody could tell.',
                    type: 'string',
                    enum: ['True', 'False', 'Unknown'],
                  },
                  reason: {
                    description: 'Why, one word of the documented list (docs/conditions.md).',
                    type: 'string',
                    minLength: 1,
                    maxLength: 1024,
                    pattern: '^[A-Za-z]([A-Za-z0-9]*[A-Za-z0-9])?$',
                  },
                  message: {
                    description: 'Why, as a sentence for people.',
                    type: 'string',
                    maxLength: 1024,
                  },
                  observedGeneration: {
                    description: 'The metadata.generation that this condition was set for.',
                    type: 'integer',
                    format: 'int64',
                    minimum: 0,
                  },
                  lastTransitionTime: {
                    description: 'When status last changed from one value to another.',
                    type: 'string',
                    format: 'date-time',
                  },
                },
              },
            },
          },
        },
      },
    },
  },
  Router: {
    plural: 'routers',
    singular: 'router',
    listKind: 'RouterList',
    shortNames: [],
    categories: ['all', 'clearway'],
    columns: [
      {
        name: 'Ready',
        type: 'string',
        description: 'Whether the router serves.',
        jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      },
      {
        name: 'Reason',
        type: 'string',
        description: 'Why it is ready or not.',
        jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
      },
      { name: 'URL', type: 'string', description: 'The public URL.', jsonPath: '.spec.url' },
      {
        name: 'Routes',
        type: 'integer',
        description: 'How many TaskRoutes it has.',
        jsonPath: '.status.routes',
      },
      {
        name: 'Serving',
        type: 'integer',
        description: 'How many of them are ready.',
        jsonPath: '.status.ready',
      },
      { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
      {
        name: 'Version',
        type: 'string',
        description: 'The version that runs.',
        priority: 1,
        jsonPath: '.status.version',
      },
      {
        name: 'Last Sync',
        type: 'date',
        description: 'When ClearML last answered a complete pass.',
        priority: 1,
        jsonPath: '.status.lastSync',
      },
    ],
    schema: {
      description:
        'One control plane and what it sees of its proxies. Written by the router itself.',
      type: 'object',
      required: ['spec'],
      properties: {
        apiVersion: {
          description: 'The version of the schema of this object, clearway.dev/v1alpha1.',
          type: 'string',
        },
        kind: { description: 'The kind of this object, Router.', type: 'string' },
        metadata: { type: 'object' },
        spec: {
          description: 'Desired state of a router: what its settings say.',
          type: 'object',
          required: ['name', 'url'],
          properties: {
            name: {
              description: 'Exact name of the router (ROUTER_NAME).',
              type: 'string',
              minLength: 1,
              maxLength: 1024,
            },
            url: {
              description: 'Public URL, without a path and without a trailing slash (ROUTER_URL).',
              type: 'string',
              maxLength: 1024,
              pattern: '^https?://[^/?#@\\s]+$',
            },
            tcpAddress: {
              description: 'Public address of TCP endpoints; absent when TCP is off.',
              type: 'string',
              minLength: 1,
              maxLength: 253,
            },
            tcpPorts: {
              description: 'The range of TCP ports, both ends included; absent when TCP is off.',
              type: 'object',
              required: ['start', 'end'],
              properties: {
                start: {
                  description: 'First port.',
                  type: 'integer',
                  format: 'int32',
                  minimum: 1,
                  maximum: 65535,
                },
                end: {
                  description: 'Last port.',
                  type: 'integer',
                  format: 'int32',
                  minimum: 1,
                  maximum: 65535,
                },
              },
            },
            queues: {
              description:
                'Names and patterns of the queues that are served; absent for every task.',
              type: 'array',
              maxItems: 1024,
              'x-kubernetes-list-type': 'atomic',
              items: {
                description: 'A queue name, with * and ? as in a shell.',
                type: 'string',
                minLength: 1,
                maxLength: 1024,
              },
            },
          },
        },
        status: {
          description: 'Observed state of a router.',
          type: 'object',
          properties: {
            observedGeneration: {
              description: 'The metadata.generation that this status was written for.',
              type: 'integer',
              format: 'int64',
              minimum: 0,
            },
            version: {
              description: 'The version of Clearway that runs.',
              type: 'string',
              maxLength: 253,
            },
            instance: {
              description: 'Id of this installation of the router, made once per state folder.',
              type: 'string',
              maxLength: 253,
            },
            url: { description: 'The public URL that is in use.', type: 'string', maxLength: 1024 },
            lastSync: {
              description: 'When ClearML last answered a complete pass.',
              type: 'string',
              format: 'date-time',
            },
            routes: {
              description: 'How many TaskRoutes this router has.',
              type: 'integer',
              format: 'int32',
              minimum: 0,
            },
            ready: {
              description: 'How many of them are ready.',
              type: 'integer',
              format: 'int32',
              minimum: 0,
            },
            proxies: {
              description: 'The proxies that are connected, and what each acknowledged.',
              type: 'array',
              maxItems: 256,
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['id'],
              items: {
                description: 'The workers of one nginx.',
                type: 'object',
                required: ['id', 'workers', 'configRevision', 'generation', 'complete'],
                properties: {
                  id: {
                    description: 'Id of the nginx, new for each start of it.',
                    type: 'string',
                    minLength: 1,
                    maxLength: 253,
                  },
                  workers: {
                    description: 'How many workers it has.',
                    type: 'integer',
                    format: 'int32',
                    minimum: 0,
                  },
                  configRevision: {
                    description: 'Revision of the nginx configuration that it runs.',
                    type: 'string',
                    maxLength: 253,
                  },
                  generation: {
                    description:
                      'The lowest generation of the route table that all its live workers acknowledged.',
                    type: 'integer',
                    format: 'int64',
                    minimum: 0,
                  },
                  complete: { description: 'Whether all its workers are live.', type: 'boolean' },
                },
              },
            },
            conditions: {
              description: 'The latest observations of this object, one per condition type.',
              type: 'array',
              maxItems: 32,
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['type'],
              items: {
                description: 'One condition of a resource, as Kubernetes defines it.',
                type: 'object',
                required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
                properties: {
                  type: {
                    description: 'What is observed, one word.',
                    type: 'string',
                    minLength: 1,
                    maxLength: 316,
                    pattern: '^[A-Za-z]([A-Za-z0-9]*[A-Za-z0-9])?$',
                  },
                  status: {
                    description: 'Whether it holds; Unknown while nobody could tell.',
                    type: 'string',
                    enum: ['True', 'False', 'Unknown'],
                  },
                  reason: {
                    description: 'Why, one word of the documented list (docs/conditions.md).',
                    type: 'string',
                    minLength: 1,
                    maxLength: 1024,
                    pattern: '^[A-Za-z]([A-Za-z0-9]*[A-Za-z0-9])?$',
                  },
                  message: {
                    description: 'Why, as a sentence for people.',
                    type: 'string',
                    maxLength: 1024,
                  },
                  observedGeneration: {
                    description: 'The metadata.generation that this condition was set for.',
                    type: 'integer',
                    format: 'int64',
                    minimum: 0,
                  },
                  lastTransitionTime: {
                    description: 'When status last changed from one value to another.',
                    type: 'string',
                    format: 'date-time',
                  },
                },
              },
            },
          },
        },
      },
    },
  },
  StaticRoute: {
    plural: 'staticroutes',
    singular: 'staticroute',
    listKind: 'StaticRouteList',
    shortNames: ['sr'],
    categories: ['all', 'clearway'],
    columns: [
      {
        name: 'Path',
        type: 'string',
        description: 'The path at the root of the router.',
        jsonPath: '.spec.path',
      },
      {
        name: 'Enabled',
        type: 'boolean',
        description: 'Whether tasks may be served there.',
        jsonPath: '.spec.enabled',
      },
      { name: 'Access', type: 'string', description: 'Who gets in.', jsonPath: '.spec.access' },
      {
        name: 'State',
        type: 'string',
        description: 'Whether a task is served there.',
        jsonPath: '.status.state',
      },
      {
        name: 'Reason',
        type: 'string',
        description: 'Why it is ready or not.',
        jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
      },
      { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
      {
        name: 'URL',
        type: 'string',
        description: 'The address that users open.',
        priority: 1,
        jsonPath: '.status.url',
      },
      {
        name: 'Targets',
        type: 'string',
        description: 'The addresses that the proxy connects to.',
        priority: 1,
        jsonPath: '.status.targets',
      },
      {
        name: 'Task',
        type: 'string',
        description: 'The tasks that ask for it, the one that is served first.',
        priority: 1,
        jsonPath: '.status.tasks[*].name',
      },
    ],
    schema: {
      description:
        'An address that an administrator defined. A task that asks for it by its name is served there.',
      type: 'object',
      required: ['spec'],
      properties: {
        apiVersion: {
          description: 'The version of the schema of this object, clearway.dev/v1alpha1.',
          type: 'string',
        },
        kind: { description: 'The kind of this object, StaticRoute.', type: 'string' },
        metadata: { type: 'object' },
        spec: {
          description: 'Desired state of an address.',
          type: 'object',
          required: ['path'],
          properties: {
            path: {
              description:
                'Path at the root of the router, one name after a slash, such as /chat; /service is taken.',
              type: 'string',
              minLength: 2,
              maxLength: 64,
              pattern: '^/[A-Za-z0-9][A-Za-z0-9_-]*$',
            },
            enabled: {
              description:
                'Whether tasks may be served there. Connections end when it becomes false.',
              type: 'boolean',
              default: true,
            },
            access: {
              description:
                'Who gets in, authenticated callers that may use the task, or everybody without a sign-in (public).',
              type: 'string',
              enum: ['authenticated', 'public'],
              default: 'authenticated',
            },
            pathMode: {
              description:
                'Whether the application gets the path with its prefix (keep) or without (strip). Absent, the tag of the task decides, and strip without one.',
              type: 'string',
              enum: ['strip', 'keep'],
            },
            router: {
              description:
                'Exact name of the router that serves it (ROUTER_NAME); absent, every router of the namespace.',
              type: 'string',
              minLength: 1,
              maxLength: 1024,
            },
          },
        },
        status: {
          description: 'Observed state of a StaticRoute.',
          type: 'object',
          properties: {
            observedGeneration: {
              description: 'The metadata.generation that this status was written for.',
              type: 'integer',
              format: 'int64',
              minimum: 0,
            },
            url: { description: 'The address that users open.', type: 'string', maxLength: 2048 },
            state: {
              description:
                'NotInUse when no task asks for it, Pending while one does and is not served yet, Routing when one is served.',
              type: 'string',
              enum: ['NotInUse', 'Pending', 'Routing'],
            },
            route: {
              description:
                'Name of the TaskRoute that is served there; the first comer keeps the address until its task ends.',
              type: 'string',
              maxLength: 253,
            },
            targets: {
              description: 'The addresses that the proxy connects to, as address:port.',
              type: 'array',
              maxItems: 64,
              'x-kubernetes-list-type': 'atomic',
              items: { description: 'An address and its port.', type: 'string', maxLength: 300 },
            },
            tasks: {
              description:
                'The tasks that ask for it, the one that is served first, the others in the order of their coming.',
              type: 'array',
              maxItems: 64,
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['route'],
              items: {
                description: 'A task that asks for the address.',
                type: 'object',
                required: ['id', 'name', 'route'],
                properties: {
                  id: {
                    description: 'Id of the task.',
                    type: 'string',
                    minLength: 1,
                    maxLength: 63,
                  },
                  name: {
                    description: 'Name of the task, for people.',
                    type: 'string',
                    maxLength: 1024,
                  },
                  route: {
                    description: 'Name of its TaskRoute.',
                    type: 'string',
                    minLength: 1,
                    maxLength: 253,
                  },
                },
              },
            },
            conditions: {
              description: 'The latest observations of this object, one per condition type.',
              type: 'array',
              maxItems: 32,
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['type'],
              items: {
                description: 'One condition of a resource, as Kubernetes defines it.',
                type: 'object',
                required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
                properties: {
                  type: {
                    description: 'What is observed, one word.',
                    type: 'string',
                    minLength: 1,
                    maxLength: 316,
                    pattern: '^[A-Za-z]([A-Za-z0-9]*[A-Za-z0-9])?$',
                  },
                  status: {
                    description: 'Whether it holds; Unknown while nobody could tell.',
                    type: 'string',
                    enum: ['True', 'False', 'Unknown'],
                  },
                  reason: {
                    description: 'Why, one word of the documented list (docs/conditions.md).',
                    type: 'string',
                    minLength: 1,
                    maxLength: 1024,
                    pattern: '^[A-Za-z]([A-Za-z0-9]*[A-Za-z0-9])?$',
                  },
                  message: {
                    description: 'Why, as a sentence for people.',
                    type: 'string',
                    maxLength: 1024,
                  },
                  observedGeneration: {
                    description: 'The metadata.generation that this condition was set for.',
                    type: 'integer',
                    format: 'int64',
                    minimum: 0,
                  },
                  lastTransitionTime: {
                    description: 'When status last changed from one value to another.',
                    type: 'string',
                    format: 'date-time',
                  },
                },
              },
            },
          },
        },
      },
    },
  },
  TaskRoute: {
    plural: 'taskroutes',
    singular: 'taskroute',
    listKind: 'TaskRouteList',
    shortNames: ['tr'],
    categories: ['all', 'clearway'],
    columns: [
      {
        name: 'Protocol',
        type: 'string',
        description: 'What the endpoint speaks.',
        jsonPath: '.spec.protocol',
      },
      {
        name: 'Ready',
        type: 'string',
        description: 'Whether users can be sent to the endpoint.',
        jsonPath: '.status.conditions[?(@.type=="Ready")].status',
      },
      {
        name: 'Reason',
        type: 'string',
        description: 'Why it is ready or not.',
        jsonPath: '.status.conditions[?(@.type=="Ready")].reason',
      },
      {
        name: 'Endpoint',
        type: 'string',
        description: 'The URL of an http endpoint.',
        jsonPath: '.status.endpoint',
      },
      {
        name: 'Port',
        type: 'integer',
        description: 'The external port of a tcp endpoint.',
        jsonPath: '.status.externalPort',
      },
      { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
      {
        name: 'Answering',
        type: 'string',
        description: 'Whether the application answers.',
        priority: 1,
        jsonPath: '.status.conditions[?(@.type=="Answering")].status',
      },
      {
        name: 'Upstream',
        type: 'string',
        description: 'The address that the proxy connects to.',
        priority: 1,
        jsonPath: '.status.upstream.address',
      },
      {
        name: 'Upstream Port',
        type: 'integer',
        description: 'The port that the proxy connects to.',
        priority: 1,
        jsonPath: '.status.upstream.port',
      },
      {
        name: 'Task',
        type: 'string',
        description: 'The name of the task in ClearML.',
        priority: 1,
        jsonPath: '.spec.task.name',
      },
      {
        name: 'Static Route',
        type: 'string',
        description: 'The StaticRoute that the task asks to be served at.',
        priority: 1,
        jsonPath: '.spec.staticRoute',
      },
      {
        name: 'Router',
        type: 'string',
        description: 'The router that serves it.',
        priority: 1,
        jsonPath: '.spec.router',
      },
    ],
    schema: {
      description:
        'One endpoint of one ClearML task. Derived from ClearML by the router; not written by people.',
      type: 'object',
      required: ['spec'],
      properties: {
        apiVersion: {
          description: 'The version of the schema of this object, clearway.dev/v1alpha1.',
          type: 'string',
        },
        kind: { description: 'The kind of this object, TaskRoute.', type: 'string' },
        metadata: { type: 'object' },
        spec: {
          description: 'Desired state of one endpoint of one task.',
          type: 'object',
          required: ['router', 'task', 'protocol', 'endpointName'],
          properties: {
            router: {
              description: 'Exact name of the router (ROUTER_NAME).',
              type: 'string',
              minLength: 1,
              maxLength: 1024,
            },
            task: {
              description: 'The ClearML task that asks for the endpoint.',
              type: 'object',
              required: ['id', 'name'],
              properties: {
                id: {
                  description: 'Id of the task.',
                  type: 'string',
                  minLength: 1,
                  maxLength: 63,
                  pattern: '^[a-z0-9]([a-z0-9-]*[a-z0-9])?$',
                },
                name: {
                  description: 'Name of the task, for people.',
                  type: 'string',
                  maxLength: 1024,
                },
                user: {
                  description: 'Id of the user who owns the task.',
                  type: 'string',
                  maxLength: 253,
                },
                company: {
                  description: 'Id of the company (tenant) that the task belongs to.',
                  type: 'string',
                  maxLength: 253,
                },
                queue: {
                  description: 'Id of the queue that the task was enqueued in.',
                  type: 'string',
                  maxLength: 253,
                },
              },
            },
            protocol: {
              description: 'What the endpoint speaks; tcp forwards bytes untouched.',
              type: 'string',
              enum: ['http', 'tcp'],
            },
            endpointName: {
              description:
                'Name of the endpoint as the task wrote it; empty for the default endpoint.',
              type: 'string',
              maxLength: 1024,
            },
            target: {
              description: 'What the task asks for; absent when the request is refused.',
              type: 'object',
              required: ['address', 'port'],
              properties: {
                address: {
                  description:
                    "IP address or host name that the task gave; empty where it gave only this router's own, so its container or worker has to be found.",
                  type: 'string',
                  maxLength: 253,
                },
                port: {
                  description: 'Port that the task listens on.',
                  type: 'integer',
                  format: 'int32',
                  minimum: 1,
                  maximum: 65535,
                },
              },
            },
            refusal: {
              description: 'Why the request is refused.',
              type: 'object',
              required: ['reason', 'message'],
              properties: {
                reason: {
                  description: 'One word of the documented list (docs/conditions.md).',
                  type: 'string',
                  minLength: 1,
                  maxLength: 253,
                  pattern: '^[A-Za-z]([A-Za-z0-9]*[A-Za-z0-9])?$',
                },
                message: {
                  description: 'A sentence for people; it says what to change.',
                  type: 'string',
                  maxLength: 1024,
                },
              },
            },
            staticRoute: {
              description:
                'Name of the StaticRoute that the task asks to be served at, as the task wrote it. http only.',
              type: 'string',
              minLength: 1,
              maxLength: 1024,
            },
            pathMode: {
              description:
                'Whether the application gets the path with its prefix (keep) or without (strip). http only.',
              type: 'string',
              enum: ['strip', 'keep'],
            },
          },
        },
        status: {
          description: 'Observed state of a TaskRoute.',
          type: 'object',
          properties: {
            observedGeneration: {
              description: 'The metadata.generation that this status was written for.',
              type: 'integer',
              format: 'int64',
              minimum: 0,
            },
            endpoint: {
              description: 'http: the URL for programs.',
              type: 'string',
              maxLength: 2048,
            },
            browserEndpoint: {
              description: 'http: the URL for browsers.',
              type: 'string',
              maxLength: 2048,
            },
            externalAddress: {
              description: 'tcp: the address that users connect to.',
              type: 'string',
              maxLength: 253,
            },
            externalPort: {
              description: 'tcp: the port that users connect to, leased from the PortPool.',
              type: 'integer',
              format: 'int32',
              minimum: 1,
              maximum: 65535,
            },
            upstream: {
              description:
                'Where the proxy connects; kept while UpstreamResolved is False for a reason that may pass.',
              type: 'object',
              required: ['address', 'port', 'source'],
              properties: {
                address: {
                  description: 'IP address, v6 without brackets.',
                  type: 'string',
                  minLength: 1,
                  maxLength: 253,
                },
                port: {
                  description: 'Port.',
                  type: 'integer',
                  format: 'int32',
                  minimum: 1,
                  maximum: 65535,
                },
                source: {
                  description:
                    "Who said so, the task itself, the Docker engine, ClearML's list of workers, or our mark on the task.",
                  type: 'string',
                  enum: ['task', 'engine', 'worker', 'mark'],
                },
              },
            },
            conditions: {
              description: 'The latest observations of this object, one per condition type.',
              type: 'array',
              maxItems: 32,
              'x-kubernetes-list-type': 'map',
              'x-kubernetes-list-map-keys': ['type'],
              items: {
                description: 'One condition of a resource, as Kubernetes defines it.',
                type: 'object',
                required: ['type', 'status', 'reason', 'message', 'lastTransitionTime'],
                properties: {
                  type: {
                    description: 'What is observed, one word.',
                    type: 'string',
                    minLength: 1,
                    maxLength: 316,
                    pattern: '^[A-Za-z]([A-Za-z0-9]*[A-Za-z0-9])?$',
                  },
                  status: {
                    description: 'Whether it holds; Unknown while nobody could tell.',
                    type: 'string',
                    enum: ['True', 'False', 'Unknown'],
                  },
                  reason: {
                    description: 'Why, one word of the documented list (docs/conditions.md).',
                    type: 'string',
                    minLength: 1,
                    maxLength: 1024,
                    pattern: '^[A-Za-z]([A-Za-z0-9]*[A-Za-z0-9])?$',
                  },
                  message: {
                    description: 'Why, as a sentence for people.',
                    type: 'string',
                    maxLength: 1024,
                  },
                  observedGeneration: {
                    description: 'The metadata.generation that this condition was set for.',
                    type: 'integer',
                    format: 'int64',
                    minimum: 0,
                  },
                  lastTransitionTime: {
                    description: 'When status last changed from one value to another.',
                    type: 'string',
                    format: 'date-time',
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};
