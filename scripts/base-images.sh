#!/bin/sh
# Makes sure that the base images of our Dockerfiles are there: pulled where a registry can be
# reached, else made on this machine from Debian and npm packages, under the same names.
# The local ones carry this machine's CA bundle, so that npm works in them behind a proxy.
set -eu
. "$(dirname -- "$(readlink -f -- "$0")")/lib.sh"

debian_image=debian:bookworm-slim
node_image=node:24-bookworm-slim
docker=$(docker_client)
"$docker" info >/dev/null 2>&1 || unavailable 'the Docker engine does not answer; see scripts/start-dockerd.sh'

present() { "$docker" image inspect "$1" >/dev/null 2>&1; }

# A quick look first: a machine without a registry is not made to wait for a whole pull.
pull() {
  timeout 20 "$docker" manifest inspect "$1" >/dev/null 2>&1 || return 1
  say "pulling $1"
  "$docker" pull -q "$1" >/dev/null
}

make_debian() {
  need_debian_packages mmdebstrap
  say "making $debian_image from Debian packages (about half a minute)"
  # usrmerge would bring perl along; the hook lays the merged directories out without it.
  mmdebstrap --variant=minbase --include=usr-is-merged \
    --hook-dir=/usr/share/mmdebstrap/hooks/merged-usr \
    --setup-hook='mkdir -p "$1/etc/apt/preferences.d" "$1/etc/apt/apt.conf.d"' \
    --setup-hook='printf "Package: usrmerge\nPin: release *\nPin-Priority: -1\n" >"$1/etc/apt/preferences.d/usrmerge"' \
    --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
    --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/info/*' \
    --dpkgopt='path-exclude=/usr/share/locale/*' --dpkgopt='path-exclude=/usr/share/lintian/*' \
    --customize-hook='rm -f "$1/etc/apt/preferences.d/usrmerge"' \
    --customize-hook="copy-in $work/docker-clean /etc/apt/apt.conf.d" \
    --customize-hook='mkdir -p "$1/etc/ssl/certs"' \
    --customize-hook='copy-in /etc/ssl/certs/ca-certificates.crt /etc/ssl/certs' \
    --customize-hook='rm -f "$1/etc/resolv.conf" "$1/etc/hostname" "$1"/var/cache/apt/*.bin' \
    bookworm "$work/debian.tar" >"$work/log" 2>&1 || {
    tail -n 20 "$work/log" >&2
    return 1
  }
  "$docker" import --change 'CMD ["bash"]' "$work/debian.tar" "$debian_image" >/dev/null
}

make_node() {
  say "making $node_image from npm packages (about a quarter of a minute)"
  case $(uname -m) in
    aarch64) arch=arm64 ;;
    *) arch=x64 ;;
  esac
  mkdir -p "$work/image/node" "$work/image/npm"
  # The modes are set here: a chmod in the Dockerfile would store every file twice.
  (
    cd "$work" &&
      npm pack --silent "node-linux-$arch@24" npm@11 >/dev/null &&
      tar -xzf node-linux-*.tgz -C image/node --strip-components=1 &&
      tar -xzf npm-*.tgz -C image/npm --strip-components=1 &&
      chmod 755 image/node/bin/node image/npm/bin/*.js
  ) || return 1
  cat >"$work/image/Dockerfile" <<DOCKERFILE
FROM $debian_image
COPY node/bin/node /usr/local/bin/node
COPY npm /usr/local/lib/node_modules/npm
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm \\
  && ln -s ../lib/node_modules/npm/bin/npx-cli.js /usr/local/bin/npx \\
  && npm config set --global cafile /etc/ssl/certs/ca-certificates.crt
CMD ["node"]
DOCKERFILE
  "$docker" build -q -t "$node_image" "$work/image" >/dev/null
}

work=$(mktemp -d)
chmod 755 "$work"
trap 'rm -rf "$work"' EXIT
trap 'exit 130' HUP INT TERM
cat >"$work/docker-clean" <<'APT'
DPkg::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
APT::Update::Post-Invoke { "rm -f /var/cache/apt/archives/*.deb /var/cache/apt/archives/partial/*.deb /var/cache/apt/*.bin || true"; };
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
Acquire::Languages "none";
Acquire::GzipIndexes "true";
Apt::AutoRemove::SuggestsImportant "false";
APT

if present "$debian_image" && present "$node_image"; then
  say 'base images are there'
  exit 0
fi
present "$debian_image" || pull "$debian_image" || make_debian || unavailable "$debian_image can neither be pulled nor made"
present "$node_image" || pull "$node_image" || make_node || unavailable "$node_image can neither be pulled nor made"
"$docker" image ls --format 'clearway: {{.Repository}}:{{.Tag}} {{.Size}}' | grep -E 'debian:bookworm-slim|node:24-bookworm-slim'
