import t from "tap"
import { named, openWorld, pause, project, until } from "../support/daemon.ts"
import { openLane, row } from "../support/lane.ts"

/** What comes in the middle of a turn that writes: the write under way is ended, runs and all, and the next one isn't begun. */
const world = await openWorld()
t.teardown(() => world[Symbol.asyncDispose]())
t.afterEach(() => {
  world.gateway.fault = null
})

const slowMs = 1_500
const changed = { a: { parameters: { limit: 2 } }, b: { parameters: { limit: 2 } }, c: { parameters: { limit: 2 } } }
const isPatch = ({ method, path }: { method: string; path: string }): boolean =>
  method === "PATCH" && path.startsWith("/deployments/")

/** Makes each write to a deployment slow; resolves when the first is under way. */
function slowDown(writes: (asked: { method: string; path: string }) => boolean = isPatch): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  world.gateway.fault = async (asked) => {
    if (!writes(asked)) return null
    resolve()
    await pause(slowMs)
    return null
  }
  return promise
}

const since = (start: number) =>
  world.gateway.requests
    .slice(start)
    .filter(({ method, path }) => isPatch({ method, path }) || /^\/deployments\/[^/]+\/schedule$/.test(path))
    .map(({ method, path }) => `${method} ${path.replace(/[0-9a-f-]{36}/, "ID")}`)
const oneWholeWrite = ["PATCH /deployments/ID", "POST /deployments/ID/schedule"]

await t.test(
  "asked to stop, the daemon ends its write with the due runs brought back, and begins no other",
  async (t) => {
    const lane = await openLane(world, "stopped", named("a", "b", "c"))
    lane.commit(changed)
    const start = world.gateway.requests.length
    const underWay = slowDown()
    void lane.daemon.api("POST", "/api/v1/sources/main/sync")
    await underWay
    const asked = Date.now()
    await lane.daemon[Symbol.asyncDispose]()
    t.ok(Date.now() - asked < 5_000, "well within its bound of 20 s")
    t.strictSame(since(start), oneWholeWrite)
    t.equal(Object.values(await lane.live()).filter(({ parameters }) => parameters["limit"] === 2).length, 1)
  },
)

await t.test("asked to stop while a Git server hangs, the daemon doesn't wait for it", async (t) => {
  const lane = await openLane(world, "git-hangs", named("a"))
  const asked = Promise.withResolvers<void>()
  world.git.fault = () => {
    asked.resolve()
    return { kind: "hang" }
  }
  void lane.daemon.api("POST", "/api/v1/sources/main/sync")
  await asked.promise
  const before = Date.now()
  await lane.daemon[Symbol.asyncDispose]()
  world.git.fault = null
  t.ok(Date.now() - before < 5_000)
  t.notMatch(lane.daemon.log(), /turn failed/)
})

await t.test(
  "suspended in the middle of a turn: what is under way is ended, and nothing more is written",
  async (t) => {
    const lane = await openLane(world, "suspended-midway", { stays: {}, ...row("goes", 5) }, { prune: { grace: "1h" } })
    lane.commit(named("stays"))
    const underWay = slowDown()
    void lane.daemon.api("POST", "/api/v1/sources/main/sync")
    await underWay
    const { status, body } = await lane.daemon.operate("main", "suspend", { reason: "stop!" })
    t.match([status, body], [200, { state: "suspended", suspend: { reason: "stop!" } }])
    const paused = async () => Object.values(await lane.live()).filter((one) => one.paused).length
    const then = await paused()
    t.ok(then <= 2, `${then} of 5 were retired`)
    await pause(slowMs)
    t.equal(await paused(), then)
  },
)

await t.test("a suspension that comes while a turn writes the record isn't lost", async (t) => {
  const lane = await openLane(world, "suspended-at-record", named("a"))
  lane.commit(named("a", "b"))
  const underWay = slowDown(({ method, path }) => method === "PATCH" && path.startsWith("/variables/"))
  void lane.daemon.api("POST", "/api/v1/sources/main/sync")
  await underWay
  t.equal((await lane.daemon.operate("main", "suspend", { reason: "now" })).status, 200)
  world.gateway.fault = null
  t.match((await world.record("suspended-at-record", "main"))?.value, { suspend: { reason: "now" } })
})

await t.test(
  "a source removed in the middle of a turn removes nothing more, and nobody counts on it later",
  async (t) => {
    const flow = "gone-midway"
    const [one, two] = [world.repository(`${flow}-one`), world.repository(`${flow}-two`)]
    one.commit(project(flow, { stays: {}, ...row("goes", 4) }))
    two.commit(project(flow, named("own")))
    const prune = { grace: "0s" }
    const sources = [
      { name: "one", url: one.url, prune },
      { name: "two", url: two.url, prune, adopt: "unowned" },
    ] as const
    const daemon = await world.daemon({ installation: flow, sources })
    await daemon.sync("one")
    await daemon.sync("two")
    one.commit(project(flow, named("stays")))
    const underWay = slowDown()
    void daemon.api("POST", "/api/v1/sources/one/sync")
    await underWay
    await daemon.configure({ sources: [sources[1]] })
    const left = async () => Object.values(await world.deployments(flow)).filter(({ paused }) => !paused).length
    await until("the one under way is retired", async () => (await left()) === 5)
    await pause(slowMs + 500)
    t.equal(await left(), 5, "and no other")
    world.gateway.fault = null
    // Un-registered, so its mark holds nothing back: another source may take over what it had.
    two.commit(project(flow, named("own", "stays")))
    t.match(await daemon.sync("two"), { state: "synced", lastTurn: { changes: { adopt: 1 } } })
  },
)

await t.test("a workspace's settings that change in the middle of a turn cut off no write", async (t) => {
  const lane = await openLane(world, "workspace-midway", named("a", "b", "c"))
  lane.commit(changed)
  const start = world.gateway.requests.length
  const underWay = slowDown()
  void lane.daemon.api("POST", "/api/v1/sources/main/sync")
  await underWay
  await lane.daemon.configure({ sources: [lane.source], workspace: { driftInterval: "2h" } })
  await until("the write is over", async () => since(start).length >= 2)
  t.strictSame(since(start).slice(0, 2), oneWholeWrite)
  world.gateway.fault = null
  await until("the rest is done too", async () =>
    Object.values(await lane.live()).every(({ parameters }) => parameters["limit"] === 2),
  )
})
