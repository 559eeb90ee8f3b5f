import t from "tap"
import { named, openWorld, project } from "../support/daemon.ts"
import { openLane, row } from "../support/lane.ts"

const world = await openWorld()
t.teardown(() => world[Symbol.asyncDispose]())
const atOnce = { prune: { grace: "0s" } }
const inGrace = { prune: { grace: "1h" } }
const codes = ({ hold }: { hold?: { reasons: readonly { code: string }[] } }) => hold?.reasons.map(({ code }) => code)

await t.test("more than the budget, those in their grace counted, is held as a whole until confirmed", async (t) => {
  const all = { ...row("keep", 2), ...row("one", 3), ...row("two", 3) }
  const { daemon, sync, live, commit } = await openLane(world, "budget", all, inGrace)
  commit({ ...row("keep", 2), ...row("two", 3) })
  t.match(await sync(), { state: "synced", lastTurn: { changes: { retire: 3 } } })
  commit(row("keep", 2))
  const held = await sync()
  t.match(held, { state: "held", lastTurn: { changes: { retire: 0 } }, deployments: { held: 3, orphans: 6 } })
  t.strictSame(codes(held), ["budget"])
  const command = `lockstep confirm main ${held.hold?.digest}`
  t.strictSame(held.hold?.release, [command])
  const page = await fetch(daemon.address, { headers: { authorization: "Bearer test-token" } })
  t.match(await page.text(), command, "the status page names it")
  t.match(daemon.log(), command, "and the log")
  t.match(await (await fetch(`${daemon.address}/metrics`)).text(), /^lockstep_prune_held\{source="main"\} 3$/m)
  t.match(held.hold?.reasons[0]?.message, /3 deployments would go beside 3 in their grace, and the budget is 5 of 8/)
  t.strictSame(
    held.hold?.victims.map(({ key }) => key),
    ["budget/two-1", "budget/two-2", "budget/two-3"],
  )
  const wrong = await daemon.operate("main", "confirm", { digest: "000000000000" })
  t.match(wrong, { status: 409, body: { code: "digest-mismatch" } })
  const before = held.hold?.digest
  commit({ ...row("keep", 2), "two-1": {} })
  t.strictSame((await sync()).lastTurn?.changes.retire, 2, "two more are within the budget")
  t.match(await daemon.operate("main", "confirm", { digest: before }), { status: 409 }, "what was held is no more")
  t.equal(Object.values(await live()).filter(({ paused }) => paused).length, 5)
})

await t.test(
  "a confirmed mass removal is carried out at once, and before the deletion nobody is asked again",
  async (t) => {
    const { daemon, sync, live, commit } = await openLane(world, "mass", { stays: {}, ...row("goes", 9) }, atOnce)
    commit(named("stays"))
    const held = await sync()
    t.strictSame([codes(held), held.hold?.victims.length], [["budget"], 9])
    t.match(await daemon.confirm("main"), { state: "synced", lastTurn: { changes: { retire: 9, prune: 9 } } })
    t.strictSame(Object.keys(await live()), ["stays"])
  },
)

await t.test(
  "nothing at all in Git any more is always held, creates and updates go on once something is there",
  async (t) => {
    const { daemon, sync, live, commit } = await openLane(world, "empty", named("goes"), atOnce)
    commit({})
    t.strictSame(codes(await sync()), ["empty"])
    t.equal((await live())["goes"]?.paused, false)
    await daemon.confirm("main")
    t.strictSame(await live(), {})
  },
)

for (const [what, name, change] of [
  ["url", "changed-url", { url: "OTHER" }],
  ["ref", "changed-ref", { ref: { branch: "other" } }],
  ["selection", "changed-selection", { select: ["*/stays"] }],
] as const)
  await t.test(`a changed ${what} removes nothing until confirmed, and is recorded only then`, async (t) => {
    const lane = await openLane(world, name, named("stays", "goes"), atOnce)
    const recorded = async () => {
      const { url, ref, selection } = (await world.record(name, "main"))?.value ?? {}
      return { url, ref, selection }
    }
    const before = await recorded()
    const other = world.repository(`${name}-other`)
    other.commit(project(name, named("stays")))
    lane.repository.commit(project(name, named("stays")), "other")
    const next = "url" in change ? { url: other.url } : change
    if (what === "selection") lane.commit(named("stays", "goes"))
    await lane.configure(next)
    const held = await lane.sync()
    t.strictSame(codes(held), ["source-changed"])
    t.match(held.hold?.victims, [{ key: `${name}/goes` }])
    t.strictSame(await recorded(), before, "still as it was")
    t.equal((await lane.live())["goes"]?.paused, false)
    t.equal((await lane.daemon.confirm("main")).state, "synced")
    t.strictSame(Object.keys(await lane.live()), ["stays"])
    t.not(JSON.stringify(await recorded()), JSON.stringify(before))
  })

await t.test("a changed url that misses nothing is recorded silently", async (t) => {
  const lane = await openLane(world, "moved", named("stays"), atOnce)
  const other = world.repository("moved-other")
  other.commit(project("moved", named("stays")))
  await lane.configure({ url: other.url })
  t.strictSame([(await lane.sync()).state, (await world.record("moved", "main"))?.value["url"]], ["synced", other.url])
})

for (const [what, spoil] of [
  ["deleted", (id: string) => world.call("DELETE", `/variables/${id}`)],
  ["corrupted", (id: string) => world.call("PATCH", `/variables/${id}`, { value: "[object Object]" })],
] as const)
  await t.test(
    `a ${what} record makes nothing less safe: owning something without one counts as changed`,
    async (t) => {
      const name = `record-${what}`
      const lane = await openLane(world, name, named("stays", "goes"), atOnce)
      await lane.daemon[Symbol.asyncDispose]()
      await spoil((await world.record(name, "main"))?.id ?? "")
      lane.commit(named("stays"))
      const again = await world.daemon({ installation: name, sources: [lane.source] })
      t.strictSame(codes(await again.sync("main")), ["source-changed"])
      t.equal((await lane.live())["goes"]?.paused, false)
      lane.commit(named("stays", "goes"))
      t.equal((await again.sync("main")).state, "synced", "with nothing missing it is recorded again")
      lane.commit(named("stays"))
      t.match(await again.sync("main"), { state: "synced", lastTurn: { changes: { prune: 1 } } })
    },
  )

await t.test(
  "decommission: true retires all without reading Git, held until confirmed, opted-out ones kept",
  async (t) => {
    const lane = await openLane(world, "decommissioned", named("a", "b", "mine"), atOnce)
    const { mine } = await lane.live()
    await world.call("PATCH", `/deployments/${mine?.id}`, { tags: [...(mine?.tags ?? []), "gitops-prune=never"] })
    const before = world.git.requests.length
    await lane.configure({ decommission: true })
    const held = await lane.sync()
    t.strictSame([codes(held), held.hold?.victims.length], [["decommission"], 2])
    t.equal(world.git.requests.length, before, "Git wasn't asked")
    await lane.daemon.confirm("main")
    t.strictSame(Object.keys(await lane.live()), ["mine"])
  },
)

await t.test("un-registering a source removes nothing", async (t) => {
  const lane = await openLane(world, "unregistered", named("a"), atOnce)
  const other = world.repository("unregistered-other")
  other.commit(project("unregistered-other", named("b")))
  const before = await lane.live()
  await lane.daemon.configure({ sources: [{ name: "other", url: other.url, ...atOnce }] })
  t.equal((await lane.daemon.sync("other")).state, "synced")
  t.strictSame(await lane.live(), before)
})
