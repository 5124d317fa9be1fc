import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { AccessDecider } from '../../src/controllers/contracts.ts';
import { call } from './channel-client.ts';

/** What a worker is told about a credential. */
export interface Decision {
  readonly verdict: string;
  readonly user?: string;
  readonly session?: string;
  readonly generation: number;
}

/** Lets everybody in as user `u` by the session `s`. */
export const ALLOWING: AccessDecider = {
  decide: () => Promise.resolve({ verdict: 'allow', user: 'u', session: 's' }),
};

/** Asks about somebody who wants to use the task `a`. */
export async function decide(socketPath: string): Promise<Decision> {
  const body = { format: 1, kind: 'session', credential: 'c', task: 'a' };
  const answer = await call({ socketPath, path: '/proxy/decide', body });
  return JSON.parse(answer.text) as Decision;
}

/** Whether a worker that was told this of revocations may still use the decision. */
export function holds(
  { generation, user, session }: Decision,
  revoked: Readonly<Record<string, number>>,
): boolean {
  const subjects = ['*', `user:${user ?? ''}`, `session:${session ?? ''}`, 'task:a'];
  return subjects.every((subject) => (revoked[subject] ?? -1) < generation);
}

/** The snapshot in an nginx folder. */
export async function snapshotOf(folder: string): Promise<Readonly<Record<string, unknown>>> {
  const text = await readFile(join(folder, 'snapshot.json'), 'utf8');
  return JSON.parse(text) as Record<string, unknown>;
}
