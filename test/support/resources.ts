import type {
  PortPoolSpec,
  StaticRouteSpec,
  TaskRouteSpec,
} from '../../src/resources/generated.ts';
import type { Draft } from '../../src/store/contract.ts';

/** A spec of a default http endpoint, with what the test wants different. */
export function aTaskRouteSpec(overrides: Partial<TaskRouteSpec> = {}): TaskRouteSpec {
  return {
    router: 'router-a',
    task: { id: '4f3d2c1b0a', name: 'train' },
    protocol: 'http',
    endpointName: '',
    target: { address: '192.0.2.7', port: 8888 },
    pathMode: 'strip',
    ...overrides,
  };
}

/** A TaskRoute to create. */
export function aTaskRoute(
  name: string,
  overrides: Partial<TaskRouteSpec> = {},
): Draft<'TaskRoute'> {
  return {
    kind: 'TaskRoute',
    metadata: { name, labels: { 'clearway.dev/router': 'router-a' } },
    spec: aTaskRouteSpec(overrides),
  };
}

/** A PortPool to create. */
export function aPortPool(name: string, overrides: Partial<PortPoolSpec> = {}): Draft<'PortPool'> {
  return {
    kind: 'PortPool',
    metadata: { name },
    spec: { router: 'router-a', start: 30_000, end: 30_009, restSeconds: 60, ...overrides },
  };
}

/** A StaticRoute to create: enabled, for callers who may use the task. */
export function aStaticRoute(
  name: string,
  overrides: Partial<StaticRouteSpec> = {},
): Draft<'StaticRoute'> {
  return {
    kind: 'StaticRoute',
    metadata: { name },
    spec: { path: `/${name}`, enabled: true, access: 'authenticated', ...overrides },
  };
}
