import { expect } from 'chai';
import { isLoopbackHost, readDemoOptions } from '../../../src/embedded/demo/options.ts';
import type { DemoWords } from '../../../src/embedded/demo/options.ts';

function read(words: Partial<DemoWords> = {}): ReturnType<typeof readDemoOptions> {
  return readDemoOptions({
    host: undefined,
    port: undefined,
    duration: undefined,
    readyFile: undefined,
    noChurn: false,
    ...words,
  });
}

describe('readDemoOptions', () => {
  it('picks everything by itself when nothing was said', () => {
    expect(read()).to.deep.equal({ options: { host: '127.0.0.1', churn: true } });
  });

  it('takes what was said', () => {
    const words = { host: 'demo.test', port: '8010', duration: '5', readyFile: 'x', noChurn: true };

    expect(read(words)).to.deep.equal({
      options: {
        host: 'demo.test',
        port: 8010,
        durationMs: 5000,
        readyFile: 'x',
        churn: false,
      },
    });
  });

  it('tells everything that is wrong at once', () => {
    const words = { host: 'http://x', port: '70000', duration: '1.5', readyFile: '' };

    expect(read(words)).to.deep.equal({
      problems: [
        '--host is no host name or IPv4 address',
        '--port is no whole number from 1 to 65535',
        '--duration is no whole number from 1 to 2000000',
        '--ready-file is empty',
      ],
    });
  });
});

describe('isLoopbackHost', () => {
  it('knows names and addresses that only this machine can reach', () => {
    const hosts = ['localhost', '127.0.0.1', '127.1.2.3', '128.0.0.1', '127.0.0.1.example.com'];

    expect(hosts.filter(isLoopbackHost)).to.deep.equal(['localhost', '127.0.0.1', '127.1.2.3']);
  });
});
