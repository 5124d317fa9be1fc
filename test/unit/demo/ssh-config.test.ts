import { expect } from 'chai';
import { isLocked, sshdConfig } from '../../../src/embedded/workloads/ssh-server.ts';

describe('sshdConfig', () => {
  it('lets one user in by key alone, and forwards nothing', () => {
    const config = sshdConfig({
      folder: '/tmp/a folder',
      address: '127.0.0.1',
      port: 2222,
      user: 'root',
      usePam: false,
    });

    expect(config.split('\n')).to.include.members([
      'ListenAddress 127.0.0.1',
      'Port 2222',
      'AllowUsers root',
      'AuthenticationMethods publickey',
      'PasswordAuthentication no',
      'DisableForwarding yes',
      'UsePAM no',
      'HostKey "/tmp/a folder/host_key"',
    ]);
  });
});

describe('isLocked', () => {
  const shadow = 'root:!:19700:0:99999:7:::\nrooty:$y$x:1::::::\nother:*:1::::::\n';

  it('knows a locked password from a missing one', () => {
    expect(isLocked(shadow, 'root')).to.equal(true);
    expect(isLocked(shadow, 'other')).to.equal(false);
    expect(isLocked(shadow, 'rooty')).to.equal(false);
    expect(isLocked('', 'root')).to.equal(false);
  });
});
