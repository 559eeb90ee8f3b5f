import t from "tap"
import { named, openWorld, type LiveJson } from "../support/daemon.ts"
import { openLane, type Lane } from "../support/lane.ts"

const world = await openWorld()
t.teardown(() => world[Symbol.asyncDispose]())
const atOnce = { prune: { grace: "0s" } }
const codes = ({ hold }: { hold?: { reasons: readonly { code: string }[] } }) => hold?.reasons.map(({ code }) => code)

async function startRun(live: LiveJson | undefined, state: string): Promise<string> {
  const run = await world.call<{ id: string }>("POST", `/deployments/${live?.id}/create_flow_run`, {
    state: { type: state, name: state },
  })
  return run.id
}
const setState = (run: string, type: string) =>
  world.call("POST", `/flow_runs/${run}/set_state`, { state: { type, name: type }, force: true })
const runsOf = (live: LiveJson | undefined) =>
  world.call<readonly { id: string; state_type: string }[]>("POST", "/flow_runs/filter", {
    flow_runs: { deployment_id: { any_: [live?.id] } },
  })
const names = async ({ live }: Lane) => Object.keys(await live())

await t.test(
  "an automation that acts on it holds the deletion, is named, and stays after the confirmation",
  async (t) => {
    const lane = await openLane(world, "automated", named("stays", "goes"), atOnce)
    const { goes } = await lane.live()
    const { id } = await world.call<{ id: string }>("POST", "/automations/", {
      name: "when the file lands",
      trigger: { type: "event", expect: ["file.landed"], posture: "Reactive", threshold: 1, within: 0 },
      actions: [{ type: "run-deployment", source: "selected", deployment_id: goes?.id }],
    })
    lane.commit(named("stays"))
    const held = await lane.sync()
    t.strictSame([held.state, codes(held)], ["held", ["related-automation"]])
    t.match(held.hold, { reasons: [{ message: /when the file lands/ }], victims: [{ key: "automated/goes" }] })
    t.equal((await lane.live())["goes"]?.paused, true, "it is retired all the same")
    t.equal((await lane.daemon.confirm("main")).state, "synced")
    t.strictSame(await names(lane), ["stays"])
    t.ok(await world.call("GET", `/automations/${id}`))
  },
)

await t.test("runs that somebody scheduled by hand hold the deletion", async (t) => {
  const lane = await openLane(world, "by-hand", named("stays", "goes"), atOnce)
  const { goes } = await lane.live()
  const run = await startRun(goes, "SCHEDULED")
  lane.commit(named("stays"))
  const held = await lane.sync()
  t.strictSame([codes(held), held.hold?.victims.length], [["manual-runs"], 1])
  t.match(
    (await runsOf(goes)).map(({ id }) => id),
    [run],
    "the run is still there",
  )
  await setState(run, "CANCELLED")
  t.match(
    await lane.sync(),
    { state: "synced", lastTurn: { changes: { prune: 1 } } },
    "once it is gone, so is the hold",
  )
})

for (const state of ["PENDING", "RUNNING"])
  await t.test(`the deletion waits for a ${state} run, which is no hold`, async (t) => {
    const lane = await openLane(world, `waits-${state.toLowerCase()}`, named("stays", "goes"), atOnce)
    const { goes } = await lane.live()
    const run = await startRun(goes, state)
    lane.commit(named("stays"))
    const waiting = await lane.sync()
    t.strictSame([waiting.state, waiting.hold, waiting.deployments.orphans], ["progressing", undefined, 1])
    t.match(await lane.planned("goes"), { action: "skip", code: "waiting-for-run" })
    await setState(run, "COMPLETED")
    t.match(await lane.sync(), { state: "synced", lastTurn: { changes: { prune: 1 } } })
    t.strictSame(
      (await runsOf(goes)).map(({ state_type }) => state_type),
      ["COMPLETED"],
      "what ran is kept",
    )
  })

await t.test("a shared concurrency limit outlives the deployment that it was attached to", async (t) => {
  const lane = await openLane(world, "limited", named("stays", "goes"), atOnce)
  const { goes } = await lane.live()
  const limit = await world.call<{ id: string }>("POST", "/v2/concurrency_limits/", { name: "warehouse", limit: 3 })
  await world.call("PATCH", `/deployments/${goes?.id}`, { global_concurrency_limit_id: limit.id })
  lane.commit(named("stays"))
  t.match(await lane.sync(), { state: "synced", lastTurn: { changes: { prune: 1 } } })
  t.strictSame(await names(lane), ["stays"])
  t.match(await world.call("GET", `/v2/concurrency_limits/${limit.id}`), { name: "warehouse", limit: 3 })
})

await t.test("no scheduled run is left behind when the daemon dies right after the deletion", async (t) => {
  const lane = await openLane(world, "dies-deleting", named("stays", "goes"), atOnce)
  const { goes } = await lane.live()
  const waiting = await world.call<{ id: string }>("POST", `/deployments/${goes?.id}/create_flow_run`, {
    state: { type: "SCHEDULED", name: "AwaitingConcurrencySlot" },
    tags: ["auto-scheduled"],
  })
  t.match(await runsOf(goes), [{ id: waiting.id }])
  lane.commit(named("stays"))
  let deleted = false
  world.gateway.fault = ({ method, path }) => {
    if (deleted) return "lose"
    deleted = method === "DELETE" && path === `/deployments/${goes?.id}`
    return deleted ? "lost-answer" : null
  }
  await lane.sync()
  await lane.daemon[Symbol.asyncDispose]()
  world.gateway.fault = null
  t.ok(deleted)
  const next = await world.daemon({ installation: "dies-deleting", sources: [lane.source] })
  t.match(await next.sync("main"), { state: "synced" })
  t.strictSame([await names(lane), await runsOf(goes)], [["stays"], []], "Prefect itself leaves that run")
})

await t.test("a run that waits to try again has begun: the deletion waits for it, too", async (t) => {
  const lane = await openLane(world, "retrying", named("stays", "goes"), atOnce)
  const { goes } = await lane.live()
  const run = await startRun(goes, "RUNNING")
  const state = { type: "SCHEDULED", name: "AwaitingRetry" }
  await world.call("POST", `/flow_runs/${run}/set_state`, { state, force: true })
  lane.commit(named("stays"))
  t.match(await lane.sync(), { state: "progressing", hold: undefined })
  t.match(await lane.planned("goes"), { action: "skip", code: "waiting-for-run" })
  t.match(await runsOf(goes), [{ id: run }])
})

await t.test("no scheduled run is left behind, also when the answer to the deletion gets lost", async (t) => {
  const lane = await openLane(world, "leftovers", named("stays", "goes"), atOnce)
  const { goes } = await lane.live()
  await world.call("POST", `/deployments/${goes?.id}/schedule`, {})
  t.ok((await runsOf(goes)).length > 0)
  world.gateway.fault = ({ method, path }) =>
    method === "DELETE" && path === `/deployments/${goes?.id}` ? "lost-answer" : null
  const before = world.gateway.requests.length
  lane.commit(named("stays"))
  await lane.sync()
  world.gateway.fault = null
  const asked = world.gateway.requests.slice(before).map(({ method, path }) => `${method} ${path}`)
  const deleted = asked.indexOf(`DELETE /deployments/${goes?.id}`)
  t.ok(asked.indexOf("POST /flow_runs/filter", deleted) > deleted, "leftovers are looked for after the deletion")
  t.strictSame(await names(lane), ["stays"])
  t.strictSame(
    (await runsOf(goes)).filter(({ state_type }) => state_type === "SCHEDULED"),
    [],
  )
})
