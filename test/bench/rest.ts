import { monitorEventLoopDelay } from "node:perf_hooks"
import { digestOf } from "../../src/core/digest.ts"
import type { DeploymentKey, Desired, SourceName, WorkspaceName } from "../../src/core/model.ts"
import { systemClock } from "../../src/lib/clock.ts"
import { Events } from "../../src/observe/events.ts"
import { Bulkheads } from "../../src/reconcile/bulkheads.ts"
import { Loop } from "../../src/reconcile/loop.ts"
import type { RenderPort } from "../../src/reconcile/ports.ts"
import { declared, desiredOf, schedule, sourceOf } from "../core/builders.ts"
import { ModelGit, ModelPrefect } from "../removal/model.ts"

/**
 * `node test/bench/rest.ts [sources] [deployments of each]`: what it costs to look at everything once and find nothing to
 * do, with Git and Prefect in memory. Numbers are CPU time of this process, and the delay of its event loop.
 */
const [sources = 1000, each = 10] = process.argv.slice(2).map(Number)
const workspace = "default" as WorkspaceName
const prefect = new ModelPrefect(systemClock)
const git = new ModelGit()
const events = new Events((error) => console.error(error))
const bound = new Map<string, Desired>()
const render: RenderPort = {
  ...git.render,
  bind: async (index, _inputs, source) => {
    const known = bound.get(`${source.name} ${index.revision}`)
    if (known) return known
    const names = Array.from({ length: each }, (_, n) => `${source.name}/d${n}` as DeploymentKey)
    const all = names.map((name) =>
      declared(name, { entrypoint: "f.py:f", parameters: { n: 1 }, schedules: [schedule("s")] }),
    )
    const desired = { ...desiredOf(all), source: source.name, revision: index.revision, digest: digestOf(names) }
    bound.set(`${source.name} ${index.revision}`, desired)
    return desired
  },
}
const secrets = { read: () => Promise.reject(new Error("none")), mask: (text: string) => text }
const context = { installation: "prod", version: "1", instance: "me", git: git.port, images: git.images }
const loop = new Loop(
  { ...context, render, bulkheads: new Bulkheads(systemClock), secrets, clock: systemClock, events },
  { drainMs: 1_000 },
)
loop.setWorkspace(workspace, prefect, { driftIntervalMs: 3_600_000, listIntervalMs: 3_600_000 })
const names = Array.from({ length: sources }, (_, n) => `source-${n}` as SourceName)
let left = sources
let over = Promise.withResolvers<void>()
const kinds = new Map<string, number>()
events.subscribe((event) => {
  if (event.kind !== "turn-ended") return
  kinds.set(event.outcome.kind, (kinds.get(event.outcome.kind) ?? 0) + 1)
  if (--left === 0) over.resolve()
})

async function pass(what: string, begin: () => void): Promise<void> {
  left = sources
  over = Promise.withResolvers()
  kinds.clear()
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const before = process.cpuUsage()
  begin()
  await over.promise
  const { user, system } = process.cpuUsage(before)
  delay.disable()
  const ms = (nanoseconds: number) => `${(nanoseconds / 1e6).toFixed(0)} ms`
  const cells = [
    `${((user + system) / 1e6).toFixed(2)} s`,
    ms(delay.percentile(99)),
    ms(delay.max),
    ...[...kinds].map(([kind, n]) => `${n} ${kind}`),
  ]
  console.log(`| ${what} | ${cells.join(" | ")} |`)
}

console.log(
  `${sources} sources of ${each} deployments in one workspace\n| pass | CPU | loop delay p99 | max | turns |\n|---|---|---|---|---|`,
)
for (const name of names) {
  const url = `https://git.example.com/${name}.git`
  git.commit(url, { names: {}, complete: true })
}
const remote = (name: SourceName) => ({ url: `https://git.example.com/${name}.git`, credentials: null, caFile: null })
await pass("first (all is created)", () => {
  for (const name of names)
    loop.setSource({ ...sourceOf({}), name, workspace, remote: remote(name), intervalMs: 3_600_000 }, "start", 0)
  loop.start()
})
for (const what of ["at rest", "at rest again"])
  await pass(what, () => {
    for (const name of names) loop.trigger(name, "config")
  })
await loop[Symbol.asyncDispose]()
