import { expect } from 'chai';
import {
  buildTable,
  overlayTable,
  type RoutedEndpoint,
  type Seat,
} from '../../../src/domain/build-table.ts';
import type { Lease } from '../../../src/domain/port-lease.ts';
import { EMPTY_TABLE, type RouteTable } from '../../../src/domain/route-table.ts';
import { anHttpEntry, aTcpEntry } from '../../support/route-tables.ts';

function endpoint(overrides: Partial<RoutedEndpoint> = {}): RoutedEndpoint {
  const protocol = overrides.protocol ?? 'http';
  return {
    route: `a1.${protocol}`,
    task: 'a1',
    protocol,
    endpointName: '',
    accepted: true,
    pathMode: 'strip',
    asksForStatic: false,
    upstream: { address: '192.0.2.7', port: 8888 },
    answered: false,
    since: 5,
    ...overrides,
  };
}

/** A table without StaticRoutes. */
function tableOf(
  endpoints: readonly RoutedEndpoint[],
  leases: readonly Lease[],
  seats: ReadonlyMap<string, Seat> = new Map(),
): RouteTable {
  return buildTable(endpoints, leases, seats);
}

const HTTP = { route: 'a1.http', task: 'a1', host: '192.0.2.7', port: 8888, since: 5 };

describe('buildTable', () => {
  it('has an http route under its task id', () => {
    expect(tableOf([endpoint()], [])).to.deep.equal({ http: { a1: HTTP }, tcp: {} });
  });

  it('has a named endpoint under task id and slug', () => {
    const named = endpoint({ endpointName: 'api', route: 'a1--api.http' });

    expect(Object.keys(tableOf([named], []).http)).to.deep.equal(['a1--api']);
  });

  it('keeps a route whose upstream is gone, without an address', () => {
    const { upstream, ...rest } = endpoint();

    expect(upstream).not.to.equal(undefined);
    expect(tableOf([rest], []).http).to.deep.equal({
      a1: { route: 'a1.http', task: 'a1', since: 5 },
    });
  });

  it('says keep and answered only where they are true', () => {
    const table = tableOf([endpoint({ pathMode: 'keep', answered: true })], []);

    expect(table.http['a1']).to.deep.equal({ ...HTTP, keep: true, answered: true });
  });

  it('leaves out what was refused', () => {
    const routes = [endpoint({ accepted: false }), endpoint({ accepted: false, protocol: 'tcp' })];

    expect(tableOf(routes, [{ port: 30_000, route: 'a1.tcp' }])).to.deep.equal(EMPTY_TABLE);
  });

  it('has a tcp route under its leased port, and without a lease not at all', () => {
    const route = endpoint({ protocol: 'tcp' });

    expect(tableOf([route], [])).to.deep.equal(EMPTY_TABLE);
    expect(tableOf([route], [{ port: 30_000, route: 'a1.tcp' }]).tcp).to.deep.equal({
      '30000': { route: 'a1.tcp', task: 'a1', upstream: '192.0.2.7:8888' },
    });
  });

  it('puts brackets around an IPv6 upstream of tcp, and none around one of http', () => {
    const upstream = { address: '2001:db8::7', port: 22 };
    const routes = [endpoint({ upstream }), endpoint({ upstream, protocol: 'tcp' })];
    const table = tableOf(routes, [{ port: 30_000, route: 'a1.tcp' }]);

    expect(table.http['a1']?.host).to.equal('2001:db8::7');
    expect(table.tcp['30000']?.upstream).to.equal('[2001:db8::7]:22');
  });

  describe('with static routes', () => {
    const asking = endpoint({ asksForStatic: true });
    const seat = { path: '/x', open: false };

    it('serves who has a seat at its path, and nowhere else', () => {
      expect(tableOf([asking], [], new Map([['a1.http', seat]])).http).to.deep.equal({
        '/x': HTTP,
      });
    });

    it('serves who asks for one and has no seat nowhere', () => {
      expect(tableOf([asking], [])).to.deep.equal(EMPTY_TABLE);
    });

    it('serves who does not ask for one at its own address, whatever seats say', () => {
      const table = tableOf([endpoint()], [], new Map([['a1.http', seat]]));

      expect(table.http).to.deep.equal({ a1: HTTP });
    });

    it('opens what is public, and lets the mode of the static route count before the tag of the task', () => {
      const seats = (pathMode: 'strip' | 'keep') =>
        new Map([['a1.http', { path: '/x', open: true, pathMode }]]);

      expect(tableOf([asking], [], seats('keep')).http['/x']).to.deep.equal({
        ...HTTP,
        keep: true,
        open: true,
      });
      const kept = endpoint({ asksForStatic: true, pathMode: 'keep' });
      expect(tableOf([kept], [], seats('strip')).http['/x']).to.deep.equal({ ...HTTP, open: true });
      expect(tableOf([kept], [], new Map([['a1.http', seat]])).http['/x']).to.deep.equal({
        ...HTTP,
        keep: true,
      });
    });
  });

  it('ignores leases of routes that are not there', () => {
    expect(tableOf([], [{ port: 30_000, route: 'gone.tcp' }])).to.deep.equal(EMPTY_TABLE);
  });
});

describe('overlayTable', () => {
  const restored = {
    http: { a1: anHttpEntry('a1'), b2: anHttpEntry('b2') },
    tcp: { '30000': aTcpEntry('a1') },
  };

  it('keeps what an earlier run served while nothing newer is known', () => {
    expect(overlayTable(restored, EMPTY_TABLE)).to.deep.equal(restored);
  });

  it('takes what is known by now', () => {
    const built = { http: { b2: anHttpEntry('b2', { port: 1 }), c3: anHttpEntry('c3') }, tcp: {} };
    const table = overlayTable(restored, built);

    expect(table.http).to.deep.equal({ a1: restored.http.a1, ...built.http });
  });

  it('keeps an upstream that is not found again yet', () => {
    const built = {
      http: { a1: { route: 'a1.http', task: 'a1', since: 1 } },
      tcp: { '30000': { route: 'a1.tcp', task: 'a1' } },
    };

    expect(overlayTable(restored, built)).to.deep.equal(restored);
  });

  it('shows a new route without an upstream', () => {
    const built = { http: { c3: { route: 'c3.http', task: 'c3', since: 1 } }, tcp: {} };

    expect(overlayTable(restored, built).http['c3']).to.deep.equal(built.http.c3);
  });

  it('brings back nothing at a static route but an upstream', () => {
    const former = {
      http: {
        '/gone': anHttpEntry('a1'),
        '/closed': anHttpEntry('b2', { open: true }),
        '/taken': anHttpEntry('c3', { port: 1 }),
        d4: anHttpEntry('d4'),
      },
      tcp: {},
    };
    const built = {
      http: {
        '/closed': { route: 'b2.http', task: 'b2', since: 1 },
        '/taken': { route: 'e5.http', task: 'e5', since: 1 },
        '/moved': anHttpEntry('d4'),
      },
      tcp: {},
    };

    expect(overlayTable(former, built).http).to.deep.equal({
      '/closed': anHttpEntry('b2'),
      '/taken': built.http['/taken'],
      '/moved': anHttpEntry('d4'),
    });
  });

  it('serves a route on one port only when it moved', () => {
    const built = { http: {}, tcp: { '30001': aTcpEntry('a1') } };

    expect(overlayTable(restored, built).tcp).to.deep.equal({ '30001': aTcpEntry('a1') });
  });

  it('gives a port to whom it is leased now', () => {
    const built = { http: {}, tcp: { '30000': aTcpEntry('b2') } };

    expect(overlayTable(restored, built).tcp).to.deep.equal({ '30000': aTcpEntry('b2') });
  });
});
