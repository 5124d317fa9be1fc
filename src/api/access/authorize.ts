import type { ApiUser, Authorize, RequestAttributes } from '../contracts.ts';
import { ApiError } from '../status.ts';

/** A rule about resources (authorization/v1 ResourceRule). */
export interface ResourceRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
}

/** A rule about paths that are no resource's (authorization/v1 NonResourceRule). */
export interface PathRule {
  readonly verbs: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

/** What a role may do. */
export interface RoleRules {
  readonly resources: readonly ResourceRule[];
  readonly paths: readonly PathRule[];
}

const READ = ['get', 'list', 'watch'] as const;

const VIEW: RoleRules = {
  resources: [
    {
      verbs: READ,
      apiGroups: ['clearway.dev'],
      resources: ['*'],
    },
    { verbs: READ, apiGroups: [''], resources: ['events', 'namespaces'] },
    {
      verbs: READ,
      apiGroups: ['apiextensions.k8s.io'],
      resources: ['customresourcedefinitions'],
    },
    {
      verbs: ['create'],
      apiGroups: ['authorization.k8s.io'],
      resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
    },
    {
      verbs: ['create'],
      apiGroups: ['authentication.k8s.io'],
      resources: ['selfsubjectreviews'],
    },
  ],
  paths: [{ verbs: ['get', 'head'], nonResourceURLs: ['*'] }],
};

/** Every role and its rules: what is asked of requests, and what self-reviews tell. */
export const ROLE_RULES: Readonly<Record<ApiUser['role'], RoleRules>> = {
  view: VIEW,
  admin: {
    resources: [
      ...VIEW.resources,
      {
        verbs: ['create', 'update', 'patch', 'delete'],
        apiGroups: ['clearway.dev'],
        resources: ['staticroutes', 'staticroutes/status'],
      },
    ],
    paths: VIEW.paths,
  },
};

/** What is asked about: a resource, or a path. */
export type Wish =
  | {
      readonly verb: string;
      readonly group: string;
      /** With its subresource behind a slash, where there is one. */
      readonly resource: string;
    }
  | { readonly verb: string; readonly path: string };

/** True when the rules of a role allow it. */
export function allows({ resources, paths }: RoleRules, wish: Wish): boolean {
  if ('path' in wish) {
    return paths.some(
      ({ verbs, nonResourceURLs }) =>
        has(verbs, wish.verb) && nonResourceURLs.some((pattern) => matches(pattern, wish.path)),
    );
  }
  return resources.some(
    (rule) =>
      has(rule.verbs, wish.verb) &&
      has(rule.apiGroups, wish.group) &&
      has(rule.resources, wish.resource),
  );
}

/** Lets a request pass by the role of its caller. */
export const authorize: Authorize = (request, attributes) => {
  const { user } = request;
  const wish = wishOf(attributes);
  // What reads nothing that is served is answered as such: it tells nothing that a caller may not know.
  const passes = allows(ROLE_RULES[user.role], wish) || (isRead(request.method) && !isKnown(wish));
  return passes ? Promise.resolve() : Promise.reject(forbidden(user, attributes));
};

function wishOf({ verb, path, resource }: RequestAttributes): Wish {
  if (resource === undefined) return { verb, path };
  const { group, plural, subresource } = resource;
  return { verb, group, resource: subresource === undefined ? plural : `${plural}/${subresource}` };
}

/** True when some role may do it. */
function isKnown(wish: Wish): boolean {
  return Object.values(ROLE_RULES).some((rules) => allows(rules, wish));
}

function isRead(method: string): boolean {
  return method === 'GET' || method === 'HEAD';
}

function has(rule: readonly string[], wanted: string): boolean {
  return rule.includes('*') || rule.includes(wanted);
}

function matches(pattern: string, path: string): boolean {
  return pattern.endsWith('*') ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}

/** Says it as Kubernetes does (apimachinery, errors.NewForbidden). */
function forbidden(user: ApiUser, { verb, path, resource }: RequestAttributes): ApiError {
  const who = `User ${JSON.stringify(user.name)} cannot ${verb}`;
  if (resource === undefined) {
    return new ApiError('Forbidden', `forbidden: ${who} path ${JSON.stringify(path)}`, {});
  }
  const { group, plural, subresource, namespace, name } = resource;
  const what = subresource === undefined ? plural : `${plural}/${subresource}`;
  const where =
    namespace === undefined
      ? ' at the cluster scope'
      : ` in the namespace ${JSON.stringify(namespace)}`;
  const about = `${plural}${group === '' ? '' : `.${group}`}${name === undefined ? '' : ` ${JSON.stringify(name)}`}`;
  const message = `${about} is forbidden: ${who} resource ${JSON.stringify(what)} in API group ${JSON.stringify(group)}${where}`;
  return new ApiError('Forbidden', message, {
    ...(name === undefined ? {} : { name }),
    ...(group === '' ? {} : { group }),
    kind: plural,
  });
}
