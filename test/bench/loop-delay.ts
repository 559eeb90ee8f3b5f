import { monitorEventLoopDelay } from "node:perf_hooks"
import { standardSource } from "../../src/cli/lint.ts"
import { digestOf } from "../../src/core/digest.ts"
import type { Revision, SourceName, WorkspaceName } from "../../src/core/model.ts"
import type { Outcome } from "../../src/core/outcome.ts"
import { systemClock } from "../../src/lib/clock.ts"
import { Events } from "../../src/observe/events.ts"
import { Bulkheads } from "../../src/reconcile/bulkheads.ts"
import { Loop } from "../../src/reconcile/loop.ts"
import type { GitPort } from "../../src/reconcile/ports.ts"
import { openThread } from "../../src/thread/port.ts"
import { ModelGit, ModelPrefect } from "../removal/model.ts"
import { watchRounds } from "../support/rounds-cpu.ts"

/**
 * `node test/bench/loop-delay.ts [flow files] [name]`: how long the daemon's thread is kept busy in one go by a large source
 * and by hostile ones, with Git and Prefect in memory and all else as in the daemon.
 */
const [flowFiles = "500", only = ""] = process.argv.slice(2)
type Files = Readonly<Record<string, string>>

const flow = (n: number): string =>
  `from prefect import flow\n\n@flow(name="flow ${n}")\ndef f(day: str = "today", limit: int = ${n}, tags: list[str] = ["a"]):\n    """Loads part ${n}."""\n`
const manifestOf = (from: number, count: number): string =>
  JSON.stringify({
    deployments: Array.from({ length: count }, (_, n) => ({
      name: `d${n}`,
      entrypoint: `flows/f${from + Math.floor(n / 4)}.py:f`,
      work_pool: { name: "pool", job_variables: { cpu: 1, env: { STAGE: "prod" } } },
      parameters: { limit: n },
      schedules: [{ cron: "0 3 * * *", timezone: "Europe/Berlin", slug: "nightly" }],
    })),
  })
function large(): Files {
  const count = Number(flowFiles)
  const flows = Array.from({ length: count }, (_, n) => [`flows/f${n}.py`, flow(n)])
  const manifests = Array.from({ length: Math.ceil(count / 25) }, (_, n) => [
    `m${n}/prefect.yaml`,
    manifestOf(n * 25, 100),
  ])
  return Object.fromEntries([...flows, ...manifests])
}
const bomb = `from prefect import flow\nX = 'aaaaaaaaaa'\n${"X = X.replace('a', 'aaaaaaaaaa')\n".repeat(9)}\n@flow\ndef f(x: str = X):\n    pass\n`
const wide = `deployments: [${"1,".repeat(199_000)}1]\n`
const cases: readonly (readonly [string, Files])[] = [
  [`${Number(flowFiles) * 4} deployments in ${flowFiles} flow files`, large()],
  ["a text that grows by replacing", { "prefect.yaml": manifestOf(0, 1), "flows/f0.py": bomb }],
  [
    "40 paths to one manifest of 199,000 items",
    Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`m${n}/prefect.yaml`, wide])),
  ],
]

console.log(
  "| what | CPU in one go, p99 | longest | loop delay p99 (wall) | RSS | outcome |\n|---|---:|---:|---:|---:|---|",
)
for (const [what, files] of cases.filter(([name]) => name.includes(only))) {
  for (const [pass, outcome] of await turns(files)) console.log(`| ${what}, ${pass} | ${outcome} |`)
}

async function turns(files: Files): Promise<readonly (readonly [string, string])[]> {
  const prefect = new ModelPrefect(systemClock)
  const bulkheads = new Bulkheads(systemClock)
  const events = new Events((error) => console.error(error))
  let ended = Promise.withResolvers<Outcome>()
  events.subscribe((event) => void (event.kind === "turn-ended" && ended.resolve(event.outcome)))
  const secrets = { read: () => Promise.reject(new Error("none")), mask: (text: string) => text }
  const render = openThread(() => performance.now())
  const context = { installation: "prod", version: "1", instance: "me", images: new ModelGit().images, secrets, events }
  const loop = new Loop(
    { ...context, git: bulkheads.git(gitOf(files)), render, bulkheads, clock: systemClock },
    { drainMs: 1_000 },
  )
  const workspace = "default" as WorkspaceName
  loop.setWorkspace(workspace, prefect, { driftIntervalMs: 3_600_000, listIntervalMs: 3_600_000 })
  const source = {
    ...standardSource,
    name: `s${Math.random()}` as SourceName,
    workspace,
    apply: true,
    intervalMs: 3_600_000,
  }
  const found: (readonly [string, string])[] = []
  for (const pass of ["first look", "at rest"]) {
    ended = Promise.withResolvers()
    const [rounds, delay] = [watchRounds(), monitorEventLoopDelay({ resolution: 5 })]
    delay.enable()
    if (pass === "first look") {
      loop.setSource(source, "start", 0)
      loop.start()
    } else loop.trigger(source.name, "config")
    const { kind, problems, failure, counts } = await ended.promise
    const { p99Ms, maxMs } = rounds.stop()
    delay.disable()
    const ms = (value: number): string => `${value.toFixed(0)} ms`
    const outcome = `${kind}, ${counts.owned} owned, ${problems.length} problems${failure ? `, ${failure.message}` : ""}`
    const cells = [
      ms(p99Ms),
      ms(maxMs),
      ms(delay.percentile(99) / 1e6),
      `${(process.memoryUsage.rss() / 1e6).toFixed(0)} MB`,
    ]
    found.push([pass, [...cells, outcome].join(" | ")])
  }
  await loop[Symbol.asyncDispose]()
  render[Symbol.dispose]()
  return found
}

function gitOf(files: Files): GitPort {
  const revision = digestOf(Object.keys(files)).slice(0, 40) as Revision
  const all = Object.entries(files).map(([path, text]) => ({ path, text, oid: digestOf(text).slice(0, 40) }))
  const bytes = new Map(all.map(({ oid, text }) => [oid, Buffer.from(text)]))
  return {
    resolve: async () => ({ revision, refName: "refs/heads/main", branch: "main" }),
    tree: async () => ({
      revision,
      entries: new Map(all.map(({ path, oid }) => [path, { kind: "file" as const, oid }] as const)),
    }),
    blobs: async (_remote, _revision, oids) =>
      new Map(oids.map((oid) => [oid, { kind: "bytes" as const, bytes: bytes.get(oid) ?? Buffer.alloc(0) }])),
  }
}
