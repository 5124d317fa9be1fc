// Writes docs/metrics.md from the registry of the metrics; with --check it only compares.
import { resolve } from 'node:path';
import { createMetrics } from '../src/telemetry/metrics.ts';
import { formatted, writeOrCheck } from './generated-file.ts';

const INTRO = `<!-- Generated from src/telemetry/metrics.ts by scripts/generate-metrics-doc.ts. Do not edit: run "make generate". -->

# Metrics

In the text format of Prometheus under \`/metrics\`. Every label has a bounded set of values: no metric carries the
id of a task, the name of a user or an address. Beside these there is what prom-client knows of the process
(\`process_*\`, \`nodejs_*\`).

| name | type | labels | meaning |
| --- | --- | --- | --- |
`;

interface Described {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labelNames: readonly string[];
}

/** The text of docs/metrics.md, not yet formatted. */
export async function renderMetrics(): Promise<string> {
  const { registry } = createMetrics();
  const types = new Map((await registry.getMetricsAsJSON()).map(({ name, type }) => [name, type]));
  // labelNames is on every metric of prom-client, and missing from its type declarations.
  const metrics = registry.getMetricsAsArray() as unknown as readonly Omit<Described, 'type'>[];
  const rows = metrics
    .map((metric) => ({ ...metric, type: String(types.get(metric.name)) }))
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .map(({ name, help, labelNames, type }) => {
      const labels = labelNames.map((label) => `\`${label}\``).join(', ');
      return `| \`${name}\` | ${type} | ${labels} | ${help} |`;
    });
  return `${INTRO}${rows.join('\n')}\n`;
}

if (import.meta.main) {
  const path = resolve(import.meta.dirname, '..', 'docs', 'metrics.md');
  const file = await formatted({ path, content: await renderMetrics() });
  process.exitCode = writeOrCheck([file], process.argv.includes('--check'));
}
