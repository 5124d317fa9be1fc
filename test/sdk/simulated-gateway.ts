import type { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';

/** What the simulated gateway answers with. */
export const GATEWAY = { url: 'http://gateway.example:8010', address: '192.0.2.80', port: 30_000 };

/**
 * Answers endpoint requests as a gateway would: sees the tag, writes the answering keys once. Stops
 * when the signal aborts.
 */
export async function simulateGateway(api: EmbeddedClearml, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for (const id of api.tasks.ids()) answerTask(api, id);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function answerTask(api: EmbeddedClearml, id: string): void {
  const task = api.tasks.get(id);
  if (task?.status !== 'in_progress' || !task.system_tags.includes('external_service')) return;
  const runtime = api.tasks.runtime(id);
  const answers = Object.keys(runtime).flatMap((key) => [
    ...httpAnswer(id, key),
    ...tcpAnswer(key, runtime),
  ]);
  const missing = answers.filter(([key, value]) => runtime[key] !== value);
  if (missing.length > 0) api.tasks.patchRuntime(id, Object.fromEntries(missing));
}

type Entry = readonly [string, string | number];

function httpAnswer(id: string, key: string): readonly Entry[] {
  const match = /^_PORT(__(.*))?$/.exec(key);
  if (match === null) return [];
  const slug = match[2] === undefined ? '' : `--${match[2]}`;
  return [[`endpoint${match[1] ?? ''}`, `${GATEWAY.url}/service/${id}${slug}/`]];
}

function tcpAnswer(key: string, runtime: Readonly<Record<string, unknown>>): readonly Entry[] {
  const match = /^external_tcp_port(__.*)?$/.exec(key);
  const suffix = match?.[1] ?? '';
  if (match === null || runtime[`external_address${suffix}`] === GATEWAY.address) return [];
  return [
    [`external_address${suffix}`, GATEWAY.address],
    [`external_tcp_port${suffix}`, GATEWAY.port],
    [`upstream_task_port${suffix}`, Number(runtime[key])],
  ];
}
