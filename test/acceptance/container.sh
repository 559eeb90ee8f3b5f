#!/usr/bin/env bash
# Builds the Dockerfile and runs what comes out as it should be run: read-only, without capabilities, as nobody special.
# Where the base image can't be pulled, a stand-in of its name is made first (base-image.sh). Needs root; about 2 minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."
for program in buildah podman runc; do
  command -v $program >/dev/null && continue
  apt-get update -qq >/dev/null
  apt-get install -y -qq --no-install-recommends buildah podman runc >/dev/null 2>&1
  break
done
base=docker.io/library/node:24-bookworm-slim
if ! buildah inspect --type image $base >/dev/null 2>&1 && ! timeout 60 buildah pull $base >/dev/null 2>&1; then
  echo "the base image can't be pulled: a stand-in is made"
  bash test/acceptance/base-image.sh
  container=$(buildah from scratch)
  buildah add --quiet "$container" .cache/debian / >/dev/null
  buildah config --env PATH=/usr/local/bin:/usr/bin:/bin --env NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt "$container"
  buildah commit --quiet --rm "$container" $base >/dev/null
fi
commit=$(git rev-parse HEAD)
timeout 300 buildah bud --quiet --isolation chroot --format docker --build-arg "COMMIT=$commit" -t lockstep:acceptance . >/dev/null
bytes=$(podman image inspect --format '{{.Size}}' lockstep:acceptance)
below=$(podman image inspect --format '{{.Size}}' $base)
echo "image: $((bytes / 1000000)) MB, $(((bytes - below) / 1000000)) MB of them above the base image"

folder=$(mktemp -d)
name=lockstep-acceptance-$$
finish() {
  podman rm --force --time 0 $name >/dev/null 2>&1 || true
  rm -rf "$folder"
}
trap finish EXIT
# Without systemd podman can't set a timer for the health check, and says so each time; it is asked for by hand below.
quiet() { "$@" 2> >(grep -v 'systemd connection' >&2); }
check() { if [ "$2" = "$3" ]; then echo "ok  $1: $2"; else echo "NOT $1: $2 instead of $3"; exit 1; fi; }

printf 'acceptance-token' >"$folder/token"
cat >"$folder/lockstep.yaml" <<CONFIG
installation: acceptance
workspaces: [{ name: default, apiUrl: "http://127.0.0.1:9/api" }]
server: { listen: 0.0.0.0:8484, token: { file: /run/secrets/token } }
sources: [{ name: main, url: "http://127.0.0.1:9/none.git", interval: 1h }]
CONFIG
chmod -R a+rX "$folder"
port=$((20000 + RANDOM % 20000))
quiet podman --runtime runc run -d --name $name --read-only --cap-drop=all --security-opt no-new-privileges \
  --ulimit nofile=4096:4096 --ulimit nproc=4096:4096 --memory 256m --pids-limit 64 -p 127.0.0.1:$port:8484 \
  -v "$folder/lockstep.yaml:/etc/lockstep/lockstep.yaml:ro" -v "$folder/token:/run/secrets/token:ro" \
  --tmpfs /var/lib/lockstep:mode=0777 lockstep:acceptance >/dev/null
for _ in $(seq 50); do curl -fsS -o /dev/null "http://127.0.0.1:$port/livez" 2>/dev/null && break; sleep 0.2; done
check "livez through the published port" "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/livez")" 200
check "the API without the token" "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$port/api/v1/sources")" 401
check "the API with it" "$(curl -s -o /dev/null -w '%{http_code}' -H 'authorization: Bearer acceptance-token' "http://127.0.0.1:$port/api/v1/sources")" 200
pid=$(podman inspect --format '{{.State.Pid}}' $name)
check "user" "$(awk '/^Uid/ { print $2 }' /proc/"$pid"/status)" 1000
check "capabilities" "$(awk '/^CapEff/ { print $2 }' /proc/"$pid"/status)" 0000000000000000
check "no new privileges" "$(awk '/^NoNewPrivs/ { print $2 }' /proc/"$pid"/status)" 1
check "root file system" "$(podman exec $name node -e 'try { require("fs").writeFileSync("/app/x", ""); console.log("writable") } catch (error) { console.log(error.code) }')" EROFS
check "health" "$(podman healthcheck run $name >/dev/null 2>&1 && echo healthy)" healthy
check "version" "$(podman exec $name node src/lockstep.js --version)" "$(node -p 'require("./package.json").version') (${commit:0:10})"
check "label" "$(podman image inspect --format '{{index .Labels "org.opencontainers.image.revision"}}' lockstep:acceptance)" "$commit"
echo "memory: $(awk '/^VmRSS/ { print int($2 / 1024) }' /proc/"$pid"/status) MB resident"
started=$(date +%s%N)
quiet podman stop --time 25 $name >/dev/null
check "exit code after SIGTERM" "$(podman inspect --format '{{.State.ExitCode}}' $name)" 0
echo "stopped in $((($(date +%s%N) - started) / 1000000)) ms"
