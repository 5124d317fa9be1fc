import { anHttpTask, type ControlledWorld } from '../controlled-world.ts';
import { FakeDataPlane } from '../fake-data-plane.ts';
import { seeing, TASK_ADDRESS, type Circumstances, type Situation, type Story } from './story.ts';

/** Applications that cannot be reached, or must not be. */
export const UPSTREAMS: readonly Story[] = [
  unresolved('AmbiguousBridgeAddress', /CLEARWAY_UPSTREAM_CIDRS/, { address: '172.17.0.2' }),
  unresolved('AddressNotAllowed', /name the network in CLEARWAY_UPSTREAM_CIDRS/, {
    address: '127.0.0.1',
  }),
  unresolved('NameNotResolved', /Make the name known to its resolver/, {
    address: 'app.example',
    options: { resolve: () => Promise.resolve([]) },
  }),
  unresolved('NameLookupFailed', /See that the resolver of the router answers/, {
    address: 'app.example',
    options: { resolve: () => Promise.reject(new Error('SERVFAIL')) },
  }),
  {
    ...unresolved('UpstreamNotResolved', /see UpstreamResolved/, { address: '172.17.0.2' }),
    on: 'Programmed',
  },
  {
    reason: 'OwnListener',
    on: 'UpstreamResolved',
    says: /Let the application listen on another port/,
    bring: (world: ControlledWorld): Promise<Situation> => {
      const dataPlane = new FakeDataPlane();
      dataPlane.reportHost({ addresses: [TASK_ADDRESS], bridges: [] });
      return seeing(world, { options: { dataPlane } });
    },
  },
  {
    reason: 'ContainerNotRunning',
    on: 'UpstreamResolved',
    says: /Start it, or end the task/,
    bring: (world: ControlledWorld): Promise<Situation> => {
      const id = 'c0ffee00';
      const container = { id, name: id, taskId: id, running: false, hostNetwork: false };
      const containers = [{ ...container, addresses: [], published: [] }];
      const engine = { available: true, containers, bridgeSubnets: ['172.17.0.0/16'] };
      const runtime = { _PORT: 8080, _ADDRESS: '172.17.0.2' };
      return seeing(world, { task: anHttpTask({ id, runtime }), options: { engine } });
    },
  },
];

function unresolved(
  reason: string,
  says: RegExp,
  { address, options = {} }: Pick<Circumstances, 'options'> & { readonly address: string },
): Story {
  return {
    reason,
    on: 'UpstreamResolved',
    says,
    bring: (world: ControlledWorld): Promise<Situation> => {
      const task = anHttpTask({ runtime: { _PORT: 9_999, _ADDRESS: address } });
      return seeing(world, { task, options });
    },
  };
}
