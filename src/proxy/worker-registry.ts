import type { ProxyState } from '../controllers/contracts.ts';
import type { PollReport } from './channel-format.ts';
import { describeProxies, isLive, type WorkerRecord } from './observe.ts';

/**
 * The workers that poll, and since when. Times are given by the caller, in ms of Unix time.
 */
export class WorkerRegistry {
  readonly #records = new Map<string, WorkerRecord>();
  readonly #unsupported = new Map<string, { readonly format: number; readonly seen: number }>();
  #arrivals = 0;

  /** A poll began; `acknowledged` is 0 when this router did not hand out what the worker serves. */
  pollBegan(report: PollReport, acknowledged: number, now: number): void {
    const key = keyOf(report);
    const earlier = this.#records.get(key);
    this.#unsupported.delete(report.proxy);
    this.#records.set(key, {
      report,
      arrival: earlier?.arrival ?? (this.#arrivals += 1),
      acknowledged,
      openPolls: (earlier?.openPolls ?? 0) + 1,
      seen: now,
    });
  }

  /** That poll was answered, or its connection ended. */
  pollEnded(report: PollReport, now: number): void {
    const key = keyOf(report);
    const record = this.#records.get(key);
    if (record === undefined) return;
    this.#records.set(key, { ...record, openPolls: record.openPolls - 1, seen: now });
  }

  /** A proxy polled in a format that is not spoken here; true when that is news. */
  refused(proxy: string, format: number, now: number): boolean {
    const isNews = this.#unsupported.get(proxy)?.format !== format;
    this.#unsupported.set(proxy, { format, seen: now });
    return isNews;
  }

  /** The proxies at `now`; workers that are not live are forgotten. */
  proxies(now: number): readonly ProxyState[] {
    for (const [key, record] of this.#records) {
      if (!isLive(record, now)) this.#records.delete(key);
    }
    for (const [proxy, { seen }] of this.#unsupported) {
      if (!isLive({ openPolls: 0, seen }, now)) this.#unsupported.delete(proxy);
    }
    const strangers = [...this.#unsupported].map(([id, { format }]) => stranger(id, format));
    return [...describeProxies(this.#records.values()), ...strangers];
  }
}

/** A process id alone is not enough: two proxies may live in two namespaces. */
function keyOf(report: PollReport): string {
  return `${report.proxy}/${report.revision}/${report.pid}`;
}

function stranger(id: string, unsupportedFormat: number): ProxyState {
  return {
    id,
    configRevision: '',
    workers: 0,
    liveWorkers: 0,
    complete: false,
    generation: 0,
    heldPorts: [],
    unsupportedFormat,
  };
}
