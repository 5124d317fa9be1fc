import type { ApiCall, EndpointTable } from './call.ts';
import { requiredText, textList } from './fields.ts';
import type { Dict } from './json.ts';
import type { User } from './model.ts';
import { ApiRefusal } from './refusal.ts';
import { formatStamp } from './stamps.ts';

/** Calls of the service `users`. */
export const USER_CALLS: EndpointTable = {
  'users.get_current_user': { handler: currentUser },
  'users.get_by_id': { handler: userById },
  'users.get_all': { handler: (call) => ({ users: listed(call, false) }) },
  'users.get_all_ex': { handler: (call) => ({ users: listed(call, true) }) },
  'users.get_vaults': { handler: () => ({ vaults: [] }), featureSet: 'advanced' },
};

function currentUser(call: ApiCall): Dict {
  const user = call.state.users.get(call.identity.user);
  if (user === undefined || user.service) {
    throw new ApiRefusal(400, 300, 'Invalid user (failed loading user)');
  }
  return {
    user: {
      ...describeUser(user),
      company: { id: user.company, name: call.state.companies.get(user.company)?.name ?? '' },
      role: call.identity.role,
    },
    getting_started: {
      agentName: 'clearml',
      configure: 'clearml-init',
      install: 'pip install clearml',
      packageName: 'clearml',
    },
    settings: { max_download_items: 50_000 },
  };
}

function userById(call: ApiCall): Dict {
  const id = requiredText(call.body, 'user');
  const user = call.state.users.get(id);
  if (user?.company !== call.identity.company || user.service) {
    throw new ApiRefusal(400, 301, `Invalid user id: id=${id}`);
  }
  return { user: { ...describeUser(user), preferences: '' } };
}

function listed(call: ApiCall, expanded: boolean): readonly Dict[] {
  const ids = textList(call.body, 'id');
  const fields = textList(call.body, 'only_fields');
  return [...call.state.users.values()]
    .filter((user) => user.company === call.identity.company && !user.service)
    .filter((user) => ids.length === 0 || ids.includes(user.id))
    .map((user) => {
      const shown = describeUser(user);
      const full = expanded ? { ...shown, company: { id: user.company } } : shown;
      return fields.length === 0
        ? full
        : Object.fromEntries(Object.entries(full).filter(([key]) => fields.includes(key)));
    });
}

function describeUser(user: User): Dict {
  const [given = '', ...family] = user.name.split(' ');
  return {
    id: user.id,
    company: user.company,
    name: user.name,
    ...(user.password === undefined
      ? {}
      : { given_name: given, family_name: family.join(' '), created_in_version: '2.3.0' }),
    created: formatStamp(user.created),
  };
}
