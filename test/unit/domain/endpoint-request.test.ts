import { expect } from 'chai';
import fc from 'fast-check';
import {
  MAX_ENDPOINTS,
  parseEndpointRequests,
  pickKnownKeys,
  type EndpointRequest,
  type RequestContext,
} from '../../../src/domain/endpoint-request.ts';

const CONTEXT: RequestContext = {
  tcpAddress: 'gw.example.org',
  tcpPorts: { start: 30_000, end: 30_099 },
  httpListeners: [{ host: 'gw.example.org', port: 8010 }],
  replacedUpstreams: {},
};

function parse(
  runtime: unknown,
  context: Partial<RequestContext> = {},
): readonly EndpointRequest[] {
  return parseEndpointRequests(pickKnownKeys(runtime), { ...CONTEXT, ...context });
}

function only(runtime: unknown, context: Partial<RequestContext> = {}): EndpointRequest {
  const requests = parse(runtime, context);
  expect(requests).to.have.length(1);
  return requests[0] as EndpointRequest;
}

function reasonOf(runtime: unknown, context: Partial<RequestContext> = {}): string | undefined {
  return only(runtime, context).refusal?.reason;
}

describe('parseEndpointRequests', () => {
  it('reads http by its port key and tcp by its own, both on one task, whatever _SERVICE says', () => {
    const requests = parse({
      _SERVICE: 'EXTERNAL_TCP',
      _ADDRESS: '10.0.0.1',
      _PORT: 8080,
      external_address: '10.0.0.2',
      external_tcp_port: '10022',
    });

    expect(requests).to.deep.equal([
      { protocol: 'http', name: '', target: { address: '10.0.0.1', port: 8080 } },
      { protocol: 'tcp', name: '', target: { address: '10.0.0.2', port: 10_022 } },
    ]);
  });

  it('asks for nothing without a port key', () => {
    expect(parse({})).to.deep.equal([]);
    expect(parse(undefined)).to.deep.equal([]);
    expect(
      parse({ external_address: '10.0.0.2', _ADDRESS: '10.0.0.1', _PORT: null }),
    ).to.deep.equal([]);
  });

  it('takes any name, the default endpoint first', () => {
    const names = ['a/../b', '__proto__', 'constructor', 'x__y', 'ключ', ' '];
    const runtime = Object.fromEntries([
      ...names.flatMap((name) => [
        [`_PORT__${name}`, 80],
        [`_ADDRESS__${name}`, 'app'],
      ]),
      ['_PORT', 81],
      ['_ADDRESS', 'app'],
    ]) as unknown;

    const requests = parse(runtime);

    expect(requests.map((request) => request.name)).to.deep.equal(['', ...[...names].sort()]);
    expect(requests.every((request) => request.target?.address === 'app')).to.equal(true);
  });

  it('keeps the name of __proto__ from reaching into the mark', () => {
    const runtime = {
      external_tcp_port____proto__: 30_001,
      external_address____proto__: 'gw.example.org',
    };

    expect(reasonOf(runtime)).to.equal('LoopToOurselves');
  });

  for (const port of [0, 65_536, -1, 8080.5, true, {}, [], 'NaN', '80 80', '0x50', '1e3', NaN]) {
    it(`refuses the port ${JSON.stringify(port)}`, () => {
      expect(reasonOf({ _PORT: port, _ADDRESS: '10.0.0.1' })).to.equal('InvalidPort');
    });
  }

  for (const address of [
    'http://10.0.0.1',
    '10.0.0.1:80',
    '10.0.0',
    '2130706433',
    '0x7f000001',
    'fe80::1%eth0',
    'a b',
    'a;b',
    '-a',
    'a..b',
    'x'.repeat(64),
    5,
    {},
    "a'; return 1 --",
  ]) {
    it(`refuses the address ${JSON.stringify(address)}`, () => {
      expect(reasonOf({ _PORT: 80, _ADDRESS: address })).to.equal('InvalidAddress');
    });
  }

  for (const [written, address] of [
    ['10.0.0.1', '10.0.0.1'],
    [' Worker-1.Example.ORG. ', 'worker-1.example.org'],
    ['my_container', 'my_container'],
    ['[2001:DB8::1]', '2001:db8::1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['', ''],
  ] as const) {
    it(`takes the address ${JSON.stringify(written)}`, () => {
      expect(only({ _PORT: 80, _ADDRESS: written }).target).to.deep.equal({ address, port: 80 });
    });
  }

  it('leaves the address empty where the task gives none', () => {
    expect(only({ external_tcp_port: 10_022 }).target).to.deep.equal({ address: '', port: 10_022 });
  });

  it('refuses a port that is not a host port of the mapping', () => {
    const mapping = '10000:8000,9100-9110:9000-9010';
    const target = { _ADDRESS: '10.0.0.1', _external_host_tcp_port_mapping: mapping };

    expect(reasonOf({ ...target, _PORT: 8000 })).to.equal('PortNotPublished');
    expect(reasonOf({ ...target, _PORT: 9099 })).to.equal('PortNotPublished');
    expect(only({ ...target, _PORT: 10_000 }).target?.port).to.equal(10_000);
    expect(only({ ...target, _PORT: 9103 }).target?.port).to.equal(9103);
  });

  it('finds behind our own address what it replaced, by the mark', () => {
    const runtime = {
      external_address: 'GW.example.org',
      external_tcp_port: '30001',
      upstream_task_port: 10_022,
      _external_host_tcp_port_mapping: '10022:22',
    };

    const replacedUpstreams = { '': '10.0.0.7:10022' };

    expect(only(runtime, { replacedUpstreams }).target).to.deep.equal({
      address: '10.0.0.7',
      port: 10_022,
    });
    expect(only(runtime, { replacedUpstreams: { '': '2001:db8::7:10022' } }).target).to.deep.equal({
      address: '2001:db8::7',
      port: 10_022,
    });
    expect(only(runtime, { replacedUpstreams: { '': ':10022' } }).target).to.deep.equal({
      address: '',
      port: 10_022,
    });
  });

  it('refuses our own address and port when the mark does not know what they replaced', () => {
    const runtime = { external_address: 'gw.example.org', external_tcp_port: 30_001 };

    expect(reasonOf(runtime)).to.equal('LoopToOurselves');
    expect(reasonOf(runtime, { replacedUpstreams: { '': 'gw.example.org:30002' } })).to.equal(
      'LoopToOurselves',
    );
    expect(reasonOf(runtime, { replacedUpstreams: { '': 'rubbish' } })).to.equal('LoopToOurselves');
  });

  it('drops our address from a session that was enqueued again, and keeps its port', () => {
    const runtime = { external_address: 'gw.example.org', external_tcp_port: 10_022 };

    const request = only(runtime, { replacedUpstreams: { '': '10.0.0.7:22' } });

    expect(request.target).to.deep.equal({ address: '', port: 10_022 });
  });

  it('takes private values that were put back as a request', () => {
    const runtime = { external_address: '10.0.0.7', external_tcp_port: 30_001 };

    expect(only(runtime, { replacedUpstreams: { '': '10.0.0.6:22' } }).target).to.deep.equal({
      address: '10.0.0.7',
      port: 30_001,
    });
  });

  it('refuses http at any host below the domain of route hosts', () => {
    const context = { httpListeners: [{ host: '*.apps.example', port: 8010 }] };
    const at = (address: string, port = 8010) =>
      reasonOf({ _ADDRESS: address, _PORT: port }, context);

    expect(at('x--y.apps.example')).to.equal('LoopToOurselves');
    expect(at('A.B.Apps.Example.')).to.equal('LoopToOurselves');
    for (const other of ['apps.example', 'xapps.example', 'apps.example.evil'])
      expect(at(other)).to.equal(undefined);
    expect(at('x.apps.example', 8011)).to.equal(undefined);
  });

  it('refuses http at our own listener', () => {
    expect(reasonOf({ _ADDRESS: 'gw.example.org', _PORT: 8010 })).to.equal('LoopToOurselves');
    expect(only({ _ADDRESS: 'gw.example.org', _PORT: 8011 }).target?.port).to.equal(8011);
  });

  for (const runtime of ['', 'x', [], [['_PORT', 1]], 5, true]) {
    it(`refuses ${JSON.stringify(runtime)} as runtime`, () => {
      expect(reasonOf(runtime)).to.equal('InvalidRuntime');
    });
  }

  it('bounds the endpoints of a task and says so', () => {
    const runtime = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, index) => [`_PORT__${index}`, 80]),
    );

    const requests = parse(runtime);

    expect(requests).to.have.length(2 * MAX_ENDPOINTS);
    expect(requests.filter(({ target }) => target !== undefined)).to.have.length(MAX_ENDPOINTS);
    expect(requests.at(-1)?.refusal?.reason).to.equal('TooManyEndpoints');
  });

  it('refuses a name that is too long', () => {
    expect(reasonOf({ [`_PORT__${'n'.repeat(300)}`]: 80 })).to.equal('InvalidName');
  });

  it('gives a target or a refusal for every value, and the same for the same value', () => {
    const keys = fc.constantFrom(
      '_PORT',
      '_ADDRESS',
      'external_tcp_port',
      'external_address',
      '_PORT__a',
      '_ADDRESS__a',
      'external_tcp_port____proto__',
      '_external_host_tcp_port_mapping',
      'clearway',
      '__proto__',
    );
    const values = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom('gw.example.org', 30_001, 10_022, '10022', '10.0.0.1', '10022:22'),
    );
    const runtimes = fc.oneof(fc.jsonValue(), fc.dictionary(keys, values));

    fc.assert(
      fc.property(
        runtimes,
        fc.dictionary(fc.string(), fc.string()),
        (runtime, replacedUpstreams) => {
          const known = pickKnownKeys(runtime);
          const requests = parseEndpointRequests(known, { ...CONTEXT, replacedUpstreams });

          for (const { target, refusal } of requests) {
            expect(target === undefined).to.equal(refusal !== undefined);
          }
          expect(parseEndpointRequests(known, { ...CONTEXT, replacedUpstreams })).to.deep.equal(
            requests,
          );
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('pickKnownKeys', () => {
  it('leaves behind what Clearway does not know', () => {
    const known = pickKnownKeys({
      _PORT: 80,
      endpoint__api: 'u',
      _ssh_password: 'p',
      _jupyter_token: 't',
      _user_secret: 's',
      hostname: 'abc',
      clearway: '{}',
      _PORT__: 1,
      _PORTX: 2,
    });

    expect(known).to.deep.equal({ _PORT: 80, endpoint__api: 'u', hostname: 'abc', clearway: '{}' });
  });

  it('bounds what one value can hold', () => {
    const known = pickKnownKeys({
      _ADDRESS: 'x'.repeat(100_000),
      _PORT: { deep: [1] },
      endpoint: [1],
    });

    expect(known['_ADDRESS']).to.have.length(4_096);
    expect(known['_PORT']).to.deep.equal({});
    expect(known['endpoint']).to.deep.equal([]);
  });
});
