import { listTasks } from '../clearml/task-queries.ts';
import { readTaskDocument } from '../clearml/task-document.ts';
import { UsageError, type Command, type CommandIo } from '../cli.ts';
import { MARK_KEY, parseMark } from '../domain/marks.ts';
import { isEmptyPatch, withdrawPatch } from '../domain/plan-publication.ts';
import { toOperatorError } from '../errors.ts';
import type { TaskTools } from './change-task.ts';
import { withClearml, type ClearmlCommandDeps } from './clearml-tools.ts';

const DESCRIPTION = `
Removes the mark of a router from every task that carries it, with the addresses that the router published; private TCP
addresses that it replaced come back. Afterwards another router may serve those tasks. Use it for a
router that is gone for good: one that still runs puts its marks back within seconds, so stop it first.

Needs CLEARML_API_HOST, CLEARML_API_ACCESS_KEY and CLEARML_API_SECRET_KEY.
`;

/** Makes `clearway release`. */
export function releaseCommand(deps: ClearmlCommandDeps): Command {
  return {
    name: 'release',
    summary: 'Remove the marks of a retired router from its tasks.',
    positionals: [],
    options: {
      router: { type: 'string', value: 'NAME', doc: 'Name of the router; else ROUTER_NAME.' },
    },
    description: DESCRIPTION,
    run: (args, io) =>
      withClearml(deps, io, async (tools, { routerName }) => {
        const router = args.text('router') ?? routerName;
        if (router === undefined) throw new UsageError('--router is missing, and ROUTER_NAME too');
        return releaseAll(tools, router, io);
      }),
  };
}

async function releaseAll(tools: TaskTools, router: string, io: CommandIo): Promise<number> {
  const { ids, others } = await findMarked(tools, router, io.signal);
  let failed = 0;
  for (const id of ids) {
    try {
      await releaseTask(tools, id, router, io.signal);
      io.out(`released task ${JSON.stringify(id)}\n`);
    } catch (error) {
      io.signal.throwIfAborted();
      failed += 1;
      const { message, details } = toOperatorError(error);
      io.err(`clearway: task ${JSON.stringify(id)}: ${message} ${JSON.stringify(details)}\n`);
    }
  }
  const left = failed === 0 ? '' : `, ${String(failed)} could not be`;
  io.out(
    `${String(ids.length - failed)} tasks of router ${JSON.stringify(router)} released${left}\n`,
  );
  if (others.length > 0) {
    const names = others.map((name) => JSON.stringify(name)).join(', ');
    io.out(`marks of other routers were left alone: ${names}\n`);
  }
  return failed === 0 ? 0 : 1;
}

async function findMarked(
  { client }: TaskTools,
  router: string,
  signal: AbortSignal,
): Promise<{ readonly ids: readonly string[]; readonly others: readonly string[] }> {
  const ids = new Set<string>();
  const others = new Set<string>();
  const filter = { [`runtime.${MARK_KEY}`]: { $exists: true } };
  for await (const documents of listTasks(client, filter, { thorough: true }, signal)) {
    for (const document of documents) {
      const task = readTaskDocument(document);
      const mark = parseMark(task?.runtime[MARK_KEY]);
      if (task === undefined || mark === undefined) continue;
      if (mark.router === router) ids.add(task.id);
      else others.add(mark.router);
    }
  }
  return { ids: [...ids], others: [...others].sort() };
}

async function releaseTask(
  { writer }: TaskTools,
  id: string,
  router: string,
  signal: AbortSignal,
): Promise<void> {
  const task = await writer.read(id, signal);
  if (task === 'missing') return;
  const patch = withdrawPatch(task, { router }, true);
  if (!isEmptyPatch(patch)) await writer.replaceRuntime(id, patch, signal);
}
