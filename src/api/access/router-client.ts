import type { IncomingMessage } from 'node:http';
import { OperatorError } from '../../errors.ts';
import {
  askControl,
  controlSocket,
  messageOf,
  readText,
  type ControlRequest,
} from './control-client.ts';

/** Asks the router of a state folder. */
export interface RouterClient {
  /** The answer of a request that succeeds, as parsed JSON. @throws OperatorError `API_REFUSED`, `CONTROL_UNREACHABLE` */
  ask(request: ControlRequest): Promise<unknown>;
  /** The answer of a request that succeeds, as it begins. @throws OperatorError `API_REFUSED`, `CONTROL_UNREACHABLE` */
  open(request: ControlRequest): Promise<IncomingMessage>;
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
