// The format of the log: sqlite.org/fileformat2.html, section 4 ("The Write-Ahead Log").
import { readFileSync } from 'node:fs';
import { systemCode } from './store-errors.ts';

const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;
/** The last bit says in which order the bytes of a word are added up. */
const MAGIC = 0x377f0682;

/**
 * What SQLite will not say of the log that a killed router left: it reads up to the first frame that it cannot trust and
 * drops the rest without a word.
 *
 * - `whole`: everything is read. A last frame that was being written at the kill belongs to no acknowledged change.
 * - `cut`: changes after some point are lost; a power cut may do that, as the log is not brought to the disk at each change.
 * - `unreadable`: its header is damaged, which neither a kill nor a power cut does; all changes in it would be lost.
 */
export type LogState = 'whole' | 'cut' | 'unreadable';

/** Looks at the log beside a database file; one that is not there is whole. */
export function inspectLog(path: string): LogState {
  const bytes = readIfThere(path);
  if (bytes === undefined || bytes.length <= HEADER_BYTES) return 'whole';
  const sum = headerSum(bytes);
  if (sum === undefined) return 'unreadable';
  const frameBytes = FRAME_HEADER_BYTES + bytes.readUInt32BE(8);
  const salt = bytes.toString('latin1', 16, 24);
  let running: Sum | undefined = sum;
  for (let at = HEADER_BYTES; at + frameBytes <= bytes.length; at += frameBytes) {
    // The rest of an earlier, longer log.
    if (bytes.toString('latin1', at + 8, at + 16) !== salt) return 'whole';
    // A good frame of the same log after a bad one.
    if (running === undefined) return 'cut';
    running = frameSum(bytes, { at, end: at + frameBytes, before: running });
  }
  return 'whole';
}

interface Sum {
  readonly first: number;
  readonly second: number;
}

/** The checksum that the frames go on from; undefined when the header is not what was written. */
function headerSum(bytes: Buffer): Sum | undefined {
  if ((bytes.readUInt32BE(0) & 0xfffffffe) >>> 0 !== MAGIC) return undefined;
  const sum = addUp(bytes, { at: 0, end: 24, before: { first: 0, second: 0 } });
  return isWritten(bytes, 24, sum) ? sum : undefined;
}

interface Span {
  readonly at: number;
  readonly end: number;
  readonly before: Sum;
}

/** The checksum after a frame; undefined when the frame is not what was written. */
function frameSum(bytes: Buffer, { at, end, before }: Span): Sum | undefined {
  const head = addUp(bytes, { at, end: at + 8, before });
  const sum = addUp(bytes, { at: at + FRAME_HEADER_BYTES, end, before: head });
  return isWritten(bytes, at + 16, sum) ? sum : undefined;
}

function addUp(bytes: Buffer, { at, end, before }: Span): Sum {
  const isBigEndian = (bytes.readUInt32BE(0) & 1) === 1;
  let { first, second } = before;
  for (let place = at; place < end; place += 8) {
    const left = isBigEndian ? bytes.readUInt32BE(place) : bytes.readUInt32LE(place);
    const right = isBigEndian ? bytes.readUInt32BE(place + 4) : bytes.readUInt32LE(place + 4);
    first = (first + left + second) >>> 0;
    second = (second + right + first) >>> 0;
  }
  return { first, second };
}

function isWritten(bytes: Buffer, at: number, sum: Sum): boolean {
  return bytes.readUInt32BE(at) === sum.first && bytes.readUInt32BE(at + 4) === sum.second;
}

function readIfThere(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}
