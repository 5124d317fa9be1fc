import { readClaims } from '../clearml/token.ts';
import { parseQueueFilter, resolveQueues, type Queue } from '../domain/queue-filter.ts';
import { hasCode, OperatorError } from '../errors.ts';
import {
  found,
  ok,
  type ApiCaller,
  type Check,
  type CheckContext,
  type Finding,
} from './contract.ts';

/** Beyond this the life of tokens and the order of stamps suffer. */
const SKEW_WARN_MS = 10_000;
const SKEW_FAIL_MS = 300_000;
const PAGE_SIZE = 500;
const MAX_PAGES = 100;

// No task has this id: ids are random.
const NO_TASK = '0'.repeat(32);

/** Checks that ask the ClearML API; none of them changes anything there. */
export const CLEARML_CHECKS: readonly Check[] = [
  withApi('ClearML API', checkReachable),
  withApi('credentials', checkCredentials),
  withApi('editing tasks', checkEditing),
  withApi('clock', checkClock),
  withApi('queues', checkQueues),
];

const HOST_TODO =
  'See whether CLEARML_API_HOST is the URL of the API server, which is not that of the web application (often api.… in place of app.…, or port 8008 in place of 8080).';

async function checkReachable(
  api: ApiCaller,
  _: CheckContext,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  try {
    await signIn(api, signal);
  } catch (error) {
    if (hasCode(error, 'CLEARML_UNREACHABLE')) {
      return found(
        'fail',
        `cannot be reached (${String(error.details['problem'])})`,
        `${HOST_TODO} Where a forward proxy is needed, set HTTPS_PROXY; for a CA of your own, NODE_EXTRA_CA_CERTS.`,
      );
    }
    if (hasCode(error, 'CLEARML_MALFORMED')) {
      return found('fail', 'answers, but not as a ClearML API does', HOST_TODO);
    }
    if (isRefusal(error, 404)) {
      return found('fail', 'answers, but knows no auth.login', HOST_TODO);
    }
    if (!isRefused(error)) throw error;
  }
  return ok('answers');
}

async function checkCredentials(
  api: ApiCaller,
  _: CheckContext,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  // Not users.get_current_user: it refuses service accounts whose keys are good (protocol 9.1).
  const body = { page: 0, page_size: 1, only_fields: ['id'], search_hidden: true };
  try {
    await api.call({ endpoint: 'tasks.get_all_ex', body, parse: () => undefined }, signal);
    return ok('accepted');
  } catch (error) {
    if (isRefusal(error, 403)) {
      const todo = 'Use the keys of a user or service account that may read tasks.';
      return found('fail', 'accepted, but they may not read tasks', todo);
    }
    if (!hasCode(error, 'CLEARML_UNAUTHORIZED')) return notLookedAt(error);
    const todo =
      'Make a new pair in the ClearML settings and set CLEARML_API_ACCESS_KEY and CLEARML_API_SECRET_KEY.';
    return found('fail', 'refused: key or secret is wrong, or was revoked', todo);
  }
}

// A task that does not exist is looked for only after the role has been found good, and without any
// field there would be nothing to change: 400/101 says that the same call on a real task is allowed.
async function checkEditing(
  api: ApiCaller,
  _: CheckContext,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const body = { task: NO_TASK, force: true };
  try {
    await api.call({ endpoint: 'tasks.edit', body, parse: () => undefined }, signal);
    return ok('allowed');
  } catch (error) {
    if (isRefusal(error, 400)) return ok('allowed');
    if (isRefusal(error, 403)) {
      const todo = 'Use the keys of a user or service account that may edit tasks.';
      return found('fail', 'not allowed with these credentials', todo);
    }
    return notLookedAt(error);
  }
}

async function checkClock(
  api: ApiCaller,
  { machine }: CheckContext,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  try {
    const before = machine.now();
    const token = await signIn(api, signal);
    const issued = readClaims(token)?.issued;
    if (issued === undefined) return found('skip', 'the server does not say what time it is');
    // The stamp is in whole seconds and was made between the two looks at our clock.
    const skew = Math.max(before - (issued + 1) * 1000, issued * 1000 - machine.now(), 0);
    const seconds = String(Math.round(skew / 1000));
    if (skew <= SKEW_WARN_MS) return ok('agrees with the clock of the ClearML server');
    const message = `${seconds} seconds apart from the clock of the ClearML server`;
    const todo = 'Synchronise both machines with a time server.';
    return found(skew > SKEW_FAIL_MS ? 'fail' : 'warn', message, todo);
  } catch (error) {
    return notLookedAt(error);
  }
}

async function checkQueues(
  api: ApiCaller,
  { parsed }: CheckContext,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (parsed.kind === 'problems')
    return found('skip', 'not looked at: the settings are not usable');
  const filter = parseQueueFilter(parsed.settings.queues);
  if (filter === undefined)
    return ok('LISTEN_QUEUE_NAME is not set: tasks of every queue are served');
  try {
    const served = resolveQueues(filter, await listQueues(api, signal));
    const count = `${String(served.ids.size)} of the queues are served`;
    if (served.unmatched.length === 0) return ok(count);
    const missing = served.unmatched.map((name) => JSON.stringify(name)).join(', ');
    const todo =
      'Correct LISTEN_QUEUE_NAME (names are matched with their case), or make the queue: it is served as soon as it is there.';
    const level = served.ids.size === 0 ? 'fail' : 'warn';
    return found(level, `${count}, and there is no queue ${missing}`, todo);
  } catch (error) {
    return notLookedAt(error);
  }
}

async function listQueues(api: ApiCaller, signal: AbortSignal): Promise<readonly Queue[]> {
  const queues: Queue[] = [];
  for (let page = 0; page < MAX_PAGES; page++) {
    const body = { page, page_size: PAGE_SIZE, only_fields: ['id', 'name'], search_hidden: true };
    const found = await api.call({ endpoint: 'queues.get_all', body, parse: readQueues }, signal);
    queues.push(...found);
    if (found.length < PAGE_SIZE) break;
  }
  return queues;
}

function readQueues(data: Readonly<Record<string, unknown>>): readonly Queue[] {
  const { queues } = data;
  if (!Array.isArray(queues)) throw new TypeError('no list of queues');
  return queues.flatMap((queue: unknown) => {
    const { id, name } = (queue ?? {}) as Readonly<Record<string, unknown>>;
    return typeof id === 'string' && typeof name === 'string' ? [{ id, name }] : [];
  });
}

function signIn(api: ApiCaller, signal: AbortSignal): Promise<string> {
  const parse = (data: Readonly<Record<string, unknown>>): string => {
    if (typeof data['token'] !== 'string') throw new TypeError('no token');
    return data['token'];
  };
  return api.call({ endpoint: 'auth.login', body: {}, parse }, signal);
}

function isRefusal(error: unknown, code: number): boolean {
  return hasCode(error, 'CLEARML_REFUSED') && error.details['code'] === code;
}

function isRefused(error: unknown): boolean {
  return hasCode(error, 'CLEARML_UNAUTHORIZED') || hasCode(error, 'CLEARML_REFUSED');
}

// What keeps the API from answering is the finding of the check that asks whether it can be reached.
function notLookedAt(error: unknown): readonly Finding[] {
  if (!(error instanceof OperatorError)) throw error;
  if (error.code === 'CLEARML_UNAUTHORIZED') {
    return found('skip', 'not looked at: the credentials are not accepted');
  }
  return found('skip', `not looked at: ${error.message}`);
}

function withApi(
  name: string,
  run: (api: ApiCaller, context: CheckContext, signal: AbortSignal) => Promise<readonly Finding[]>,
): Check {
  return {
    name,
    run: (context, signal) =>
      context.api === undefined
        ? Promise.resolve(found('skip', 'not looked at: the settings of ClearML are not usable'))
        : run(context.api, context, signal),
  };
}
