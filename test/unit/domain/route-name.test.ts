import { expect } from 'chai';
import fc from 'fast-check';
import {
  endpointSlug,
  endpointUrl,
  isPlainTaskId,
  routeKey,
  routerObjectName,
  taskRouteName,
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
  it('is the path that old SDKs hard-code', () => {
    const id = { task: TASK, protocol: 'http', endpointName: '' } as const;

    expect(endpointUrl('https://gw.example', id)).to.equal(`https://gw.example/service/${TASK}/`);
  });

  it('needs no escape whatever a task calls its endpoint', () => {
    fc.assert(
      fc.property(anyName, (endpointName) => {
        const url = endpointUrl('https://gw.example', {
          task: TASK,
          protocol: 'http',
          endpointName,
        });

        expect(new URL(url).href).to.equal(url);
      }),
    );
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
  for (const id of ['', 'A'.repeat(32), '../x', 'a b', 'a.b', 'a-b', 'ä', 'a'.repeat(64), 'a\n']) {
    it(`refuses ${JSON.stringify(id)}`, () => {
      expect(isPlainTaskId(id)).to.equal(false);
    });
  }

  it('takes the ids that ClearML makes', () => {
    expect(isPlainTaskId(TASK)).to.equal(true);
  });
});
