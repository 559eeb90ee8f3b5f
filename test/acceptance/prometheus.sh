#!/usr/bin/env bash
# The alert rules through the real promtool: their syntax, and that each is silent, fires, and resolves.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v promtool >/dev/null; then
  echo "installing prometheus for promtool (Debian's package)" >&2
  apt-get update -qq >/dev/null
  apt-get install -y -qq --no-install-recommends prometheus >/dev/null 2>&1
fi
promtool check rules config/prometheus/lockstep.rules.yml
(cd test/packaging && promtool test rules lockstep.rules.test.yml)
