import { expect } from 'chai';
import fc from 'fast-check';
import { formatMark, parseMark, replacedUpstreams } from '../../../src/domain/marks.ts';

describe('marks', () => {
  it('come back as they were written', () => {
    const marks = fc.record({
      router: fc.string(),
      instance: fc.string(),
      upstreams: fc.dictionary(fc.string(), fc.string()),
    });

    fc.assert(
      fc.property(marks, (mark) => {
        const text = formatMark(mark);

        expect(parseMark(text)).to.deep.equal({ ...mark, upstreams: { ...mark.upstreams } });
        expect(formatMark(parseMark(text) ?? mark)).to.equal(text);
      }),
    );
  });

  it('are the same text whatever the order of upstreams', () => {
    const base = { router: 'gw', instance: '1' };

    expect(formatMark({ ...base, upstreams: { b: '1', a: '2' } })).to.equal(
      formatMark({ ...base, upstreams: { a: '2', b: '1' } }),
    );
  });

  it('remember URLs by endpoint name, and say nothing of them where there are none', () => {
    const mark = { router: 'gw', instance: '1', upstreams: {} };
    const addresses = { b: 'https://gw.example/y/', '': 'https://gw.example/x/' };

    expect(formatMark({ ...mark, addresses: {} })).to.equal(formatMark(mark));
    expect(parseMark(formatMark({ ...mark, addresses }))).to.deep.equal({ ...mark, addresses });
    expect(parseMark('{"router":"a","instance":"b","upstreams":{},"addresses":[1]}')).to.deep.equal(
      {
        router: 'a',
        instance: 'b',
        upstreams: {},
      },
    );
  });

  it('are undefined for anything else', () => {
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.json(), fc.string()), (value) => {
        expect(() => parseMark(value)).not.to.throw();
      }),
    );
    for (const value of [
      undefined,
      {},
      '',
      '{',
      '[]',
      '{"router":1}',
      '{"router":"a","instance":"b"}',
    ]) {
      expect(parseMark(value)).to.equal(undefined);
    }
    expect(parseMark('{"router":"a","instance":"b","upstreams":{"tcp:":5}}')).to.equal(undefined);
  });

  it('know the upstreams by endpoint name', () => {
    const mark = {
      router: 'a',
      instance: 'b',
      upstreams: { 'tcp:': 'x:1', 'tcp:ssh': 'y:2', other: 'z' },
    };

    expect(replacedUpstreams(mark)).to.deep.equal({ '': 'x:1', ssh: 'y:2' });
    expect(replacedUpstreams(undefined)).to.deep.equal({});
  });
});
