#!/usr/bin/env bash
# A minimal Debian with Node 24 in .cache/debian, made once (about 90 s). Stands in for docker.io/library/node where no
# registry can be reached, and is the machine that systemd.sh boots. Needs root.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD/.cache/debian
[ -e "$root/.complete" ] && exit 0
if ! command -v debootstrap >/dev/null; then
  apt-get update -qq >/dev/null
  apt-get install -y -qq --no-install-recommends debootstrap >/dev/null 2>&1
fi
rm -rf "$root"
debootstrap --variant=minbase bookworm "$root" http://deb.debian.org/debian >"$root.log" 2>&1 || {
  tail -5 "$root.log" >&2
  exit 1
}
cp -L /etc/resolv.conf "$root/etc/resolv.conf"
chroot "$root" sh -c 'apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends systemd systemd-sysv dbus ca-certificates' >>"$root.log" 2>&1
# What this machine trusts, so that `npm ci` can fetch from wherever it is told to.
cp /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
cp node_modules/node/bin/node "$root/usr/local/bin/node"
npm=$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")
mkdir -p "$root/usr/local/lib/node_modules"
cp -r "$npm" "$root/usr/local/lib/node_modules/npm"
ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
chroot "$root" useradd --uid 1000 --user-group --no-create-home node
chroot "$root" apt-get clean
touch "$root/.complete"
