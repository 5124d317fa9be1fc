/** Bytes that are no protobuf message of the form that is read here. */
export class ProtobufError extends Error {}

/** One field of a message as it stands on the wire: a number, or bytes. */
export type WireField = number | Uint8Array;

/** Most fields of one message; ours have eleven at the most. */
const MOST_FIELDS = 64;
const MAX_VARINT_BYTES = 10;

// Wire types (protobuf.dev, Encoding).
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

/**
 * The fields of a message by number; of one that comes several times the last counts, as protobuf has it.
 *
 * @throws ProtobufError for groups, for lengths beyond the end, and for more fields than any message has that is read here
 */
export function readMessage(bytes: Uint8Array): ReadonlyMap<number, WireField> {
  const reader = new Reader(bytes);
  const fields = new Map<number, WireField>();
  for (let count = 0; !reader.isDone; count++) {
    if (count >= MOST_FIELDS) throw new ProtobufError('too many fields');
    const tag = reader.varint();
    const number = Math.floor(tag / 8);
    if (number === 0) throw new ProtobufError('a field has no number');
    fields.set(number, reader.value(tag % 8));
  }
  return fields;
}

/** A field that is text, empty when it is not there. @throws ProtobufError when it is no UTF-8 */
export function textField(fields: ReadonlyMap<number, WireField>, number: number): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      bytesField(fields, number),
    );
  } catch (cause) {
    throw new ProtobufError('a text is no UTF-8', { cause });
  }
}

/** A field that is bytes or a message, empty when it is not there. @throws ProtobufError when it is a number */
export function bytesField(fields: ReadonlyMap<number, WireField>, number: number): Uint8Array {
  const value = fields.get(number) ?? new Uint8Array();
  if (typeof value === 'number') throw new ProtobufError('a field is a number');
  return value;
}

class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isDone(): boolean {
    return this.#at >= this.#bytes.length;
  }

  /** Numbers beyond 2^53 lose their lowest bits; none that is used is that long. */
  varint(): number {
    let value = 0;
    for (let index = 0; index < MAX_VARINT_BYTES; index++) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined) throw new ProtobufError('a number has no end');
      value += (byte & 0x7f) * 2 ** (7 * index);
      if (byte < 0x80) return value;
    }
    throw new ProtobufError('a number is too long');
  }

  value(wireType: number): WireField {
    switch (wireType) {
      case VARINT:
        return this.varint();
      case BYTES:
        return this.#take(this.varint());
      case FIXED64:
        return this.#take(8);
      case FIXED32:
        return this.#take(4);
      default:
        throw new ProtobufError('a field has a type that is not known');
    }
  }

  #take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw new ProtobufError('a field has no end');
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }
}
