#!/usr/bin/env bash
# Puts Debian's docker-registry into .cache/docker-registry, without installing it. Idempotent; offline when done.
set -euo pipefail
cd "$(dirname "$0")/../../.."
home=$PWD/.cache/docker-registry
[ -x "$home/usr/bin/docker-registry" ] && exit 0
mkdir -p .cache
exec 9>.cache/registry.lock && flock 9
[ -x "$home/usr/bin/docker-registry" ] && exit 0
rm -rf "$home.new" && mkdir "$home.new" && cd "$home.new"
apt-get download docker-registry >/dev/null 2>&1 || {
  apt-get update -qq >/dev/null
  apt-get download docker-registry >/dev/null 2>&1
}
dpkg -x docker-registry_*.deb .
rm docker-registry_*.deb
rm -rf "$home" && mv "$home.new" "$home"
