import type { TaskRoute } from '../resources/kinds.ts';
import { Informer, type InformerOptions } from '../store/informer.ts';

/** What every informer of a router works with. */
type InformerParts = Pick<InformerOptions<'TaskRoute'>, 'store' | 'clock' | 'onError'>;

/** What the controllers of a router watch, each kind once. */
export interface Informers {
  /** Indexes: `task`, `protocol`, and `staticRoute`, the name that is asked for. */
  readonly routes: Informer<'TaskRoute'>;
  readonly pools: Informer<'PortPool'>;
  readonly statics: Informer<'StaticRoute'>;
}

/** Makes the informers of a router; nothing is read before they are run. */
export function informersOf(parts: InformerParts): Informers {
  const indexes = {
    task: ({ spec }: TaskRoute) => [spec.task.id],
    protocol: ({ spec }: TaskRoute) => [spec.protocol],
    staticRoute: ({ spec }: TaskRoute) =>
      spec.staticRoute === undefined ? [] : [spec.staticRoute],
  };
  return {
    routes: new Informer({ ...parts, kind: 'TaskRoute', indexes }),
    pools: new Informer({ ...parts, kind: 'PortPool' }),
    statics: new Informer({ ...parts, kind: 'StaticRoute' }),
  };
}
