import { request as httpRequest } from 'node:http';
import { EmbeddedClearml } from '../../src/embedded/api/embedded-clearml.ts';
import { parseJson, stringifyJson } from '../../src/embedded/api/json.ts';
import { forgeTokens, readExchanges, SECRET, type Exchange } from './golden-exchange.ts';
import { GoldenMatch, readRaw } from './golden-match.ts';
import { setupOf, type GoldenSetup } from './golden-setup.ts';

/** How one exchange compares. */
export interface Comparison {
  readonly exchange: Exchange;
  readonly differences: readonly string[];
}

interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly text: string;
}

/** Sends every exchange of a file to a fresh embedded API, and compares all but those left out. */
export async function replay(
  file: string,
  leftOut: ReadonlySet<number>,
): Promise<readonly Comparison[]> {
  const setup = setupOf(file);
  const api = new EmbeddedClearml({
    seed: setup.seed,
    featureSet: 'basic',
    tokenSecret: SECRET,
    now: tickingFrom(setup.startSeconds * 1000),
  });
  const { url } = await api.start();
  try {
    const session = { api, url, match: new GoldenMatch(), tokens: forgeTokens(), setup };
    await prepare(session);
    const compared: Comparison[] = [];
    for (const exchange of readExchanges(file)) {
      await interlude(session, exchange.n);
      const reply = await send(session, exchange);
      const differences = compare(session, exchange, reply);
      if (!leftOut.has(exchange.n)) compared.push({ exchange, differences });
    }
    return compared;
  } finally {
    await api.close();
  }
}

interface Session {
  readonly api: EmbeddedClearml;
  readonly url: string;
  readonly match: GoldenMatch;
  readonly tokens: ReadonlyMap<string, string>;
  readonly setup: GoldenSetup;
}

function tickingFrom(start: number): () => number {
  let time = start;
  return () => (time += 3);
}

async function prepare(session: Session): Promise<void> {
  for (const { endpoint, body } of session.setup.calls) {
    const reply = await post(session.url, {
      method: 'POST',
      path: `/${endpoint}`,
      headers: { Authorization: `Bearer ${session.api.token('alice') ?? ''}` },
      text: JSON.stringify(body),
    });
    if (reply.status !== 200) throw new Error(`setup ${endpoint} was refused: ${reply.text}`);
  }
}

async function interlude(session: Session, n: number): Promise<void> {
  const step = session.setup.interludes[n];
  if (step === undefined) return;
  await post(session.url, {
    method: 'POST',
    path: `/${step.endpoint}`,
    headers: { Authorization: `Bearer ${session.api.token(step.user) ?? ''}` },
    text: session.match.translate(JSON.stringify(step.body)),
  });
}

function send(session: Session, { request }: Exchange): Promise<Reply> {
  const { match, tokens } = session;
  const translate = (text: string): string => match.translate(text, (id) => tokens.get(id) ?? id);
  const headers = Object.fromEntries(
    Object.entries(request.headers ?? {})
      .filter(([name]) => !['host', 'connection', 'content-length'].includes(name.toLowerCase()))
      .map(([name, value]) => [name, encodeBasic(translate(value))]),
  );
  return post(session.url, {
    method: request.method,
    path: translate(request.path),
    headers,
    text: translate(bodyText(request.body)),
  });
}

function bodyText(body: unknown): string {
  if (body === undefined || body === null) return '';
  const raw = typeof body === 'object' && 'raw' in body ? body.raw : undefined;
  return typeof raw === 'string' ? raw : stringifyJson(body);
}

function encodeBasic(value: string): string {
  return value.replace(/base64\((.*)\)/s, (_all, plain: string) =>
    Buffer.from(plain).toString('base64'),
  );
}

function post(
  url: string,
  what: { method: string; path: string; headers: Record<string, string>; text: string },
): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const body = Buffer.from(what.text);
    const length =
      'Transfer-Encoding' in what.headers ? {} : { 'Content-Length': String(body.length) };
    const headers = { ...what.headers, ...length };
    const sent = httpRequest({ hostname, port, method: what.method, path: what.path, headers });
    sent.on('error', reject);
    sent.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text });
      });
    });
    sent.end(body);
  });
}

function compare(session: Session, { response }: Exchange, reply: Reply): readonly string[] {
  const { match } = session;
  if (response.status !== reply.status) {
    return [
      `status: ${response.status} recorded, ${reply.status} here: ${reply.text.slice(0, 200)}`,
    ];
  }
  return [
    ...compareCookie(match, response.headers?.['Set-Cookie'], reply.headers['set-cookie']),
    ...compareBody(match, response, reply.text),
  ];
}

function compareBody(
  match: GoldenMatch,
  recorded: Exchange['response'],
  text: string,
): readonly string[] {
  const raw = rawOf(recorded.body);
  if (recorded.body_truncated === true && raw !== undefined) return compareCut(raw, text);
  if (raw !== undefined && !raw.startsWith('{')) return [];
  const whole = raw === undefined ? recorded.body : readRaw(raw);
  if (whole === undefined && recorded.code === undefined) return [];
  const ours = parseJson(text) as { meta: Record<string, unknown>; data: unknown };
  const { result_code: code, result_subcode: subcode } = ours.meta;
  if (whole === undefined) {
    const said = `${String(code)}/${String(subcode)}`;
    if (said !== recorded.code) return [`code: ${String(recorded.code)} recorded, ${said} here`];
    return match.differences(recorded.data, ours.data, 'data');
  }
  const { meta, data } = whole as { meta: Record<string, unknown>; data: unknown };
  return [
    ...match.differences(comparableMeta(meta), comparableMeta(ours.meta), 'meta'),
    ...match.differences(data, ours.data, 'data'),
  ];
}

/** Ids of calls are new each time, messages are not compared; whether trx is the id is. */
function comparableMeta(meta: Record<string, unknown>): Record<string, unknown> {
  const rest = { ...meta };
  delete rest['id'];
  delete rest['result_msg'];
  return { ...rest, trx: meta['trx'] === meta['id'] ? 'the id' : meta['trx'] };
}

/** A list that was cut in the recording: the names that are left are the first of ours. */
function compareCut(raw: string, text: string): readonly string[] {
  const names = (of: string): readonly string[] =>
    [...of.matchAll(/"name":"([^"]*)"/g)].map((found) => found[1] ?? '').slice(1);
  const recorded = names(raw);
  const ours = names(text).slice(0, recorded.length);
  return recorded.join() === ours.join() ? [] : ['the names of a cut list differ'];
}

function compareCookie(
  match: GoldenMatch,
  recorded: string | readonly string[] | undefined,
  ours: string | readonly string[] | undefined,
): readonly string[] {
  if (recorded === undefined) return [];
  const [theirs, here] = [cookieParts(recorded), cookieParts(ours ?? '')];
  return match.differences(theirs, here, 'cookie');
}

/** Name, value and attributes; the date, which repeats Max-Age, is left out. */
function cookieParts(header: string | readonly string[]): readonly string[] {
  const text = typeof header === 'string' ? header : (header[0] ?? '');
  const [pair = '', ...attributes] = text.split('; ');
  const at = pair.indexOf('=');
  const rest = attributes.filter((attribute) => !attribute.startsWith('Expires='));
  return [pair.slice(0, at), pair.slice(at + 1), ...rest.sort()];
}

function rawOf(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('raw' in body)) return undefined;
  return typeof body.raw === 'string' ? body.raw : undefined;
}
