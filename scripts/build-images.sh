#!/bin/sh
# Builds the images clearway/router and clearway/proxy, tagged with the version of package.json and `latest`.
# An image whose inputs did not change since it was built is kept.
set -eu
. "$(dirname -- "$(readlink -f -- "$0")")/lib.sh"

cd "$top"
docker=$(docker_client)
"$docker" info >/dev/null 2>&1 || unavailable 'the Docker engine does not answer; see scripts/start-dockerd.sh'
scripts/base-images.sh
version=$(sed -n 's/^  "version": "\(.*\)",$/\1/p' package.json)
label=dev.clearway.inputs

# inputs BASE FILES…: one hash of the base image and of the names, modes and contents of the files.
inputs() {
  {
    "$docker" image inspect --format '{{.Id}}' "$1"
    shift
    find "$@" -type f -printf '%m %p\n' | LC_ALL=C sort
    find "$@" -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
  } | sha256sum | cut -d' ' -f1
}

# build NAME HASH ARGUMENTS…
build() {
  image=clearway/$1
  hash=$2
  shift 2
  built=$("$docker" image inspect --format "{{index .Config.Labels \"$label\"}}" "$image:$version" 2>/dev/null || true)
  if [ "$built" = "$hash" ]; then
    say "$image:$version is up to date"
  else
    say "building $image:$version"
    log=$(mktemp)
    "$docker" build --label "$label=$hash" -t "$image:$version" "$@" >"$log" 2>&1 || {
      tail -n 40 "$log" >&2
      rm -f "$log"
      fail "$image cannot be built"
    }
    rm -f "$log"
  fi
  "$docker" tag "$image:$version" "$image:latest"
}

build proxy "$(inputs debian:bookworm-slim proxy)" proxy
build router "$(inputs node:24-bookworm-slim Dockerfile .dockerignore package.json package-lock.json bin crds src \
  templates scripts/node.sh compose/router-entrypoint compose/router-health.js)" .
say "images: clearway/router:$version clearway/proxy:$version (and :latest)"
