#!/bin/bash
# Runs the static checks and says of each how it went; fails when one does.
set -u
top=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
cd "$top" || exit 1
node=$(scripts/node.sh) || exit 1
PATH=$(dirname "$node"):$PATH
export PATH

checks=(typecheck lint layers deadcode format:check verify)
failed=()
number=0
for check in "${checks[@]}"; do
  number=$((number + 1))
  printf 'clearway: check %d of %d: %s ... ' "$number" "${#checks[@]}" "$check"
  start=$SECONDS
  if output=$(npm run --silent "$check" 2>&1); then
    printf 'ok (%d s)\n' "$((SECONDS - start))"
  else
    printf 'FAILED\n%s\n' "$output"
    failed+=("$check")
  fi
done
[ "${#failed[@]}" -eq 0 ] && exit 0
echo "clearway: failed checks: ${failed[*]}" >&2
exit 1
