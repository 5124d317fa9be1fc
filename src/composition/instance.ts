import { createHash } from 'node:crypto';
import type { Settings } from '../settings.ts';

/** Where the ids of this state folder's installations are kept. */
export interface InstanceMemory {
  meta(key: string): string | undefined;
  setMeta(key: string, value: string): void;
}

/** Id of this installation, and those that the state folder had before its settings changed. */
export interface Instance {
  readonly id: string;
  readonly former: readonly string[];
}

const KEY = 'instances';
const REMEMBERED = 20;

/**
 * The id of this installation of a router, made from what tells two installations apart: name, URL and TCP address.
 *
 * @remarks
 * Not random, so that a router that lost its state knows its own marks on tasks again, while a second one under the same name
 * with another URL does not take them for its own.
 */
export function identifyInstance(settings: Settings, memory: InstanceMemory): Instance {
  const id = instanceId(settings);
  const known = readIds(memory.meta(KEY));
  const former = known.filter((candidate) => candidate !== id).slice(0, REMEMBERED);
  const ids = JSON.stringify([id, ...former]);
  if (ids !== memory.meta(KEY)) memory.setMeta(KEY, ids);
  return { id, former };
}

function instanceId({ router, tcp }: Settings): string {
  const place = [router.name, router.url, tcp?.address ?? '', tcp?.start ?? 0, tcp?.end ?? 0];
  return createHash('sha256').update(JSON.stringify(place)).digest('hex').slice(0, 12);
}

function readIds(text: string | undefined): readonly string[] {
  const parsed: unknown = JSON.parse(text ?? '[]');
  return Array.isArray(parsed) ? parsed.filter((id): id is string => typeof id === 'string') : [];
}
