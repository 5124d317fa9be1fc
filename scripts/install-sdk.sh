#!/bin/sh
# Puts one version of the ClearML Python SDK into a virtual environment of its own and prints the
# path of its python. Usage: scripts/install-sdk.sh VERSION
# The environment lives under $CLEARWAY_CACHE, else under .cache in the checkout; a finished one is
# used as it is, so a second run takes no time.
set -eu
version=${1:?usage: scripts/install-sdk.sh VERSION}
top=$(CDPATH= cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
folder=${CLEARWAY_CACHE:-$top/.cache}/sdk/clearml-$version
if [ -e "$folder/.complete" ]; then
  printf '%s\n' "$folder/bin/python"
  exit 0
fi
mkdir -p "$(dirname -- "$folder")"
# Two test runs may ask for the same environment: the second waits for the first.
exec 9>"$folder.lock"
flock 9
if [ ! -e "$folder/.complete" ]; then
  if ! python3 -c 'import venv, ensurepip' 2>/dev/null; then
    echo 'installing python3-venv' >&2
    apt-get install --yes --no-install-recommends python3-venv >&2
  fi
  echo "installing the ClearML SDK $version (about a minute)" >&2
  rm -rf "$folder"
  python3 -m venv "$folder" >&2
  # Older SDKs import pkg_resources, which newer setuptools no longer carry, and the oldest a part of
  # urllib3 that went with version 2; neither says so in its requirements.
  case $version in
    0.* | 1.[0-9].*) urllib3='urllib3<2' ;;
    *) urllib3=urllib3 ;;
  esac
  "$folder/bin/pip" install --quiet --disable-pip-version-check \
    "clearml==$version" 'setuptools<81' "$urllib3" >&2
  touch "$folder/.complete"
fi
printf '%s\n' "$folder/bin/python"
