import t from "tap"
import { named, openWorld, type LiveJson } from "../support/daemon.ts"
import { openLane, type Deployments } from "../support/lane.ts"

const world = await openWorld()
t.teardown(() => world[Symbol.asyncDispose]())

const open = (name: string, prune: object, deployments: Deployments) => openLane(world, name, deployments, { prune })
const nothing = { create: 0, update: 0, adopt: 0, retire: 0, restore: 0, prune: 0, keep: 0, skip: 0 }
const isPruneTag = (tag: string): boolean => tag.startsWith("gitops-prune=")
/** What moves with every write. */
const unequalByNature = { updated: "", last_polled: null, status: null }

await t.test("a deployment that left Git is paused and marked, and deleted when its grace is over", async (t) => {
  const { daemon, sync, live, commit } = await open("retired", { grace: "1h" }, named("stays", "goes"))
  const before = await live()
  commit(named("stays"))
  const retired = await sync()
  t.strictSame([retired.state, retired.lastTurn?.changes.retire, retired.deployments.orphans], ["synced", 1, 1])
  const { goes } = await live()
  t.strictSame([goes?.paused, goes?.tags.includes("gitops-prune=pending")], [true, true])
  t.match((await daemon.plan("main")).changes, [{ key: "retired/goes", action: "retire" }, { action: "keep" }])
  world.age(goes?.id, 59)
  t.equal((await sync()).lastTurn?.changes.prune, 0, "within its grace it is kept")
  world.age(goes?.id, 2)
  const pruned = await sync()
  t.strictSame([pruned.state, pruned.lastTurn?.changes.prune, pruned.deployments.orphans], ["synced", 1, 0])
  t.strictSame(await live(), { stays: before["stays"] }, "the other one wasn't touched")
  t.strictSame(
    (await world.call<unknown[]>("POST", "/flows/filter", { flows: { name: { any_: ["retired"] } } })).length,
    1,
  )
})

await t.test(
  "a revert within the grace gives back exactly what was: ids, schedules, tags, and who was paused",
  async (t) => {
    const all = {
      active: {
        tags: ["a", "b"],
        schedules: [
          { cron: "0 4 * * *", slug: "s" },
          { interval: 3600, slug: "off" },
        ],
      },
      resting: { tags: ["c"] },
      stays: {},
    }
    const { daemon, sync, live, commit } = await open("reverted", { grace: "1h" }, all)
    const made = await live()
    const off = made["active"]?.schedules.find(({ slug }) => slug === "off")?.id
    await world.call("PATCH", `/deployments/${made["active"]?.id}/schedules/${off}`, { active: false })
    await world.call("POST", `/deployments/${made["resting"]?.id}/pause_deployment`)
    t.equal((await sync()).state, "synced")
    const before = await live()
    commit({ stays: {} })
    t.equal((await sync()).lastTurn?.changes.retire, 2)
    const retired = await live()
    t.strictSame(
      ["active", "resting"].map((name) => retired[name]?.tags.filter(isPruneTag)),
      [["gitops-prune=pending"], ["gitops-prune=pending-paused"]],
    )
    commit(all)
    t.strictSame((await sync()).lastTurn?.changes, { ...nothing, restore: 2, keep: 1 })
    const shown = (live: LiveJson | undefined) => ({ ...live, ...unequalByNature, tags: live?.tags.toSorted() })
    const after = await live()
    for (const name of Object.keys(all)) t.strictSame(shown(after[name]), shown(before[name]), name)
    t.strictSame((await sync()).lastTurn?.changes, { ...nothing, keep: 3 })
    await daemon[Symbol.asyncDispose]()
  },
)

await t.test("un-pausing during the grace is a veto: marked, held, and never deleted until confirmed", async (t) => {
  const { daemon, sync, live, commit } = await open("vetoed", { grace: "1h" }, named("stays", "goes"))
  commit(named("stays"))
  await sync()
  const { goes } = await live()
  await world.call("POST", `/deployments/${goes?.id}/resume_deployment`)
  world.age(goes?.id, 61)
  const held = await sync()
  t.match(held, { state: "held", hold: { reasons: [{ code: "prune-vetoed" }], victims: [{ id: goes?.id }] } })
  const kept = (await live())["goes"]
  t.strictSame([kept?.paused, kept?.tags.filter(isPruneTag)], [false, ["gitops-prune=vetoed"]])
  const marked = (await live())["goes"]?.updated
  t.equal((await sync()).hold?.digest, held.hold?.digest, "the hold stands")
  t.equal((await live())["goes"]?.updated, marked, "and nothing more is written")
  await daemon.confirm("main")
  t.match((await live())["goes"], { paused: true })
  world.age(goes?.id, 61)
  t.equal((await sync()).lastTurn?.changes.prune, 1)
  t.strictSame(Object.keys(await live()), ["stays"])
})

await t.test("a veto is released by a revert in Git too, and the mark of it goes", async (t) => {
  const { sync, live, commit } = await open("unvetoed", { grace: "1h" }, named("stays", "goes"))
  const before = await live()
  commit(named("stays"))
  await sync()
  await world.call("POST", `/deployments/${before["goes"]?.id}/resume_deployment`)
  t.equal((await sync()).state, "held")
  commit(named("stays", "goes"))
  t.equal((await sync()).state, "synced")
  const { goes } = await live()
  t.strictSame([goes?.id, goes?.paused], [before["goes"]?.id, false])
  t.strictSame(goes?.tags.toSorted(), before["goes"]?.tags.toSorted())
})

await t.test("any edit during the grace starts it anew", async (t) => {
  const { sync, live, commit } = await open("edited", { grace: "1h" }, named("stays", "goes"))
  commit(named("stays"))
  await sync()
  const { goes } = await live()
  world.age(goes?.id, 50)
  await world.call("PATCH", `/deployments/${goes?.id}`, { description: "still in use?" })
  world.age(goes?.id, 50)
  await sync()
  t.ok((await live())["goes"], "past the grace of its retirement it is still there")
  world.age(goes?.id, 11)
  t.equal((await sync()).lastTurn?.changes.prune, 1)
  t.strictSame(Object.keys(await live()), ["stays"])
})

await t.test("grace: 0s retires and deletes in the same turn", async (t) => {
  const { sync, live, commit } = await open("at-once", { grace: "0s" }, named("stays", "goes"))
  commit(named("stays"))
  t.match((await sync()).lastTurn?.changes, { retire: 1, prune: 1 })
  t.strictSame(Object.keys(await live()), ["stays"])
})

await t.test("gitops-prune=never keeps a deployment that Git no longer has, and nothing is held for it", async (t) => {
  const { daemon, sync, live, commit } = await open("never", { grace: "0s" }, named("stays", "goes"))
  const { goes } = await live()
  await world.call("PATCH", `/deployments/${goes?.id}`, { tags: [...(goes?.tags ?? []), "gitops-prune=never"] })
  commit(named("stays"))
  const status = await sync()
  t.strictSame([status.state, status.deployments.orphans, status.hold], ["synced", 1, undefined])
  t.match((await daemon.plan("main")).changes, [{ action: "skip", code: "opted-out" }])
  t.equal((await live())["goes"]?.paused, false)
})

await t.test("prune.mode off leaves an orphan as it is; confirm asks for each", async (t) => {
  const { daemon, configure, sync, live, commit } = await open(
    "modes",
    { mode: "off", grace: "0s" },
    named("stays", "goes"),
  )
  commit(named("stays"))
  const off = await sync()
  t.strictSame([off.state, off.deployments.orphans, (await live())["goes"]?.paused], ["synced", 1, false])
  await configure({ prune: { mode: "confirm", grace: "0s" } })
  const asked = await sync()
  t.match(asked, { state: "held", hold: { reasons: [{ code: "budget" }], victims: [{ key: "modes/goes" }] } })
  t.equal((await live())["goes"]?.paused, false)
  t.match(await daemon.confirm("main"), { state: "synced", lastTurn: { changes: { retire: 1, prune: 1 } } })
  t.strictSame(Object.keys(await live()), ["stays"])
})
