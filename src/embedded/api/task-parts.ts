import type { ApiCall, EndpointTable } from './call.ts';
import { dictList, requiredText, textList } from './fields.ts';
import { isDict, type Dict } from './json.ts';
import type { TaskRecord } from './model.ts';
import { projectByName } from './project-calls.ts';
import { ApiRefusal } from './refusal.ts';
import { markAlive, touchTask, writableTask, writableTasks } from './task-access.ts';

/** Calls that edit parts of tasks: parameters, configuration, artifacts, tags, project, company. */
export const TASK_PART_CALLS: EndpointTable = {
  'tasks.ping': { handler: pingTask },
  'tasks.set_requirements': { handler: setRequirements },
  'tasks.edit_hyper_params': { handler: editHyperParams },
  'tasks.edit_configuration': { handler: editConfiguration },
  'tasks.add_or_update_artifacts': { handler: addArtifacts },
  'tasks.update_tags': { handler: updateTags },
  'tasks.archive': { handler: archive },
  'tasks.move': { handler: move },
  'tasks.make_public': { handler: makePublic },
  'tasks.make_private': { handler: makePrivate },
};

/** Answers 200 for any id and in any status; moves both stamps of a task of the own company. */
function pingTask(call: ApiCall): Dict {
  const [task] = writableTasks(call, [requiredText(call.body, 'task')]);
  if (task !== undefined) markAlive(call, task);
  return {};
}

function setRequirements(call: ApiCall): Dict {
  const task = writableTask(call, requiredText(call.body, 'task'));
  task.doc.script = { ...task.doc.script, requirements: call.body['requirements'] };
  touchTask(call, task, 'both');
  return { updated: 1, fields: {} };
}

function editHyperParams(call: ApiCall): Dict {
  const task = writableTask(call, requiredText(call.body, 'task'));
  const items = dictList(call.body, 'hyperparams');
  for (const item of items) {
    const section = String(item['section']);
    const old = task.doc.hyperparams[section];
    task.doc.hyperparams[section] = {
      ...(isDict(old) ? old : {}),
      [String(item['name'])]: item,
    };
  }
  const byUser = items.every((item) => item['section'] === 'properties');
  touchTask(call, task, byUser ? 'change' : 'both');
  return { updated: 1 };
}

function editConfiguration(call: ApiCall): Dict {
  const task = writableTask(call, requiredText(call.body, 'task'));
  for (const item of dictList(call.body, 'configuration')) {
    task.doc.configuration[String(item['name'])] = item;
  }
  touchTask(call, task, 'both');
  return { updated: 1 };
}

function addArtifacts(call: ApiCall): Dict {
  const task = writableTask(call, requiredText(call.body, 'task'));
  const added = dictList(call.body, 'artifacts');
  const keys = added.map((artifact) => artifact['key']);
  const old: unknown = task.doc.execution['artifacts'];
  const kept = (Array.isArray(old) ? old : [])
    .filter(isDict)
    .filter((artifact) => !keys.includes(artifact['key']));
  task.doc.execution = { ...task.doc.execution, artifacts: [...kept, ...added] };
  touchTask(call, task, 'both');
  return { updated: 1 };
}

function updateTags(call: ApiCall): Dict {
  const removed = textList(call.body, 'remove_tags');
  const added = textList(call.body, 'add_tags');
  const tasks = writableTasks(call, textList(call.body, 'ids'));
  for (const task of tasks) {
    const kept = task.doc.tags.filter((tag) => !removed.includes(tag));
    task.doc.tags = [...new Set([...kept, ...added])].sort();
    touchTask(call, task, 'change');
  }
  return { updated: tasks.length };
}

function archive(call: ApiCall): Dict {
  const tasks = textList(call.body, 'tasks').map((id) => writableTask(call, id));
  for (const task of tasks) {
    task.doc.system_tags = [...new Set([...task.doc.system_tags, 'archived'])].sort();
    task.doc['status_reason'] ??= '';
    task.doc['status_message'] ??= '';
    touchTask(call, task, 'change');
  }
  return { archived: tasks.length };
}

function move(call: ApiCall): Dict {
  const name = call.body['project_name'];
  const id = typeof name === 'string' ? projectByName(call, name).id : call.body['project'];
  if (typeof id !== 'string') throw new ApiRefusal(400, 11, 'Missing required fields: project');
  for (const task of writableTasks(call, textList(call.body, 'ids'))) {
    task.doc.project = id;
    touchTask(call, task, 'change');
  }
  return { project_id: id };
}

function makePublic(call: ApiCall): Dict {
  const tasks = writableTasks(call, textList(call.body, 'ids'));
  for (const task of tasks) {
    task.originCompany = task.doc.company;
    task.doc.company = '';
    touchTask(call, task, 'change');
  }
  return { updated: tasks.length };
}

function makePrivate(call: ApiCall): Dict {
  const tasks = textList(call.body, 'ids').flatMap((id) => publicTask(call, id));
  for (const task of tasks) {
    task.doc.company = call.identity.company;
    touchTask(call, task, 'change');
  }
  return { updated: tasks.length };
}

function publicTask(call: ApiCall, id: string): readonly TaskRecord[] {
  const task = call.state.task(id);
  return task?.doc.company === '' && task.originCompany === call.identity.company ? [task] : [];
}
