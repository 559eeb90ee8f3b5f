#!/usr/bin/env bash
# Installs one Prefect version with date-locked dependencies into .cache/prefect-VERSION. Idempotent; offline when done.
set -euo pipefail
version=$1
cd "$(dirname "$0")/../../.."
home=$PWD/.cache/prefect-$version
[ -e "$home/template.db" ] && [ -e "$home/bin/pip" ] && exit 0
mkdir -p .cache
exec 9>.cache/lock && flock 9
[ -e "$home/template.db" ] && [ -e "$home/bin/pip" ] && exit 0
echo "installing Prefect $version (once; about 30 s)" >&2
[ -x .cache/uv/bin/uv ] || {
  rm -rf .cache/uv
  python3 -m venv .cache/uv
  .cache/uv/bin/pip install --quiet --disable-pip-version-check uv==0.13.9
}
rm -rf "$home"
.cache/uv/bin/uv venv --quiet --no-config --seed --python "$(command -v python3)" "$home"
.cache/uv/bin/uv pip install --quiet --no-config --compile-bytecode --python "$home/bin/python" \
  --requirement "test/support/prefect/$version.txt"
export PREFECT_HOME=$home/home PREFECT_API_DATABASE_CONNECTION_URL=sqlite+aiosqlite:///$home/migrated.db
"$home/bin/prefect" server database upgrade -y >"$home/upgrade.log" 2>&1 || {
  cat "$home/upgrade.log" >&2
  exit 1
}
mv "$home/migrated.db" "$home/template.db" # last: its presence means "complete"
