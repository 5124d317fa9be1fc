import { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import {
  endpointKeys,
  type ClearmlCaller,
  type WantedEndpoint,
} from '../../src/embedded/demo/clearml.ts';

/** An account of the tests, with a key pair. */
export interface Account {
  readonly name: string;
  readonly company: string;
  readonly accessKey: string;
  readonly secretKey: string;
}

/** Owner of most tasks. */
export const ALICE = account('alice', 'tenant');
/** Of the same company as alice. */
export const BOB = account('bob', 'tenant');
/** Of another company: may not read the tasks of alice. */
export const EVE = account('eve', 'elsewhere');
/** The account that routers work as. */
export const SERVICE = account('clearway', 'tenant');

/** Starts an embedded ClearML API that lets the SDK ask for endpoints. */
export async function startClearml(
  queues: readonly string[] = ['default'],
): Promise<EmbeddedClearml> {
  const clearml = new EmbeddedClearml({
    seed: {
      users: [ALICE, BOB, EVE, { ...SERVICE, service: true }],
      queues: queues.map((name) => ({ name })),
    },
    featureSet: 'advanced',
  });
  await clearml.start();
  return clearml;
}

/** An account as a caller of this API. */
export function callerOf(
  clearml: EmbeddedClearml,
  { accessKey, secretKey }: Account,
): ClearmlCaller {
  return { apiHost: clearml.url, accessKey, secretKey };
}

/** A token of an account. */
export function tokenOf(clearml: EmbeddedClearml, { name }: Account): string {
  const token = clearml.token(name);
  if (token === undefined) throw new Error(`no user ${name}`);
  return token;
}

/** An endpoint request at an application on loopback. */
export function anEndpoint(protocol: 'http' | 'tcp', port: number, name = ''): WantedEndpoint {
  return { protocol, name, port, address: '127.0.0.1' };
}

/** Adds a running task of alice that has asked for these endpoints. Returns its id. */
export function addTask(
  clearml: EmbeddedClearml,
  wanted: readonly WantedEndpoint[],
  queue = 'default',
): string {
  return clearml.tasks.create({
    name: 'an application',
    status: 'in_progress',
    user: ALICE.name,
    queue,
    systemTags: ['external_service'],
    runtime: Object.assign({}, ...wanted.map(endpointKeys)) as Record<string, unknown>,
  });
}

function account(name: string, company: string): Account {
  return { name, company, accessKey: `${name.toUpperCase()}KEY`, secretKey: `${name}-secret` };
}
