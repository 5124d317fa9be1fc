#!/bin/bash
# Makes a real Kubernetes API server for the tests that compare Clearway with it: etcd from Debian, kube-apiserver
# built from the Go module test/kubectl/apiserver. Building takes about four minutes on two cores and is done once a
# version: the binary is kept outside the checkout. Prints the path of the binary with --print.
set -euo pipefail
here=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)
. "$here/lib.sh"

module=$top/test/kubectl/apiserver
version=$(awk '$2 == "k8s.io/kubernetes" && $1 == "require" { print $3 }' "$module/go.mod")
[ -n "$version" ] || fail "no version of k8s.io/kubernetes in $module/go.mod"
folder=${CLEARWAY_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/clearway}/kube-apiserver/$version
binary=$folder/kube-apiserver

if [ "${1:-}" = --print ]; then
  echo "$binary"
  exit 0
fi

# Succeeds when the Go on the PATH (or in its usual folder) is 1.25 or newer, as Kubernetes 1.35 needs.
recent_go() {
  command -v go >/dev/null 2>&1 || PATH=$PATH:/usr/local/go/bin
  command -v go >/dev/null 2>&1 || return 1
  go env GOVERSION | awk -F'[go.]+' '{ exit !($2 > 1 || ($2 == 1 && $3 >= 25)) }'
}

# Reads one line a compiled package and prints each new tenth of the way.
show_packages() {
  awk -v total="$1" '{
    tenth = int(NR * 10 / total) * 10
    if (tenth != shown && tenth <= 100) { printf "clearway:     compile %d %%\n", tenth; fflush(); shown = tenth }
  }'
}

build() {
  recent_go || unavailable 'kube-apiserver is built from source, which needs Go 1.25 or newer'
  mkdir -p "$folder"
  made=$(mktemp -d "$folder/.building.XXXXXX")
  trap 'rm -rf "$made"' EXIT
  cd "$module"
  say "building kube-apiserver $version (about four minutes on two cores, once)"
  say '  step 1 of 2: sources'
  go mod download >"$made/log" 2>&1 || { tail -n 20 "$made/log" >&2; unavailable 'the Go modules cannot be fetched'; }
  say '  step 2 of 2: compile'
  packages=$(CGO_ENABLED=0 go list -deps k8s.io/kubernetes/cmd/kube-apiserver | wc -l)
  minor=${version#v1.}
  flags=k8s.io/component-base/version
  CGO_ENABLED=0 go build -v -trimpath -mod=readonly -o "$made/kube-apiserver" -ldflags \
    "-s -w -X $flags.gitVersion=$version -X $flags.gitMajor=1 -X $flags.gitMinor=${minor%%.*}" \
    k8s.io/kubernetes/cmd/kube-apiserver 2>&1 | tee "$made/log" | show_packages "$packages" ||
    { tail -n 20 "$made/log" >&2; fail 'kube-apiserver does not build'; }
  mv -f "$made/kube-apiserver" "$binary"
}

need_debian_packages etcd-server
if [ -x "$binary" ]; then
  say "kube-apiserver $version is there"
else
  build
  say "kube-apiserver $version is in $folder"
fi
