#!/bin/sh
# Puts the npm packages of package-lock.json under node_modules, a recent Node.js among them.
set -eu
. "$(dirname -- "$(readlink -f -- "$0")")/lib.sh"

cd "$top"
command -v npm >/dev/null 2>&1 || fail 'npm is needed: install Node.js 20 or newer with npm'
marker=node_modules/.clearway-installed
wanted=$(sha256sum package.json package-lock.json | sha256sum | cut -d' ' -f1)
if [ "$(cat "$marker" 2>/dev/null || true)" = "$wanted" ]; then
  say 'npm packages are installed'
  exit 0
fi
# Someone may have run `npm install` by hand: a complete tree is kept.
if [ -d node_modules ] && npm ls --all >/dev/null 2>&1; then
  say 'npm packages are installed'
else
  say 'installing npm packages from package-lock.json (about half a minute)'
  # `npm ci` refuses a lock file that lacks optional packages of other platforms; `npm install` takes the same
  # versions from it all the same.
  npm ci --no-audit --no-fund --silent 2>/dev/null ||
    npm install --no-save --no-audit --no-fund --loglevel=error
fi
printf '%s\n' "$wanted" >"$marker"
