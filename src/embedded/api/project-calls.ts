import type { ApiCall, EndpointTable } from './call.ts';
import { optionalText, requiredText, textList } from './fields.ts';
import type { Dict } from './json.ts';
import type { Project } from './model.ts';
import { ApiRefusal, validationError } from './refusal.ts';
import { formatStamp } from './stamps.ts';
import { compilePattern } from './task-filter.ts';

/** Calls of the service `projects`. */
export const PROJECT_CALLS: EndpointTable = {
  'projects.create': { handler: createProject },
  'projects.get_by_id': { handler: getById },
  'projects.get_all': { handler: (call) => ({ projects: listed(call, false) }) },
  'projects.get_all_ex': { handler: (call) => ({ projects: listed(call, true) }) },
};

/** The project of this name in the caller's company, made with its parents when there is none. */
export function projectByName(call: ApiCall, name: string): Project {
  const known = ownProjects(call).find((project) => project.name === name);
  if (known !== undefined) return known;
  const parent = parentName(name);
  if (parent !== undefined) projectByName(call, parent);
  const project: Project = {
    id: call.newId(),
    name,
    company: call.identity.company,
    user: call.identity.user,
    description: optionalText(call.body, 'description') ?? '',
    created: call.stamper.next(),
    systemTags: textList(call.body, 'system_tags'),
  };
  call.state.projects.set(project.id, project);
  return project;
}

function createProject(call: ApiCall): Dict {
  const name = call.body['name'];
  if (name === undefined || name === null) {
    throw new ApiRefusal(400, 11, 'Missing required fields: missing=(name)');
  }
  if (typeof name !== 'string' || name.length < 3) {
    throw validationError('Project name cannot be blank');
  }
  if (ownProjects(call).some((project) => project.name === name)) {
    throw new ApiRefusal(400, 801, `Project with the same name already exists: name=${name}`);
  }
  return { id: projectByName(call, name).id };
}

function getById(call: ApiCall): Dict {
  const id = requiredText(call.body, 'project');
  const project = call.state.projects.get(id);
  if (project?.company !== call.identity.company) {
    throw new ApiRefusal(400, 401, `Invalid project id: id=${id}`);
  }
  return { project: describe(call, project) };
}

function listed(call: ApiCall, expanded: boolean): readonly Dict[] {
  const ids = textList(call.body, 'id');
  const fields = textList(call.body, 'only_fields');
  const name = optionalText(call.body, 'name');
  const pattern = name === undefined ? undefined : compilePattern(name);
  return ownProjects(call)
    .filter((project) => ids.length === 0 || ids.includes(project.id))
    .filter((project) => pattern === undefined || pattern.test(project.name))
    .map((project) => {
      const shown = describe(call, project);
      const full = expanded ? { ...shown, company: { id: project.company } } : shown;
      return fields.length === 0
        ? full
        : Object.fromEntries(Object.entries(full).filter(([key]) => fields.includes(key)));
    });
}

function describe(call: ApiCall, project: Project): Dict {
  const parents = ancestors(call, project);
  const parent = parents.at(-1);
  return {
    id: project.id,
    company: project.company,
    user: project.user,
    name: project.name,
    basename: project.name.split('/').at(-1),
    description: project.description ?? '',
    created: formatStamp(project.created),
    tags: [],
    system_tags: project.systemTags,
    last_update: formatStamp(project.created),
    featured: 9999,
    ...(parent === undefined ? {} : { parent }),
    path: parents,
  };
}

function ancestors(call: ApiCall, project: Project): readonly string[] {
  const name = parentName(project.name);
  const parent = ownProjects(call).find((other) => other.name === name);
  return parent === undefined ? [] : [...ancestors(call, parent), parent.id];
}

function parentName(name: string): string | undefined {
  const at = name.lastIndexOf('/');
  return at < 0 ? undefined : name.slice(0, at);
}

function ownProjects(call: ApiCall): readonly Project[] {
  const { company } = call.identity;
  return [...call.state.projects.values()].filter((project) => project.company === company);
}
