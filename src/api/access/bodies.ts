import type { IncomingMessage } from 'node:http';
import { Shares, type ShareLimits } from '../shares.ts';
import { ApiError } from '../status.ts';

/** What {@link Bodies} keep to. */
export interface BodyLimits {
  /** Bytes that are held at one time. */
  readonly bytes: ShareLimits;
  /** Time in ms in which a body has to be there. */
  readonly arriveMs: number;
}

/** Enough for sixteen of the longest writes at one time, half of that for one caller. */
export const BODY_LIMITS: BodyLimits = {
  bytes: { all: 16 * 1_048_576, each: 8 * 1_048_576 },
  arriveMs: 20_000,
};

const FIRST_BYTES = 4_096;

/** Reads the bodies of requests: each up to its limit, all together up to another one. */
export class Bodies {
  readonly #shares: Shares;
  readonly #arriveMs: number;

  constructor({ bytes, arriveMs }: BodyLimits) {
    this.#shares = new Shares(bytes, tooManyBytes);
    this.#arriveMs = arriveMs;
  }

  /**
   * The whole body, of at most `limit` bytes. What it takes is held until the signal aborts.
   *
   * @param holder - Name of the caller.
   * @throws ApiError `RequestEntityTooLarge` as soon as it is known, `TooManyRequests`, `Timeout`, `BadRequest`
   */
  async read(
    request: IncomingMessage,
    limit: number,
    holder: string,
    signal: AbortSignal,
  ): Promise<Buffer> {
    if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
    const held: (() => void)[] = [];
    const room = new Room(limit, (bytes) => held.push(this.#shares.take(holder, bytes)));
    const release = (): void => {
      for (const free of held) free();
    };
    signal.addEventListener('abort', release, { once: true });
    try {
      await fill(room, request, this.#arriveMs);
    } finally {
      if (signal.aborted) release();
    }
    return room.content;
  }
}

/** Where a body is gathered. Its pieces are copied, since a piece of one byte may keep a whole buffer of the socket. */
class Room {
  readonly #limit: number;
  readonly #take: (bytes: number) => void;
  #bytes = Buffer.alloc(0);
  #length = 0;

  constructor(limit: number, take: (bytes: number) => void) {
    this.#limit = limit;
    this.#take = take;
  }

  get content(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** @throws ApiError `RequestEntityTooLarge`, `TooManyRequests` */
  add(piece: Buffer): void {
    const length = this.#length + piece.length;
    if (length > this.#limit) throw tooLarge(this.#limit);
    if (length > this.#bytes.length) this.#grow(length);
    piece.copy(this.#bytes, this.#length);
    this.#length = length;
  }

  #grow(wanted: number): void {
    const size = Math.min(this.#limit, Math.max(FIRST_BYTES, 2 * this.#bytes.length, wanted));
    this.#take(size - this.#bytes.length);
    const grown = Buffer.allocUnsafeSlow(size);
    this.#bytes.copy(grown);
    this.#bytes = grown;
  }
}

/** Resolves when everything is in; what comes after a failure is left where it is. */
function fill(room: Room, request: IncomingMessage, arriveMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = (error?: unknown): void => {
      clearTimeout(timer);
      request.off('data', onData).off('end', finish).off('close', onClose).pause();
      if (error instanceof Error) reject(error);
      else resolve();
    };
    const onData = (piece: Buffer): void => {
      try {
        room.add(piece);
      } catch (error) {
        finish(error);
      }
    };
    const onClose = (): void => finish(notWhole());
    const timer = setTimeout(() => finish(tooLate(arriveMs)), arriveMs);
    request.on('data', onData).once('end', finish).once('close', onClose);
    if (request.destroyed) onClose();
  });
}

function tooLarge(limit: number): ApiError {
  return new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${limit} bytes`);
}

function tooManyBytes(): ApiError {
  const message = 'the router is reading as many bodies as it has room for; try again later';
  return new ApiError('TooManyRequests', message, { retryAfterSeconds: 1 });
}

function tooLate(arriveMs: number): ApiError {
  const message = `the body of the request was not there within ${arriveMs / 1_000} seconds`;
  return new ApiError('Timeout', message, {});
}

/** For nobody to hear. */
function notWhole(): ApiError {
  return new ApiError('BadRequest', 'the body of the request ended too soon');
}
