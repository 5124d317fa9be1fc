import type { IncomingMessage, ServerResponse } from 'node:http';
import { isAbort } from '../../errors.ts';
import type { ApiAnswer, ApiStream } from '../contracts.ts';

/** Longest piece that is handed to the kernel at once: so much has to be taken in each {@link STALL_MS}. */
const SLICE_BYTES = 65_536;

/** A client that takes nothing for this time is gone, or does not read. */
const STALL_MS = 30_000;

/** What a stream has to end when it is told to. */
const END_MS = 2_000;

/** What a client has to hear that its request is refused while it still sends it. */
const LINGER_MS = 1_000;

const COMMON_HEADERS = {
  'Cache-Control': 'no-cache, private',
  'X-Content-Type-Options': 'nosniff',
} as const;

/** How patient the sending of answers is, in ms. */
export interface Patience {
  readonly stallMs: number;
}

/** As patient as a server should be. */
export const PATIENCE: Patience = { stallMs: STALL_MS };

/** Sends an answer that is there; a client that does not take it loses its connection. */
export async function sendAnswer(
  response: ServerResponse,
  answer: ApiAnswer,
  patience: Patience,
): Promise<void> {
  const body = Buffer.from(answer.body);
  response.setHeaders(new Headers(COMMON_HEADERS));
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value);
  response.writeHead(answer.status, {
    'Content-Type': answer.contentType ?? 'application/json',
    'Content-Length': body.length,
  });
  if (response.req.method !== 'HEAD') await writeSlices(response, body, patience);
  if (response.getHeader('Connection') === 'close') await unsent(response.req);
  response.end();
}

/** A connection that is closed on bytes that nobody read takes the answer with it: they are thrown away for a moment. */
function unsent(request: IncomingMessage): Promise<void> {
  if (request.complete || request.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      request.off('end', done).off('close', done);
      resolve();
    };
    const timer = setTimeout(done, LINGER_MS);
    request.once('end', done).once('close', done).resume();
  });
}

/**
 * Sends an answer that goes on, each piece when those before were taken, until it ends or the signal aborts.
 *
 * @remarks The head goes out at once: `kubectl wait` waits for it beyond its own time-out.
 */
export async function sendStream(
  response: ServerResponse,
  stream: ApiStream,
  { patience, signal }: { readonly patience: Patience; readonly signal: AbortSignal },
): Promise<void> {
  response.writeHead(200, { ...COMMON_HEADERS, 'Content-Type': stream.contentType });
  response.flushHeaders();
  const cut = endSoon(response, signal);
  try {
    for await (const piece of stream.pieces) {
      if (signal.aborted) break;
      await writeSlices(response, Buffer.from(piece), patience);
    }
  } catch (error) {
    if (!signal.aborted && !isAbort(error)) throw error;
  } finally {
    cut.release();
  }
  response.end();
}

/** Ends the connection of a stream that goes on although the signal has aborted. */
function endSoon(response: ServerResponse, signal: AbortSignal): { readonly release: () => void } {
  let timer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    timer = setTimeout(() => response.destroy(), END_MS);
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  return {
    release: () => {
      signal.removeEventListener('abort', onAbort);
      clearTimeout(timer);
    },
  };
}

async function writeSlices(
  response: ServerResponse,
  bytes: Buffer,
  { stallMs }: Patience,
): Promise<void> {
  for (let at = 0; at < bytes.length && !response.destroyed; at += SLICE_BYTES) {
    if (!response.write(bytes.subarray(at, at + SLICE_BYTES))) await drained(response, stallMs);
  }
}

function drained(response: ServerResponse, stallMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => response.destroy(), stallMs);
    const done = (): void => {
      clearTimeout(timer);
      response.off('drain', done).off('close', done);
      resolve();
    };
    response.once('drain', done).once('close', done);
    if (response.destroyed) done();
  });
}
