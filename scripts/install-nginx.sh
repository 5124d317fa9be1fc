#!/bin/sh
# Installs nginx with its Lua and njs modules; starts nothing.
set -eu
. "$(dirname -- "$(readlink -f -- "$0")")/lib.sh"

need_debian_packages nginx-light libnginx-mod-http-lua libnginx-mod-stream libnginx-mod-stream-js lua-cjson
