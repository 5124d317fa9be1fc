#!/bin/sh
# Installs the Debian packages that tests use as clients: curl, and openssl for certificates.
set -eu
. "$(dirname -- "$(readlink -f -- "$0")")/lib.sh"
need_debian_packages curl openssl
