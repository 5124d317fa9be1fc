import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parse } from 'yaml';
import type { Kind } from '../../../src/resources/kinds.ts';
import type { KubectlMinor } from '../../support/kubectl.ts';
import type { SeedObject } from './world.ts';

/** What of a command is compared; `state` is what StaticRoutes are afterwards. */
export type Stream = 'stdout' | 'stderr' | 'code' | 'state';

/** A difference that is meant: what the real server's text has in the place of Clearway's. */
export interface Difference {
  readonly in: Stream;
  /** Regular expression (flags gms) that matches the real server's masked text. */
  readonly real: string;
  /** Clearway's text; `$1` stands for a group. */
  readonly clearway: string;
  readonly why: string;
  /** Versions of kubectl that show it; absent for all. */
  readonly kubectl?: readonly KubectlMinor[];
}

/** A change behind the back of a command that watches. */
export interface Step {
  /** Waits until stdout matches. */
  readonly seen?: string;
  /** Waits until stderr matches. */
  readonly logged?: string;
  readonly kubectl?: string;
  readonly create?: SeedObject;
  readonly status?: {
    readonly kind: Kind;
    readonly name: string;
    readonly to: SeedObject['status'];
  };
  readonly delete?: { readonly kind: Kind; readonly name: string };
}

/** A command of commands.yaml. */
export interface Command {
  /** Arguments of kubectl; words with spaces stand in quotes. */
  readonly run: string;
  /** What people get from it. */
  readonly what: string;
  /** Name of the test where several commands read the same. */
  readonly title?: string;
  /** docs/kubectl.md shows its output. */
  readonly shown?: boolean;
  readonly stdin?: string;
  /** Files of its working folder. */
  readonly files?: Readonly<Record<string, string>>;
  /** Commands that run before it and succeed. */
  readonly before?: readonly string[];
  /** Exit code with Clearway. */
  readonly code?: number;
  /** Regular expressions that match what it prints with Clearway. */
  readonly shows?: readonly string[];
  /** It changes objects of these kinds, which are made anew afterwards. */
  readonly changes?: readonly Kind[];
  /** It runs until these steps are over, and is then ended as by Ctrl-C. */
  readonly watch?: readonly Step[];
  /** It runs while these steps are done, and ends by itself. */
  readonly meanwhile?: readonly Step[];
  /** What need not be the same at all, as it is only there for the test. */
  readonly uncompared?: readonly Stream[];
  /** The tables of stdout come in any order: a real server lists kinds as they come. */
  readonly anyOrder?: boolean;
  readonly kubectl?: readonly KubectlMinor[];
  readonly differences?: readonly Difference[];
}

/** A group of commands, as docs/kubectl.md shows them. */
export interface CommandGroup {
  readonly group: string;
  readonly about: string;
  readonly commands: readonly Command[];
}

/** Reads commands.yaml. */
export async function readCommands(): Promise<readonly CommandGroup[]> {
  const text = await readFile(join(import.meta.dirname, '../commands.yaml'), 'utf8');
  return parse(text) as readonly CommandGroup[];
}

/** Splits at spaces outside quotes. */
export function words(text: string): readonly string[] {
  return Array.from(text.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g), ([word]) =>
    word.replaceAll(/'([^']*)'|"([^"]*)"/g, '$1$2'),
  );
}
