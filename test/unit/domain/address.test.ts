import { expect } from 'chai';
import {
  LOOPBACK,
  NEVER_UPSTREAM,
  hostPort,
  isAddress,
  isCidr,
  networkSet,
  plainAddress,
} from '../../../src/domain/address.ts';

describe('plainAddress', () => {
  for (const [address, plain] of [
    ['192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['::FFFF:192.0.2.1', '192.0.2.1'],
    ['::ffff:7f00:1', '127.0.0.1'],
    ['0:0:0:0:0:ffff:127.0.0.1', '127.0.0.1'],
    ['0:0:0:0:0:ffff:7f00:0001', '127.0.0.1'],
    ['2001:DB8:0:0:0:0:0:1', '2001:db8::1'],
    ['2001:db8::1', '2001:db8::1'],
    ['host.example', 'host.example'],
    ['', ''],
  ] as const) {
    it(`writes ${JSON.stringify(address)} as ${JSON.stringify(plain)}`, () => {
      expect(plainAddress(address)).to.equal(plain);
    });
  }
});

describe('networkSet', () => {
  it('includes what its CIDRs include, in both versions and mapped', () => {
    const set = networkSet(['10.0.0.0/8', '2001:db8::/32', '192.0.2.7/32']);

    for (const inside of ['10.1.2.3', '::ffff:10.1.2.3', '2001:db8::5', '192.0.2.7']) {
      expect(set.includes(inside), inside).to.equal(true);
    }
    for (const outside of ['11.0.0.1', '2001:db9::5', '192.0.2.8', 'host', '', '10.0.0.256']) {
      expect(set.includes(outside), outside).to.equal(false);
    }
  });

  it('leaves out what is no CIDR', () => {
    expect(networkSet(['10.0.0.0/33', 'x/8', '10.0.0.0']).includes('10.0.0.1')).to.equal(false);
  });
});

describe('isCidr', () => {
  for (const [text, expected] of [
    ['10.0.0.0/8', true],
    ['::1/128', true],
    ['0.0.0.0/0', true],
    ['10.0.0.0/33', false],
    ['::1/129', false],
    ['10.0.0.0', false],
    ['host/8', false],
    ['10.0.0.0/8/8', false],
  ] as const) {
    it(`says ${expected} of ${text}`, () => {
      expect(isCidr(text)).to.equal(expected);
    });
  }
});

describe('the networks that are refused', () => {
  for (const address of ['127.0.0.1', '127.8.8.8', '::1', '::ffff:127.0.0.1', '0:0:0:0:0:0:0:1']) {
    it(`know ${address} as loopback`, () => {
      expect(LOOPBACK.includes(address)).to.equal(true);
    });
  }

  for (const address of [
    '0.0.0.0',
    '169.254.169.254',
    '::ffff:169.254.169.254',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    'fd00:ec2::254',
  ]) {
    it(`never allow ${address}`, () => {
      expect(NEVER_UPSTREAM.includes(address)).to.equal(true);
    });
  }

  it('leave ordinary addresses alone', () => {
    for (const address of ['192.0.2.1', '10.0.0.1', '172.17.0.2', '2001:db8::1', 'fd00::1']) {
      expect(NEVER_UPSTREAM.includes(address) || LOOPBACK.includes(address)).to.equal(false);
    }
  });
});

describe('hostPort', () => {
  it('puts brackets around IPv6 only', () => {
    expect(hostPort('192.0.2.1', 80)).to.equal('192.0.2.1:80');
    expect(hostPort('2001:db8::1', 80)).to.equal('[2001:db8::1]:80');
    expect(hostPort('host', 80)).to.equal('host:80');
    expect(isAddress('host')).to.equal(false);
  });
});
