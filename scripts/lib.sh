#!/bin/sh
# Shared by the scripts of this folder; sourced, never run. POSIX sh.
#
# Exit codes of all of them: 0 done (or nothing to do), 69 this part cannot be had on this machine
# (tests then name it as not run), anything else a failure.

top=$(CDPATH= cd -- "$(dirname -- "$(readlink -f -- "$0")")/.." && pwd)
cache=${CLEARWAY_CACHE:-$top/.cache}
UNAVAILABLE=69

say() {
  printf 'clearway: %s\n' "$*"
}

# Ends the script: the part that it prepares cannot be had on this machine, and why.
unavailable() {
  printf 'clearway: not available here: %s\n' "$*" >&2
  exit "$UNAVAILABLE"
}

fail() {
  printf 'clearway: %s\n' "$*" >&2
  exit 1
}

# Prints those of the named Debian packages that are not installed.
missing_debian_packages() {
  for package in "$@"; do
    state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || printf '%s ' "$package"
  done
}

# Installs the named Debian packages that are missing, without starting any service of theirs.
need_debian_packages() {
  command -v dpkg-query >/dev/null 2>&1 || unavailable 'this is not a Debian system; install by hand:' "$@"
  missing=$(missing_debian_packages "$@")
  if [ -z "$missing" ]; then
    say "Debian packages are installed: $*"
    return 0
  fi
  [ "$(id -u)" -eq 0 ] || unavailable "root is needed to install Debian packages: apt-get install $missing"
  say "installing Debian packages: $missing(no service is started)"
  say '  step 1 of 2: package lists'
  apt_with_progress update || unavailable 'the Debian package lists cannot be fetched (apt-get update)'
  say '  step 2 of 2: download and unpack'
  hold_services
  installed=0
  # shellcheck disable=SC2086 # one word per package
  apt_with_progress install -y --no-install-recommends $missing || installed=1
  release_services
  trap - EXIT HUP INT TERM
  [ "$installed" -eq 0 ] || unavailable "these Debian packages cannot be installed: $missing"
}

# apt-get, quiet but for every tenth of the way; its whole output is shown when it fails.
apt_with_progress() {
  log=$(mktemp)
  {
    code=0
    DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=600 -o APT::Status-Fd=3 "$@" \
      3>&1 >"$log" 2>&1 </dev/null || code=$?
    echo "end:$code"
  } | show_progress
  if [ -f "$log.failed" ]; then
    tail -n 40 "$log" >&2
    rm -f "$log" "$log.failed"
    return 1
  fi
  rm -f "$log"
}

# Reads apt's status lines (kind:name:percent:text) and prints each new tenth.
show_progress() {
  shown=
  while IFS=: read -r kind name percent _; do
    case $kind in
      end)
        [ "$name" -eq 0 ] || : >"$log.failed"
        continue
        ;;
      dlstatus) step=download ;;
      pmstatus) step=unpack ;;
      *) continue ;;
    esac
    tenth="$step $((${percent%%[!0-9]*} / 10 * 10))"
    [ "$tenth" = "$shown" ] || say "    $tenth %"
    shown=$tenth
  done
}

# Debian starts a service when its package is installed, unless /usr/sbin/policy-rc.d says 101.
policy=/usr/sbin/policy-rc.d
hold_services() {
  trap release_services EXIT
  trap 'exit 130' HUP INT TERM
  if [ -e "$policy" ] && ! grep -qs 'clearway: hold' "$policy"; then
    mv "$policy" "$policy.clearway-saved"
  fi
  printf '#!/bin/sh\n# clearway: hold\nexit 101\n' >"$policy"
  chmod 755 "$policy"
}

release_services() {
  if grep -qs 'clearway: hold' "$policy"; then rm -f "$policy"; fi
  if [ -e "$policy.clearway-saved" ]; then mv "$policy.clearway-saved" "$policy"; fi
}

# Prints the docker client to use: Debian's matches Debian's engine.
docker_client() {
  if [ -x /usr/bin/docker ]; then
    echo /usr/bin/docker
  else
    command -v docker || unavailable 'there is no docker client; run scripts/install-docker.sh'
  fi
}
