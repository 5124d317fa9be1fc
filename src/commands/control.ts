import type { IncomingMessage } from 'node:http';
import {
  askControl,
  controlSocket,
  messageOf,
  readText,
  type ControlRequest,
} from '../api/access/control-client.ts';
import type { CommandIo } from '../cli.ts';
import { OperatorError } from '../errors.ts';
import type { Parsed } from '../settings.ts';
import { settingsOrSay } from './clearml-tools.ts';

/** Where commands that speak to the router over its control socket get its place from. */
export interface ControlCommandDeps {
  readonly loadStateFolder: () => Parsed<{ readonly stateFolder: string }>;
}

/** Asks the router of this state folder. */
export interface RouterClient {
  /** The answer of a request that succeeds, as parsed JSON. @throws OperatorError `API_REFUSED`, `CONTROL_UNREACHABLE` */
  ask(request: ControlRequest): Promise<unknown>;
  /** The answer of a request that succeeds, as it begins. @throws OperatorError `API_REFUSED`, `CONTROL_UNREACHABLE` */
  open(request: ControlRequest): Promise<IncomingMessage>;
}

/** A client for the router whose state folder the settings name; undefined after every problem was written. */
export function routerClient(deps: ControlCommandDeps, io: CommandIo): RouterClient | undefined {
  const settings = settingsOrSay(deps.loadStateFolder(), io);
  if (settings === undefined) return undefined;
  return clientAt(settings.stateFolder, io.signal);
}

/** A client for the router of a state folder. */
export function clientAt(stateFolder: string, signal: AbortSignal): RouterClient {
  const path = controlSocket(stateFolder);
  const open = async (request: ControlRequest): Promise<IncomingMessage> => {
    const answer = await askControl(path, request, signal);
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 300) return answer;
    const problem = messageOf(await readText(answer));
    throw new OperatorError('API_REFUSED', { status, problem });
  };
  return {
    open,
    ask: async (request) => JSON.parse(await readText(await open(request))) as unknown,
  };
}
