#!/bin/bash
# Runs the static checks, then every test. The last line is `N passed, N failed`; static checks count as tests.
set -u
top=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
cd "$top" || exit 1
node=$(scripts/node.sh) || exit 1
PATH=$(dirname "$node"):$PATH
export PATH

checks=0
scripts/run-checks.sh || checks=1
start=$SECONDS
log=$(mktemp)
trap 'rm -f "$log"' EXIT
npx --no-install mocha 'test/**/*.test.ts' "$@" 2>&1 | tee "$log"
tests=${PIPESTATUS[0]}
echo "clearway: the tests took $((SECONDS - start)) s"
count=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$log" | tail -1)
if [ -z "$count" ]; then
  echo '0 passed, 1 failed'
  exit 1
fi
read -r passed _ failed _ <<<"$count"
echo "$((passed + 1 - checks)) passed, $((failed + checks)) failed"
[ "$tests" -eq 0 ] && [ "$checks" -eq 0 ]
