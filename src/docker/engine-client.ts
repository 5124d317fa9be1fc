import { access } from 'node:fs/promises';
import { connect } from 'node:net';
import type Docker from 'dockerode';
import { OperatorError, isAbort } from '../errors.ts';
import {
  bridgeSubnetsOf,
  readContainer,
  signatureOf,
  type SeenContainer,
} from './container-fact.ts';
import { loadDockerode } from './dockerode.ts';

/** What an event of the engine asks us to look at again. */
export type EngineHint =
  { readonly look: 'container'; readonly id: string } | { readonly look: 'networks' };

const ANSWER_MS = 10_000;
const HELD_MS = 100;
const LONGEST_EVENT = 1_048_576;
const EVENTS = ['start', 'die', 'destroy', 'rename', 'connect', 'disconnect', 'create'] as const;

/** The calls of the engine's API that we need, over its socket; every failure is `ENGINE_UNREACHABLE`. */
export class EngineClient {
  readonly #socketPath: string;
  readonly #answerMs: number;
  #loaded: Promise<Docker> | undefined;

  constructor(deps: {
    readonly socketPath: string;
    /** Longest time for an answer, in ms; 10 s unless given. */
    readonly answerMs?: number;
  }) {
    this.#socketPath = deps.socketPath;
    this.#answerMs = deps.answerMs ?? ANSWER_MS;
  }

  /**
   * True when somebody listens on the socket, be it an engine that does not answer yet. A process that is being killed may
   * close connections before its listener: one that is not held for a moment counts for nothing.
   */
  listens(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect({ path: this.#socketPath, signal });
      socket.setTimeout(HELD_MS, () => {
        resolve(true);
        socket.destroy();
      });
      socket.on('error', () => undefined).once('close', () => resolve(false));
    });
  }

  /** All containers, stopped ones too: from id to what would change with its facts. */
  async list(signal: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const entries = await this.#call(
      (docker, abortSignal) => docker.listContainers({ all: true, abortSignal }),
      signal,
    );
    return new Map(entries.map((entry) => [entry.Id, signatureOf(entry)]));
  }

  /** A container now; undefined when there is none of this id. */
  async inspect(id: string, signal: AbortSignal): Promise<SeenContainer | undefined> {
    return this.#call(async (docker, abortSignal) => {
      try {
        return readContainer(await docker.getContainer(id).inspect({ abortSignal }));
      } catch (error) {
        if (statusOf(error) === 404) return undefined;
        throw error;
      }
    }, signal);
  }

  /** Subnets of the engine's bridge networks, in CIDR form. */
  async bridgeSubnets(signal: AbortSignal): Promise<readonly string[]> {
    return bridgeSubnetsOf(
      await this.#call((docker, abortSignal) => docker.listNetworks({ abortSignal }), signal),
    );
  }

  /**
   * Opens the stream of events; what happens after it resolved is not missed.
   *
   * @returns a promise of the stream's end, which rejects with `ENGINE_UNREACHABLE`.
   */
  async openEvents(
    onHint: (hint: EngineHint) => void,
    signal: AbortSignal,
  ): Promise<{ readonly ended: Promise<never> }> {
    const stop = new AbortController();
    const abortSignal = AbortSignal.any([signal, stop.signal]);
    const deadline = setTimeout(() => stop.abort(), this.#answerMs);
    try {
      const docker = await this.#docker();
      const stream = await docker.getEvents({
        filters: { type: ['container', 'network'], event: [...EVENTS] },
        abortSignal,
      });
      return { ended: follow(stream, onHint) };
    } catch (error) {
      throw translate(error, signal);
    } finally {
      clearTimeout(deadline);
    }
  }

  /** The engine's client, loaded once there is a socket: a router without one does without its memory. */
  async #docker(): Promise<Docker> {
    await access(this.#socketPath);
    this.#loaded ??= loadDockerode().then((Client) => new Client({ socketPath: this.#socketPath }));
    return this.#loaded;
  }

  async #call<T>(
    work: (docker: Docker, signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    try {
      const docker = await this.#docker();
      return await work(docker, AbortSignal.any([signal, AbortSignal.timeout(this.#answerMs)]));
    } catch (error) {
      throw translate(error, signal);
    }
  }
}

async function follow(
  stream: NodeJS.ReadableStream,
  onHint: (hint: EngineHint) => void,
): Promise<never> {
  const hints = readEvents();
  try {
    for await (const chunk of stream) hints(chunk.toString()).forEach(onHint);
  } catch (error) {
    throw error instanceof OperatorError
      ? error
      : new OperatorError(
          'ENGINE_UNREACHABLE',
          { reason: 'the event stream broke' },
          { cause: error },
        );
  }
  throw new OperatorError('ENGINE_UNREACHABLE', { reason: 'the event stream ended' });
}

interface EngineEvent {
  readonly Type?: string;
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Readonly<Record<string, string>> };
}

/** A reader of the event stream: takes its chunks in order, gives the hints of the lines that are complete. */
export function readEvents(): (chunk: string) => readonly EngineHint[] {
  let rest = '';
  return (chunk) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > LONGEST_EVENT) {
      throw new OperatorError('ENGINE_UNREACHABLE', { reason: 'it sent an event without end' });
    }
    return lines.flatMap(readEvent);
  };
}

/** The hint of one line; none for a line that means nothing to us. */
function readEvent(line: string): readonly EngineHint[] {
  const event = parse(line);
  switch (event.Type) {
    case 'container':
      return containerHint(event.Actor?.ID);
    case 'network':
      return event.Action === 'connect' || event.Action === 'disconnect'
        ? containerHint(event.Actor?.Attributes?.['container'])
        : [{ look: 'networks' }];
    case undefined:
    default:
      return [];
  }
}

function containerHint(id: string | undefined): readonly EngineHint[] {
  return id === undefined || id === '' ? [] : [{ look: 'container', id }];
}

function parse(line: string): EngineEvent {
  try {
    return JSON.parse(line) as EngineEvent;
  } catch {
    return {};
  }
}

function translate(error: unknown, signal: AbortSignal): unknown {
  if (signal.aborted || error instanceof OperatorError) return error;
  const reason = isAbort(error)
    ? 'it does not answer'
    : (codeOf(error) ?? statusOf(error) ?? 'unknown');
  return new OperatorError('ENGINE_UNREACHABLE', { reason }, { cause: error });
}

function codeOf(error: unknown): string | undefined {
  const code = (error as { readonly code?: unknown }).code;
  return typeof code === 'string' ? code : undefined;
}

function statusOf(error: unknown): number | undefined {
  const status = (error as { readonly statusCode?: unknown }).statusCode;
  return typeof status === 'number' ? status : undefined;
}
