import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import { standardSource } from "../../src/cli/lint.ts"
import { digestOf } from "../../src/core/digest.ts"
import type { Revision, SourceName, Tree, WorkspaceName } from "../../src/core/model.ts"
import { systemClock } from "../../src/lib/clock.ts"
import { StatusBoard } from "../../src/observe/board.ts"
import { Events } from "../../src/observe/events.ts"
import { Metrics } from "../../src/observe/metrics.ts"
import { Bulkheads } from "../../src/reconcile/bulkheads.ts"
import { Loop } from "../../src/reconcile/loop.ts"
import type { GitPort } from "../../src/reconcile/ports.ts"
import { openThread } from "../../src/thread/port.ts"
import { ModelGit, ModelPrefect } from "../removal/model.ts"

/**
 * `node test/bench/long-run.ts [minutes] [sources]`: what stays in memory while sources are looked at every two seconds, and
 * one of them gets a new commit each time; Git and Prefect are in memory, all else is the daemon's.
 */
const [minutes = 10, sources = 30] = process.argv.slice(2).map(Number)
setFlagsFromString("--expose-gc")
const gc = runInNewContext("gc") as () => void
const workspace = "default" as WorkspaceName
const [prefect, board, metrics] = [
  new ModelPrefect(systemClock),
  new StatusBoard(),
  new Metrics({ version: "0", nodeVersion: "24" }),
]
const events = new Events((error) => console.error(error))
let turns = 0
for (const listener of [board.take, metrics.take]) events.subscribe(listener)
events.subscribe((event) => void (event.kind === "turn-ended" && turns++))

const manifest = JSON.stringify({
  deployments: Array.from({ length: 10 }, (_, n) => ({
    name: `d${n}`,
    entrypoint: "f.py:f",
    work_pool: { name: "pool" },
  })),
})
const flow = (name: string, n: number): string =>
  `from prefect import flow\n\n@flow(name="${name}")\ndef f(n: int = ${n}):\n    pass\n`
const texts = new Map<string, string>()
const commits = new Map<string, number>()
const filesOf = (url: string, n: number): readonly (readonly [string, string])[] => [
  ["prefect.yaml", manifest],
  ["f.py", flow(url.slice(-10), n)],
]
const port: GitPort = {
  resolve: async ({ url }) => {
    if (url.endsWith("/0")) commits.set(url, (commits.get(url) ?? 0) + 1)
    const revision = digestOf([url, commits.get(url) ?? 0]).slice(0, 40) as Revision
    return { revision, refName: "refs/heads/main", branch: "main" }
  },
  tree: async ({ url }, revision): Promise<Tree> => {
    const files = filesOf(url, commits.get(url) ?? 0).map(([path, text]) => {
      const oid = digestOf(text).slice(0, 40)
      if (texts.size > 200) texts.clear()
      texts.set(oid, text)
      return [path, { kind: "file", oid }] as const
    })
    return { revision, entries: new Map(files) }
  },
  blobs: async ({ url }, _revision, oids) => {
    for (const [, text] of filesOf(url, commits.get(url) ?? 0)) texts.set(digestOf(text).slice(0, 40), text)
    return new Map(oids.map((oid) => [oid, { kind: "bytes", bytes: Buffer.from(texts.get(oid) ?? "") }]))
  },
}
const secrets = { read: () => Promise.reject(new Error("none")), mask: (text: string) => text }
const bulkheads = new Bulkheads(systemClock)
const context = { installation: "prod", version: "1", instance: "me", images: new ModelGit().images, secrets, events }
const render = openThread(() => performance.now())
const loop = new Loop(
  { ...context, git: bulkheads.git(port), render, bulkheads, clock: systemClock },
  { drainMs: 1_000 },
)
loop.setWorkspace(workspace, prefect, { driftIntervalMs: 2_000, listIntervalMs: 60_000 })
for (let n = 0; n < sources; n++) {
  const remote = { url: `https://git.example.com/${n}`, credentials: null, caFile: null }
  loop.setSource(
    { ...standardSource, name: `s${n}` as SourceName, workspace, remote, apply: true, intervalMs: 2_000 },
    "start",
    2_000,
  )
}
loop.start()
console.log("| s | turns | heap after gc, MB | RSS, MB |\n|---:|---:|---:|---:|")
const started = performance.now()
for (let step = 0; step < minutes * 2; step++) {
  await new Promise((wake) => setTimeout(wake, 30_000))
  metrics.watch(board.snapshot(), board.waitsMs())
  await metrics.text(false)
  gc()
  const { heapUsed, rss } = process.memoryUsage()
  const cells = [(performance.now() - started) / 1000, turns, heapUsed / 1e6, rss / 1e6].map((value) =>
    value.toFixed(value === turns ? 0 : 1),
  )
  console.log(`| ${cells.join(" | ")} |`)
}
const states = Object.entries(Object.groupBy(board.snapshot(), ({ state }) => state)).map(
  ([state, all]) => `${all?.length} ${state}`,
)
console.log(states.join(", "))
await loop[Symbol.asyncDispose]()
render[Symbol.dispose]()
