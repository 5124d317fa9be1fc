import type { SettingsValues } from './values.ts';

/** Which ports are one, by the paths of their settings, and what was expected. */
export interface PortClash {
  readonly paths: readonly string[];
  readonly message: string;
}

type LoopbackPort = 'metricsPort' | 'apiPort';

/** What stands in the way of a loopback port among the other ports of this router; undefined when nothing does, or it is off. */
export function findPortClash(
  { listen, tcp }: SettingsValues,
  key: LoopbackPort,
): PortClash | undefined {
  const port = listen[key];
  const path = `listen.${key}`;
  if (!Number.isInteger(port) || port === 0) return undefined;
  const others = key === 'apiPort' ? (['port', 'metricsPort'] as const) : (['port'] as const);
  const same = others.find((other) => listen[other] === port);
  if (same !== undefined) {
    return { paths: [path, `listen.${same}`], message: 'expected two different ports' };
  }
  const { start, end } = tcp;
  if (start === null || end === null || port < start || port > end) return undefined;
  return {
    paths: [path, 'tcp.start', 'tcp.end'],
    message: 'expected a port outside the TCP range',
  };
}

/** The port of the resource API: off where nobody has chosen it and it is another port's, as the default must not break a router. */
export function chooseApiPort(values: SettingsValues, isChosen: boolean): number {
  const isOff = !isChosen && findPortClash(values, 'apiPort') !== undefined;
  return isOff ? 0 : values.listen.apiPort;
}
