import t from "tap"
import { systemClock, type Clock } from "../../src/lib/clock.ts"
import { named, openWorld, project, until } from "../support/daemon.ts"

/** The wall clock is set while a daemon runs: ages, deadlines and paces don't know about it. */
const world = await openWorld()
t.setTimeout(120_000)
t.teardown(() => world[Symbol.asyncDispose]())
const hourMs = 3_600_000

/** A wall clock that a test sets; the time that passes is the real one. */
function settable(): { readonly clock: Clock; setMs: number } {
  const hand = { setMs: 0, clock: { ...systemClock, now: () => Date.now() + hand.setMs } }
  return hand
}

for (const [what, setMs] of [
  ["back", -2 * hourMs],
  ["forward", 2 * hourMs],
] as const) {
  await t.test(`set ${what} by two hours, an edit is seen by the next look, and by who waits for one`, async (t) => {
    const installation = `clock-${what}`
    const repository = world.repository(installation)
    const declared = { a: { parameters: { limit: 1 } } }
    repository.commit(project(installation, declared))
    const hand = settable()
    const sources = [{ name: "main", url: repository.url }]
    const workspace = { driftInterval: "1s" }
    const daemon = await world.daemon({ installation, sources, workspace, clock: hand.clock })
    await daemon.sync("main")
    hand.setMs = setMs
    const live = async () => (await world.deployments(installation))["a"]
    const edit = async () => world.call("PATCH", `/deployments/${(await live())?.id}`, { parameters: { limit: 9 } })
    await edit()
    const { lastTurn } = await daemon.sync("main")
    t.ok(lastTurn && lastTurn.durationMs >= 0 && lastTurn.durationMs < hourMs)
    t.strictSame((await live())?.parameters, { limit: 1 }, "who waits is told of a look that came after the request")
    await edit()
    await until("the drift is seen", async () => (await live())?.parameters["limit"] === 1)
    repository.commit(project(installation, { ...declared, b: {} }))
    t.match(await daemon.sync("main"), { state: "synced", lastTurn: { changes: { create: 1 } } })
  })
}

await t.test("set back by two hours, a grace that the server's clock says isn't over still isn't", async (t) => {
  const installation = "clock-grace"
  const repository = world.repository(installation)
  repository.commit(project(installation, named("stays", "goes")))
  const hand = settable()
  const source = { name: "main", url: repository.url, prune: { grace: "1h" } }
  const daemon = await world.daemon({ installation, sources: [source], clock: hand.clock })
  await daemon.sync("main")
  repository.commit(project(installation, named("stays")))
  await daemon.sync("main")
  for (const setMs of [-2 * hourMs, 2 * hourMs]) {
    hand.setMs = setMs
    await daemon.sync("main")
    t.match(await world.deployments(installation), { goes: { paused: true } })
  }
})
