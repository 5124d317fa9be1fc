import type { RouterClient } from '../api/access/router-client.ts';
import { UsageError, type Command, type CommandArgs, type CommandIo } from '../cli.ts';
import { OperatorError } from '../errors.ts';
import { routerClient, type ControlCommandDeps } from './control.ts';
import { follow } from './get/follow.ts';
import { findResource, fullName, type FoundResource } from './get/lookup.ts';
import {
  printObject,
  printObjects,
  type AnyList,
  type AnyObject,
  type ObjectForm,
} from './get/objects.ts';
import { TablePrinter, type Table } from './get/table.ts';

const DESCRIPTION = `
Shows resources of the running router: taskroutes (tr), staticroutes (sr), portpools (pp), routers and events (ev). It speaks to the
router over the socket in its state folder, where the router runs, and needs no credential. Columns are those that kubectl shows.
`;

const OPTIONS = {
  output: {
    type: 'string',
    short: 'o',
    value: 'FORM',
    doc: 'wide, json, yaml or name; a table unless given.',
  },
  watch: { type: 'boolean', short: 'w', doc: 'Go on with every change, until interrupted.' },
  selector: { type: 'string', short: 'l', value: 'SELECTOR', doc: 'Only those with these labels.' },
  'field-selector': { type: 'string', value: 'SELECTOR', doc: 'Only those with these fields.' },
} as const satisfies Command['options'];

const TABLE = 'application/json;as=Table;v=v1;g=meta.k8s.io,application/json';

/** Makes `clearway get`. */
export function getCommand(deps: ControlCommandDeps): Command {
  return {
    name: 'get',
    summary: 'Show resources of the router: task routes, static routes, port pools, events.',
    positionals: ['resource'],
    optionalPositionals: ['name'],
    options: OPTIONS,
    description: DESCRIPTION,
    run: async (args, io) => {
      const form = readForm(args.text('output'));
      const client = routerClient(deps, io);
      if (client === undefined) return 1;
      const [word = '', name] = args.positionals;
      const resource = await findResource(client, word);
      const wish: Wish = {
        client,
        resource,
        path: `${resource.path}${queryOf(args, name)}`,
        ...(name === undefined ? {} : { name }),
      };
      const view =
        form === 'table' || form === 'wide'
          ? tableView(wish, form === 'wide', io)
          : objectView(wish, form, io);
      if (args.has('watch')) await follow({ ...wish, ...view, say: sayTo(io) }, io.signal);
      else view.onList(await client.ask({ path: wish.path, accept: view.accept }));
      return 0;
    },
  };
}

interface Wish {
  readonly client: RouterClient;
  readonly resource: FoundResource;
  readonly path: string;
  readonly name?: string;
}

/** How what the API answers is shown; each gives the resource version that it has reached. */
interface View {
  readonly accept: string;
  readonly onList: (list: unknown) => string;
  readonly onChange: (object: unknown) => string | undefined;
}

function readForm(text: string | undefined): ObjectForm | 'table' | 'wide' {
  if (text === undefined) return 'table';
  const found = (['wide', 'json', 'yaml', 'name'] as const).find((form) => form === text);
  if (found === undefined) throw new UsageError('--output is wide, json, yaml or name');
  return found;
}

function queryOf(args: CommandArgs, name: string | undefined): string {
  const fields = [
    args.text('field-selector'),
    name === undefined ? undefined : `metadata.name=${name}`,
  ].filter((text) => text !== undefined);
  const labels = args.text('selector');
  const query = new URLSearchParams({
    ...(fields.length === 0 ? {} : { fieldSelector: fields.join(',') }),
    ...(labels === undefined ? {} : { labelSelector: labels }),
  }).toString();
  return query === '' ? '' : `?${query}`;
}

function tableView(wish: Wish, wide: boolean, io: CommandIo): View {
  const printer = new TablePrinter(io.out, wide);
  const isNews = newsFilter();
  return {
    accept: TABLE,
    onList: (answer) => {
      const list = answer as Table;
      const { rows = [] } = list;
      if (rows.length === 0) sayNothingThere(wish, io);
      printer.print({ ...list, rows: rows.filter(({ object }) => isNews(object)) });
      return list.metadata?.resourceVersion ?? '';
    },
    onChange: (change) => {
      const table = change as Table;
      const { rows = [] } = table;
      printer.print({ ...table, rows: rows.filter(({ object }) => isNews(object)) });
      return rows.at(-1)?.object.metadata.resourceVersion;
    },
  };
}

function objectView(wish: Wish, form: ObjectForm, io: CommandIo): View {
  const { resource, name } = wish;
  const full = fullName(resource.singular, resource.group);
  const isNews = newsFilter();
  return {
    accept: 'application/json',
    onList: (answer) => {
      const list = answer as AnyList;
      const [only] = list.items;
      if (only === undefined) sayNothingThere(wish, io);
      const items = list.items.filter(isNews);
      if (name === undefined) io.out(printObjects(items, form, full));
      else for (const item of items) io.out(printObject(item, form, full));
      return list.metadata.resourceVersion;
    },
    onChange: (change) => {
      const object = change as AnyObject;
      if (isNews(object)) io.out(printObject(object, form, full));
      return object.metadata.resourceVersion;
    },
  };
}

/** True for states that were not shown yet: a list after a restart shows most of them again. */
function newsFilter(): (object: Pick<AnyObject, 'metadata'>) => boolean {
  const shown = new Map<string, string>();
  return ({ metadata: { uid, resourceVersion } }) => {
    const isNews = shown.get(uid) !== resourceVersion;
    shown.set(uid, resourceVersion);
    return isNews;
  };
}

function sayNothingThere({ resource, name }: Wish, io: CommandIo): void {
  if (name === undefined) {
    io.err('No resources found.\n');
    return;
  }
  const problem = `${fullName(resource.plural, resource.group)} ${JSON.stringify(name)} not found`;
  throw new OperatorError('API_REFUSED', { status: 404, problem });
}

function sayTo(io: CommandIo): (text: string) => void {
  return (text) => io.err(`clearway get: ${text}\n`);
}
