import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { hasCode, isAbort } from '../../errors.ts';
import type { RouterClient } from '../../api/access/router-client.ts';

/** One line of a watch (meta/v1 WatchEvent). */
interface WatchLine {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: unknown;
}

/** What a {@link follow} asks for and does. */
export interface Following {
  readonly client: RouterClient;
  /** Path of the collection, with its selectors. */
  readonly path: string;
  readonly accept: string;
  /** A list: its resource version. */
  readonly onList: (list: unknown) => string;
  /** What a change brings: its resource version, where it has one. */
  readonly onChange: (object: unknown) => string | undefined;
  /** Says something about the connection. */
  readonly say: (text: string) => void;
}

const RETRY_MS = 1_000;
const GONE = 410;

/**
 * Lists, and then tells every change until the signal aborts; a router that goes away is waited for.
 *
 * @throws OperatorError when the first list fails
 */
export async function follow(following: Following, signal: AbortSignal): Promise<void> {
  let from: string | undefined = await list(following);
  let isAway = false;
  do {
    try {
      from ??= await list(following);
      if (isAway) following.say('The router is there again.');
      isAway = false;
      from = await watchOnce(following, from);
    } catch (error) {
      if (isAbort(error)) return;
      if (!isPassing(error)) throw error;
      if (!isAway) following.say('The router does not answer; waiting for it.');
      isAway = true;
    }
  } while (await hasSlept(RETRY_MS, signal));
}

function hasSlept(ms: number, signal: AbortSignal): Promise<boolean> {
  return sleep(ms, true, { signal }).catch(() => false);
}

/** A router that restarts: it is not there, or it is cut off in the middle of a line. */
function isPassing(error: unknown): boolean {
  return (
    hasCode(error, 'CONTROL_UNREACHABLE') ||
    error instanceof SyntaxError ||
    (error instanceof Error && 'code' in error && error.code === 'ECONNRESET')
  );
}

async function list({ client, path, accept, onList }: Following): Promise<string> {
  return onList(await client.ask({ path, accept }));
}

/** Follows one watch to its end: the version to go on from, undefined when a list is needed first. */
async function watchOnce(following: Following, from: string): Promise<string | undefined> {
  const { client, path, accept, onChange } = following;
  const joint = path.includes('?') ? '&' : '?';
  const query = `watch=true&allowWatchBookmarks=true&resourceVersion=${encodeURIComponent(from)}`;
  let answer;
  try {
    answer = await client.open({ path: `${path}${joint}${query}`, accept });
  } catch (error) {
    if (hasCode(error, 'API_REFUSED') && error.details['status'] === GONE) return undefined;
    throw error;
  }
  let last = from;
  for await (const line of createInterface({ input: answer })) {
    const { type, object } = JSON.parse(line) as WatchLine;
    if (type === 'ERROR') return undefined;
    last = (type === 'BOOKMARK' ? versionOf(object) : onChange(object)) ?? last;
  }
  return last;
}

function versionOf(object: unknown): string | undefined {
  const { metadata } = object as { readonly metadata?: { readonly resourceVersion?: string } };
  return metadata?.resourceVersion;
}
