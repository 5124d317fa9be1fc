#!/bin/sh
# Installs the browser in which tests look at the gateway's pages: Debian's Chromium, and a font.
set -eu
. "$(dirname -- "$(readlink -f -- "$0")")/lib.sh"
need_debian_packages chromium fonts-dejavu-core
