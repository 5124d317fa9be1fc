import type { Logger } from 'pino';
import type { Clock } from '../controllers/contracts.ts';
import type { DockerEngine } from '../docker/engine.ts';
import type { ProxyDataPlane } from '../proxy/data-plane.ts';
import type { Settings } from '../settings.ts';
import type { Informer } from '../store/informer.ts';
import type { SqliteStore } from '../store/sqlite-store.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { AccessParts } from './access.ts';
import type { ClearmlParts } from './clearml.ts';
import type { Instance } from './instance.ts';
import type { Milestone } from './milestone.ts';

/** The parts of a router, made and not yet run. */
export interface RouterParts {
  readonly settings: Settings;
  readonly version: string;
  readonly random: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly store: SqliteStore;
  readonly instance: Instance;
  /** Object name of the router. */
  readonly name: string;
  readonly routes: Informer<'TaskRoute'>;
  readonly pools: Informer<'PortPool'>;
  readonly statics: Informer<'StaticRoute'>;
  readonly clearml: ClearmlParts;
  readonly access: AccessParts;
  readonly engine: DockerEngine;
  readonly dataPlane: ProxyDataPlane;
  /** Every task that may hold a port has its TaskRoutes. */
  readonly known: Milestone;
  /** What an earlier run served is no longer needed. */
  readonly completed: Milestone;
}
