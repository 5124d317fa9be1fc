import { isAbort, toOperatorError } from '../errors.ts';
import { redactText } from '../telemetry/redact.ts';
import { found, type Check, type CheckContext, type Level, type Report } from './contract.ts';

/** Runs all checks side by side, each within `timeoutMs`; reports are in the order of the checks. */
export async function runChecks(
  checks: readonly Check[],
  context: CheckContext,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<readonly Report[]> {
  return Promise.all(
    checks.map(async (check) => {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
      return { name: check.name, findings: await runCheck(check, context, limit, signal) };
    }),
  );
}

async function runCheck(
  check: Check,
  context: CheckContext,
  limit: AbortSignal,
  signal: AbortSignal,
): Promise<Report['findings']> {
  try {
    return await check.run(context, limit);
  } catch (error) {
    signal.throwIfAborted();
    if (limit.aborted || isAbort(error)) {
      return found('fail', 'no answer in time', 'See whether the network between the two is slow.');
    }
    const { message, code, cause } = toOperatorError(error);
    const why = cause instanceof Error ? `: ${cause.message}` : '';
    return found('fail', redactText(code === 'UNEXPECTED' ? `${message}${why}` : message));
  }
}

/** True when no finding is a failure. */
export function isGood(reports: readonly Report[]): boolean {
  return reports.every(({ findings }) => findings.every(({ level }) => level !== 'fail'));
}

const WORDS: Readonly<Record<Level, string>> = {
  ok: 'ok  ',
  warn: 'WARN',
  fail: 'FAIL',
  skip: 'skip',
};

/** The reports as lines for a terminal: level, check, message, and below it what to do. */
export function formatReports(reports: readonly Report[]): string {
  const width = Math.max(...reports.map(({ name }) => name.length));
  const lines = reports.flatMap(({ name, findings }) =>
    findings.flatMap(({ level, message, todo }) => [
      `${WORDS[level]}  ${name.padEnd(width)}  ${message}`,
      ...(todo === undefined ? [] : [`${' '.repeat(width + 8)}-> ${todo}`]),
    ]),
  );
  const all = reports.flatMap(({ findings }) => findings);
  const count = (level: Level): string => String(all.filter((one) => one.level === level).length);
  const summary = `${count('ok')} ok, ${count('warn')} warnings, ${count('fail')} failures, ${count('skip')} not looked at`;
  return [...lines, '', summary, ''].join('\n');
}
