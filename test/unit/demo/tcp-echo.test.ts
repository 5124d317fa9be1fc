import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { expect } from 'chai';
import { startTcpEcho } from '../../../src/embedded/workloads/tcp-echo.ts';

describe('startTcpEcho', () => {
  it('greets, sends every byte back and honours half-close', async () => {
    const echo = await startTcpEcho({ address: '127.0.0.1', port: 0, greeting: 'hello' });
    const socket = connect(echo.port, echo.address);
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    const sent = randomBytes(500_000);

    socket.end(sent);
    await once(socket, 'end');

    const seen = Buffer.concat(chunks);
    expect(seen.subarray(0, 6).toString()).to.equal('hello\n');
    expect(seen.subarray(6).equals(sent)).to.equal(true);
    await echo.close();
  });

  it('ends open connections when it is closed', async () => {
    const echo = await startTcpEcho({ address: '127.0.0.1', port: 0, greeting: 'hello' });
    const socket = connect(echo.port, echo.address);
    await once(socket, 'data');
    const closed = once(socket, 'close');

    await echo.close();

    await closed;
    expect(socket.destroyed).to.equal(true);
  });
});
