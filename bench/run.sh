#!/bin/bash
# Measures Clearway on this machine. Each script prints what it measured; figures of one run are to be compared with
# each other only.
#
#   bench/run.sh               both
#   bench/run.sh router [N]    the router with N tasks (10,000)
#   bench/run.sh proxy [N]     the data plane against a bare nginx proxy_pass, with N routes (10,000)
set -eu
top=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
node=$("$top/scripts/node.sh")
run() { "$node" --disable-warning=ExperimentalWarning "$top/bench/$1.ts" "${@:2}"; }
case ${1:-both} in
  router) run router-scale "${@:2}" ;;
  proxy) run proxy-throughput "${@:2}" ;;
  both)
    run router-scale
    run proxy-throughput
    ;;
  *)
    sed -n '2,8p' "$0" >&2
    exit 2
    ;;
esac
