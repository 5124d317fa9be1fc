import type { Contender } from './contenders.ts';
import { median } from './figures.ts';
import { LOAD_CORE } from './namespace.ts';
import { runWrk, type Load } from './wrk.ts';

/** Connections of the load generator. */
export const CONNECTIONS = 64;

/** How many times as fast as the slowest round the fastest one may be. */
const MOST_SPREAD = 1.3;

export const ROUNDS = 5;
export const SECONDS = 3;

/** A contender under one sort of load; the first line of a group is what the others are held against. */
export interface Line {
  readonly name: string;
  readonly url: string;
  readonly script: string;
  readonly contender: Contender;
  readonly samples: Sample[];
}

/** One measurement; `cpu` is what the contender used for a request, in microseconds. */
export type Sample = Load & { readonly cpu: number };

/** How a line stands to the first one of its group: the first one's figure over its own for `p99` and `cpu`, so that more is better. */
export interface Ratios {
  readonly rates: readonly number[];
  readonly p99: number;
  readonly cpu: number;
}

/** A line that was not measured yet, over HTTP or on the TCP port. */
export function aLine(
  name: string,
  contender: Contender,
  script: string,
  port: number = contender.httpPort,
): Line {
  return { name, url: `http://127.0.0.1:${port}/`, script, contender, samples: [] };
}

/** Puts load on a line for some seconds. */
export async function load(line: Line, seconds: number): Promise<Sample> {
  const { url, script, contender } = line;
  const before = await contender.cpu();
  const done = await runWrk({ url, script, seconds, core: LOAD_CORE, connections: CONNECTIONS });
  return { ...done, cpu: (((await contender.cpu()) - before) / done.requests) * 1_000_000 };
}

/** Measures all lines in each round, one after the other, so that what else the machine does meets all of them. */
export async function measureRounds(lines: readonly Line[]): Promise<void> {
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const line of lines) line.samples.push(await load(line, SECONDS));
  }
}

/** True when the rounds of a line are much alike: something else was at work on this machine if not. */
export function isSteady({ samples }: Line): boolean {
  const rates = samples.map(({ perSecond }) => perSecond);
  return Math.max(...rates) < MOST_SPREAD * Math.min(...rates);
}

/** Compares round by round; each figure is the median. */
export function ratiosOf(line: Line, base: Line): Ratios {
  const against = (value: (one: Sample) => number): readonly number[] =>
    line.samples.map((one, round) => value(one) / value(base.samples[round] ?? one));
  return {
    rates: against(({ perSecond }) => perSecond),
    p99: 1 / median(against(({ p99 }) => p99)),
    cpu: 1 / median(against(({ cpu }) => cpu)),
  };
}

/** Prints the figures of a group. */
export function printGroup(group: readonly Line[]): void {
  const [base] = group;
  if (base === undefined) return;
  const width = Math.max(...group.map(({ name }) => name.length)) + 2;
  const head = ['median of the rounds'.padEnd(width), '1/s'.padStart(7), 'p99 ms'.padStart(8)];
  console.log(`\n${head.join('')}  CPU us   ratio of 1/s, in each round   of p99   of CPU`);
  for (const line of group) {
    const { rates, p99, cpu } = ratiosOf(line, base);
    const middle = (value: (one: Sample) => number): number => median(line.samples.map(value));
    const cells = [
      line.name.padEnd(width),
      middle(({ perSecond }) => perSecond)
        .toFixed(0)
        .padStart(7),
      middle((one) => one.p99)
        .toFixed(2)
        .padStart(8),
      middle((one) => one.cpu)
        .toFixed(1)
        .padStart(8),
      `   ${median(rates).toFixed(2)}   ${rates.map((ratio) => ratio.toFixed(2)).join(' ')}`,
      `     ${p99.toFixed(2)}     ${cpu.toFixed(2)}`,
    ];
    console.log(cells.join(''));
  }
}
