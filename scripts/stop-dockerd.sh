#!/bin/sh
# Ends the Docker engine that start-dockerd.sh started, and no other. `--kill`: at once, as a crash does.
set -eu
. "$(dirname -- "$(readlink -f -- "$0")")/lib.sh"

pid_file=$cache/dockerd.pid
signal=TERM
[ "${1:-}" != --kill ] || signal=KILL
pid=$(cat "$pid_file" 2>/dev/null || true)
if [ -z "$pid" ] || [ "$(cat "/proc/$pid/comm" 2>/dev/null || true)" != dockerd ]; then
  rm -f "$pid_file"
  say 'no Docker engine of ours runs'
  exit 0
fi

say "ending dockerd ($pid)"
kill -s "$signal" "$pid"
tries=0
while kill -0 "$pid" 2>/dev/null && [ "$(cut -d' ' -f3 "/proc/$pid/stat" 2>/dev/null || echo Z)" != Z ]; do
  tries=$((tries + 1))
  [ "$tries" -le 150 ] || fail "dockerd ($pid) does not end"
  sleep 0.2
done
rm -f "$pid_file"
