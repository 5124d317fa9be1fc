import { once } from 'node:events';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { findFreePort, holdPorts, rangeStarts } from '../../../src/embedded/demo/ports.ts';
import { hasCode } from '../../../src/errors.ts';

async function isFree(port: number): Promise<boolean> {
  const server = createServer().listen(port);
  try {
    await once(server, 'listening');
    server.close();
    return true;
  } catch {
    return false;
  }
}

describe('rangeStarts', () => {
  it('stays out of the ports for outgoing connections', () => {
    const starts = rangeStarts(20, { start: 32_768, end: 60_999 });

    expect(starts[0]).to.equal(20_000);
    expect(starts.filter((start) => start + 19 >= 32_768 && start <= 60_999)).to.deep.equal([]);
    expect(starts.some((start) => start > 60_999)).to.equal(true);
  });

  it('offers ports even where all of them are for outgoing connections', () => {
    expect(rangeStarts(20, { start: 1024, end: 65_535 })).not.to.be.empty;
  });
});

describe('holdPorts', () => {
  it('takes the first span that is free as a whole, and keeps it until it is released', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;
    const other = await findFreePort('127.0.0.1');

    const held = await holdPorts('test', [port, other], 1);

    expect([held.start, held.end]).to.deep.equal([other, other]);
    expect(await isFree(other)).to.equal(false);
    await held.release();
    await held.release();
    expect(await isFree(other)).to.equal(true);
    blocker.close();
  });

  it('names the port that was asked for and is taken', async () => {
    const blocker = createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    const { port } = blocker.address() as AddressInfo;

    const error = await holdPorts('listen port', [port], 1).catch((thrown: unknown) => thrown);

    expect(hasCode(error, 'DEMO_FAILED') && error.details['reason']).to.equal(
      `port ${String(port)} is taken by another process`,
    );
    blocker.close();
  });
});
