import { UsageError, type Command, type CommandArgs, type CommandIo } from '../cli.ts';
import { MAX_NAME_LENGTH } from '../domain/endpoint-request.ts';
import { parseHost, parsePort } from '../domain/host.ts';
import type { TaskView } from '../domain/task-view.ts';
import { changeTask, type ChangeResult, type Decide } from './change-task.ts';
import { withClearml, type ClearmlCommandDeps } from './clearml-tools.ts';
import {
  describeEndpoint,
  exposeChange,
  isSame,
  listEndpoints,
  unexposeChange,
  type EndpointRef,
  type ExposedEndpoint,
} from './endpoint-keys.ts';

const EXPOSE_DESCRIPTION = `
Asks for an external endpoint in place of the task: writes the keys that request_external_endpoint of the ClearML SDK
writes, and adds the system tag external_service. For the open-source ClearML server, where the SDK refuses
that call. The router answers within seconds while the task runs; the address appears among the task's runtime
properties as endpoint, or as external_address and external_tcp_port.

Without --address, the address that the task wrote for this endpoint is kept; where there is none, the router looks for
the task's container on its host, and else takes the address of the worker that runs the task. Where the agent
published ports of the container, --port is the port inside the container.

Needs CLEARML_API_HOST, CLEARML_API_ACCESS_KEY and CLEARML_API_SECRET_KEY; no other setting matters.
`;

const UNEXPOSE_DESCRIPTION = `
Removes the keys of an endpoint from the task's runtime properties, and the system tag external_service with the last
endpoint. The router then ends the endpoint's connections and frees its port.

Needs CLEARML_API_HOST, CLEARML_API_ACCESS_KEY and CLEARML_API_SECRET_KEY; no other setting matters.
`;

const ENDPOINT_OPTIONS = {
  tcp: { type: 'boolean', doc: 'A TCP endpoint; else HTTP.' },
  name: { type: 'string', value: 'NAME', doc: 'Name of the endpoint; else the default one.' },
} as const;

/** Makes `clearway expose`. */
export function exposeCommand(deps: ClearmlCommandDeps): Command {
  return {
    name: 'expose',
    summary: 'Ask for an endpoint of a task, as the SDK would.',
    positionals: ['task id'],
    options: {
      port: { type: 'string', value: 'N', doc: 'Port where the application listens. Required.' },
      ...ENDPOINT_OPTIONS,
      address: { type: 'string', value: 'ADDRESS', doc: 'Host name or address of the task.' },
    },
    description: EXPOSE_DESCRIPTION,
    run: async (args, io) => {
      const endpoint = readEndpoint(args);
      const decide: Decide = (task) => {
        const change = exposeChange(task, endpoint);
        return change === 'unpublished' ? { refusal: unpublished(endpoint.port) } : change;
      };
      const [taskId = ''] = args.positionals;
      return withClearml(deps, io, async (tools) => {
        const result = await changeTask(tools, taskId, decide, io.signal);
        return say(taskId, result, io, `asks for ${describeEndpoint(endpoint)}`);
      });
    },
  };
}

/** Makes `clearway unexpose`. */
export function unexposeCommand(deps: ClearmlCommandDeps): Command {
  return {
    name: 'unexpose',
    summary: 'Take back what expose, or the task itself, asked for.',
    positionals: ['task id'],
    options: {
      ...ENDPOINT_OPTIONS,
      all: { type: 'boolean', doc: 'Every endpoint of the task.' },
    },
    description: UNEXPOSE_DESCRIPTION,
    run: async (args, io) => {
      const endpoint = args.has('all') ? undefined : readRef(args);
      if (args.has('all') && (args.has('tcp') || args.text('name') !== undefined)) {
        throw new UsageError('--all stands alone, without --tcp and --name');
      }
      const [taskId = ''] = args.positionals;
      const what = endpoint === undefined ? 'any endpoint' : describeEndpoint(endpoint);
      const decide: Decide = (task, isFirst) => {
        if (isFirst && !isAsking(task, endpoint)) return { refusal: notAsking(task, what) };
        return unexposeChange(task, endpoint === undefined ? listEndpoints(task) : [endpoint]);
      };
      return withClearml(deps, io, async (tools) => {
        const result = await changeTask(tools, taskId, decide, io.signal);
        return say(taskId, result, io, `no longer asks for ${what}`);
      });
    },
  };
}

function readRef(args: CommandArgs): EndpointRef {
  const name = args.text('name') ?? '';
  if (name.length > MAX_NAME_LENGTH) {
    throw new UsageError(`--name is longer than ${String(MAX_NAME_LENGTH)} characters`);
  }
  return { protocol: args.has('tcp') ? 'tcp' : 'http', name };
}

function readEndpoint(args: CommandArgs): ExposedEndpoint {
  const port = parsePort(args.text('port'));
  if (port === undefined) throw new UsageError('--port must be a whole number from 1 to 65535');
  const written = args.text('address');
  if (written === undefined) return { ...readRef(args), port };
  const address = parseHost(written);
  if (address === undefined) {
    throw new UsageError('--address must be a host name or an IP address, without a port');
  }
  return { ...readRef(args), port, address };
}

function isAsking(task: TaskView, endpoint: EndpointRef | undefined): boolean {
  const asked = listEndpoints(task);
  return endpoint === undefined ? asked.length > 0 : asked.some((other) => isSame(other, endpoint));
}

function notAsking(task: TaskView, what: string): string {
  const asked = listEndpoints(task).map(describeEndpoint);
  const list = asked.length === 0 ? 'none' : asked.join(', ');
  return `does not ask for ${what}; it asks for: ${list}`;
}

function unpublished(port: number): string {
  return `publishes ports of its container, and ${String(port)} is not among them: add -p ${String(port)} to its docker arguments, or use host networking`;
}

function say(taskId: string, result: ChangeResult, io: CommandIo, done: string): number {
  const task = `task ${JSON.stringify(taskId)}`;
  switch (result.kind) {
    case 'done': {
      const { status } = result.task;
      const later =
        status === 'in_progress'
          ? ''
          : `; it is ${JSON.stringify(status)}, and is served while it runs`;
      io.out(`${task} ${done}${later}\n`);
      return 0;
    }
    case 'missing':
      io.err(`clearway: there is no ${task} for these credentials\n`);
      return 1;
    case 'contested':
      io.err(`clearway: ${task} is being written by others again and again: try once more\n`);
      return 1;
    case 'refused':
      io.err(`clearway: ${task} ${result.message}\n`);
      return 1;
  }
}
