import type { Seed, SeedTask } from '../../src/embedded/api/seed.ts';

/** What was there before a file was recorded, and what happened between its lines. */
export interface GoldenSetup {
  /** Unix time at which the replay's clock starts. */
  readonly startSeconds: number;
  readonly seed: Seed;
  /** Calls that alice made before, unrecorded. */
  readonly calls: readonly { readonly endpoint: string; readonly body: unknown }[];
  /** What somebody else did just before exchange `n`. */
  readonly interludes: Readonly<
    Record<number, { readonly user: string; readonly endpoint: string; readonly body: unknown }>
  >;
}

const QUEUE_ONE = '6dfe4586aaa74c39af319b7e8df06fa4';
const QUEUE_TWO = '6b48871c9e464ee4b8c5207e02375f20';
const ALICE_KEY = { accessKey: '7UP2DFFJEFHWQ2LREDN8D9C7X6J8YV', secretKey: '<secret 1>' };
const SDK_KEY = { accessKey: '5KHZ4KYWG603V57JYFBD2QS0OPMMUA', secretKey: '<secret 9>' };
const GATEWAY_TASK = '275a440ab98b45f7bdcbfc249ef6683f';

const STARTS: Readonly<Record<string, number>> = {
  '01': 1795384180,
  '02': 1795384190,
  '15': 1795384188,
  '21': 1795384254,
  '22': 1795384377,
  '23': 1795384436,
};

/** The setup of a file, by its number. */
export function setupOf(file: string): GoldenSetup {
  const number = file.slice(0, 2);
  return {
    startSeconds: STARTS[number] ?? 1795384186,
    seed: seedOf(number),
    calls: CALLS[number] ?? [],
    interludes: INTERLUDES[number] ?? {},
  };
}

function seedOf(number: string): Seed {
  return {
    companies: { clearml: 'd1bd92a3b039400cbafc60a7a5b1e52b' },
    users: [
      { name: 'tests', id: '__tests__', displayName: 'Default User' },
      {
        name: 'alice',
        id: 'ebd9c614fe1dfb0bcb4618861bd238fd',
        displayName: 'Alice A',
        password: 'alice-pass',
        ...(number === '01' ? {} : number === '21' ? SDK_KEY : ALICE_KEY),
      },
      {
        name: 'bob',
        id: '1c44282c289e4ad9bb1a55cb9c0e5a56',
        displayName: 'Bob B',
        password: 'bob-pass',
      },
      {
        name: 'services agent',
        id: '__services_agent__',
        accessKey: 'ADMINKEY0000000000000000000000',
        secretKey: '<secret 3>',
        role: 'admin',
        service: true,
      },
      {
        name: 'api server',
        id: '__apiserver__',
        accessKey: '62T8CP7HGBC6647XF9314C2VY67RJO',
        secretKey: '<secret 4>',
        role: 'system',
        service: true,
      },
    ],
    queues: [
      { name: 'default', id: '20ea0f61bf484b2b945f8459ff77f75f', systemTags: ['default'] },
      ...(QUEUES[number] ?? []),
    ],
    projects: ['11', '12', '14', '15', '21', '22'].includes(number)
      ? [{ name: 'gateway/proj', id: '88069f6233604138895e214313c3bef6' }]
      : [],
    tasks: TASKS[number] ?? [],
  };
}

const ONE = { name: 'q one', id: QUEUE_ONE };
const TWO = { name: 'queue two', id: QUEUE_TWO };
const GLUE = {
  name: 'glueq',
  id: 'fcafdc7020834f54b800f24b9eeb0db4',
  systemTags: ['k8s-glue'],
};
const LATER = { name: 'nosuchq', id: 'ec7907cbb07b47339abf078352d697b4' };

const QUEUES: Readonly<Record<string, Seed['queues']>> = {
  '06': [ONE],
  '07': [ONE],
  '10': [ONE, GLUE, LATER],
  '11': [ONE, TWO],
  '12': [ONE, TWO],
  '14': [ONE, TWO],
  '15': [ONE, TWO],
  '22': [ONE, GLUE, LATER, TWO],
};

function service(id: string, name: string, more: Partial<SeedTask> = {}): SeedTask {
  return { type: 'service', user: 'alice', ...more, id, name };
}

const ASKING = { systemTags: ['external_service'] };
/** Tasks of the recorded queries, in the order of their creation; the stamps keep that of their last change. */
const QUERIED: readonly SeedTask[] = [
  service('4b3682c5dfc74068acc01b4e49dc76e8', 'qd-1 running', {
    ...ASKING,
    status: 'in_progress',
    queue: 'q one',
    project: 'gateway/proj',
    lastChange: '2026-11-22T21:49:40.001Z',
    runtime: {
      _SERVICE: 'EXTERNAL',
      _PORT: 8000,
      _ADDRESS: '10.0.0.1',
      endpoint: 'http://gw/service/x/',
      'a.b': 1,
      d: { x: { y: 2 } },
      'CLEARML VERSION': '2.1.7',
    },
  }),
  service('22232ea49ea7424dac62735dbc22d70e', 'qd-2 running archived', {
    systemTags: ['archived', 'external_service'],
    status: 'in_progress',
    queue: 'q one',
    lastChange: '2026-11-22T21:49:40.002Z',
    runtime: { _SERVICE: 'EXTERNAL', _PORT: 8001 },
  }),
  service('4bf1e6cf1b2348ff8dcdf814367826b3', 'qd-3 stopped', {
    ...ASKING,
    status: 'stopped',
    queue: 'q one',
    lastChange: '2026-11-22T21:49:40.003Z',
    runtime: { _SERVICE: 'EXTERNAL_TCP', external_tcp_port: 22 },
  }),
  service('c8b2394bedb449cd8a52d38dcdcbacab', 'qd-4 created untagged', {
    lastChange: '2026-11-22T21:49:40.009Z',
  }),
  service('62f1c92e4560435caeb4d3d088dbbcd1', 'qd-5 running hidden', {
    systemTags: ['external_service', 'hidden'],
    status: 'in_progress',
    lastChange: '2026-11-22T21:49:40.005Z',
  }),
  service('d33e5a5dc3a940e18e3258a44d623dae', 'qd-6 queued queue two', {
    ...ASKING,
    status: 'queued',
    queue: 'queue two',
    lastChange: '2026-11-22T21:49:40.006Z',
  }),
  service('2e777c5eab684479b4a820a1dc0f4e0f', 'qd-7 bob running', {
    ...ASKING,
    user: 'bob',
    tags: ['u1'],
    status: 'in_progress',
    lastChange: '2026-11-22T21:49:40.007Z',
    runtime: { _PORT: 8002 },
  }),
  service('474183391ddf4a26b97d6d74d03db0c4', 'qd-8 public', {
    ...ASKING,
    lastChange: '2026-11-22T21:49:40.008Z',
  }),
];

const BULK: readonly SeedTask[] = Array.from({ length: 507 }, (_, index) => ({
  name: `bulk-${String(index).padStart(4, '0')}`,
  type: 'service',
  user: 'alice',
}));

const BY_STATUS = {
  created: '77348baf217946c28e0f98d0ec6e905c',
  queued: 'cf7f57acb4164d28997c4eb0e88636fe',
  in_progress: 'bda5ba274ab541e6a9a4f3786a397210',
  stopped: 'ec33438426324a0eb8d879f69a92942b',
  failed: '415acd7821b34ea3b67c1ce85876269d',
  completed: 'b28bd4d0e0ee43eba8ccd03af30a9740',
  published: 'c256926be0ef48e8b73047ddf361f59c',
};

const TASKS: Readonly<Record<string, readonly SeedTask[]>> = {
  '06': [
    service('ef51b8fd27144616afc10ed05d6d25ce', 'life', {
      systemTags: ['development', 'external_service'],
      runtime: { _PORT: 1, endpoint: 'http://x/' },
    }),
    service('c4d57181a910451abebd4a0df71b72cd', 'task 2'),
    service('ff730791e9ae4f478639f164289f318b', 'task 3'),
    service('a0afb404b9eb487ca17396a6d2fc97f7', 'task 4'),
    service('9492aa5ed876439898e38525a37d7db6', 'task 5'),
    service('74de89219a4c4c749b45d6b3e88c5cf9', 'dev task', {
      systemTags: ['development', 'external_service'],
    }),
  ],
  '07': Object.entries(BY_STATUS).map(([status, id]) => service(id, `st ${status}`)),
  '08': [
    service('98d29c7136ca4b358e06c2ed9f4d4ea6', 'values'),
    service('5aae24828d1e4a66bbee620c9f22a040', 'poison'),
  ],
  '09': [
    service('5c9406155fb049b5872832734cd52cbb', 'stamps', { ...ASKING, status: 'in_progress' }),
  ],
  '10': [
    service('a0afb404b9eb487ca17396a6d2fc97f7', 'task 4'),
    service('ff730791e9ae4f478639f164289f318b', 'task 3'),
    service('9492aa5ed876439898e38525a37d7db6', 'task 5'),
    service('74de89219a4c4c749b45d6b3e88c5cf9', 'dev task'),
    service('cf7f57acb4164d28997c4eb0e88636fe', 'st queued'),
    service('72113ea7519548ecb6f23578e0ef4587', 'wtask', ASKING),
  ],
  '11': QUERIED,
  '12': QUERIED,
  '14': [...QUERIED, ...BULK],
  '15': QUERIED,
  '22': [
    service('a0afb404b9eb487ca17396a6d2fc97f7', 'task 4'),
    service('ff730791e9ae4f478639f164289f318b', 'task 3'),
    service('74de89219a4c4c749b45d6b3e88c5cf9', 'dev task'),
    service('cf7f57acb4164d28997c4eb0e88636fe', 'st queued'),
    service('72113ea7519548ecb6f23578e0ef4587', 'wtask', ASKING),
    service('d33e5a5dc3a940e18e3258a44d623dae', 'qd-6 queued queue two'),
    service('e9d73d1f48944a30bdfb81d9b55a66a9', 'stamps 2', { status: 'in_progress' }),
  ],
};

function enqueue(task: string, queue?: string): { endpoint: string; body: unknown } {
  return { endpoint: 'tasks.enqueue', body: queue === undefined ? { task } : { task, queue } };
}

const PUBLIC = [
  { endpoint: 'tasks.make_public', body: { ids: ['474183391ddf4a26b97d6d74d03db0c4'] } },
  // The recording made it public before it touched the untagged task.
  { endpoint: 'tasks.update', body: { task: 'c8b2394bedb449cd8a52d38dcdcbacab', comment: 'c' } },
];
const WAITING = [
  enqueue('a0afb404b9eb487ca17396a6d2fc97f7'),
  enqueue('ff730791e9ae4f478639f164289f318b', LATER.id),
];

const CALLS: Readonly<Record<string, GoldenSetup['calls']>> = {
  '07': [
    enqueue(BY_STATUS.queued, QUEUE_ONE),
    ...[BY_STATUS.in_progress, BY_STATUS.stopped, BY_STATUS.failed, BY_STATUS.completed].map(
      (task) => ({ endpoint: 'tasks.started', body: { task } }),
    ),
    { endpoint: 'tasks.stopped', body: { task: BY_STATUS.stopped } },
    { endpoint: 'tasks.failed', body: { task: BY_STATUS.failed } },
    { endpoint: 'tasks.completed', body: { task: BY_STATUS.completed } },
    { endpoint: 'tasks.started', body: { task: BY_STATUS.published } },
    { endpoint: 'tasks.completed', body: { task: BY_STATUS.published } },
    { endpoint: 'tasks.publish', body: { task: BY_STATUS.published } },
  ],
  '10': [
    ...WAITING,
    enqueue('9492aa5ed876439898e38525a37d7db6', QUEUE_ONE),
    enqueue('74de89219a4c4c749b45d6b3e88c5cf9', QUEUE_ONE),
    enqueue('cf7f57acb4164d28997c4eb0e88636fe', QUEUE_ONE),
    enqueue('72113ea7519548ecb6f23578e0ef4587', QUEUE_ONE),
  ],
  '12': PUBLIC,
  '14': PUBLIC,
  '15': PUBLIC,
  '22': [
    ...WAITING,
    enqueue('74de89219a4c4c749b45d6b3e88c5cf9', QUEUE_ONE),
    enqueue('cf7f57acb4164d28997c4eb0e88636fe', QUEUE_ONE),
    enqueue('72113ea7519548ecb6f23578e0ef4587', QUEUE_ONE),
    enqueue('d33e5a5dc3a940e18e3258a44d623dae', QUEUE_TWO),
  ],
};

/** The recorded SDK session had a gateway, which signed in as bob. */
const INTERLUDES: Readonly<Record<string, GoldenSetup['interludes']>> = {
  '21': {
    20: {
      user: 'bob',
      endpoint: 'tasks.edit_runtime',
      body: {
        task: GATEWAY_TASK,
        add_or_update: { endpoint: `http://gw.example/service/${GATEWAY_TASK}/` },
      },
    },
  },
};
