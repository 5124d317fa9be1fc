import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';

/** What wrk measured. */
export interface Load {
  readonly requests: number;
  readonly perSecond: number;
  /** In ms. */
  readonly p99: number;
}

/** What wrk asks for. */
export interface LoadOrder {
  readonly url: string;
  readonly script: string;
  readonly core: number;
  readonly connections: number;
  readonly seconds: number;
}

/** Which requests wrk makes, in this order and then again from the first. */
export interface RequestPlan {
  readonly paths: readonly string[];
  /** Texts of the Cookie header. */
  readonly cookies: readonly string[];
  /** Index of the path and of the cookie of each request. */
  readonly steps: readonly (readonly [path: number, cookie: number])[];
}

/** Writes the script that makes wrk walk through a plan; all texts are made before the first request. */
export async function writeWalk(file: string, plan: RequestPlan): Promise<string> {
  const list = (texts: readonly string[]): string =>
    texts.map((text) => `  ${JSON.stringify(text)},\n`).join('');
  // The indexes of Lua begin at 1. One flat list: a function of Lua holds no more than 65,536 tables.
  const steps = plan.steps.map(([path, cookie]) => `  ${path + 1}, ${cookie + 1},\n`).join('');
  const text = `local paths = {
${list(plan.paths)}}
local cookies = {
${list(plan.cookies)}}
local steps = {
${steps}}
local requests, at = {}, 0
function init()
  for index = 1, #steps, 2 do
    local headers = { Host = "127.0.0.1", Cookie = cookies[steps[index + 1]] }
    requests[#requests + 1] = wrk.format("GET", paths[steps[index]], headers)
  end
end
function request()
  at = at % #requests + 1
  return requests[at]
end
`;
  await writeFile(file, text);
  return file;
}

/** Writes the script of requests that each take a connection of their own. */
export async function writeReconnect(file: string): Promise<string> {
  await writeFile(file, 'wrk.headers["Connection"] = "close"\n');
  return file;
}

/**
 * Runs wrk with one thread on its core.
 *
 * @throws Error when an answer was not a success
 */
export async function runWrk(order: LoadOrder): Promise<Load> {
  const { url, script, core, connections, seconds } = order;
  const wrk = ['wrk', '--latency', '-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, url];
  const { stdout } = await promisify(execFile)('taskset', ['-c', String(core), ...wrk]);
  const failed = /Non-2xx or 3xx responses: (\d+)/.exec(stdout)?.[1];
  if (failed !== undefined) throw new Error(`${failed} answers of ${url} were no success`);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? NaN);
  const requests = Number(/(\d+) requests in/.exec(stdout)?.[1] ?? NaN);
  return { requests, perSecond, p99: inMs(/99%\s+([\d.]+)(us|ms|s)/.exec(stdout)) };
}

function inMs(match: RegExpExecArray | null): number {
  const factor = { us: 0.001, ms: 1, s: 1_000 }[match?.[2] ?? ''] ?? NaN;
  return Number(match?.[1]) * factor;
}
