#!/bin/sh
# Installs the SSH server and client that the demo's TCP workload uses; starts nothing.
set -eu
. "$(dirname -- "$(readlink -f -- "$0")")/lib.sh"

need_debian_packages openssh-server openssh-client
