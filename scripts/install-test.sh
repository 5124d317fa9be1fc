#!/bin/bash
# Installs what the tests need besides a running Clearway. What cannot be had on this machine is said, and its tests
# name it as not run.
set -u
here=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)
. "$here/lib.sh"

steps=(
  'install-test-packages.sh'
  'install-browser.sh'
  'install-docker.sh'
  'install-sdk.sh 2.1.7'
  'install-sdk.sh 1.17.1'
  'install-sdk.sh 1.9.2'
  'install-kubectl.sh'
  'install-kube-apiserver.sh'
)
number=0
for step in "${steps[@]}"; do
  number=$((number + 1))
  say "part $number of ${#steps[@]}: $step"
  # shellcheck disable=SC2086 # a script and its argument
  "$here"/$step || { [ $? -eq 69 ] || fail "$step failed"; }
done
