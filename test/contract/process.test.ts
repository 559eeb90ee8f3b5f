import { spawn, type ChildProcess } from "node:child_process"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import t from "tap"
import { openGitServer } from "../support/git-server.ts"
import { named, pause, project, until } from "../support/daemon.ts"
import { openPrefect } from "../support/prefect/server.ts"

/** The real process: what signals do to it, and what a run that falls due while it writes comes to. */
const prefect = await openPrefect("3.8.8", { services: true })
const git = await openGitServer()
const started = new Set<ChildProcess>()
t.teardown(async () => {
  for (const child of started) child.kill("SIGKILL")
  await git[Symbol.asyncDispose]()
  await prefect[Symbol.asyncDispose]()
})
const folder = t.testdir()
await ask("POST", "/work_pools/", { name: "pool", type: "process" })

async function ask<T>(method: string, path: string, body: unknown): Promise<T> {
  for (let tries = 0; ; tries++) {
    const response = await fetch(prefect.url + path, {
      method,
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    })
    if (response.ok) return (await response.json()) as T
    if (response.status !== 503 || tries > 20) throw new Error(`${method} ${path}: ${response.status}`)
    await pause(100)
  }
}

function start(name: string, url: string): { process: ChildProcess; log: () => string } {
  const config = join(folder, `${name}.yaml`)
  writeFileSync(
    config,
    JSON.stringify({
      installation: name,
      workspaces: [{ name: "default", apiUrl: prefect.url }],
      server: { listen: "127.0.0.1:0" },
      stateDir: join(folder, `${name}.state`),
      sources: [{ name: "main", url, interval: "1s", pullCommit: "none" }],
    }),
  )
  const child = spawn(process.execPath, ["src/lockstep.js", "run", "--config", config], {
    stdio: ["ignore", "pipe", "pipe"],
  })
  started.add(child)
  let log = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (log += data.toString()))
  return { process: child, log: () => log }
}

function ended(child: ChildProcess): Promise<{ code: number | null; signal: string | null }> {
  return new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) done({ code: child.exitCode, signal: child.signalCode })
    else child.once("exit", (code, signal) => done({ code, signal }))
  })
}

const occurrences = (text: string, part: string): number => text.split(part).length - 1

const namesOf = async (flow: string) =>
  (await ask<{ name: string; id: string }[]>("POST", "/deployments/filter", { flows: { name: { any_: [flow] } } }))
    .map(({ name }) => name)
    .toSorted()

await t.test("killed at any point and started again, the end is the same, and nothing is made twice", async (t) => {
  const repository = git.createRepository("killed")
  const all = Array.from({ length: 30 }, (_, n) => `d${n}`)
  repository.commit(project("killed", named(...all)))
  for (const created of [0, 3, 8]) {
    const { process: child, log } = start("killed", repository.url)
    const isFar = () => (created === 0 ? log().includes('"listening"') : occurrences(log(), '"created"') >= created)
    await until(`${created} are made`, async () => isFar())
    child.kill("SIGKILL")
    await ended(child)
  }
  const last = start("killed", repository.url)
  await until("all are there", async () => (await namesOf("killed")).length === all.length)
  const polls = git.requests.length
  await until("it has looked twice more", async () => git.requests.length >= polls + 4)
  t.strictSame(await namesOf("killed"), all.toSorted())
  last.process.kill("SIGTERM")
  t.strictSame(await ended(last.process), { code: 0, signal: null })
  t.notMatch(last.log(), /created-over-existing|"level":"error"/)
})

await t.test("SIGTERM ends the process with 0; a second signal ends it at once", async (t) => {
  const repository = git.createRepository("signals")
  repository.commit(project("signals", named("a")))
  const patient = start("signals", repository.url)
  await until("it listens", async () => patient.log().includes("listening"))
  patient.process.kill("SIGTERM")
  t.strictSame(await ended(patient.process), { code: 0, signal: null })
  const hasty = start("signals", repository.url)
  await until("it listens", async () => hasty.log().includes("listening"))
  hasty.process.kill("SIGTERM")
  hasty.process.kill("SIGINT")
  const { code } = await ended(hasty.process)
  t.ok(code === 130 || code === 0, "at once, unless it was done already")
})

await t.test("a log reader that goes away ends nothing", async (t) => {
  const repository = git.createRepository("unheard")
  repository.commit(project("unheard", named("a")))
  const { process: child, log } = start("unheard", repository.url)
  await until("it listens", async () => log().includes("listening"))
  child.stdout?.destroy()
  child.stderr?.destroy()
  repository.commit(project("unheard", named("a", "b")))
  await until("it goes on", async () => (await namesOf("unheard")).length === 2)
  child.kill("SIGTERM")
  t.strictSame(await ended(child), { code: 0, signal: null })
})

await t.test("an invalid config at the start is exit 1 with every problem, its path and line", async (t) => {
  const config = join(folder, "bad.yaml")
  writeFileSync(
    config,
    "installation: X\nsources:\n  - name: a\n    ulr: https://example.com/a.git\n    interval: soon\n",
  )
  const child = spawn(process.execPath, ["src/lockstep.js", "run", "--config", config], {
    stdio: ["ignore", "pipe", "pipe"],
  })
  let text = ""
  child.stderr.on("data", (data: Buffer) => (text += data.toString()))
  t.strictSame(await ended(child), { code: 1, signal: null })
  for (const part of ["bad.yaml:1:", "bad.yaml:4:", "did you mean `url`", "bad.yaml:5:"]) t.match(text, part)
})

await t.test("no due run is lost by a write", async (t) => {
  const repository = git.createRepository("due")
  const everyTwoSeconds = (limit: number) =>
    project("due", {
      a: { parameters: { limit }, schedules: [{ interval: 2, anchor_date: "2026-01-01T00:00:00Z", slug: "s" }] },
    })
  repository.commit(everyTwoSeconds(0))
  const daemon = start("due", repository.url)
  await until("it is made", async () => (await namesOf("due")).length === 1)
  const runsOf = (offset: number) =>
    ask<{ expected_start_time: string }[]>("POST", "/flow_runs/filter", {
      flows: { name: { any_: ["due"] } },
      sort: "EXPECTED_START_TIME_ASC",
      limit: 200,
      offset,
    })
  await until("its runs are scheduled", async () => (await runsOf(0)).length > 1)
  const from = Date.parse((await runsOf(0))[0]?.expected_start_time ?? "")
  const updates = () => occurrences(daemon.log(), '"action":"update"')
  for (let limit = 1; limit <= 6; limit++) {
    repository.commit(everyTwoSeconds(limit))
    await until(`write ${limit}`, async () => updates() === limit)
  }
  const to = Date.now()
  daemon.process.kill("SIGTERM")
  await ended(daemon.process)
  const runs: { expected_start_time: string }[] = []
  for (let offset = 0; ; offset += 200) {
    const page = await runsOf(offset)
    runs.push(...page)
    if (page.length < 200) break
  }
  const times = new Set(runs.map((run) => Math.round(Date.parse(run.expected_start_time) / 2_000)))
  const missing = []
  for (let due = Math.ceil(from / 2_000); due * 2_000 < to; due++)
    if (!times.has(due)) missing.push(new Date(due * 2_000).toISOString())
  t.strictSame(missing, [])
  t.equal(runs.length, times.size, "and none is there twice")
})
