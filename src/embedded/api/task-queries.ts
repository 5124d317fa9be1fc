import type { ApiCall, EndpointTable } from './call.ts';
import { requiredText } from './fields.ts';
import type { Dict } from './json.ts';
import { ApiRefusal } from './refusal.ts';
import { readableTask } from './task-access.ts';
import { selectTasks } from './task-filter.ts';
import { orderTasks, pageTasks } from './task-order.ts';
import { expandedProjection, plainProjection, type Projection } from './task-projection.ts';

/** Calls that read tasks. */
export const TASK_QUERY_CALLS: EndpointTable = {
  'tasks.get_by_id': { handler: getById },
  'tasks.get_all': { handler: getAll },
  'tasks.get_all_ex': { handler: getAllExpanded },
  'tasks.get_by_id_ex': { handler: getByIdExpanded },
};

function getById(call: ApiCall): Dict {
  return { task: readableTask(call, requiredText(call.body, 'task')).doc };
}

function getAll(call: ApiCall): Dict {
  return query(call, plainProjection(call.body), true);
}

function getAllExpanded(call: ApiCall): Dict {
  return query(call, expandedProjection(call), call.body['allow_public'] !== false);
}

function getByIdExpanded(call: ApiCall): Dict {
  if (call.body['id'] === undefined) {
    throw new ApiRefusal(400, 11, 'Missing required fields: missing=(id)');
  }
  return query(call, expandedProjection(call), true);
}

function query(call: ApiCall, project: Projection, publicTasks: boolean): Dict {
  const ordered = orderTasks(selectTasks(call, { publicTasks }), call.body);
  const page = pageTasks(ordered, call.body, call.state, call.newId);
  return {
    tasks: page.tasks.map((task) => project(task.doc)),
    ...(page.scrollId === undefined ? {} : { scroll_id: page.scrollId }),
  };
}
