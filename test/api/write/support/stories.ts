import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { ReadAnswer, Sent } from './write-world.ts';

/** Where the exchanges with a real API server are kept. */
export const GOLDEN = join(import.meta.dirname, '../../../golden/kubernetes');

/** One request of a story, with what a real API server of Kubernetes answered. */
export interface Exchange extends Sent {
  /** A present-tense fact. */
  readonly title: string;
  /** Why our answer is not the real one to the letter; then only code and reason are compared, or nothing. */
  readonly differs?: { readonly because: string; readonly compare: 'code' | 'nothing' };
  readonly answer?: unknown;
}

/** Requests that are sent one after the other, to a server that holds nothing of them yet. */
export interface Story {
  /** Name of its file. */
  readonly file: string;
  readonly story: string;
  readonly exchanges: readonly Exchange[];
}

/** Every story in {@link GOLDEN}. */
export async function readStories(): Promise<readonly Story[]> {
  const files = (await readdir(GOLDEN)).filter((file) => file.endsWith('.yaml')).sort();
  return Promise.all(
    files.map(async (file) => ({
      ...(parse(await readFile(join(GOLDEN, file), 'utf8')) as Omit<Story, 'file'>),
      file,
    })),
  );
}

/**
 * Tells a story to a server, and returns its answers in the form that is compared: without what differs from run to run.
 *
 * @remarks
 * In a request `$uid` and `$rv` stand for those of the object that was answered last, and `{ $repeat: [times, what] }` for a
 * long text or list.
 */
export async function tell(
  { exchanges }: Story,
  send: (sent: Sent) => Promise<ReadAnswer>,
): Promise<readonly unknown[]> {
  const answers: unknown[] = [];
  let last: Last = { uid: '', rv: '' };
  for (const exchange of exchanges) {
    const answer = await send(filled(exchange, last));
    answers.push(comparable(answer, last));
    const { uid, resourceVersion } = answer.body.metadata;
    if (uid !== undefined && resourceVersion !== undefined) last = { uid, rv: resourceVersion };
  }
  return answers;
}

/** The part of an answer that must be equal for an exchange. */
export function compared(answer: unknown, { differs }: Exchange): unknown {
  if (differs === undefined) return answer;
  const { code, reason } = answer as { code: unknown; reason: unknown };
  return differs.compare === 'code' ? { code, reason } : differs.because;
}

interface Last {
  readonly uid: string;
  readonly rv: string;
}

function filled(exchange: Exchange, last: Last): Sent {
  const { method, path, type, headers, namespace } = exchange;
  const sent = { method, path, type, headers, namespace };
  const given = Object.fromEntries(Object.entries(sent).filter(([, value]) => value !== undefined));
  const body = 'body' in exchange ? { body: fill(exchange.body, last) } : {};
  return { method, ...given, ...body };
}

function fill(value: unknown, last: Last): unknown {
  if (typeof value === 'string') {
    return value.replaceAll('$uid', last.uid).replaceAll('$rv', last.rv);
  }
  if (Array.isArray(value)) return value.map((item) => fill(item, last));
  if (typeof value !== 'object' || value === null) return value;
  if ('$repeat' in value) {
    const [times, what] = value.$repeat as [number, string | unknown[]];
    return typeof what === 'string' ? what.repeat(times) : Array(times).fill(what).flat();
  }
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, fill(part, last)]));
}

function comparable({ status, warnings, body }: ReadAnswer, last: Last): unknown {
  const answer = body['kind'] === 'Status' ? ofStatus(body) : ofObject(body, last);
  const text = JSON.stringify({ code: status, warnings, ...answer });
  return JSON.parse(
    text
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uid>')
      .replace(/in record \(\d+\)/g, 'in record (<version>)'),
  ) as unknown;
}

/** Causes come in no order. */
function ofStatus(body: ReadAnswer['body']): object {
  const { message, reason } = body;
  const details = body['details'] as { causes?: readonly unknown[] } | undefined;
  const causes = details?.causes?.map((cause) => JSON.stringify(cause)).sort();
  const sorted = causes?.map((cause) => JSON.parse(cause) as unknown);
  return {
    outcome: body['status'],
    message,
    reason,
    details: sorted === undefined ? details : { ...details, causes: sorted },
  };
}

function ofObject(body: ReadAnswer['body'], last: Last): object {
  const { name, generation, labels, annotations, managedFields, uid, resourceVersion } =
    body.metadata;
  const status = body['status'] as object | undefined;
  return {
    object: name?.replace(/^gen-.{5}$/, 'gen-?????'),
    generation,
    version: uid === last.uid && resourceVersion === last.rv ? 'as before' : 'another',
    labels,
    annotations,
    managedFields: managedFields?.map((entry) => ({ ...entry, time: '' })),
    spec: body['spec'],
    ...(status === undefined || Object.keys(status).length === 0 ? {} : { status }),
  };
}
