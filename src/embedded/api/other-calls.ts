import { createHash } from 'node:crypto';
import type { ApiCall, EndpointTable } from './call.ts';
import { optionalText } from './fields.ts';
import { isDict, type Dict } from './json.ts';
import type { TaskRecord } from './model.ts';
import { ApiRefusal } from './refusal.ts';
import { markAlive } from './task-access.ts';
import { compilePattern } from './task-filter.ts';
import { compareVersions } from './wire.ts';

/** Calls of the services `debug`, `server`, `events`, `serving` and `routers`. */
export const OTHER_CALLS: EndpointTable = {
  'debug.ping': {
    handler: (call) => ({ msg: 'ClearML server', ...call.body }),
    needsCredentials: false,
  },
  'server.info': { handler: serverInfo, actual: '2.12' },
  'events.add': { handler: addEvent },
  'events.add_batch': { handler: addBatch },
  'serving.register_container': { handler: registerContainer },
  'serving.unregister_container': { handler: unregisterContainer },
  'serving.container_status_report': { handler: registerContainer },
  'routers.get_routes': { handler: getRoutes, featureSet: 'advanced' },
};

function serverInfo(call: ApiCall): Dict {
  const info = { version: call.profile.serverVersion, build: '', commit: '' };
  return compareVersions(call.version, '2.8') < 0
    ? info
    : { ...info, api_version: call.profile.apiVersion };
}

function addEvent(call: ApiCall): Dict {
  return countEvents(call, [call.body]);
}

function addBatch(call: ApiCall): Dict {
  if (call.batch.length === 0) throw new ApiRefusal(400, 17, 'Batch request contains no items');
  return countEvents(call, call.batch);
}

function countEvents(call: ApiCall, events: readonly Dict[]): Dict {
  const touched = new Set<TaskRecord>();
  let added = 0;
  for (const event of events) {
    const task = call.state.task(String(event['task']));
    if (task?.doc.company !== call.identity.company) continue;
    touched.add(task);
    added += 1;
    noteEvent(task, event);
  }
  for (const task of touched) markAlive(call, task);
  const errors = events.length - added;
  return { added, errors, errors_info: errors === 0 ? {} : { 'Invalid task id': errors } };
}

/** Remembers when a metric was last reported; the events themselves are not kept. */
function noteEvent(task: TaskRecord, event: Dict): void {
  const metric = typeof event['metric'] === 'string' ? event['metric'] : '';
  const key = createHash('md5').update(metric).digest('hex');
  const stats = isDict(task.doc['metric_stats']) ? task.doc['metric_stats'] : {};
  const known = isDict(stats[key]) ? stats[key]['event_stats_by_type'] : {};
  task.doc['metric_stats'] = {
    ...stats,
    [key]: {
      metric,
      event_stats_by_type: {
        ...(isDict(known) ? known : {}),
        [String(event['type'])]: { last_update: event['timestamp'] },
      },
    },
  };
}

function registerContainer(call: ApiCall): Dict {
  const id = optionalText(call.body, 'container_id');
  if (id === undefined) throw new ApiRefusal(400, 11, 'Missing required fields: container_id');
  call.state.containers.set(id, call.body);
  return {};
}

function unregisterContainer(call: ApiCall): Dict {
  call.state.containers.delete(optionalText(call.body, 'container_id') ?? '');
  return {};
}

function getRoutes(call: ApiCall): Dict {
  const name = optionalText(call.body, 'name');
  const pattern = name === undefined ? /^/ : compilePattern(name);
  return { routes: call.state.routes.filter((route) => pattern.test(route.name)) };
}
