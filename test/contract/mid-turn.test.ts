import t from "tap"
import { named, openWorld, pause, project, until, type TestDaemon } from "../support/daemon.ts"
import { openLane, row } from "../support/lane.ts"
import { openWaits } from "../support/waits.ts"

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

/** Holds back each write to a deployment until all are let through. */
function holdWrites(): { readonly underWay: Promise<void>; readonly letThrough: () => void } {
  const [first, all] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  world.gateway.fault = async (asked) => {
    if (!isPatch(asked)) return null
    first.resolve()
    await all.promise
    return null
  }
  return { underWay: first.promise, letThrough: () => all.resolve() }
}

/** How many turns of a source are over, as the log says. */
const turnsOf = (daemon: TestDaemon, source: string) =>
  daemon
    .log()
    .split("\n")
    .filter((line) => line.includes(`"source":"${source}"`) && /"msg":"turn (?!started)/.test(line)).length

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
    const { underWay, letThrough } = holdWrites()
    void lane.daemon.api("POST", "/api/v1/sources/main/sync")
    await underWay
    const ended = lane.daemon[Symbol.asyncDispose]()
    await until("it is asked", async () => lane.daemon.log().includes('"msg":"stopping"'))
    letThrough()
    await ended
    t.strictSame(since(start), oneWholeWrite)
    t.equal(Object.values(await lane.live()).filter(({ parameters }) => parameters["limit"] === 2).length, 1)
  },
)

await t.test("asked to stop while a Git server hangs, the daemon doesn't wait for it", async (t) => {
  const repository = world.repository("git-hangs")
  repository.commit(project("git-hangs", named("a")))
  const waits = openWaits()
  const source = { name: "main", url: repository.url }
  const daemon = await world.daemon({ installation: "git-hangs", sources: [source], clock: waits.clock })
  t.equal((await daemon.sync("main")).state, "synced")
  const asked = Promise.withResolvers<void>()
  world.git.fault = () => {
    asked.resolve()
    return { kind: "hang" }
  }
  void daemon.api("POST", "/api/v1/sources/main/sync")
  await asked.promise
  await daemon[Symbol.asyncDispose]()
  world.git.fault = null
  t.strictSame(waits.over, [], "no bound of it ran out, that of the shutdown neither")
  t.notMatch(daemon.log(), /turn failed/)
})

await t.test(
  "suspended in the middle of a turn: what is under way is ended, and nothing more is written",
  async (t) => {
    const lane = await openLane(world, "suspended-midway", { stays: {}, ...row("goes", 5) }, { prune: { grace: "1h" } })
    lane.commit(named("stays"))
    const { underWay, letThrough } = holdWrites()
    const turns = turnsOf(lane.daemon, "main")
    void lane.daemon.api("POST", "/api/v1/sources/main/sync")
    await underWay
    const asked = world.gateway.requests.length
    const suspended = lane.daemon.operate("main", "suspend", { reason: "stop!" })
    await until("the record is read", async () =>
      world.gateway.requests.slice(asked).some(({ path }) => path.startsWith("/variables/")),
    )
    letThrough()
    const { status, body } = await suspended
    t.match([status, body], [200, { state: "suspended", suspend: { reason: "stop!" } }])
    const paused = async () => Object.values(await lane.live()).filter((one) => one.paused).length
    await until("the turn is over", async () => turnsOf(lane.daemon, "main") > turns)
    t.ok((await paused()) <= 2, `${await paused()} of 5 were retired`)
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
    const { underWay, letThrough } = holdWrites()
    const turns = turnsOf(daemon, "one")
    void daemon.api("POST", "/api/v1/sources/one/sync")
    await underWay
    await daemon.configure({ sources: [sources[1]] })
    letThrough()
    const left = async () => Object.values(await world.deployments(flow)).filter(({ paused }) => !paused).length
    await until("its turn is over", async () => turnsOf(daemon, "one") > turns)
    t.equal(await left(), 5, "the one under way is retired, and no other")
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
