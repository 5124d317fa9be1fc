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

/** Which requests wrk makes: every path in turn, each as one of the users. */
export interface RequestPlan {
  readonly paths: readonly string[];
  /** Text of the Cookie header by user; user number u asks for the u-th share of the paths. */
  readonly cookies: readonly string[];
}

/** Writes the script that makes wrk walk through a plan; all texts are made before the first request. */
export async function writeWalk(file: string, plan: RequestPlan): Promise<string> {
  const share = Math.ceil(plan.paths.length / plan.cookies.length);
  const steps = plan.paths.map((path, index) => {
    const cookie = plan.cookies[Math.floor(index / share)] ?? '';
    return `  { ${JSON.stringify(path)}, ${JSON.stringify(cookie)} },`;
  });
  const text = `local steps = {
${steps.join('\n')}
}
local requests, at = {}, 0
function init()
  for index, step in ipairs(steps) do
    requests[index] = wrk.format("GET", step[1], { Host = "127.0.0.1", Cookie = step[2] })
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
