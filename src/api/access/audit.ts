import { cleanForLog } from '../../telemetry/clean.ts';
import { redactText } from '../../telemetry/redact.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { ApiAnswer, ApiRequest } from '../contracts.ts';
import { readResourcePath } from '../paths.ts';
import type { StatusBody } from '../status.ts';

const LONGEST_NAME = 253;
const LONGEST_COMMAND = 200;

const VERBS: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** Writes one line about a request that would change something, whatever came of it. Bodies and tokens are in none. */
export function auditWrite(request: ApiRequest, answer: ApiAnswer, logger: Logger): void {
  const { method, path, query, headers, user } = request;
  const { status } = answer;
  const found = readResourcePath(path);
  const command = headers['kubectl-command'];
  const texts = {
    user: user.name,
    verb: VERBS[method] ?? method.toLowerCase(),
    resource: found === undefined ? path : nameOf(found),
    namespace: found?.namespace,
    name: found?.name ?? nameIn(answer),
    access: accessIn(answer),
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

/** The path of a create names no object: the answer does, also where it refuses one. */
function nameIn({ status, body, object }: ApiAnswer): string | undefined {
  if (object !== undefined) return object.metadata.name;
  if (status < 400) return undefined;
  return (JSON.parse(body.toString()) as StatusBody).details?.name;
}

/** Who gets in at the address of a StaticRoute. */
function accessIn({ object }: ApiAnswer): string | undefined {
  if (object?.kind !== 'StaticRoute') return undefined;
  const { access } = object['spec'] as { readonly access?: string };
  return access;
}

function nameOf({
  plural,
  subresource,
  group,
}: NonNullable<ReturnType<typeof readResourcePath>>): string {
  const resource = group === '' ? plural : `${plural}.${group}`;
  return subresource === undefined ? resource : `${resource}/${subresource}`;
}
