#!/bin/sh
# Installs the Debian packages that tests use as clients: curl.
set -eu
. "$(dirname -- "$(readlink -f -- "$0")")/lib.sh"
need_debian_packages curl
