import t from "tap"
import type { WorkspaceName } from "../../src/core/model.ts"
import type { Outcome } from "../../src/core/outcome.ts"
import { isoTime } from "../../src/lib/clock.ts"
import { Events } from "../../src/observe/events.ts"
import { Bulkheads } from "../../src/reconcile/bulkheads.ts"
import { Loop } from "../../src/reconcile/loop.ts"
import { installation, owned, sourceOf } from "../core/builders.ts"
import { ManualClock } from "../support/manual-clock.ts"
import { ModelGit, ModelPrefect } from "../removal/model.ts"

/** A turn that has three updates to make, each of which takes `writeMs`. */
async function turnWithWritesOf(writeMs: number): Promise<Outcome> {
  const clock = new ManualClock()
  const [prefect, git] = [new ModelPrefect(clock), new ModelGit()]
  const source = sourceOf({})
  for (const name of ["a", "b", "c"])
    prefect.add({ ...owned(`f/${name}`, { entrypoint: "f.py:f" }), updated: isoTime(clock.now() - 1_000) })
  git.commit(source.remote.url, { names: { a: 1, b: 1, c: 1 }, complete: true })
  prefect.onWrite = ({ kind }) => {
    if (kind === "patch") clock.step(writeMs)
  }
  const secrets = { read: () => Promise.reject(new Error("none")), mask: (text: string) => text }
  const ended = Promise.withResolvers<Outcome>()
  const events = new Events((error) => ended.reject(error))
  events.subscribe((event) => {
    if (event.kind === "turn-ended") ended.resolve(event.outcome)
  })
  const { port, render, images } = git
  const bulkheads = new Bulkheads(clock)
  await using loop = new Loop(
    { installation, version: "1", instance: "me", git: port, render, images, bulkheads, secrets, clock, events },
    { drainMs: 20_000 },
  )
  loop.setWorkspace("default" as WorkspaceName, prefect, { driftIntervalMs: 3_600_000, listIntervalMs: 3_600_000 })
  loop.setSource({ ...source, workspace: "default" as WorkspaceName }, "start", 0)
  loop.start()
  return await ended.promise
}

await t.test("a turn whose time is nearly up begins no further write, and loses none", async (t) => {
  const { failure, results } = await turnWithWritesOf(585_000)
  t.equal(failure, null)
  t.strictSame(
    results.map(({ result }) => result),
    ["done", "dropped", "dropped"],
  )
  t.match(results.at(-1), { message: "the turn took longer than 10 minutes" })
})

await t.test("after ten minutes a turn is cut off", async (t) => {
  t.match(await turnWithWritesOf(601_000), { kind: "failed", failure: { message: /took longer than 10 minutes/ } })
})
