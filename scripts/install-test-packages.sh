#!/bin/sh
# Installs the Debian packages that tests use as clients and tools: LuaJIT for the proxy's pure Lua, curl.
set -eu
. "$(dirname -- "$(readlink -f -- "$0")")/lib.sh"
need_debian_packages luajit curl
