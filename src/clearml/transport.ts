import { EnvHttpProxyAgent, request, type Dispatcher } from 'undici';
import { OperatorError } from '../errors.ts';

/** How ClearML is reached. */
export interface TransportSettings {
  readonly verifyTls: boolean;
  /** URLs of forward proxies by the scheme they serve, and the hosts that are reached directly. */
  readonly proxy?: { readonly https?: string; readonly http?: string; readonly noProxy?: string };
  /** Longest time for a call, in ms. Below 30 s: a server without its database hangs that long (protocol 9.1). */
  readonly timeoutMs: number;
  /** Longest answer that is read. */
  readonly maxAnswerBytes: number;
  /** Most connections at a time; 32 unless given. */
  readonly connections?: number;
}

/** One POST request. */
export interface Post {
  readonly url: string;
  readonly authorization: string;
  /** JSON text. */
  readonly body: string;
}

/** An answer before it is understood. */
export interface RawAnswer {
  readonly status: number;
  readonly retryAfter?: string;
  readonly text: string;
}

/** Details of a `CLEARML_MALFORMED` error whose answer was longer than the bound. */
export const TOO_LARGE = 'answer too large';

const CONNECTIONS = 32;

/** Sends requests, within bounds of time and size; `close` ends the connections. */
export class Transport {
  readonly #settings: TransportSettings;
  #dispatcher: Dispatcher | undefined;

  constructor(settings: TransportSettings) {
    this.#settings = settings;
  }

  /**
   * The answer of any status.
   *
   * @throws OperatorError `CLEARML_UNREACHABLE`; `CLEARML_MALFORMED` when the answer is too long
   */
  async post(post: Post, signal: AbortSignal): Promise<RawAnswer> {
    signal.throwIfAborted();
    const controller = new AbortController();
    const end = (): void => {
      controller.abort();
    };
    const timer = setTimeout(end, this.#settings.timeoutMs);
    signal.addEventListener('abort', end, { once: true });
    try {
      return await this.#send(post, controller.signal);
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof OperatorError) throw error;
      const problem = controller.signal.aborted ? 'timed out' : codeOf(error);
      throw new OperatorError('CLEARML_UNREACHABLE', { problem }, { cause: error });
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
    }
  }

  async close(): Promise<void> {
    await this.#dispatcher?.destroy();
    this.#dispatcher = undefined;
  }

  async #send(post: Post, signal: AbortSignal): Promise<RawAnswer> {
    this.#dispatcher ??= makeDispatcher(this.#settings);
    const { statusCode, headers, body } = await request(post.url, {
      method: 'POST',
      dispatcher: this.#dispatcher,
      headers: { authorization: post.authorization, 'content-type': 'application/json' },
      body: post.body,
      signal,
    });
    const text = await this.#read(body);
    const retryAfter = headers['retry-after'];
    return { status: statusCode, text, ...(typeof retryAfter === 'string' ? { retryAfter } : {}) };
  }

  async #read(body: Dispatcher.ResponseData['body']): Promise<string> {
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      size += chunk.length;
      // Leaving the loop destroys the body, and with it the connection.
      if (size > this.#settings.maxAnswerBytes) {
        throw new OperatorError('CLEARML_MALFORMED', { problem: TOO_LARGE });
      }
      chunks.push(chunk);
    }
    return Buffer.concat(chunks).toString('utf8');
  }
}

/** Empty values, and not absent ones: the agent would read the environment for what is absent. */
function makeDispatcher(settings: TransportSettings): Dispatcher {
  const tls = { rejectUnauthorized: settings.verifyTls };
  const { timeoutMs } = settings;
  return new EnvHttpProxyAgent({
    httpProxy: settings.proxy?.http ?? '',
    httpsProxy: settings.proxy?.https ?? '',
    noProxy: settings.proxy?.noProxy ?? '',
    connect: { ...tls, timeout: timeoutMs },
    requestTls: tls,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connections: settings.connections ?? CONNECTIONS,
  });
}

/** The code alone: messages may hold the address of a proxy, with its password. */
function codeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : 'connection failed';
}
