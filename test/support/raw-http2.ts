import { connect, type TLSSocket } from 'node:tls';

/** Types of frames (RFC 9113, section 6). */
export const FRAME = {
  data: 0,
  headers: 1,
  reset: 3,
  settings: 4,
  ping: 6,
  goAway: 7,
  continuation: 9,
} as const;

/** Flags of frames: the end of a stream, and of a block of headers. */
export const END_STREAM = 1;
export const END_HEADERS = 4;

/** A frame as it came. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** The bytes of a frame. */
export function frame(
  type: number,
  flags: number,
  stream: number,
  payload: Uint8Array = Buffer.alloc(0),
): Buffer<ArrayBuffer> {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** A block of headers, each as a literal that enters no table (RFC 7541, section 6.2.2); texts of less than 127 bytes. */
export function headerBlock(
  headers: readonly (readonly [name: string, value: string])[],
): Buffer<ArrayBuffer> {
  const text = (value: string): Buffer =>
    Buffer.concat([Buffer.from([value.length]), Buffer.from(value, 'latin1')]);
  return Buffer.concat(
    headers.flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]),
  );
}

/** The headers of a GET. */
export function getHeaders(path: string, authority = 'localhost'): [string, string][] {
  return [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':path', path],
    [':authority', authority],
  ];
}

/** A connection that speaks HTTP/2 frame by frame: nothing is checked, and nothing answered by itself. */
export class RawHttp2 {
  readonly frames: Frame[] = [];
  readonly socket: TLSSocket;
  /** Resolves with `performance.now()` when the server ended the connection. */
  readonly ended: Promise<number>;
  #rest = Buffer.alloc(0);

  private constructor(socket: TLSSocket) {
    this.socket = socket;
    this.ended = new Promise((done) => socket.once('close', () => done(performance.now())));
    socket.on('data', (data: Buffer) => this.#read(data)).on('error', () => undefined);
    socket.on('end', () => socket.destroy());
  }

  /** Shakes hands, and sends the preface and empty settings. */
  static open(port: number): Promise<RawHttp2> {
    return new Promise((done, failed) => {
      const socket = connect(
        { port, host: '127.0.0.1', ALPNProtocols: ['h2'], rejectUnauthorized: false },
        () => {
          const raw = new RawHttp2(socket);
          socket.off('error', failed);
          socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
          socket.write(frame(FRAME.settings, 0, 0));
          done(raw);
        },
      );
      socket.once('error', failed);
    });
  }

  /** Sends frames in one write. */
  send(...frames: readonly Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** True when a frame of this type came for this stream. */
  has(type: number, stream: number): boolean {
    return this.frames.some((one) => one.type === type && one.stream === stream);
  }

  #read(data: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, data]);
    while (this.#rest.length >= 9) {
      const end = 9 + this.#rest.readUIntBE(0, 3);
      if (this.#rest.length < end) return;
      this.frames.push({
        type: this.#rest.readUInt8(3),
        flags: this.#rest.readUInt8(4),
        stream: this.#rest.readUInt32BE(5) & 0x7fffffff,
        payload: this.#rest.subarray(9, end),
      });
      this.#rest = this.#rest.subarray(end);
    }
  }
}
