import { clientAt, type RouterClient } from '../api/access/router-client.ts';
import type { CommandIo } from '../cli.ts';
import type { Parsed } from '../settings.ts';
import { settingsOrSay } from './clearml-tools.ts';

/** Where commands that speak to the router over its control socket get its place from. */
export interface ControlCommandDeps {
  readonly loadStateFolder: () => Parsed<{ readonly stateFolder: string }>;
}

/** A client for the router whose state folder the settings name; undefined after every problem was written. */
export function routerClient(deps: ControlCommandDeps, io: CommandIo): RouterClient | undefined {
  const settings = settingsOrSay(deps.loadStateFolder(), io);
  if (settings === undefined) return undefined;
  return clientAt(settings.stateFolder, io.signal);
}
