#!/bin/sh
# Installs the Docker engine, compose and what makes base images; starts nothing (see start-dockerd.sh).
set -eu
. "$(dirname -- "$(readlink -f -- "$0")")/lib.sh"

if docker info >/dev/null 2>&1 && { docker compose version || docker-compose version; } >/dev/null 2>&1; then
  say 'a Docker engine and compose are there already'
  exit 0
fi
need_debian_packages docker.io docker-compose iptables mmdebstrap
