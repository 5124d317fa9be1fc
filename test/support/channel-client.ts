import { Agent, request, type IncomingHttpHeaders } from 'node:http';
import { applyDelta, EMPTY_TABLE, type RouteTable } from '../../src/domain/route-table.ts';
import type { TableDelta } from '../../src/domain/route-table.ts';

/** An answer of the channel. */
export interface ChannelAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** One request over a unix socket. */
export interface ChannelCall {
  readonly socketPath: string;
  readonly path: string;
  readonly method?: string;
  /** Sent as it is when it is text, else as JSON. */
  readonly body?: unknown;
  readonly agent?: Agent;
  readonly signal?: AbortSignal;
}

/** Makes one request and reads its answer. */
export function call(options: ChannelCall): Promise<ChannelAnswer> {
  const { socketPath, path, method = 'POST', body, agent, signal } = options;
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath, path, method, agent: agent ?? false, signal });
    outgoing.on('error', reject);
    outgoing.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.headers,
          text: Buffer.concat(chunks).toString('utf8'),
        }),
      );
    });
    outgoing.end(typeof body === 'string' || body === undefined ? body : JSON.stringify(body));
  });
}

/** The answer to a poll. */
export interface PollAnswer extends TableDelta {
  readonly format: number;
  readonly generation: number;
  readonly full: boolean;
  readonly revoked: Readonly<Record<string, number>>;
}

/** What a worker says of itself. */
export interface WorkerIdentity {
  readonly proxy: string;
  readonly pid: number;
  readonly worker: number;
  readonly workers: number;
  readonly revision: string;
  readonly ports: readonly number[];
  readonly exiting: boolean;
  readonly addresses?: readonly string[];
  readonly bridges?: readonly string[];
}

/** A worker of a proxy as the contract describes it: polls, applies, and acknowledges by polling again. */
export class TestWorker {
  readonly #socketPath: string;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #stop = new AbortController();
  #identity: WorkerIdentity;
  #running: Promise<void> | undefined;
  table: RouteTable = EMPTY_TABLE;
  generation = 0;
  /** By subject, the generation up to which decisions are void. */
  revoked: Readonly<Record<string, number>> = {};
  fullAnswers = 0;
  polls = 0;

  constructor(socketPath: string, identity: Partial<WorkerIdentity> = {}) {
    this.#socketPath = socketPath;
    this.#identity = {
      proxy: 'aaaa',
      pid: 100,
      worker: 0,
      workers: 1,
      revision: 'r1',
      ports: [],
      exiting: false,
      ...identity,
    };
  }

  /** Says something else of itself from the next poll on. */
  become(identity: Partial<WorkerIdentity>): void {
    this.#identity = { ...this.#identity, ...identity };
  }

  /** Polls once, and applies what it is told. */
  async poll(): Promise<PollAnswer> {
    const answer = await call({
      socketPath: this.#socketPath,
      path: '/proxy/poll',
      agent: this.#agent,
      signal: this.#stop.signal,
      body: { format: 1, ...this.#identity, generation: this.generation },
    });
    if (answer.status !== 200) throw new Error(`poll answered ${answer.status}: ${answer.text}`);
    const told = JSON.parse(answer.text) as PollAnswer;
    this.polls += 1;
    if (told.full) this.fullAnswers += 1;
    this.table = applyDelta(told.full ? EMPTY_TABLE : this.table, told);
    this.generation = told.generation;
    this.revoked = told.revoked;
    return told;
  }

  /** Polls until it is stopped. */
  run(): this {
    this.#running = this.#loop();
    return this;
  }

  /** Ends at once, as a killed process does: its connections close. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#agent.destroy();
    await this.#running;
  }

  async #loop(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      await this.poll().catch(() => new Promise((resolve) => setTimeout(resolve, 10)));
    }
  }
}
