import { TCP } from '../controlled-router.ts';
import { aTcpTask, condition, type ControlledWorld } from '../controlled-world.ts';
import { FakeDataPlane } from '../fake-data-plane.ts';
import { seeing, type Situation, type Story } from './story.ts';

/** Proxies that are not there, and ports that are not free. */
export const PROXIES: readonly Story[] = [
  withoutProxy('Programmed', 'WaitingForProxy', /See that the proxy runs/),
  withoutProxy('Published', 'WaitingForProgrammed', /see Programmed/),
  {
    reason: 'LeasePending',
    on: 'Programmed',
    says: /Wait a moment/,
    bring: async (world: ControlledWorld): Promise<Situation> => {
      const state = await world.folder();
      const options = { state, dataPlane: new FakeDataPlane() };
      const { router, route } = await seeing(world, { task: aTcpTask(), options });
      await condition(router, route, ['Programmed', 'False WaitingForProxy']);
      await router[Symbol.asyncDispose]();
      await world.api.close();
      return { router: await world.start({ state }), route };
    },
  },
  {
    reason: 'PortsResting',
    on: 'Programmed',
    says: /lower CLEARWAY_PORT_REST_SECONDS/,
    bring: (world: ControlledWorld): Promise<Situation> =>
      seeing(world, { task: aTcpTask(), options: { settings: { portRestSeconds: 600 } } }),
  },
  {
    reason: 'PortNotHeld',
    on: 'Programmed',
    says: /End that program/,
    bring: async (world: ControlledWorld): Promise<Situation> => {
      const situation = await seeing(world, { task: aTcpTask() });
      const { router, route } = situation;
      await condition(router, route, ['Ready', 'True Ready']);
      router.dataPlane.hold([TCP.start + 1, TCP.start + 2]);
      return situation;
    },
  },
  {
    reason: 'PortRangeExhausted',
    on: 'Programmed',
    says: /Widen TCP_PORT_START to TCP_PORT_END/,
    bring: async (world: ControlledWorld): Promise<Situation> => {
      const { router } = await seeing(world, { task: aTcpTask() });
      for (let port = TCP.start; port < TCP.end; port += 1) {
        const holder = world.api.tasks.create(aTcpTask());
        await condition(router, `${holder}.tcp`, ['Programmed', 'True Programmed']);
      }
      return { router, route: `${world.api.tasks.create(aTcpTask())}.tcp` };
    },
  },
];

function withoutProxy(on: string, reason: string, says: RegExp): Story {
  return {
    on,
    reason,
    says,
    bring: (world: ControlledWorld): Promise<Situation> => {
      const dataPlane = new FakeDataPlane();
      dataPlane.disconnect();
      return seeing(world, { options: { dataPlane } });
    },
  };
}
