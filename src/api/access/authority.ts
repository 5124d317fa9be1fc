import { X509Certificate } from 'node:crypto';
import type { Clock } from '../../controllers/contracts.ts';
import type { Logger } from '../../telemetry/logger.ts';
import { issueServerPair, makeAuthority, type KeyPair } from './certificates.ts';

/** Where key pairs are kept. The store's file is readable for its owner only. */
export interface KeyPairMemory {
  meta(key: string): string | undefined;
  setMeta(key: string, value: string): void;
}

/** What a {@link ApiAuthority} works with. */
export interface AuthorityDeps {
  readonly memory: KeyPairMemory;
  readonly clock: Clock;
  readonly logger: Logger;
}

const AUTHORITY = 'api-authority';
const SERVER = 'api-server';

const DAY_MS = 86_400_000;
/** What ends sooner is made anew. */
const MARGIN_MS = 30 * DAY_MS;
const LOOK_MS = 6 * 3_600_000;

/**
 * The certificate authority of the resource API and the certificate of its server, both kept over a restart.
 *
 * @remarks Clients trust the authority by their kubeconfig, so it lives for ten years; the server's certificate is renewed under it
 * without anybody noticing.
 */
export class ApiAuthority {
  readonly #deps: AuthorityDeps;
  #authority: KeyPair;
  #server: KeyPair;

  private constructor(deps: AuthorityDeps, authority: KeyPair, server: KeyPair) {
    this.#deps = deps;
    this.#authority = authority;
    this.#server = server;
  }

  /** Reads what is kept, and makes what is missing or about to end. @throws OperatorError `STORE_WRITE_FAILED` */
  static async open(deps: AuthorityDeps): Promise<ApiAuthority> {
    const { authority, server } = await currentPairs(deps);
    return new ApiAuthority(deps, authority, server);
  }

  /** Certificate of the authority, as PEM. */
  get certificate(): string {
    return this.#authority.certificate;
  }

  /** What the server shows. */
  get serverPair(): KeyPair {
    return this.#server;
  }

  /** Renews what is about to end, and tells about a new pair of the server, until the signal aborts. */
  async run(onRenewed: (pair: KeyPair) => void, signal: AbortSignal): Promise<void> {
    const { clock, logger } = this.#deps;
    while (await hasSlept(clock, LOOK_MS, signal)) {
      try {
        const { authority, server } = await currentPairs(this.#deps);
        if (server.certificate === this.#server.certificate) continue;
        [this.#authority, this.#server] = [authority, server];
        onRenewed(server);
      } catch (error) {
        logger.error({ err: error }, 'the certificate of the resource API cannot be renewed');
      }
    }
  }
}

/** Sleeps; false when the signal aborts. */
export async function hasSlept(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  if (signal.aborted) return false;
  return clock.sleep(ms, signal).then(
    () => true,
    () => false,
  );
}

async function currentPairs(
  deps: AuthorityDeps,
): Promise<{ readonly authority: KeyPair; readonly server: KeyPair }> {
  const { memory, clock, logger } = deps;
  const now = clock.now();
  const keptAuthority = readPair(memory.meta(AUTHORITY));
  const authority = isGood(keptAuthority, now) ? keptAuthority : await makeAuthority(now);
  if (authority !== keptAuthority) {
    memory.setMeta(AUTHORITY, JSON.stringify(authority));
    if (keptAuthority !== undefined) {
      const until = new X509Certificate(authority.certificate).validTo;
      logger.warn({ until }, 'the API has a new certificate authority: make kubeconfigs anew');
    }
  }
  const keptServer = readPair(memory.meta(SERVER));
  if (isGood(keptServer, now) && isIssuedBy(keptServer, authority)) {
    return { authority, server: keptServer };
  }
  const server = await issueServerPair(authority, now);
  memory.setMeta(SERVER, JSON.stringify(server));
  return { authority, server };
}

function readPair(text: string | undefined): KeyPair | undefined {
  if (text === undefined) return undefined;
  try {
    const parsed = JSON.parse(text) as Partial<Record<keyof KeyPair, unknown>> | null;
    const { certificate, key } = parsed ?? {};
    return typeof certificate === 'string' && typeof key === 'string'
      ? { certificate, key }
      : undefined;
  } catch {
    return undefined;
  }
}

function isGood(pair: KeyPair | undefined, now: number): pair is KeyPair {
  if (pair === undefined) return false;
  try {
    const { validFromDate, validToDate } = new X509Certificate(pair.certificate);
    return validFromDate.getTime() <= now && now < validToDate.getTime() - MARGIN_MS;
  } catch {
    return false;
  }
}

function isIssuedBy(pair: KeyPair, authority: KeyPair): boolean {
  const issuer = new X509Certificate(authority.certificate);
  return new X509Certificate(pair.certificate).verify(issuer.publicKey);
}
