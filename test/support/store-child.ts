// A process of its own around a store, for tests that kill it or take its disk away:
//   node store-child.ts <folder> hold          opens and waits
//   node store-child.ts <folder> write <tag> [ms]   runs writerSteps(tag) and prints the version of each that was acknowledged; its
//                                              clock stands at that time where one is given
//   node store-child.ts <folder> revoke <tag>  revokes the sessions `<tag>.0`, `<tag>.1` … and prints the number of each
//   node store-child.ts <folder> fill          for each line on stdin, creates until a write fails, or once
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { RevokedSessions } from '../../src/access/revoked-sessions.ts';
import { OperatorError } from '../../src/errors.ts';
import type { SqliteStore } from '../../src/store/sqlite-store.ts';
import { aTaskRoute } from './resources.ts';
import { aSession } from './sessions.ts';
import { openStore } from './sqlite.ts';

/** One write of the writer. */
export interface WriterStep {
  readonly act: 'create' | 'update' | 'status' | 'event' | 'delete';
  readonly name: string;
  readonly port: number;
}

/** What the writer does, without end: each object is made, changed and spoken of, and every other one deleted. */
export function* writerSteps(tag: string): Generator<WriterStep, never> {
  for (let number = 0; ; number += 1) {
    const name = `${tag}.${number}`;
    yield { act: 'create', name, port: 1 };
    yield { act: 'status', name, port: 2 };
    yield { act: 'update', name, port: 3 };
    yield { act: 'event', name, port: 0 };
    yield { act: 'status', name, port: 4 };
    yield { act: 'event', name, port: 0 };
    if (number % 2 === 1) yield { act: 'delete', name, port: 0 };
  }
}

/** What a store holds that nobody but the writer writes to. */
export interface WriterState {
  /** By name: ports in spec and status. */
  readonly objects: ReadonlyMap<string, { readonly target: number; readonly status: number }>;
  /** By message: how often. The oldest first. */
  readonly events: ReadonlyMap<string, number>;
}

/** Events that the writer's store keeps. */
export const WRITER_EVENTS = 40;

/** The state after these steps. */
export function afterSteps(before: WriterState, steps: Iterable<WriterStep>): WriterState {
  const objects = new Map(before.objects);
  const events = new Map(before.events);
  for (const { act, name, port } of steps) {
    const { target = port, status = 0 } = objects.get(name) ?? {};
    if (act === 'event') events.set(name, (events.get(name) ?? 0) + 1);
    else if (act === 'delete') objects.delete(name);
    else if (act === 'status') objects.set(name, { target, status: port });
    else objects.set(name, { target: port, status });
  }
  return { objects, events: new Map([...events].slice(-WRITER_EVENTS)) };
}

/** The state of a store that a writer wrote. */
export async function writerState(store: SqliteStore): Promise<WriterState> {
  const { items } = await store.list('TaskRoute');
  const { items: events } = await store.listEvents();
  const byAge = events.toSorted((left, right) => ageOf(left) - ageOf(right));
  return {
    objects: new Map(
      items.map(({ metadata, spec, status }) => [
        metadata.name,
        { target: spec.target?.port ?? 0, status: status.externalPort ?? 0 },
      ]),
    ),
    events: new Map(byAge.map(({ message, count }) => [message, count])),
  };
}

/** An event's name ends with the version at which it came. */
function ageOf({ eventName }: { readonly eventName: string }): number {
  return Number.parseInt(eventName.slice(eventName.lastIndexOf('.') + 1), 16);
}

async function write(store: SqliteStore, tag: string): Promise<void> {
  for (const step of writerSteps(tag)) {
    await take(store, step);
    writeSync(1, `${(await store.list('TaskRoute')).resourceVersion}\n`);
  }
}

async function take(store: SqliteStore, { act, name, port }: WriterStep): Promise<void> {
  const target = { address: '192.0.2.7', port };
  const event = { kind: 'TaskRoute', type: 'Normal', reason: 'Published', name } as const;
  if (act === 'create') await store.create(aTaskRoute(name, { target }));
  if (act === 'delete') await store.delete('TaskRoute', name);
  if (act === 'event') await store.record({ ...event, message: name });
  const read = (await store.get('TaskRoute', name))!;
  if (act === 'update') {
    await store.update<'TaskRoute'>({ ...read, spec: { ...read.spec, target } });
  }
  if (act === 'status') {
    await store.updateStatus<'TaskRoute'>({ ...read, status: { externalPort: port } });
  }
}

function revoke(store: SqliteStore, tag: string): void {
  const revoked = new RevokedSessions({ store: store.sessionRevocations, most: 50_000 });
  for (let number = 0; ; number += 1) {
    revoked.addSession(aSession({ id: `${tag}.${number}` }), Date.now());
    revoked.save();
    writeSync(1, `${number}\n`);
  }
}

async function fill(store: SqliteStore): Promise<void> {
  let made = 0;
  writeSync(1, 'ready\n');
  for await (const line of createInterface({ input: process.stdin })) {
    let failure = 'none';
    for (let count = 0; failure === 'none' && count < Number(line); count += 1) {
      try {
        await store.create(aTaskRoute(`route-${made}`));
        made += 1;
      } catch (error) {
        failure = error instanceof OperatorError ? error.code : 'other';
      }
    }
    const kept = (await store.list('TaskRoute')).items.length;
    writeSync(1, `${JSON.stringify({ failure, made, kept })}\n`);
  }
}

if (import.meta.main) {
  const [folder = '', mode, tag = '', now = ''] = process.argv.slice(2);
  const clock = now === '' ? {} : { now: () => Number(now) };
  const store = openStore(folder, { events: WRITER_EVENTS, ...clock });
  if (mode === 'write') await write(store, tag);
  else if (mode === 'revoke') revoke(store, tag);
  else if (mode === 'fill') await fill(store);
  else writeSync(1, 'ready\n');
  if (mode === 'hold') process.stdin.resume();
}
