import { expect } from 'chai';
import { tcpLine } from '../../../src/proxy/tcp-files.ts';

describe('tcpLine', () => {
  it('is address and port of a resolved upstream', () => {
    const line = (upstream: string): unknown => tcpLine({ route: 'r', task: 't', upstream });

    expect(line('10.0.0.1:22')).to.equal('10.0.0.1:22\n');
    expect(line('[2001:db8::1]:22')).to.equal('[2001:db8::1]:22\n');
  });

  it('is nothing without an upstream', () => {
    expect(tcpLine({ route: 'r', task: 't' })).to.equal(undefined);
  });

  for (const upstream of ['host:22', 'unix:/run/x', '10.0.0.1', '10.0.0.1:22\n1', '[::1]', '']) {
    it(`is nothing for ${JSON.stringify(upstream)}, which nginx would look up or open`, () => {
      expect(tcpLine({ route: 'r', task: 't', upstream })).to.equal(undefined);
    });
  }
});
