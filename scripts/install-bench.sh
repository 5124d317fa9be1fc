#!/bin/sh
# Installs what bench/ measures with besides a running Clearway: a load generator; starts nothing.
set -eu
. "$(dirname -- "$(readlink -f -- "$0")")/lib.sh"

need_debian_packages wrk iproute2 util-linux nginx-light libnginx-mod-http-lua libnginx-mod-stream libnginx-mod-stream-js lua-cjson
