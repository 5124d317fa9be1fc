import { expect } from 'chai';
import fc from 'fast-check';
import { FORMATS, type ChannelFormat } from '../../../src/proxy/channel-format.ts';

function format1(): ChannelFormat {
  const format = FORMATS.get(1);
  if (format === undefined) throw new Error('format 1 is spoken');
  return format;
}

const poll = {
  proxy: 'ab12',
  pid: 7,
  worker: 1,
  workers: 2,
  revision: 'cafe',
  generation: 42,
  ports: [30_000, 30_001],
  exiting: false,
};

describe('channel format 1', () => {
  it('reads a poll', () => {
    expect(format1().parsePoll({ format: 1, ...poll })).to.deep.equal({ ok: true, value: poll });
  });

  it('takes an empty object for an empty list, as Lua writes it', () => {
    expect(format1().parsePoll({ ...poll, ports: {} })).to.have.nested.property(
      'value.ports.length',
      0,
    );
    expect(format1().parseAnswered({ answered: {} })).to.deep.equal({ ok: true, value: [] });
  });

  it('reads what a proxy sees of its host', () => {
    const host = { addresses: ['192.0.2.7', 'fd00:0:0:0:0:0:0:2'], bridges: ['172.18.0.0/16'] };

    expect(format1().parsePoll({ ...poll, ...host })).to.have.deep.nested.property(
      'value.host',
      host,
    );
    expect(
      format1().parsePoll({ ...poll, addresses: {}, bridges: {} }),
    ).to.have.deep.nested.property('value.host', { addresses: [], bridges: [] });
  });

  const wrongPolls: readonly (readonly [field: string, value: unknown])[] = [
    ['proxy', '../etc'],
    ['proxy', ''],
    ['pid', -1],
    ['pid', '7'],
    ['worker', 2],
    ['workers', 0],
    ['revision', 'a b'],
    ['generation', 1.5],
    ['generation', 2 ** 46],
    ['generation', null],
    ['ports', [0]],
    ['ports', ['30000']],
    ['ports', 'all'],
    ['addresses', ['host.example']],
    ['addresses', ['192.0.2.7/24']],
    ['addresses', '192.0.2.7'],
    ['addresses', Array.from({ length: 257 }, () => '192.0.2.7')],
    ['bridges', ['172.18.0.0']],
    ['bridges', ['172.18.0.0/33']],
    ['bridges', [16]],
  ];
  for (const [field, value] of wrongPolls) {
    it(`refuses a poll whose ${field} is ${JSON.stringify(value).slice(0, 40)}, by name`, () => {
      const host = { addresses: [], bridges: [] };
      const parsed = format1().parsePoll({ ...poll, ...host, [field]: value });

      expect(parsed.ok).to.equal(false);
      expect(parsed).to.have.property('error').that.includes(`${field} is not`);
    });
  }

  it('refuses rubbish without throwing, and without repeating it', () => {
    const { parsePoll, parseQuestion, parseAnswered } = format1();
    const objects = fc.dictionary(
      fc.constantFrom('proxy', 'pid', 'kind', 'credential', 'task', 'answered', 'ports', 'workers'),
      fc.anything(),
    );

    fc.assert(
      fc.property(objects, (body) => {
        for (const parse of [parsePoll, parseQuestion, parseAnswered]) {
          const parsed = parse(body);
          if (!parsed.ok) expect(parsed.error).to.match(/^\w+ is not [\w" ]+$/);
        }
      }),
    );
  });

  it('names the user of an allowed decision only', () => {
    const stamp = { generation: 3, fresh: 60, usable: 900 };
    const { decision } = format1();

    expect(JSON.parse(decision({ verdict: 'allow', user: 'u' }, stamp).toString())).to.deep.equal({
      format: 1,
      verdict: 'allow',
      user: 'u',
      ...stamp,
    });
    expect(JSON.parse(decision({ verdict: 'deny', user: 'u' }, stamp).toString())).to.deep.equal({
      format: 1,
      verdict: 'deny',
      user: 'u',
      ...stamp,
    });
  });
});
