#!/usr/bin/env bash
# What Prometheus makes of us, by the real promtool: the alert rules (their syntax, and that each is silent, fires, and
# resolves), the expressions of the dashboard, and the metrics of a running daemon.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v promtool >/dev/null; then
  echo "installing prometheus for promtool (Debian's package)" >&2
  apt-get update -qq >/dev/null
  apt-get install -y -qq --no-install-recommends prometheus >/dev/null 2>&1
fi
promtool check rules config/prometheus/lockstep.rules.yml
(cd test/packaging && promtool test rules lockstep.rules.test.yml)

folder=$(mktemp -d)
daemon=
finish() {
  [ -z "$daemon" ] || kill "$daemon" 2>/dev/null || true
  rm -rf "$folder"
}
trap finish EXIT
node -e '
  const { panels } = JSON.parse(require("fs").readFileSync("config/grafana/lockstep.json", "utf8"))
  const exprs = panels.flatMap(({ targets }) => targets.map(({ expr }) => expr.replaceAll("$__rate_interval", "5m")))
  const rules = exprs.map((expr, n) => ({ record: `panel:${n}`, expr }))
  require("fs").writeFileSync(process.argv[1], JSON.stringify({ groups: [{ name: "dashboard", rules }] }))
' "$folder/dashboard.yml"
promtool check rules "$folder/dashboard.yml"
port=$((20000 + RANDOM % 20000))
cat >"$folder/lockstep.yaml" <<CONFIG
installation: promtool
workspaces: [{ name: default, apiUrl: "http://127.0.0.1:9/api" }]
server: { listen: "127.0.0.1:$port" }
stateDir: $folder/state
sources: [{ name: main, url: "http://127.0.0.1:9/none.git", interval: 1h }]
CONFIG
node src/lockstep.js run --config "$folder/lockstep.yaml" >"$folder/log" 2>&1 &
daemon=$!
for _ in $(seq 100); do curl -fsS -o /dev/null "http://127.0.0.1:$port/readyz" 2>/dev/null && break; sleep 0.1; done
curl -fsS "http://127.0.0.1:$port/metrics" | promtool check metrics
echo "metrics: $(curl -fsS "http://127.0.0.1:$port/metrics" | grep -c '^# TYPE') families, promtool has nothing to say"
