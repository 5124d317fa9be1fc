import { expect } from 'chai';
import fc from 'fast-check';
import {
  endpointSlug,
  endpointUrl,
  isEndpointUrl,
  isPlainTaskId,
  routeKey,
  routerObjectName,
  taskRouteName,
  type HttpPlace,
} from '../../../src/domain/route-name.ts';

const TASK = '4f3d2c1b0a'.padEnd(32, '0');
const DNS_LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const OBJECT_NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;
const anyName = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.stringMatching(/^[a-zA-Z0-9_.-]{1,40}$/),
  fc.stringMatching(/^[a-z0-9-]{1,22}$/),
);
const anyTask = fc.stringMatching(/^[0-9a-f]{32}$/);
const anyPlace: fc.Arbitrary<HttpPlace> = fc.constantFrom(
  { routerUrl: 'https://gw.example' },
  { routerUrl: 'https://gw.example:8443', routeDomain: 'apps.example' },
);

describe('endpointSlug', () => {
  for (const name of ['api', 'a', '0', 'my-api', 'abcdefghij0123456789']) {
    it(`keeps ${name} as it is`, () => {
      expect(endpointSlug(name)).to.equal(name);
    });
  }

  for (const [name, slug] of [
    ['API', /^api-[0-9a-f]{8}$/],
    ['my_api', /^my-api-[0-9a-f]{8}$/],
    ['a--b', /^a-b-[0-9a-f]{8}$/],
    ['-a', /^a-[0-9a-f]{8}$/],
    ['abcdefghij0123456789x', /^abcdefghij0123456789-[0-9a-f]{8}$/],
    ['../../etc/passwd', /^etc-passwd-[0-9a-f]{8}$/],
    ['日本語', /^[0-9a-f]{8}$/],
  ] as const) {
    it(`cleans and hashes ${name}`, () => {
      expect(endpointSlug(name)).to.match(slug);
    });
  }
});

describe('routeKey', () => {
  it('is the task id for the default endpoint', () => {
    expect(routeKey({ task: TASK, protocol: 'http', endpointName: '' })).to.equal(TASK);
  });

  it('is a DNS label whatever a task calls its endpoint', () => {
    fc.assert(
      fc.property(anyName, (endpointName) => {
        expect(routeKey({ task: TASK, protocol: 'http', endpointName })).to.match(DNS_LABEL);
      }),
    );
  });

  it('splits at its two dashes in one way only', () => {
    fc.assert(
      fc.property(
        anyName.filter((name) => name !== ''),
        (endpointName) => {
          const key = routeKey({ task: TASK, protocol: 'http', endpointName });

          expect(key.split('--')).to.deep.equal([TASK, endpointSlug(endpointName)]);
        },
      ),
    );
  });

  it('tells names apart', () => {
    fc.assert(
      fc.property(fc.uniqueArray(anyName, { maxLength: 30 }), (names) => {
        const keys = names.map((endpointName) =>
          routeKey({ task: TASK, protocol: 'tcp', endpointName }),
        );

        expect(new Set(keys).size).to.equal(names.length);
      }),
    );
  });
});

describe('taskRouteName', () => {
  it('is a legal object name whatever a task calls its endpoint', () => {
    fc.assert(
      fc.property(anyName, fc.constantFrom('http', 'tcp'), (endpointName, protocol) => {
        const name = taskRouteName({ task: TASK, protocol, endpointName });

        expect(name).to.match(OBJECT_NAME);
        expect(name.endsWith(`.${protocol}`)).to.equal(true);
      }),
    );
  });

  it('tells the protocols of one endpoint apart', () => {
    const id = { task: TASK, endpointName: 'ssh' };

    expect(taskRouteName({ ...id, protocol: 'http' })).to.equal(`${TASK}--ssh.http`);
    expect(taskRouteName({ ...id, protocol: 'tcp' })).to.equal(`${TASK}--ssh.tcp`);
  });
});

describe('endpointUrl', () => {
  const id = { task: TASK, protocol: 'http', endpointName: '' } as const;

  it('is the path that old SDKs hard-code', () => {
    expect(endpointUrl({ routerUrl: 'https://gw.example' }, id)).to.equal(
      `https://gw.example/service/${TASK}/`,
    );
  });

  for (const [routerUrl, url] of [
    ['https://gw.example', `https://${TASK}.apps.example/`],
    ['https://gw.example:8443', `https://${TASK}.apps.example:8443/`],
    ['http://192.0.2.7:8080', `http://${TASK}.apps.example:8080/`],
    ['http://[2001:db8::1]', `http://${TASK}.apps.example/`],
  ] as const)
    it(`is a host of its own with scheme and port of ${routerUrl}`, () => {
      expect(endpointUrl({ routerUrl, routeDomain: 'apps.example' }, id)).to.equal(url);
    });

  it('needs no escape whatever a task calls its endpoint', () => {
    fc.assert(
      fc.property(anyName, anyPlace, (endpointName, place) => {
        const url = endpointUrl(place, { ...id, endpointName });

        expect(new URL(url).href).to.equal(url);
      }),
    );
  });

  it('has a label that DNS takes in front of the domain, whatever a task calls its endpoint', () => {
    fc.assert(
      fc.property(anyTask, anyName, (task, endpointName) => {
        const place = { routerUrl: 'https://gw.example', routeDomain: 'apps.example' };
        const url = new URL(endpointUrl(place, { task, protocol: 'http', endpointName }));
        const [label = '', ...domain] = url.hostname.split('.');

        expect(label).to.match(DNS_LABEL);
        expect(domain.join('.')).to.equal('apps.example');
      }),
    );
  });
});

describe('isEndpointUrl', () => {
  it('knows every URL of an endpoint again, of its own task only', () => {
    fc.assert(
      fc.property(anyTask, anyTask, anyName, anyPlace, (task, other, endpointName, place) => {
        const url = endpointUrl(place, { task, protocol: 'http', endpointName });

        expect(isEndpointUrl(url, task)).to.equal(true);
        if (other !== task) expect(isEndpointUrl(url, other)).to.equal(false);
      }),
    );
  });

  it('knows no other URL', () => {
    for (const url of ['', TASK, `https://gw.example/${TASK}/`, `https://x.example/?${TASK}--a`])
      expect(isEndpointUrl(url, TASK), url).to.equal(false);
  });
});

describe('routerObjectName', () => {
  it('is a legal label value for any name, and the name itself where that is legal', () => {
    expect(routerObjectName('gw-1')).to.equal('gw-1');
    fc.assert(
      fc.property(anyName, (name) => {
        expect(routerObjectName(name)).to.match(DNS_LABEL);
      }),
    );
  });

  it('tells names apart that clean to the same text', () => {
    expect(routerObjectName('GW')).not.to.equal(routerObjectName('gw'));
    expect(routerObjectName('gw 1')).not.to.equal(routerObjectName('gw_1'));
  });
});

describe('isPlainTaskId', () => {
  for (const id of ['', 'A'.repeat(32), '../x', 'a b', 'a.b', 'a-b', 'ä', 'a'.repeat(33), 'a\n']) {
    it(`refuses ${JSON.stringify(id)}`, () => {
      expect(isPlainTaskId(id)).to.equal(false);
    });
  }

  it('takes the ids that ClearML makes', () => {
    expect(isPlainTaskId(TASK)).to.equal(true);
  });
});
