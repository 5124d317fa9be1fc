#!/bin/bash
# Runs the static checks, then every test in two lanes side by side: those that use the Docker engine or wait for other
# programs, and all others. The last line is `N passed, N failed`; the static checks together count as one test.
set -u
top=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
cd "$top" || exit 1
node=$(scripts/node.sh) || exit 1
PATH=$(dirname "$node"):$PATH
export PATH

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
# Tests of the host's addresses are among them: an engine that comes and goes beside them changes those.
slow='^test/(docker/|sdk/|kubectl/|proxy/host\.)'
failed=0
passed=0

# Adds up the counts of a lane. A lane that died before its count, or with an exit code of its own, is a failure.
take_counts() {
  local count
  count=$(grep -E '^[0-9]+ passed, [0-9]+ failed$' "$1" | tail -1)
  if [ -z "$count" ]; then
    echo "clearway: a test run ended without a count" >&2
    failed=$((failed + 1))
    return
  fi
  read -r lane_passed _ lane_failed _ <<<"$count"
  passed=$((passed + lane_passed))
  failed=$((failed + lane_failed))
  [ "$2" -eq 0 ] || [ "$lane_failed" -gt 0 ] || failed=$((failed + 1))
}

if scripts/run-checks.sh; then passed=1; else failed=1; fi

start=$SECONDS
mapfile -t lane_slow < <(find test -name '*.test.ts' | sort | grep -E "$slow")
mapfile -t lane_rest < <(find test -name '*.test.ts' | sort | grep -vE "$slow")
echo "clearway: running ${#lane_rest[@]} test files here and ${#lane_slow[@]} beside them (Docker, ClearML SDK, kubectl); theirs are shown afterwards"
npx --no-install mocha "${lane_slow[@]}" >"$logs/slow" 2>&1 &
slow_pid=$!
npx --no-install mocha "${lane_rest[@]}" 2>&1 | tee "$logs/rest"
rest_code=${PIPESTATUS[0]}
echo "clearway: waiting for the tests beside them ($((SECONDS - start)) s so far)"
wait "$slow_pid"
slow_code=$?
cat "$logs/slow"
take_counts "$logs/rest" "$rest_code"
take_counts "$logs/slow" "$slow_code"

grep -h 'not run:' "$logs"/* | sort -u
# Again at the very end: the lanes' reports are long, and what failed must not have to be searched for.
grep -h '^failed: ' "$logs"/*
echo "clearway: the tests took $((SECONDS - start)) s"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
