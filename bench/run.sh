#!/bin/bash
# Measures Clearway on this machine. Each script prints what it measured; figures of one run are to be compared with
# each other only.
#
#   bench/run.sh               all
#   bench/run.sh router [N]    the router with N tasks (10,000)
#   bench/run.sh proxy [N]     the data plane against a bare nginx proxy_pass, with N routes (10,000)
#   bench/run.sh access [C] [R] [E]   access control against nginx: C callers (1,000), R routes (1,000), of which each caller uses E (10)
#   bench/run.sh api [N] [W]      the resource API with N routes (10,000) and W watchers (200)
#   bench/run.sh revocation [C] [E]...   memory and end of decisions: C callers (1,000) with E routes each (10 and 100)
set -eu
top=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
node=$("$top/scripts/node.sh")
run() { "$node" --disable-warning=ExperimentalWarning "$top/bench/$1.ts" "${@:2}"; }
case ${1:-all} in
  router) run router-scale "${@:2}" ;;
  proxy) run proxy-throughput "${@:2}" ;;
  api) run resource-api "${@:2}" ;;
  access) run access-throughput "${@:2}" ;;
  revocation) run access-revocation "${@:2}" ;;
  all)
    run router-scale
    run proxy-throughput
    run resource-api
    run access-throughput
    run access-revocation
    ;;
  *)
    sed -n '2,11p' "$0" >&2
    exit 2
    ;;
esac
