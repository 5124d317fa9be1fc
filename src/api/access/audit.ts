import { cleanForLog } from '../../telemetry/clean.ts';
import { redactText } from '../../telemetry/redact.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { ApiRequest } from '../contracts.ts';
import { readResourcePath } from '../paths.ts';

const LONGEST_NAME = 253;
const LONGEST_COMMAND = 200;

const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** Writes one line about a request that would change something, whatever came of it. Bodies and tokens are in none. */
export function auditWrite(request: ApiRequest, status: number, logger: Logger): void {
  const { method, path, query, headers, user } = request;
  const found = readResourcePath(path);
  const command = headers['kubectl-command'];
  const texts = {
    user: user.name,
    verb: VERBS[method] ?? method.toLowerCase(),
    resource: found === undefined ? path : nameOf(found),
    namespace: found?.namespace,
    name: found?.name,
    command: typeof command === 'string' ? redactText(command) : undefined,
  };
  const cleaned = Object.entries(texts).flatMap(([key, text]) => {
    const longest = key === 'command' ? LONGEST_COMMAND : LONGEST_NAME;
    return text === undefined ? [] : [[key, cleanForLog(text, longest)] as const];
  });
  logger.info(
    { audit: true, ...Object.fromEntries(cleaned), status, dryRun: query.has('dryRun') },
    'write through the resource API',
  );
}

function nameOf({
  plural,
  subresource,
  group,
}: NonNullable<ReturnType<typeof readResourcePath>>): string {
  const resource = group === '' ? plural : `${plural}.${group}`;
  return subresource === undefined ? resource : `${resource}/${subresource}`;
}
