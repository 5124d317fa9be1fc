import type { ApiWorld } from './call.ts';
import { toStored } from './json.ts';
import type { Project, TaskDocument, TaskRecord, User } from './model.ts';
import {
  idFor,
  type Seed,
  type SeedProject,
  type SeedQueue,
  type SeedTask,
  type SeedUser,
} from './seed.ts';
import { formatStamp, parseStamp } from './stamps.ts';
import { newTaskDocument } from './task-document.ts';

const DEFAULT_COMPANY = 'clearml';

/** Puts a seed into the state of an embedded API. */
export function plantSeed(world: ApiWorld, seed: Seed): void {
  for (const [name, id] of Object.entries(seed.companies ?? {})) {
    world.state.companies.set(id, { id, name });
  }
  for (const user of seed.users) plantUser(world, user);
  for (const company of companiesOf(world)) {
    plantQueue(world, { name: 'default', company, systemTags: ['default'] });
  }
  seed.queues?.forEach((queue) => plantQueue(world, queue));
  seed.projects?.forEach((project) => plantProject(world, project));
  seed.tasks?.forEach((task) => plantTask(world, task));
  world.state.routes = seed.routes ?? [];
}

/** Adds a user, and the company when nobody was of it yet. */
export function plantUser(world: ApiWorld, seed: SeedUser): User {
  const company = companyId(world, seed.company);
  const user: User = {
    id: seed.id ?? idFor(company, seed.name),
    login: seed.name,
    name: seed.displayName ?? seed.name,
    ...(seed.password === undefined ? {} : { password: seed.password }),
    company,
    role: seed.role ?? 'user',
    service: seed.service ?? false,
    created: world.stamper.next(),
  };
  world.state.users.set(user.id, user);
  if (seed.accessKey !== undefined && seed.secretKey !== undefined) {
    const { accessKey, secretKey } = seed;
    world.state.credentials.set(accessKey, { accessKey, secretKey, user: user.id });
  }
  return user;
}

/** Adds a queue, unless the company has one of this name. Returns its id. */
export function plantQueue(world: ApiWorld, seed: SeedQueue): string {
  const company = companyId(world, seed.company);
  const known = [...world.state.queues.values()].find(
    (queue) => queue.name === seed.name && queue.company === company,
  );
  if (known !== undefined && seed.id === undefined) return known.id;
  if (known !== undefined) world.state.queues.delete(known.id);
  const now = world.stamper.next();
  const id = seed.id ?? world.newId();
  world.state.queues.set(id, {
    id,
    name: seed.name,
    company,
    created: now,
    tags: [],
    systemTags: seed.systemTags ?? [],
    entries: [],
    lastUpdate: now,
  });
  return id;
}

/** Adds a project with its parents, unless the company has one of this name. Returns its id. */
export function plantProject(world: ApiWorld, seed: SeedProject): string {
  const company = companyId(world, seed.company);
  const known = [...world.state.projects.values()].find(
    (project) => project.name === seed.name && project.company === company,
  );
  if (known !== undefined) return known.id;
  const at = seed.name.lastIndexOf('/');
  const scope = seed.company === undefined ? {} : { company: seed.company };
  if (at > 0) plantProject(world, { name: seed.name.slice(0, at), ...scope });
  const project: Project = {
    id: seed.id ?? world.newId(),
    name: seed.name,
    company,
    user: ownerOf(world, undefined)?.id ?? '',
    created: world.stamper.next(),
    systemTags: [],
  };
  world.state.projects.set(project.id, project);
  return project.id;
}

/** Adds a task as a seed describes it, in any status. */
export function plantTask(world: ApiWorld, seed: SeedTask): TaskRecord {
  const owner = ownerOf(world, seed.user);
  const now = parseStamp(seed.lastChange ?? '') ?? world.stamper.next();
  const company = owner?.company ?? companyId(world, undefined);
  const doc = newTaskDocument({
    id: seed.id ?? world.newId(),
    company,
    user: owner?.id ?? '',
    name: seed.name,
    type: seed.type ?? 'training',
    now,
  });
  plantFields(doc, seed);
  plantPlace(world, doc, seed);
  plantStatus(doc, seed.status ?? 'created', now);
  const record: TaskRecord = { doc, lastChange: now };
  world.state.addTask(record);
  return record;
}

function plantFields(doc: TaskDocument, seed: SeedTask): void {
  doc.system_tags = seed.systemTags ?? [];
  doc.tags = seed.tags ?? [];
  if (seed.runtime !== undefined) doc.runtime = toStored(seed.runtime);
  if (seed.comment !== undefined) doc['comment'] = seed.comment;
}

function plantPlace(world: ApiWorld, doc: TaskDocument, seed: SeedTask): void {
  const scope = { company: world.state.companies.get(doc.company)?.name ?? DEFAULT_COMPANY };
  if (seed.project !== undefined) {
    doc.project = plantProject(world, { name: seed.project, ...scope });
  }
  if (seed.queue !== undefined) {
    const queue = plantQueue(world, { name: seed.queue, ...scope });
    doc.execution = { ...doc.execution, queue };
  }
}

function plantStatus(doc: TaskDocument, status: string, now: number): void {
  if (status === 'created') return;
  doc.status = status;
  doc['status_reason'] = '';
  doc['status_message'] = '';
  doc['status_changed'] = formatStamp(now);
  if (status !== 'queued') doc.started = formatStamp(now);
}

function ownerOf(world: ApiWorld, login: string | undefined): User | undefined {
  if (login !== undefined) return world.state.userByLogin(login);
  return [...world.state.users.values()].find((user) => !user.service);
}

function companyId(world: ApiWorld, name = DEFAULT_COMPANY): string {
  const known = [...world.state.companies.values()].find((company) => company.name === name);
  if (known !== undefined) return known.id;
  const id = idFor('company', name);
  world.state.companies.set(id, { id, name });
  return id;
}

function companiesOf(world: ApiWorld): readonly string[] {
  return [...world.state.companies.values()].map((company) => company.name);
}
