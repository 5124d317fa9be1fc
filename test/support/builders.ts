import type { EndpointRequest } from '../../src/domain/endpoint-request.ts';
import { formatMark, type Mark } from '../../src/domain/marks.ts';
import type { RouterIdentity } from '../../src/domain/plan-task-routes.ts';
import { EXTERNAL_TAG, type TaskView } from '../../src/domain/task-view.ts';

/** Id of the task that builders make when nobody names one. */
export const TASK_ID = '4f3d2c1b0a'.padEnd(32, '0');

/** A running task that asks for a default http endpoint, with what the test wants different. */
export function aTask(overrides: Partial<TaskView> = {}): TaskView {
  return {
    id: TASK_ID,
    name: 'train',
    status: 'in_progress',
    systemTags: [EXTERNAL_TAG],
    tags: [],
    runtime: { _SERVICE: 'EXTERNAL', _PORT: 8888, _ADDRESS: '192.0.2.7' },
    ...overrides,
  };
}

/** A parsed request for a default http endpoint. */
export function aRequest(overrides: Partial<EndpointRequest> = {}): EndpointRequest {
  return { protocol: 'http', name: '', target: { address: '192.0.2.7', port: 8888 }, ...overrides };
}

/** The router `gw`, which serves TCP. */
export function aRouter(overrides: Partial<RouterIdentity> = {}): RouterIdentity {
  return { name: 'gw', instance: 'i1', formerInstances: [], tcpEnabled: true, ...overrides };
}

/** A mark of the router `gw`. */
export function aMark(overrides: Partial<Mark> = {}): Mark {
  return { router: 'gw', instance: 'i1', upstreams: {}, ...overrides };
}

/** The same as a runtime holds it. */
export function aMarkText(overrides: Partial<Mark> = {}): string {
  return formatMark(aMark(overrides));
}
