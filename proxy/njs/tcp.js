// Chooses the upstream of a TCP connection. nginx calls choose() once for each accepted connection, before it
// connects anywhere (js_access). The router keeps one small file for each leased port; no file, no connection.
// It is read anew each time: njs 0.7 has no shared dictionary, and a route must not need a reload.

import fs from 'fs';

const V4 = /^(\d{1,3}\.){3}\d{1,3}:\d{1,5}$/;
const V6 = /^\[[0-9a-f:]{2,39}\]:\d{1,5}$/;
// Nobody's service: "this network", link-local, multicast and reserved; in IPv6 also what begins with zeros, such as IPv4 in its
// clothes, but loopback. The router refuses them already.
const NEVER = /^(0+\.|169\.254\.|2(2[4-9]|[3-5]\d)\.|\[(0*:|fe[89ab]|ff))/;
const LOOPBACK_V6 = '[::1]:';
// nginx takes "unix:…" and host names too: only what is an address and a port may reach proxy_pass.
const MAX_LENGTH = 64;

function read(path) {
  try {
    // Relative to the run folder, which the supervisor makes the working directory of nginx.
    return fs.readFileSync(path, 'utf8');
  } catch (e) {
    return '';
  }
}

function isOwn(address, s) {
  if (address === s.variables.server_addr || address === '::1') return true;
  if (address.indexOf('127.') === 0) return true;
  return ('\n' + read('host')).indexOf('\naddress ' + address + '\n') !== -1;
}

// True when the connection would come back to us: nginx listens on every port that a route has, and a loop, however
// long, leads through such ports only. The router refuses these upstreams already, as far as it knows the host.
function isListener(upstream, s) {
  const colon = upstream.lastIndexOf(':');
  const number = Number(upstream.slice(colon + 1));
  // Nearly every upstream ends here: looking for a file that is not there would cost more than all the rest.
  if (number < Number(s.variables.first_port) || number > Number(s.variables.last_port))
    return false;
  const port = String(number);
  if (port !== s.variables.server_port && read('shared/tcp/' + port) === '') return false;
  return isOwn(upstream.slice(0, colon).replace('[', '').replace(']', ''), s);
}

function isUsable(upstream) {
  if (upstream.length > MAX_LENGTH || !(V4.test(upstream) || V6.test(upstream))) return false;
  return !NEVER.test(upstream) || upstream.indexOf(LOOPBACK_V6) === 0;
}

function choose(s) {
  const line = read('shared/tcp/' + s.variables.server_port);
  const upstream = line.charAt(line.length - 1) === '\n' ? line.slice(0, -1) : line;
  if (!isUsable(upstream)) {
    s.deny();
    return;
  }
  if (isListener(upstream, s)) {
    s.error('the upstream of port ' + s.variables.server_port + ' is a listener of this proxy');
    s.deny();
    return;
  }
  s.variables.upstream = upstream;
  s.allow();
}

export default { choose };
