import t from "tap"
import { named, openWorld, project } from "../support/daemon.ts"
import { openLane, type Lane } from "../support/lane.ts"

const world = await openWorld()
t.teardown(() => world[Symbol.asyncDispose]())
const atOnce = { prune: { grace: "0s" } }
const codes = ({ hold }: { hold?: { reasons: readonly { code: string }[] } }) => hold?.reasons.map(({ code }) => code)

await t.test("what can't be read, rendered, fetched or listed never retires what it may declare", async (t) => {
  const flow = "doubt"
  const lane = await openLane(world, flow, named("stays", "goes"), atOnce)
  const before = await lane.live()
  const files = project(flow, named("stays"))
  const entry = (fields: object) => project(flow, { stays: {}, other: fields })
  const spoilt: Readonly<Record<string, Readonly<Record<string, string | null>>>> = {
    "a manifest that isn't YAML": { "prefect.yaml": "deployments: [" },
    "a second manifest that isn't YAML": { ...files, "more/prefect.yaml": "a: b: c" },
    "an entry with an error": entry({ entrypoint: 7 }),
    "an entry whose flow file is missing": entry({ entrypoint: "missing.py:flow" }),
    "a flow file that isn't Python": { ...files, "flows.py": "def (:" },
    "a key that is declared twice": {
      ...files,
      "more/prefect.yaml": String(project(flow, named("stays"))["prefect.yaml"]),
    },
  }
  for (const [what, texts] of Object.entries(spoilt)) {
    lane.repository.commit(texts)
    const status = await lane.sync()
    t.strictSame([status.state, status.lastTurn?.changes.retire, status.hold], ["degraded", 0, undefined], what)
    t.strictSame(await lane.live(), before, what)
    lane.repository.commit({
      ...project(flow, named("stays", "goes")),
      ...(texts["more/prefect.yaml"] && { "more/prefect.yaml": null }),
    })
  }
  await mendAndRemove(lane)
})

async function mendAndRemove(lane: Lane): Promise<void> {
  lane.commit(named("stays"))
  const { state } = await lane.sync()
  t.equal(state, "synced")
  t.strictSame(Object.keys(await lane.live()), ["stays"], "mended, the removal is carried out")
}

await t.test("an entry whose work pool is missing keeps what it looks like the successor of", async (t) => {
  const lane = await openLane(world, "pool-missing", named("stays", "goes"), atOnce)
  lane.commit({
    stays: { entrypoint: "flows.py:flow_of_this_test", schedules: [] },
    next: { work_pool: { name: "none" } },
  })
  await lane.sync()
  const { goes } = await lane.live()
  t.equal(goes?.paused, false)
})

await t.test("a Git or Prefect that fails changes nothing but the status", async (t) => {
  const flow = "away"
  const lane = await openLane(world, flow, named("stays", "goes"), atOnce)
  const before = await lane.live()
  lane.commit(named("stays"))
  world.git.fault = (_request, response) => {
    response.writeHead(503).end()
    return { kind: "answered" }
  }
  t.match(await lane.sync(), { state: "degraded", failure: { stage: "git" } })
  world.git.fault = null
  const failures = {
    "a listing that fails": ["/deployments/filter", 500],
    "a listing that is empty while the count says otherwise": ["/deployments/filter", { status: 200, body: "[]" }],
    "a listing that is null": ["/deployments/filter", { status: 200, body: "null" }],
    "a listing that ends in the middle": ["/deployments/filter", { status: 200, body: '[{"id": "' }],
    "a record that can't be read": ["/variables/name/", 500],
  } as const
  for (const [what, [broken, answer]] of Object.entries(failures)) {
    world.gateway.fault = ({ path }) => (path.startsWith(broken) ? answer : null)
    const status = await lane.sync()
    t.match(status, { state: "degraded", failure: { stage: "prefect" }, lastTurn: { changes: { retire: 0 } } }, what)
    t.strictSame(await lane.live(), before, what)
  }
  world.gateway.fault = null
  await mendAndRemove(lane)
})

await t.test(
  "an answer without the record is no word that there is none: a suspended source isn't written",
  async (t) => {
    const lane = await openLane(world, "record-hidden", named("stays"))
    t.equal((await lane.daemon.operate("main", "suspend", { reason: "incident 7" })).status, 200)
    await lane.daemon[Symbol.asyncDispose]()
    lane.commit({ stays: { parameters: { limit: 9 } }, next: {} })
    const before = await lane.live()
    const hidden = {
      "a list without it": [{ status: 200, body: "[]" }, "/variables/filter", { state: "suspended" }],
      "a 404 that isn't Prefect's": [{ status: 404, body: "<html>" }, "/variables/name/", { state: "degraded" }],
      "a 404 of a server without that route": [
        { status: 404, body: '{"detail":"Not Found"}' },
        "/variables/name/",
        { state: "degraded" },
      ],
      "an empty answer": [{ status: 200, body: "" }, "/variables/name/", { state: "degraded" }],
      "null in its place": [{ status: 200, body: "null" }, "/variables/name/", { state: "degraded" }],
    } as const
    for (const [what, [answer, route, seen]] of Object.entries(hidden)) {
      await using daemon = await world.daemon({ installation: "record-hidden", sources: [lane.source] })
      world.gateway.fault = ({ method, path }) => (method !== "PATCH" && path.startsWith(route) ? answer : null)
      t.match(await daemon.sync("main"), seen, what)
      t.strictSame(await lane.live(), before, what)
      world.gateway.fault = null
    }
  },
)

await t.test("a write that is refused in the same turn keeps every removal back", async (t) => {
  const lane = await openLane(world, "refused-write", named("stays", "goes"), atOnce)
  world.gateway.fault = ({ method, path }) => (method === "POST" && path === "/deployments/" ? 422 : null)
  lane.commit({ stays: {}, next: { schedules: [{ cron: "1 1 * * *", slug: "x" }], parameters: { limit: 9 } } })
  t.match(await lane.sync(), { state: "degraded", lastTurn: { changes: { retire: 0, create: 0 } } })
  t.match(await lane.sync(), { state: "degraded", lastTurn: { changes: { retire: 0 } } }, "and in those after it")
  world.gateway.fault = null
  t.equal((await lane.live())["goes"]?.paused, false)
})

await t.test("a rename makes the new one first, then retires the old one", async (t) => {
  const lane = await openLane(world, "renamed", named("stays", "old"), { prune: { grace: "1h" } })
  const before = world.gateway.requests.length
  lane.commit(named("stays", "new"))
  t.match(await lane.sync(), { state: "synced", lastTurn: { changes: { create: 1, retire: 1 } } })
  const { old, new: next } = await lane.live()
  t.strictSame([old?.paused, next?.paused], [true, false])
  const writes = world.gateway.requests
    .slice(before)
    .filter(({ method, path }) => (method === "POST" && path === "/deployments/") || path === `/deployments/${old?.id}`)
    .map(({ method }) => method)
    .filter((method) => method !== "GET")
  t.strictSame(writes, ["POST", "PATCH"])
})

await t.test("a rename whose removal is held holds back the one create that would run twice", async (t) => {
  const settings = { prune: { grace: "1h", mode: "confirm" } }
  const lane = await openLane(world, "twice", { stays: {}, old: { parameters: { limit: 3 } } }, settings)
  lane.commit({
    stays: {},
    other: { schedules: [{ cron: "9 9 * * *", slug: "x" }] },
    renamed: { parameters: { limit: 3 } },
  })
  const held = await lane.sync()
  t.strictSame(codes(held), ["budget", "would-run-twice"])
  t.match(held.hold?.reasons[1]?.message, /twice\/renamed would run beside twice\/old/)
  t.strictSame(Object.keys(await lane.live()), ["old", "other", "stays"], "the other create went through")
  t.equal((await lane.daemon.confirm("main")).state, "synced")
  const live = await lane.live()
  t.strictSame([live["old"]?.paused, live["renamed"]?.paused], [true, false])
})

await t.test("with prune.mode off a rename waits too, unless the old one doesn't run", async (t) => {
  const lane = await openLane(world, "off-twice", named("stays", "old"), { prune: { mode: "off" } })
  lane.commit(named("stays", "renamed"))
  t.strictSame(codes(await lane.sync()), ["would-run-twice"])
  await world.call("POST", `/deployments/${(await lane.live())["old"]?.id}/pause_deployment`)
  t.match(await lane.sync(), { state: "synced", lastTurn: { changes: { create: 1 } } })
})
