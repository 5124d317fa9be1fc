#!/bin/sh
# Starts a Docker engine in the background when none answers. Prints `started` as its last line when
# it did, else `running`; only an engine that this script started is ended by stop-dockerd.sh.
set -eu
. "$(dirname -- "$(readlink -f -- "$0")")/lib.sh"

docker=$(docker_client)
answers() { "$docker" info >/dev/null 2>&1; }

if answers; then
  say 'the Docker engine answers'
  echo running
  exit 0
fi
[ "$(id -u)" -eq 0 ] || unavailable 'no Docker engine answers, and only root can start one'
command -v dockerd >/dev/null 2>&1 || unavailable 'no Docker engine answers; install one with scripts/install-docker.sh'

# Engines that were killed leave pid files, and take a process that was not yet reaped for a living one.
for file in /run/docker.pid /run/docker/containerd/containerd.pid; do
  stale=$(cat "$file" 2>/dev/null || true)
  if [ -n "$stale" ] && grep -qs '^State:[[:space:]]*Z' "/proc/$stale/status"; then rm -f "$file"; fi
done

mkdir -p "$cache"
log=$cache/dockerd.log
pid_file=$cache/dockerd.pid
say "starting dockerd in the background (log: $log)"
setsid dockerd >"$log" 2>&1 </dev/null &
pid=$!
printf '%s\n' "$pid" >"$pid_file"

tries=0
while ! answers; do
  tries=$((tries + 1))
  if [ "$tries" -gt 150 ] || ! kill -0 "$pid" 2>/dev/null; then
    kill "$pid" 2>/dev/null || true
    rm -f "$pid_file"
    tail -n 5 "$log" >&2
    unavailable 'dockerd does not start on this machine (its last lines are above)'
  fi
  sleep 0.2
done
echo started
