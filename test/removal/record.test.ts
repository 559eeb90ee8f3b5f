import t from "tap"
import { isoTime, systemClock } from "../../src/lib/clock.ts"
import { named, openWorld, project, until } from "../support/daemon.ts"
import { openLane } from "../support/lane.ts"

const world = await openWorld()
t.teardown(() => world[Symbol.asyncDispose]())
const atOnce = { prune: { grace: "0s" } }
const codes = ({ hold }: { hold?: { reasons: readonly { code: string }[] } }) => hold?.reasons.map(({ code }) => code)
const isWrite = ({ method, path }: { method: string; path: string }) =>
  method !== "GET" && !/\/(filter|count)$/.test(path)
const writesSince = (n: number) => world.gateway.requests.slice(n).filter(isWrite)

await t.test("the record says what a source is, is written when that changes, and never in steady state", async (t) => {
  const lane = await openLane(world, "recorded", named("a"))
  const first = await world.record("recorded", "main")
  t.match(first?.value, { source: "recorded/main", url: lane.source.url, ref: "HEAD", suspend: null, pin: null })
  t.match(first?.value["selection"], /^[0-9a-f]{64}$/)
  t.match(first?.value["desired"], /^[0-9a-f]{64}$/)
  const before = world.gateway.requests.length
  for (let turn = 0; turn < 3; turn++) t.equal((await lane.sync()).state, "synced")
  t.strictSame(writesSince(before), [], "three turns later nothing was written")
  lane.commit({ a: { parameters: { limit: 2 } } })
  await lane.sync()
  t.strictSame(
    writesSince(before).filter(({ path }) => path.startsWith("/variables")).length,
    1,
    "one write for one commit",
  )
  t.not((await world.record("recorded", "main"))?.value["desired"], first?.value["desired"])
})

await t.test("in plan mode nothing is written, the record included", async (t) => {
  const repository = world.repository("plan-mode")
  repository.commit(project("plan-mode", named("a")))
  const source = { name: "main", url: repository.url, apply: false }
  const daemon = await world.daemon({ installation: "plan-mode", sources: [source] })
  const before = world.gateway.requests.length
  await daemon.sync("main")
  await daemon.sync("main")
  t.strictSame(writesSince(before), [])
  t.match((await daemon.plan("main")).changes, [{ action: "create" }])
})

await t.test("a suspension keeps hands off, removal included, and outlives the disk and the process", async (t) => {
  const lane = await openLane(world, "suspended", named("stays", "goes"), atOnce)
  const asked = await lane.daemon.operate("main", "suspend", { reason: "incident 7", by: "ada" })
  t.match(asked, {
    status: 200,
    body: { state: "suspended", suspend: { reason: "incident 7", by: "ada", until: null } },
  })
  const before = await lane.live()
  lane.commit({ stays: { parameters: { limit: 5 } } })
  t.equal((await lane.daemon.api("POST", "/api/v1/sources/main/sync?wait=5s")).status, 409)
  await lane.daemon[Symbol.asyncDispose]()
  const again = await world.daemon({ installation: "suspended", sources: [lane.source] })
  t.match(await again.sync("main"), { state: "suspended", suspend: { reason: "incident 7" } })
  t.strictSame(await lane.live(), before)
  t.match(await again.operate("main", "resume"), { status: 200, body: { state: "synced" } })
  t.strictSame(Object.keys(await lane.live()), ["stays"])
  t.equal((await world.record("suspended", "main"))?.value["suspend"], null)
})

await t.test("a suspension with an end ends by itself", async (t) => {
  let passedMs = 0
  const clock = { ...systemClock, now: () => systemClock.now() + passedMs }
  const repository = world.repository("expiring")
  repository.commit(project("expiring", named("a")))
  const source = { name: "main", url: repository.url, interval: "500ms" }
  const daemon = await world.daemon({ installation: "expiring", sources: [source], clock })
  await daemon.sync("main")
  const end = isoTime(clock.now() + 3_600_000)
  t.match((await daemon.operate("main", "suspend", { reason: "", until: end })).body, { suspend: { until: end } })
  repository.commit(project("expiring", named("a", "b")))
  const suspendedTurns = () => daemon.log().split('"turn suspended"').length - 1
  const before = suspendedTurns()
  await until("it was looked at again", async () => suspendedTurns() >= before + 2)
  t.strictSame(Object.keys(await world.deployments("expiring")), ["a"])
  passedMs = 3_600_000
  await until("b is made", async () => Object.keys(await world.deployments("expiring")).length === 2)
  await daemon[Symbol.asyncDispose]()
})

await t.test("a pin rolls back to an older commit, shows, survives a restart, and unpin goes forward", async (t) => {
  const lane = await openLane(world, "pinned", { a: { parameters: { limit: 1 } } })
  const old = lane.repository.git("rev-parse", "HEAD")
  const limit = async () => (await lane.live())["a"]?.parameters["limit"]
  const newer = lane.commit({ a: { parameters: { limit: 2 } } })
  await lane.sync()
  t.equal(await limit(), 2)
  const pinned = await lane.daemon.operate("main", "pin", { revision: old, reason: "2 is broken" })
  t.match(pinned, {
    status: 200,
    body: { state: "synced", revision: { observed: old, applied: old }, pin: { revision: old, reason: "2 is broken" } },
  })
  t.equal(await limit(), 1)
  await lane.daemon[Symbol.asyncDispose]()
  const again = await world.daemon({ installation: "pinned", sources: [lane.source] })
  t.match(await again.sync("main"), { pin: { revision: old } })
  t.equal(await limit(), 1)
  t.match(await again.operate("main", "unpin"), { status: 200, body: { revision: { applied: newer } } })
  t.equal(await limit(), 2)
})

await t.test("a second daemon of the installation makes the older one stand back, without a write", async (t) => {
  const lane = await openLane(world, "twins", named("a"))
  const newer = await world.daemon({ installation: "twins", sources: [lane.source] })
  t.equal((await newer.sync("main")).state, "synced")
  const before = world.gateway.requests.length
  lane.commit({ a: { parameters: { limit: 2 } } })
  const status = await lane.sync()
  t.strictSame(writesSince(before), [], "not even with something to do, and at once")
  t.equal((await lane.live())["a"]?.parameters["limit"], undefined)
  const older = status.state === "held" ? status : await lane.sync()
  t.match(older, { state: "held", hold: { victims: [] }, deployments: { held: 0 } })
  t.strictSame(codes(older), ["superseded"])
  t.match(older.hold?.release, [/^stop one of the two daemons/])
  for (const operation of ["suspend", "resume", "unpin"])
    t.match(await lane.daemon.operate("main", operation), { status: 409, body: { code: "superseded" } }, operation)
  const confirm = { digest: older.hold?.digest }
  t.match(await lane.daemon.operate("main", "confirm", confirm), { status: 409, body: { code: "superseded" } })
  t.equal((await newer.sync("main")).state, "synced")
  t.equal((await lane.live())["a"]?.parameters["limit"], 2, "the newer one works on")
})

await t.test("the newest start wins also when the older one had forgotten the source meanwhile", async (t) => {
  const lane = await openLane(world, "re-added", named("a"))
  await lane.daemon.configure({ sources: [] })
  await lane.configure({})
  t.equal((await lane.sync()).state, "synced")
  const newer = await world.daemon({ installation: "re-added", sources: [lane.source] })
  await newer.sync("main")
  lane.commit(named("a", "b"))
  await lane.sync()
  t.strictSame(codes(await lane.sync()), ["superseded"])
  t.strictSame(Object.keys(await lane.live()), ["a"])
})

await t.test("texts of any script fit into the record, both at once", async (t) => {
  const lane = await openLane(world, "long-words", named("a"))
  const reason = "\u{1f525}".repeat(250)
  const revision = lane.repository.git("rev-parse", "HEAD")
  t.match(await lane.daemon.operate("main", "pin", { reason, by: "é".repeat(100), revision }), { status: 200 })
  const { status, body } = await lane.daemon.operate("main", "suspend", { reason, by: "é".repeat(100) })
  t.match([status, body], [200, { state: "suspended" }])
  t.match((await world.record("long-words", "main"))?.value, { suspend: {}, pin: { revision } })
})

await t.test("while Prefect is away operations answer 503, and nothing is done later behind one's back", async (t) => {
  const lane = await openLane(world, "away-ops", named("a"))
  world.gateway.fault = ({ path }) => (path.startsWith("/variables") ? 503 : null)
  const pin = { revision: lane.repository.git("rev-parse", "HEAD") }
  const answers = await Promise.all([
    lane.daemon.operate("main", "suspend", { reason: "x" }),
    lane.daemon.operate("main", "pin", pin),
  ])
  world.gateway.fault = null
  t.strictSame(
    answers.map(({ status }) => status),
    [503, 503],
  )
  const status = await lane.sync()
  t.strictSame([status.state, status.suspend, status.pin], ["synced", undefined, undefined])
})

await t.test(
  "after a start with Git unchanged, more than a fifth edited in Prefect is held (mass-update)",
  async (t) => {
    const six = Object.fromEntries("abcdef".split("").map((name) => [name, { parameters: { limit: 1 } }]))
    const lane = await openLane(world, "mass-update", six)
    await lane.daemon[Symbol.asyncDispose]()
    for (const { id } of Object.values(await lane.live())) {
      await world.call("PATCH", `/deployments/${id}`, { parameters: { limit: 7 } })
    }
    const again = await world.daemon({ installation: "mass-update", sources: [lane.source] })
    const held = await again.sync("main")
    t.strictSame([codes(held), held.hold?.victims.length], [["mass-update"], 6])
    t.equal((await again.confirm("main")).lastTurn?.changes.update, 6)
  },
)

await t.test("a pin to a commit that Git doesn't give is refused, and nothing is pinned", async (t) => {
  const lane = await openLane(world, "pin-nowhere", named("a"))
  const pin = { revision: `${"0".repeat(39)}1`, reason: "a typing mistake" }

  t.match(await lane.daemon.operate("main", "pin", pin), { status: 409, body: { code: "revision-not-found" } })

  t.match(await lane.daemon.status("main"), { state: "synced", pin: undefined })
  t.match((await world.record("pin-nowhere", "main"))?.value, { pin: null })
  t.match(lane.daemon.log(), /"act":"pin","result":"failed".*"by":"token".*"code":"revision-not-found"/)
})
