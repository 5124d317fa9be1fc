import { AUTH_CALLS } from './auth-calls.ts';
import type { EndpointTable } from './call.ts';
import { OTHER_CALLS } from './other-calls.ts';
import { PROJECT_CALLS } from './project-calls.ts';
import { QUEUE_CALLS } from './queue-calls.ts';
import { TASK_CREATE_CALLS } from './task-create.ts';
import { TASK_EDIT_CALLS } from './task-edit.ts';
import { TASK_LIFE_CALLS } from './task-life.ts';
import { TASK_PART_CALLS } from './task-parts.ts';
import { TASK_QUERY_CALLS } from './task-queries.ts';
import { USER_CALLS } from './user-calls.ts';
import { WORKER_CALLS } from './worker-calls.ts';

/** Every call that the embedded API has; any other is 404/0. */
export const ENDPOINTS: EndpointTable = {
  ...AUTH_CALLS,
  ...USER_CALLS,
  ...TASK_CREATE_CALLS,
  ...TASK_EDIT_CALLS,
  ...TASK_LIFE_CALLS,
  ...TASK_PART_CALLS,
  ...TASK_QUERY_CALLS,
  ...PROJECT_CALLS,
  ...QUEUE_CALLS,
  ...WORKER_CALLS,
  ...OTHER_CALLS,
};
