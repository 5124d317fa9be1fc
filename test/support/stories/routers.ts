import type { ControlledWorld } from '../controlled-world.ts';
import { FakeDataPlane } from '../fake-data-plane.ts';
import { seeing, type Situation, type Story } from './story.ts';

/** The name of the Router of these tests. */
const ROUTER = 'gw';

/** Routers that cannot do their work. */
export const ROUTERS: readonly Story[] = [
  ...['ClearMLReachable', 'Ready'].map((on): Story => ({
    kind: 'Router',
    on,
    reason: 'Unreachable',
    says: /clearway check/,
    bring: async (world: ControlledWorld): Promise<Situation> => {
      const { router } = await seeing(world);
      await world.api.close();
      return { router, route: ROUTER };
    },
  })),
  ...['ProxiesConnected', 'Ready'].map((on): Story => ({
    kind: 'Router',
    on,
    reason: 'NoCompleteProxy',
    says: /is the proxy running, with the same nginx folder/,
    bring: async (world: ControlledWorld): Promise<Situation> => {
      const dataPlane = new FakeDataPlane();
      dataPlane.disconnect();
      const { router } = await seeing(world, { options: { dataPlane } });
      return { router, route: ROUTER };
    },
  })),
];
