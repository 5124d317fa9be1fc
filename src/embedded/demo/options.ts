/** What `clearway demo` was asked for. */
export interface DemoOptions {
  /** Host name or address in the addresses that users open. */
  readonly host: string;
  /** Listen port of the proxy; undefined picks a free one. */
  readonly port?: number;
  /** Ends by itself after this time. */
  readonly durationMs?: number;
  /** Where to write what is running where, once all is up. */
  readonly readyFile?: string;
  /** False keeps demo tasks from coming and going. */
  readonly churn: boolean;
}

/** The options as they were written; undefined where one was not. */
export interface DemoWords {
  readonly host: string | undefined;
  readonly port: string | undefined;
  readonly duration: string | undefined;
  readonly readyFile: string | undefined;
  readonly noChurn: boolean;
}

const MAX_SECONDS = 2_000_000;

/** Reads the options of the demo, or tells everything that is wrong with them. */
export function readDemoOptions(
  words: DemoWords,
): { readonly options: DemoOptions } | { readonly problems: readonly string[] } {
  const problems: string[] = [];
  const host = words.host ?? '127.0.0.1';
  if (!isHost(host)) problems.push('--host is no host name or IPv4 address');
  const port = readNumber(words.port, { name: '--port', most: 65_535 }, problems);
  const seconds = readNumber(words.duration, { name: '--duration', most: MAX_SECONDS }, problems);
  if (words.readyFile === '') problems.push('--ready-file is empty');
  if (problems.length > 0) return { problems };
  const options = {
    host,
    churn: !words.noChurn,
    ...(port === undefined ? {} : { port }),
    ...(seconds === undefined ? {} : { durationMs: seconds * 1000 }),
    ...(words.readyFile === undefined ? {} : { readyFile: words.readyFile }),
  };
  return { options };
}

/** True for addresses that only this machine can reach. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || /^127(\.\d{1,3}){3}$/u.test(host);
}

function isHost(text: string): boolean {
  return text.length <= 253 && /^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/iu.test(text);
}

function readNumber(
  text: string | undefined,
  rule: { readonly name: string; readonly most: number },
  problems: string[],
): number | undefined {
  if (text === undefined) return undefined;
  const value = /^\d+$/u.test(text) ? Number(text) : 0;
  if (value >= 1 && value <= rule.most) return value;
  problems.push(`${rule.name} is no whole number from 1 to ${String(rule.most)}`);
  return undefined;
}
