# Testing, starting, reloading and stopping nginx, and looking afterwards what it really does.

NGINX='' LIVE_REVISION='' TRIED_REVISION='' TEST_SAID=''
NEXT_TRY=0 NEXT_CHECK=0 DELAY=1
LIVE_SECONDS=8
PROGRAM=$(command -v nginx || echo /usr/sbin/nginx)
# A host's nginx would drop its workers to another user, who may not read the nginx folder.
OPTIONS=()
[ "$(id -u)" = 0 ] && OPTIONS=(-g 'user root;')

NO_RIGHT='this port needs the capability NET_BIND_SERVICE (cap_add), or another number, or the sysctl net.ipv4.ip_unprivileged_port_start'

nginx_run() {
  "$PROGRAM" -e stderr -p "$RUN/" "${OPTIONS[@]}" "$@"
}

nginx_alive() {
  kill -0 "$NGINX" 2>/dev/null
}

try_later() {
  NEXT_TRY=$((SECONDS + DELAY))
  DELAY=$((DELAY < 10 ? DELAY * 2 : 10))
}

# Writes the candidate and lets nginx read it. A refusal is said once for each different text.
candidate_passes() {
  TRIED_REVISION=$WANTED_REVISION
  write_candidate || return 1
  local said
  if said=$(nginx_run -q -t -c "$RUN/candidate/nginx.conf" 2>&1 >/dev/null); then
    TEST_SAID=''
    return 0
  fi
  # Without time and process number, which differ each time.
  said=$(sed -E 's#^[0-9/]+ [0-9:]+ \[([a-z]+)\] [0-9]+\#[0-9]+: #\1: #' <<<"$said")
  if [ "$said" != "$TEST_SAID" ]; then
    log error 'nginx refuses the configuration' revision "$WANTED_REVISION" nginx "$said"
    [[ $said != *'bind() to '*'Permission denied'* ]] || log error "$NO_RIGHT" port "$LISTEN_PORT"
  fi
  TEST_SAID=$said
  return 1
}

# Says so when this nginx may lack the fix of CVE-2026-42945 (0.6.27 to 1.30.0). The image is built with it; a host's own nginx
# may be older. Debian 12 mends 1.22.1 from this package on.
FIXED_VERSION=1.30.1
FIXED_PACKAGE=1.22.1-9+deb12u7
warn_of_version() {
  local version package
  version=$("$PROGRAM" -v 2>&1)
  [[ $version =~ /([0-9]+(\.[0-9]+)+) ]] || return 0
  version=${BASH_REMATCH[1]}
  [ "$(printf '%s\n' "$FIXED_VERSION" "$version" | sort -V | head -n 1)" = "$FIXED_VERSION" ] && return 0
  package=$(dpkg-query -W -f '${Version}' nginx-common 2>/dev/null)
  [[ $package = "$version"-*deb12* ]] && dpkg --compare-versions "$package" ge "$FIXED_PACKAGE" && return 0
  log warn 'this nginx may be open to CVE-2026-42945; use one that is mended' version "$version" package "$package" fixed "$FIXED_VERSION"
}

# Starts nginx in a process group of its own: its workers can be found and ended when it is gone.
nginx_spawn() {
  rm -f "$RUN/live" "$RUN/closed.sock"
  set -m
  cat "$RUN/access.pipe" &
  disown
  nginx_errors_to_json <"$RUN/error.pipe" &
  disown
  # When the supervisor is killed, nginx must not stay behind. setpriv becomes nginx: the pid is nginx's.
  setpriv --pdeathsig TERM "$PROGRAM" -e stderr -p "$RUN/" "${OPTIONS[@]}" -c "$RUN/nginx.conf" \
    </dev/null >"$RUN/access.pipe" 2>"$RUN/error.pipe" &
  NGINX=$!
  disown
  set +m
}

# Waits until a worker other than $1 runs the wanted revision; fails when nginx dies or time is up.
wait_live() {
  local end=$((SECONDS + LIVE_SECONDS)) live
  while ((SECONDS < end)) && nginx_alive && [ -z "$STOP" ]; do
    live=''
    { live=$(<"$RUN/live"); } 2>/dev/null
    if [ "$live" != "$1" ] && [ "${live%% *}" = "$WANTED_REVISION" ]; then return 0; fi
    pause 0.05
  done
  return 1
}

say_live() {
  LIVE_REVISION=$WANTED_REVISION TLS_DUE=''
  DELAY=1 NEXT_CHECK=$((SECONDS + CHECK_SECONDS))
  log info "$1" revision "$LIVE_REVISION" port "$LISTEN_PORT" tls "$(tls_served && echo on || echo off)" tcp "$TCP_START-$TCP_END" left_out "${BUSY//$'\n'/ }"
}

start_wanted() {
  candidate_passes || { try_later; return; }
  promote_candidate || { try_later; return; }
  nginx_spawn
  if wait_live ''; then
    say_live 'nginx started'
    return
  fi
  [ -n "$STOP" ] && return
  log error 'nginx did not start; a port may be taken' port "$LISTEN_PORT"
  nginx_sweep
  try_later
}

# `nginx -s reload` succeeds even when nginx then keeps its old configuration (a listen port taken in between), so new
# workers are waited for. Without them the old files are put back, for nginx's next start.
reload_wanted() {
  local before
  candidate_passes || { try_later; return; }
  before=$(<"$RUN/live")
  promote_candidate || { try_later; return; }
  kill -HUP "$NGINX" 2>/dev/null
  if wait_live "$before"; then
    say_live 'nginx reloaded'
    return
  fi
  [ -n "$STOP" ] && return
  restore_previous
  BUSY=unknown
  log error 'nginx keeps the old configuration; a port may be taken' wanted "$WANTED_REVISION" live "$LIVE_REVISION"
  try_later
  NEXT_CHECK=$NEXT_TRY
}

# Ends what is left of an nginx whose master is gone: its workers would go on holding the ports.
nginx_sweep() {
  kill -KILL -- "-$NGINX" 2>/dev/null
  NGINX='' LIVE_REVISION=''
}

nginx_gone_within() {
  local end=$((SECONDS + $1))
  while nginx_alive; do
    ((SECONDS >= end)) && return 1
    pause 0.1
  done
}

# Requests under way get some seconds to end; idle websockets and streams would never.
nginx_stop() {
  [ -n "$NGINX" ] || return 0
  log info 'stopping' signal "$STOP"
  kill -QUIT "$NGINX" 2>/dev/null
  nginx_gone_within "$STOP_SECONDS" && return
  kill -TERM "$NGINX" 2>/dev/null
  nginx_gone_within 3 || nginx_sweep
}
