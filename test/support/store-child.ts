// A process of its own around a store, for tests that kill it or take its disk away:
//   node store-child.ts <folder> hold          opens and waits
//   node store-child.ts <folder> write <tag>   runs writerSteps(tag) and prints a line for each that was acknowledged
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

/** One write of the writer, and what the object's port is afterwards. */
export interface WriterStep {
  readonly act: 'create' | 'status' | 'delete';
  readonly name: string;
  readonly port: number;
}

/** What the writer does, without end: each object is made, changed three times, and every other one deleted. */
export function* writerSteps(tag: string): Generator<WriterStep, never> {
  for (let number = 0; ; number += 1) {
    const name = `${tag}.${number}`;
    yield { act: 'create', name, port: 0 };
    for (const port of [1, 2, 3]) yield { act: 'status', name, port };
    if (number % 2 === 1) yield { act: 'delete', name, port: 0 };
  }
}

async function write(store: SqliteStore, tag: string): Promise<void> {
  for (const step of writerSteps(tag)) {
    writeSync(1, `${await take(store, step)}\n`);
  }
}

async function take(store: SqliteStore, { act, name, port }: WriterStep): Promise<string> {
  if (act === 'create') return (await store.create(aTaskRoute(name))).metadata.resourceVersion;
  if (act === 'delete') {
    await store.delete('TaskRoute', name);
    return (await store.list('TaskRoute')).resourceVersion;
  }
  const read = (await store.get('TaskRoute', name))!;
  const status = { externalPort: port };
  return (await store.updateStatus<'TaskRoute'>({ ...read, status })).metadata.resourceVersion;
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
  const [folder = '', mode, tag = ''] = process.argv.slice(2);
  const store = openStore(folder);
  if (mode === 'write') await write(store, tag);
  else if (mode === 'revoke') revoke(store, tag);
  else if (mode === 'fill') await fill(store);
  else writeSync(1, 'ready\n');
  if (mode === 'hold') process.stdin.resume();
}
