// Chooses the upstream of a TCP connection. nginx calls choose() once for each accepted connection, before it
// connects anywhere (js_access). The router keeps one small file for each leased port; no file, no connection.
// It is read anew each time: njs 0.7 has no shared dictionary, and a route must not need a reload.

import fs from 'fs';

const V4 = /^(\d{1,3}\.){3}\d{1,3}:\d{1,5}$/;
const V6 = /^\[[0-9a-f:.]{2,45}\]:\d{1,5}$/;
// nginx takes "unix:…" and host names too: only what is an address and a port may reach proxy_pass.
const MAX_LENGTH = 64;

function read(port) {
  try {
    // Relative to the run folder, which the supervisor makes the working directory of nginx.
    return fs.readFileSync('shared/tcp/' + port, 'utf8');
  } catch (e) {
    return '';
  }
}

function choose(s) {
  const line = read(s.variables.server_port);
  const upstream = line.charAt(line.length - 1) === '\n' ? line.slice(0, -1) : line;
  if (upstream.length > MAX_LENGTH || !(V4.test(upstream) || V6.test(upstream))) {
    s.deny();
    return;
  }
  s.variables.upstream = upstream;
  s.allow();
}

export default { choose };
