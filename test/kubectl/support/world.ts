import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Kind } from '../../../src/resources/kinds.ts';

/** An object as the seed holds it. */
export interface SeedObject {
  readonly apiVersion: string;
  readonly kind: Kind;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly status: Readonly<Record<string, unknown>>;
}

/** An event of the seed. */
export interface SeedEvent {
  readonly kind: Kind;
  readonly name: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  /** How often it happened. */
  readonly count: number;
}

/** A server that kubectl speaks to, and what a test changes on it behind kubectl's back. */
export interface World {
  readonly name: 'clearway' | 'real';
  /** Text of a kubeconfig of an administrator. */
  readonly kubeconfig: string;
  create(object: SeedObject): Promise<void>;
  replaceStatus(kind: Kind, name: string, status: SeedObject['status']): Promise<void>;
  delete(kind: Kind, name: string): Promise<void>;
  names(kind: Kind): Promise<readonly string[]>;
}

/** What both worlds hold at the start. */
export async function readSeed(): Promise<readonly SeedObject[]> {
  const text = await readFile(join(import.meta.dirname, '../seed.yaml'), 'utf8');
  return parse(text) as readonly SeedObject[];
}

/** Puts back what people may have changed: the objects of these kinds are the seed's again, made anew. */
export async function resetKinds(
  world: World,
  seed: readonly SeedObject[],
  kinds: readonly Kind[],
): Promise<void> {
  for (const kind of kinds) {
    for (const name of await world.names(kind)) await world.delete(kind, name);
    for (const object of seed.filter((one) => one.kind === kind)) await world.create(object);
  }
}

/** The events of the seed, in the form that controllers record them. */
export const SEED_EVENTS: readonly SeedEvent[] = [
  {
    kind: 'TaskRoute',
    name: '0a1b2c3d4e5f60718293a4b5c6d7e8f9.http',
    type: 'Normal',
    reason: 'Published',
    message: 'https://gw.example.org/service/0a1b2c3d4e5f60718293a4b5c6d7e8f9/ was published.',
    count: 1,
  },
  {
    kind: 'TaskRoute',
    name: '99aa99aa99aa99aa99aa99aa99aa99aa.http',
    type: 'Warning',
    reason: 'PortInvalid',
    message: '_PORT is "eighty": write a number between 1 and 65535.',
    count: 3,
  },
  {
    kind: 'StaticRoute',
    name: 'chat',
    type: 'Normal',
    reason: 'Routing',
    message: 'The task chat model is served there.',
    count: 1,
  },
];
