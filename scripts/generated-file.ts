import { readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { format, resolveConfig } from 'prettier';

/** A file of the repository that is made from others. */
export interface GeneratedFile {
  readonly path: string;
  readonly content: string;
}

/** The content in the layout of the repository. */
export async function formatted(file: GeneratedFile): Promise<GeneratedFile> {
  const options = await resolveConfig(file.path);
  return {
    path: file.path,
    content: await format(file.content, { ...options, filepath: file.path }),
  };
}

/** Lines that only one side has, at most `limit` of each; empty when the texts are equal. */
export function summarizeDifference(observed: string, desired: string, limit = 10): string[] {
  if (observed === desired) return [];
  const only = (left: string, right: string, sign: string): string[] => {
    const known = new Set(right.split('\n'));
    const lines = left.split('\n').filter((line) => !known.has(line));
    const more = lines.length > limit ? [`  ${sign} … ${lines.length - limit} more`] : [];
    return [...lines.slice(0, limit).map((line) => `  ${sign} ${line}`), ...more];
  };
  const lines = [...only(observed, desired, '-'), ...only(desired, observed, '+')];
  return lines.length > 0 ? lines : ['  the same lines in another order'];
}

/**
 * Writes the files, or with `check` only compares them.
 *
 * @returns the exit code: 1 when `check` found a difference, which is printed.
 */
export function writeOrCheck(files: readonly GeneratedFile[], check: boolean): number {
  let stale = 0;
  for (const file of files) {
    const name = relative(process.cwd(), file.path);
    const lines = summarizeDifference(contentOf(file.path), file.content);
    if (lines.length === 0) continue;
    if (check) {
      stale += 1;
      console.error([`${name} is not up to date: run "make generate"`, ...lines].join('\n'));
    } else {
      writeFileSync(file.path, file.content);
      console.log(`wrote ${name}`);
    }
  }
  return stale === 0 ? 0 : 1;
}

function contentOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
