import type { KubectlMinor } from '../../support/kubectl.ts';
import type { Command, Difference, Stream } from './command-list.ts';
import type { Shown } from './run-command.ts';

const STREAMS: readonly Stream[] = ['code', 'stdout', 'stderr', 'state'];

/**
 * What Clearway should show, given what the real server showed.
 *
 * @throws when a listed difference is not one: nothing matches, or the text is the same without it.
 */
export function expected(command: Command, minor: KubectlMinor, real: Shown): Shown {
  const differences = (command.differences ?? []).filter(
    ({ kubectl }) => kubectl === undefined || kubectl.includes(minor),
  );
  const texts = STREAMS.map((stream) => {
    const mine = differences.filter((difference) => difference.in === stream);
    return [stream, mine.reduce((text, one) => replace(text, one), real[stream])] as const;
  });
  return comparable(command, Object.fromEntries(texts) as Shown);
}

/** A command's output without the streams that its entry leaves out. */
export function comparable({ uncompared = [] }: Command, shown: Shown): Shown {
  const texts = STREAMS.map(
    (stream) => [stream, uncompared.includes(stream) ? '' : shown[stream]] as const,
  );
  return Object.fromEntries(texts) as Shown;
}

function replace(text: string, difference: Difference): string {
  const replaced = text.replace(new RegExp(difference.real, 'gms'), difference.clearway);
  if (replaced !== text) return replaced;
  throw new Error(
    `a listed difference is none any more (${difference.why}): ${difference.real} in ${difference.in}:\n${text}`,
  );
}
