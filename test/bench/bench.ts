import { spawn, spawnSync } from "node:child_process"
import { createHmac } from "node:crypto"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { resolve } from "node:path"
import type { WorkspaceName } from "../../src/core/model.ts"
import { systemClock } from "../../src/lib/clock.ts"
import { WorkspaceClient } from "../../src/prefect/client.ts"
import { nothingMore } from "../../src/reconcile/snapshots.ts"
import { openGitServer, type GitRepository, type GitServer } from "../support/git-server.ts"
import { freePort, openPrefect, type PrefectServer } from "../support/prefect/server.ts"

/**
 * `npm run bench`: requests and wall time of what Lockstep does, beside the real `prefect deploy --all` on the same
 * machine in the same run. Sizes as arguments, `node test/bench/bench.ts 10 100`; results as a Markdown table.
 */
const sizes = process.argv
  .slice(2)
  .map(Number)
  .filter((size) => size > 0)
const all = sizes.length > 0 ? sizes : [10, 100, 500]
const peerSizeMax = 100
const folder = resolve(".cache/bench")
const signal = new AbortController().signal

interface Row {
  readonly what: string
  readonly size: number
  readonly requests: number
  readonly seconds: number
}
const rows: Row[] = []

async function measure(
  what: string,
  size: number,
  prefect: PrefectServer,
  work: () => Promise<unknown>,
): Promise<void> {
  // The server tells of a request when it is over; a moment lets the last one be told.
  await pause(300)
  const before = prefect.requests()
  const started = performance.now()
  await work()
  const seconds = (performance.now() - started) / 1000
  await pause(300)
  const row = { what, size, requests: prefect.requests() - before, seconds }
  rows.push(row)
  console.error(
    `${String(size).padStart(4)}  ${what.padEnd(52)} ${String(row.requests).padStart(5)} requests  ${seconds.toFixed(2)} s`,
  )
}

async function run(size: number): Promise<void> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  await using prefect = await openPrefect("3.8.8", { services: true, counted: true })
  await using git = await openGitServer({ folder: `${folder}/git` })
  const repository = git.createRepository("bench")
  repository.commit({ ...flows(), "prefect.yaml": manifest(size, 1) })
  await post(`${prefect.url}/work_pools/`, { name: "bench", type: "process" })
  await lockstep(size, { prefect, git, repository })
  if (size <= peerSizeMax) await prefectDeploy(size)
}

interface Parts {
  readonly prefect: PrefectServer
  readonly git: GitServer
  readonly repository: GitRepository
}

async function lockstep(size: number, { prefect, git, repository }: Parts): Promise<void> {
  const address = `127.0.0.1:${await freePort()}`
  writeFileSync(`${folder}/token`, "bench-token")
  writeFileSync(
    `${folder}/lockstep.yaml`,
    `installation: bench
workspaces: [{ name: default, apiUrl: "${prefect.url}", driftInterval: 1h, listInterval: 2h, requests: { perSecond: 1000 } }]
stateDir: ./state
server: { listen: "${address}", token: { file: ./token } }
sources: [{ name: bench, url: "${repository.url}", interval: 1h, pullCommit: none, receiver: { provider: generic, secret: { file: ./token } } }]
`,
  )
  const args = [
    "--pdeathsig",
    "KILL",
    process.execPath,
    "src/lockstep.js",
    "run",
    "--config",
    `${folder}/lockstep.yaml`,
  ]
  const sync = () => post(`http://${address}/api/v1/sources/bench/sync?wait=300s`, undefined)
  // As the container and the systemd unit set it.
  const env = { ...process.env, NODE_OPTIONS: "--max-semi-space-size=4" }
  const daemon = spawn("setpriv", args, { stdio: "ignore", env })
  try {
    await measure("Lockstep: create all (from the daemon's start)", size, prefect, () =>
      until(() => ready(`http://${address}`)),
    )
    await measure("Lockstep: manual sync, nothing to do (full look)", size, prefect, sync)
    const bytes = git.requests.length
    repository.commit({ "prefect.yaml": manifest(size, 2) })
    await measure("Lockstep: one field changed, push to applied by sync", size, prefect, sync)
    const fetched = git.requests.slice(bytes).reduce((sum, { responseBytes }) => sum + responseBytes, 0)
    console.error(`      ${fetched} bytes fetched from Git for that commit`)
    repository.commit({ "prefect.yaml": manifest(size, 3) })
    await measure("Lockstep: one field changed, noticed by a webhook", size, prefect, () => hook(address))
    console.error(`      RSS ${rssMb(daemon.pid as number)} MB`)
  } finally {
    const ended = new Promise((done) => daemon.once("exit", done))
    daemon.kill("SIGTERM")
    await ended
  }
  await looks(size, prefect)
}

/** What a Git host would do after a push; the answer of the sync behind it says when the turn is over. */
async function hook(address: string): Promise<void> {
  const body = JSON.stringify({ at: Date.now() })
  const signature = createHmac("sha256", "bench-token").update(body).digest("hex")
  const headers = { "content-type": "application/json", "x-lockstep-signature": `sha256=${signature}` }
  const status = () =>
    fetch(`http://${address}/api/v1/sources/bench`, { headers: { authorization: "Bearer bench-token" } })
  const turn = async () => ((await (await status()).json()) as { lastTurn: { startedAt: string } }).lastTurn.startedAt
  const before = await turn()
  const response = await fetch(`http://${address}/hooks/bench`, { method: "POST", body, headers })
  if (!response.ok) throw new Error(`the webhook was answered ${response.status}`)
  await until(async () => (await turn()) !== before)
}

async function looks(size: number, prefect: PrefectServer): Promise<void> {
  await using client = new WorkspaceClient({
    workspace: {
      name: "default" as WorkspaceName,
      apiUrl: prefect.url,
      auth: { kind: "none" },
      caFile: null,
      requests: { perSecond: 1000, reads: 4, writes: 1 },
      driftIntervalMs: 0,
      listIntervalMs: 0,
    },
    secrets: { read: () => Promise.reject(new Error("no secrets")), mask: (text) => text },
    clock: systemClock,
    userAgent: "lockstep-bench",
  })
  await client.snapshot(nothingMore, signal)
  await measure("Lockstep: cheap look", size, prefect, () =>
    client.look({ depth: 1, queues: new Set(["default"]), limits: false }, signal),
  )
  await measure("Lockstep: full look", size, prefect, () => client.snapshot(nothingMore, signal))
}

/** The real peer, against a server of its own. */
async function prefectDeploy(size: number): Promise<void> {
  await using prefect = await openPrefect("3.8.8", { services: true, counted: true })
  await post(`${prefect.url}/work_pools/`, { name: "bench", type: "process" })
  const work = `${folder}/peer`
  mkdirSync(`${work}/flows`, { recursive: true })
  for (const [path, text] of Object.entries({ ...flows(), "prefect.yaml": manifest(size, 1) }))
    writeFileSync(`${work}/${path}`, text)
  const deploy = async (): Promise<void> => {
    const child = spawn(resolve(".cache/prefect-3.8.8/bin/prefect"), ["--no-prompt", "deploy", "--all"], {
      cwd: work,
      env: {
        PATH: process.env["PATH"],
        HOME: work,
        PREFECT_API_URL: prefect.url,
        PREFECT_HOME: `${work}/.home`,
        PREFECT_SERVER_ANALYTICS_ENABLED: "false",
      },
      stdio: "ignore",
    })
    const code = await new Promise((done) => child.once("exit", done))
    if (code !== 0) throw new Error(`prefect deploy ended with ${String(code)}`)
  }
  await measure("prefect deploy --all: create all", size, prefect, deploy)
  await measure("prefect deploy --all: nothing to do", size, prefect, deploy)
}

/** One flow for ten deployments, as monorepos have them. */
function flows(): Record<string, string> {
  return Object.fromEntries(
    Array.from({ length: 10 }, (_, n) => [
      `flows/flow_${n}.py`,
      `from prefect import flow\n\n\n@flow\ndef flow_${n}(n: int = 0, region: str = "eu", dry_run: bool = False):\n    """Flow ${n}."""\n    print(n, region)\n`,
    ]),
  )
}

function manifest(size: number, changing: number): string {
  const entries = Array.from(
    { length: size },
    (_, n) => `  - name: d-${n}
    entrypoint: flows/flow_${n % 10}.py:flow_${n % 10}
    parameters: { n: ${n === 0 ? changing : n}, region: eu }
    tags: [bench, team-${n % 7}]
    schedules: [{ cron: "${n % 60} 3 * * *", timezone: UTC, slug: nightly }]
    work_pool: { name: bench, job_variables: { env: { STAGE: bench } } }
    pull: [{ prefect.deployments.steps.set_working_directory: { directory: /srv/flows } }]
`,
  )
  return `deployments:\n${entries.join("")}`
}

async function post(url: string, body: unknown): Promise<void> {
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", authorization: "Bearer bench-token" },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  if (!response.ok) throw new Error(`${url}: ${response.status} ${await response.text()}`)
}

async function ready(address: string): Promise<boolean> {
  return fetch(`${address}/readyz`).then(
    ({ ok }) => ok,
    () => false,
  )
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const started = Date.now(); Date.now() - started < 600_000;) {
    if (await holds()) return
    await pause(50)
  }
  throw new Error("not within 10 minutes")
}

function rssMb(pid: number): number {
  const kb = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0)
  return Math.round(kb / 1024)
}

function pause(ms: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, ms))
}

const { status } = spawnSync("bash", ["test/support/prefect/install.sh", "3.8.8"], { stdio: "inherit" })
if (status !== 0) process.exit(1)
for (const size of all) await run(size)
console.log("| deployments | what | requests | seconds |\n|---|---|---|---|")
for (const { what, size, requests, seconds } of rows)
  console.log(`| ${size} | ${what} | ${requests} | ${seconds.toFixed(2)} |`)
