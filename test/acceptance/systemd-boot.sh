#!/usr/bin/env bash
# Boots a real systemd in a container of its own with the packed package installed and the shipped unit as it is, and looks at what
# only a running systemd can tell. Needs root and about 2 minutes the first time.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v systemd-nspawn >/dev/null; then
  apt-get update -qq >/dev/null
  apt-get install -y -qq --no-install-recommends systemd-container >/dev/null 2>&1
fi
bash test/acceptance/base-image.sh
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
root=$folder/root
cp -a --reflink=auto .cache/debian "$root"

npm pack --silent --pack-destination="$folder" >/dev/null
npm install --global --prefix "$root/usr/local" --no-audit --no-fund --loglevel=error "$folder"/lockstep-*.tgz >/dev/null
ln -s /usr/local/bin/lockstep "$root/usr/bin/lockstep"
cp systemd/lockstep.service "$root/etc/systemd/system/"
# A shorter patience, so that a hanging daemon is noticed while we look.
mkdir -p "$root/etc/systemd/system/lockstep.service.d"
printf '[Service]\nWatchdogSec=4\nRestartSec=1\n' >"$root/etc/systemd/system/lockstep.service.d/test.conf"
mkdir -p "$root/etc/lockstep"
printf 'boot-token' >"$root/etc/lockstep/token"
chmod 600 "$root/etc/lockstep/token"
cat >"$root/etc/lockstep/lockstep.yaml" <<'CONFIG'
installation: boot
workspaces: [{ name: default, apiUrl: "http://127.0.0.1:9/api" }]
server: { token: { file: /run/credentials/lockstep.service/token } }
sources: [{ name: main, url: "http://127.0.0.1:9/none.git", interval: 1h }]
CONFIG
cat >"$root/probe.mjs" <<'PROBE'
import { execFileSync, spawnSync } from "node:child_process"
import { appendFileSync, readFileSync, readdirSync, writeFileSync } from "node:fs"
const say = (line) => appendFileSync("/result", `${line}\n`)
const check = (what, got, wanted) => say(`${String(got) === String(wanted) ? "ok " : "NOT"} ${what}: ${got}${String(got) === String(wanted) ? "" : ` instead of ${wanted}`}`)
const show = (name) => execFileSync("systemctl", ["show", "-P", name, "lockstep"], { encoding: "utf8" }).trim()
const systemctl = (...args) => spawnSync("systemctl", args).status
const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms))
const ask = (path, token) => fetch(`http://127.0.0.1:8484${path}`, { headers: token ? { authorization: `Bearer ${token}` } : {} }).then((answer) => answer.status, () => "no answer")
const log = () => execFileSync("journalctl", ["-u", "lockstep", "-o", "cat", "--no-pager"], { encoding: "utf8" })
async function until(what, holds) {
  for (let tries = 0; tries < 150; tries++) {
    if (await holds()) return true
    await sleep(100)
  }
  say(`NOT ${what}: not within 15 s`)
  return false
}
const status = (pid, name) => new RegExp(`^${name}:\\s+(\\S+)`, "m").exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
try {
  const started = Date.now()
  check("start", systemctl("start", "lockstep"), 0)
  say(`ok  ready after ${Date.now() - started} ms`)
  check("the API listens as soon as the unit is up", await ask("/livez"), 200)
  check("the credential is the token", await ask("/api/v1/sources", "boot-token"), 200)
  check("another token", await ask("/api/v1/sources", "x"), 401)
  const pid = Number(show("MainPID"))
  check("a user of its own", Number(status(pid, "Uid")) >= 61184, true)
  check("capabilities", status(pid, "CapEff"), "0000000000000000")
  check("system calls are filtered", status(pid, "Seccomp"), 2)
  check("state folder", readdirSync("/var/lib/private").join(), "lockstep")
  await sleep(9000)
  check("the watchdog is patted", Number(show("MainPID")), pid)
  const config = readFileSync("/etc/lockstep/lockstep.yaml", "utf8")
  writeFileSync("/etc/lockstep/lockstep.yaml", config.replace("name: main", "name: other"))
  check("reload", systemctl("reload", "lockstep"), 0)
  await until("the reloaded config is in force", async () => (await ask("/api/v1/sources/other", "boot-token")) === 200)
  check("reloaded, same process", Number(show("MainPID")), pid)
  process.kill(pid, "SIGSTOP")
  await until("a hanging daemon is restarted", () => Number(show("MainPID")) > 0 && Number(show("MainPID")) !== pid && show("SubState") === "running")
  check("the watchdog's restart", /Watchdog timeout/.test(log()), true)
  const second = Number(show("MainPID"))
  process.kill(second, "SIGKILL")
  await until("a killed daemon is restarted", () => Number(show("MainPID")) !== second && show("SubState") === "running")
  await until("it answers again", async () => (await ask("/livez")) === 200)
  const before = Date.now()
  check("stop", systemctl("stop", "lockstep"), 0)
  check("result", show("Result"), "success")
  check("exit code", show("ExecMainStatus"), 0)
  say(`ok  stopped in ${Date.now() - before} ms`)
  check("no secret in the journal", log().includes("boot-token"), false)
} catch (error) {
  say(`NOT ${error.stack}`)
}
say("done")
PROBE
cat >"$root/etc/systemd/system/probe.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/usr/local/bin/node /probe.mjs
ExecStopPost=/bin/systemctl poweroff --no-block
[Install]
WantedBy=default.target
UNIT
mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
ln -s ../probe.service "$root/etc/systemd/system/multi-user.target.wants/probe.service"
sed -i 's/^After=.*/After=basic.target/' "$root/etc/systemd/system/probe.service"
timeout 180 systemd-nspawn -q -D "$root" --register=no --keep-unit --console=pipe -b >"$folder/console" 2>&1 || true
if [ ! -e "$root/result" ]; then tail -30 "$folder/console" >&2; exit 1; fi
grep -v '^done$' "$root/result"
grep -q '^done$' "$root/result" && ! grep -q '^NOT' "$root/result"
