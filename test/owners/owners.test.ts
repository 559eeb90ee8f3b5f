import t from "tap"
import { codes, ownerOf } from "../removal/pair.ts"
import { named, openWorld, project, until, type TestDaemon } from "../support/daemon.ts"

/** Whose a deployment is when not everybody who owns something is in this config. */
const world = await openWorld()
t.setTimeout(900_000)
t.teardown(() => world[Symbol.asyncDispose]())

const isWrite = ({ method, path }: { method: string; path: string }) =>
  method !== "GET" && !/\/(filter|count)$/.test(path)

/** One repository, declared by whatever sources a test gives to its daemons; all of one installation. */
function openPlace(name: string, ...deployments: readonly string[]) {
  const repository = world.repository(name)
  repository.commit(project(name, named(...deployments)))
  const source = (one: string, more: object = {}) => ({ name: one, url: repository.url, ...more })
  const start = (...sources: readonly ReturnType<typeof source>[]) => world.daemon({ installation: name, sources })
  const live = () => world.deployments(name)
  const owners = async () =>
    Object.fromEntries(Object.values(await live()).map(({ name, tags }) => [name, ownerOf(tags)]))
  return { name, repository, source, start, live, owners }
}
const released = async (installation: string, source: string) =>
  (await world.record(installation, source))?.value["released"]
const conflict = async (daemon: TestDaemon, source: string) =>
  (await daemon.sync(source)).problems.find(({ code }) => code === "owned-by-other")?.message ?? ""

await t.test("two daemons of one installation with different sources on one repository never fight", async (t) => {
  const place = openPlace("one-name", "a", "b")
  const first = await place.start(place.source("analytics"))
  t.equal((await first.sync("analytics")).state, "synced")
  const before = await place.live()
  const second = await place.start(place.source("analytics-prod"))
  const requests = world.gateway.requests.length
  for (let round = 0; round < 3; round++) {
    t.match(await second.sync("analytics-prod"), { state: "degraded", deployments: { conflicts: 2, owned: 0 } })
    t.equal((await first.sync("analytics")).state, "synced")
  }
  t.strictSame(await place.live(), before)
  const toDeployments = world.gateway.requests
    .slice(requests)
    .filter((one) => isWrite(one) && one.path.startsWith("/deployments"))
  t.strictSame(toDeployments, [], "and nobody wrote one")
  const message = await conflict(second, "analytics-prod")
  t.match(message, /^source analytics of installation one-name owns it, and this config has no such source/)
  t.match(message, place.repository.url, "it says where that one reads from")
  t.match(message, "lockstep release analytics;", "and the command, should it be gone")
  t.match(message, "formerly: [analytics]")
})

await t.test(
  "a source that leaves the config of a running daemon is released, and others take over by policy",
  async (t) => {
    const place = openPlace("leaves", "a")
    const first = await place.start(place.source("old"))
    await first.sync("old")
    const id = (await place.live())["a"]?.id
    const second = await place.start(place.source("new"))
    t.match(await conflict(second, "new"), /old/)
    await first.configure({ sources: [] })
    t.match(await released("leaves", "old"), { by: "its config" })
    t.match(await second.sync("new"), { state: "synced", lastTurn: { changes: { adopt: 1 } } })
    t.strictSame(await place.owners(), { a: "gitops=leaves/new" })
    t.equal((await place.live())["a"]?.id, id)
  },
)

await t.test("a source that comes back is taken up again: its first look clears the release", async (t) => {
  const place = openPlace("comes-back", "a")
  const daemon = await place.start(place.source("main"))
  await daemon.sync("main")
  await daemon.configure({ sources: [] })
  t.ok(await released("comes-back", "main"))
  await daemon.configure({ sources: [place.source("main")] })
  t.equal((await daemon.sync("main")).state, "synced")
  t.equal(await released("comes-back", "main"), null)
})

await t.test("what is only looked at, or is a newer daemon's, isn't released by going", async (t) => {
  const place = openPlace("only-looks", "a")
  const first = await place.start(place.source("main"))
  await first.sync("main")
  const looker = await place.start(place.source("main", { apply: false }))
  await looker.sync("main")
  await looker.configure({ sources: [] })
  t.equal(await released("only-looks", "main"), null, "apply: false never writes")
  const newer = await place.start(place.source("main"))
  await newer.sync("main")
  await first.sync("main")
  await first.configure({ sources: [] })
  t.equal(await released("only-looks", "main"), null, "the newer one works on")
})

await t.test("a release that can't be written is tried again", async (t) => {
  const place = openPlace("tried-again", "a")
  const daemon = await place.start(place.source("main"))
  await daemon.sync("main")
  let refused = 0
  world.gateway.fault = ({ path, method }) => {
    if (refused > 0 || !path.startsWith("/variables") || !isWrite({ method, path })) return null
    refused++
    return 503
  }
  await daemon.configure({ sources: [] })
  await until("it is released", async () => Boolean(await released("tried-again", "main")))
  world.gateway.fault = null
  t.equal(refused, 1)
})

await t.test("a person releases what no daemon saw leave; the record is made if need be", async (t) => {
  const place = openPlace("by-hand", "a")
  const first = await place.start(place.source("gone"))
  await first.sync("gone")
  await first[Symbol.asyncDispose]()
  const record = await world.record("by-hand", "gone")
  await world.call("DELETE", `/variables/${record?.id}`)
  const daemon = await place.start(place.source("here"))
  t.match(await conflict(daemon, "here"), /it left no record/)
  const release = (name: string) => daemon.api("POST", `/api/v1/sources/${name}/release`, { by: "ada" })
  t.match(await release("gonne"), { status: 409, body: { code: "nothing-to-release" } }, "a name that nobody had")
  t.match(await release("here"), { status: 409, body: { code: "still-configured" } })
  t.match(await release("gone"), { status: 200, body: { source: "gone", workspaces: ["default"], unread: [] } })
  t.match(await released("by-hand", "gone"), { by: "ada" })
  await until("it is taken over", async () => (await place.owners())["a"] === "gitops=by-hand/here")
})

await t.test("a daemon whose source is released under it stands back, and takes it up at its next start", async (t) => {
  const place = openPlace("under-it", "a", "b")
  const first = await place.start(place.source("main"))
  await first.sync("main")
  const second = await place.start(place.source("other"))
  t.match(await second.api("POST", "/api/v1/sources/main/release", {}), { status: 200 })
  await until("the second has them", async () => (await place.owners())["b"] === "gitops=under-it/other")
  place.repository.commit(project("under-it", named("a", "b", "c")))
  t.strictSame(codes(await first.sync("main")), ["superseded"])
  t.match((await first.status("main")).hold?.release, [/start this daemon anew/])
  t.notOk((await place.owners())["c"], "it writes nothing")
  t.match(await first.operate("main", "suspend", { reason: "x" }), { status: 409, body: { code: "superseded" } })
  await first[Symbol.asyncDispose]()
  const again = await place.start(place.source("main"))
  t.match(await again.sync("main"), { state: "degraded", deployments: { conflicts: 2 } })
  t.equal(await released("under-it", "main"), null)
  t.strictSame(await place.owners(), {
    a: "gitops=under-it/other",
    b: "gitops=under-it/other",
    c: "gitops=under-it/main",
  })
})

await t.test("a renamed source keeps what it owned, ids and all, without a question", async (t) => {
  const place = openPlace("renamed", "a", "b", "c", "d", "e", "f", "g", "h")
  const daemon = await place.start(place.source("before", { adopt: "never" }))
  await daemon.sync("before")
  const ids = Object.values(await place.live()).map(({ id }) => id)
  await daemon.configure({ sources: [place.source("after", { adopt: "never", formerly: ["before"] })] })
  t.match(await daemon.sync("after"), { state: "synced", deployments: { owned: 8 } })
  t.strictSame(
    Object.values(await place.live()).map(({ id }) => id),
    ids,
  )
  t.strictSame(new Set(Object.values(await place.owners())), new Set(["gitops=renamed/after"]))
})

await t.test("two daemons that each call the other's source their former name don't take turns", async (t) => {
  const place = openPlace("two-renames", "a", "b")
  const first = await place.start(place.source("here", { formerly: ["there"] }))
  t.match(await first.sync("here"), { state: "synced", deployments: { owned: 2 } })
  const second = await place.start(place.source("there", { formerly: ["here"] }))
  t.match(await second.sync("there"), { state: "synced", deployments: { owned: 2 } })
  t.match(await released("two-renames", "here"), { by: "source there, its new name" })
  const before = await place.live()
  for (let round = 0; round < 3; round++) {
    t.strictSame(codes(await first.sync("here")), ["superseded"], "who came first stands back, and says so")
    t.equal((await second.sync("there")).state, "synced")
  }
  t.strictSame(await place.live(), before, "and nothing moves")
})

await t.test("a rename keeps hands off what was suspended", async (t) => {
  const place = openPlace("renamed-suspended", "a")
  const daemon = await place.start(place.source("before"))
  await daemon.sync("before")
  await daemon.operate("before", "suspend", { reason: "incident 9", by: "ada" })
  place.repository.commit(project("renamed-suspended", named("a", "b")))
  await daemon.configure({ sources: [place.source("after", { formerly: ["before"] })] })
  await until("it is known to be suspended", async () => (await daemon.status("after")).state === "suspended")
  t.match(await daemon.sync("after"), { status: 409 })
  t.match((await daemon.status("after")).suspend, { reason: "incident 9", by: "ada" })
  t.strictSame(Object.keys(await place.live()), ["a"])
  t.match(await daemon.operate("after", "resume"), { status: 200, body: { state: "synced" } })
  t.strictSame(await place.owners(), { a: "gitops=renamed-suspended/after", b: "gitops=renamed-suspended/after" })
  t.match((await world.record("renamed-suspended", "after"))?.value, { source: "renamed-suspended/after" })
})

await t.test("what bears a former name and Git no longer has is never removed", async (t) => {
  const place = openPlace("renamed-less", "a", "b")
  const before = await place.start(place.source("before"))
  await before.sync("before")
  await before[Symbol.asyncDispose]()
  place.repository.commit(project("renamed-less", named("a")))
  const settings = { formerly: ["before"], prune: { grace: "0s", max: 100 } }
  const daemon = await place.start(place.source("after", settings))
  await daemon.sync("after")
  await daemon.sync("after")
  t.match((await place.live())["b"], { paused: false })
  t.equal((await place.owners())["b"], "gitops=renamed-less/before")
})
