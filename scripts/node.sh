#!/bin/sh
# Prints the path of a Node.js 24 or newer: the one on PATH, else the one under node_modules.
set -eu
top=$(CDPATH= cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
for node in "$(command -v node || true)" "$top"/node_modules/node-linux-*/bin/node; do
  [ -x "$node" ] || continue
  major=$("$node" -p 'process.versions.node.split(".")[0]' 2>/dev/null) || continue
  if [ "$major" -ge 24 ]; then
    printf '%s\n' "$node"
    exit 0
  fi
done
echo 'clearway: no Node.js 24 or newer found; run "make install" in the checkout first' >&2
exit 1
