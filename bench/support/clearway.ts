import { createHash } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { pino } from 'pino';
import { systemClock } from '../../src/clock.ts';
import type { AccessAnswer, AccessQuestion } from '../../src/controllers/contracts.ts';
import type { RouteTable } from '../../src/domain/route-table.ts';
import { ProxyDataPlane } from '../../src/proxy/data-plane.ts';
import { nginxFolder, prepareFolder } from '../../src/proxy/folder.ts';
import type { ProxyConfig } from '../../src/proxy/proxy-config.ts';
import { makeRenderer, readTemplates, writeProxyFiles } from '../../src/proxy/render.ts';
import { startOnCore, type Contender, type Place } from './contenders.ts';
import { until } from './gateway.ts';

/** A proxy as it is delivered, and the router's side of it. */
export interface Clearway extends Contender {
  readonly plane: ProxyDataPlane;
  /** Questions that were asked at the router so far. */
  questions(): number;
}

/** What a Clearway contender serves. */
export interface ClearwayOrder {
  readonly table: RouteTable;
  readonly authEnabled: boolean;
  readonly workers?: number;
  /** Everybody is let in without one. */
  readonly decide?: (question: AccessQuestion) => AccessAnswer;
}

const TOP = resolve(import.meta.dirname, '../..');

export const CLEARML_COOKIE = 'clearml_token_basic';
export const SESSION_COOKIE = 'clearway-0a1b2c3d';

/** Longer than any measurement: what was decided stays decided. */
const DECISION_SECONDS = 3_600;

/** Starts a proxy, with one worker unless more are ordered, and its router's side in this process. */
export async function startClearway(place: Place, order: ClearwayOrder): Promise<Clearway> {
  const nginx = join(place.folder, 'nginx');
  await mkdir(nginx, { recursive: true });
  await prepareFolder(nginxFolder(nginx));
  let questions = 0;
  const decide = (question: AccessQuestion): Promise<AccessAnswer> => {
    questions += 1;
    return Promise.resolve(order.decide?.(question) ?? { verdict: 'allow', user: 'bench' });
  };
  const plane = new ProxyDataPlane({
    folder: nginx,
    clock: systemClock,
    logger: pino({ level: 'silent' }),
    decider: { decide },
    freshSeconds: DECISION_SECONDS,
    usableSeconds: DECISION_SECONDS,
  });
  await plane.start(new AbortController().signal);
  const render = makeRenderer(await readTemplates(join(TOP, 'templates')));
  await writeProxyFiles(nginxFolder(nginx), render(configOf(place, order)));
  const generation = await plane.apply(order.table);
  const environment = {
    CLEARWAY_NGINX_FOLDER: nginx,
    CLEARWAY_RUN_FOLDER: join(place.folder, 'run'),
    CLEARWAY_STOP_SECONDS: '1',
  };
  const supervisor = startOnCore(place.core, [join(TOP, 'proxy/supervisor')], environment);
  const stop = async (): Promise<void> => {
    await supervisor.stop();
    await plane.close();
  };
  await until(
    () => Promise.resolve(plane.acknowledged >= generation ? true : undefined),
    20_000,
    50,
  ).catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return { ...place, ...supervisor, plane, questions: () => questions, stop };
}

/** A text like a sealed session or a token of ClearML: as long, and different all along for each user. */
export function aCredential(user: number, length: number): string {
  const part = (number: number): string =>
    createHash('sha512').update(`${user} ${number}`).digest('base64url');
  const parts = Array.from({ length: Math.ceil(length / 87) }, (_, number) => part(number));
  return parts.join('.').slice(0, length);
}

/** Ids of this many tasks. */
export function someTasks(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => index.toString(16).padStart(32, '0'));
}

function configOf(place: Place, { authEnabled, workers = 1 }: ClearwayOrder): ProxyConfig {
  return {
    workers,
    workerConnections: 8_192,
    rlimitNofile: 20_000,
    authEnabled,
    cookieName: CLEARML_COOKIE,
    sessionCookie: SESSION_COOKIE,
    idleSeconds: 600,
    routerScheme: 'http',
    routerPort: place.httpPort,
    tcp: true,
    listenPort: place.httpPort,
    tcpStart: place.tcpPort,
    tcpEnd: place.tcpPort + 99,
    metricsPort: 0,
    apiPort: 0,
    hosts: '*',
    routerUrl: 'http://127.0.0.1',
    routeDomain: '',
    corsOrigins: '',
    frameAncestors: '',
    trustedProxies: [],
    trusts: false,
    tlsCertificate: '',
    tlsKey: '',
  };
}
