import { readFileSync, readdirSync } from 'node:fs';
import { parseJson } from '../../src/embedded/api/json.ts';
import { signToken } from '../../src/embedded/api/jwt.ts';

/** One recorded exchange. */
export interface Exchange {
  readonly n: number;
  readonly name: string;
  readonly request: {
    readonly method: string;
    readonly path: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly body?: unknown;
  };
  readonly response: {
    readonly status: number;
    readonly headers?: Readonly<Record<string, string | readonly string[]>>;
    readonly code?: string;
    readonly data?: unknown;
    readonly body?: unknown;
    readonly body_truncated?: boolean;
  };
}

/** Secret that the replay signs tokens with. */
export const SECRET = 'the secret of the golden replay';
const FOLDER = new URL('../golden/clearml/', import.meta.url);

/** Names of the recorded files, without `.jsonl`. */
export function goldenFiles(): readonly string[] {
  return readdirSync(FOLDER)
    .filter((name) => /^\d\d_.*\.jsonl$/.test(name))
    .map((name) => name.replace('.jsonl', ''))
    .sort();
}

/** The exchanges of one file, in order. */
export function readExchanges(file: string): readonly Exchange[] {
  return lines(`${file}.jsonl`).map((line) => parseJson(line) as Exchange);
}

/** Reasons why exchanges are not compared, by file and number. */
export function readLeftOut(): Readonly<Record<string, Readonly<Record<string, string>>>> {
  return JSON.parse(readFileSync(new URL('left-out.json', FOLDER), 'utf8')) as Record<
    string,
    Record<string, string>
  >;
}

/** Makes a recorded token again: same header and claims, our signature, spoilt where it was spoilt. */
export function forgeTokens(): ReadonlyMap<string, string> {
  return new Map(
    lines('tokens.jsonl').map((line) => {
      const { token, header, claims } = JSON.parse(line) as {
        token: string;
        header: { alg: string };
        claims: Record<string, unknown>;
      };
      return [token, spoil(token, signToken(claims, secretOf(token), header.alg))];
    }),
  );
}

function secretOf(token: string): string {
  return token === '<jwt 23>' ? 'some other secret' : SECRET;
}

function spoil(token: string, signed: string): string {
  return token === '<jwt 20>' ? signed.slice(0, -2) : signed;
}

function lines(name: string): readonly string[] {
  return readFileSync(new URL(name, FOLDER), 'utf8')
    .split('\n')
    .filter((line) => line !== '');
}
