import t from "tap"
import { openWorld, project, until, type LiveJson } from "../support/daemon.ts"
import { openLane } from "../support/lane.ts"

/** Automations of `triggers:` in trouble: lost answers, refusals, kills, other hands, and hand-overs. */
const world = await openWorld()
t.teardown(() => world[Symbol.asyncDispose]())
t.afterEach(() => {
  world.gateway.fault = null
})

interface AutomationJson {
  readonly id: string
  readonly name: string
  readonly enabled: boolean
  readonly tags: readonly string[]
  readonly trigger: Readonly<Record<string, unknown>>
  readonly actions: readonly Readonly<Record<string, unknown>>[]
}

async function automationsOf(live: LiveJson | undefined): Promise<readonly AutomationJson[]> {
  const path = `/automations/related-to/prefect.deployment.${live?.id}`
  const all = await world.call<readonly AutomationJson[]>("GET", path)
  return all.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

const on = (event: string, more: object = {}) => ({ name: event, expect: [event], ...more })
const names = (all: readonly AutomationJson[]) => all.map(({ name }) => name)
const isWrite = ({ method, path }: { method: string; path: string }): boolean =>
  path.startsWith("/automations/") && method !== "GET" && !/\/(filter|count)$/.test(path)

await t.test("a workspace without triggers is asked for no automations", async (t) => {
  const lane = await openLane(world, "without", { a: {}, b: {} })
  lane.commit({ a: {} })
  for (const _ of [1, 2]) t.match(await lane.sync(), { state: "synced" })
  t.strictSame(
    world.gateway.requests.filter(({ path }) => path.includes("automations")),
    [],
  )
})

for (const fault of ["lost-answer", "lose", 503, 500] as const)
  await t.test(`${fault} at the first of each write: nothing doubled, nothing lost`, async (t) => {
    const lane = await openLane(world, `fault-${fault}`, { a: { triggers: [on("stays"), on("goes"), on("changes")] } })
    const { a } = await lane.live()
    const faulted = new Set<string>()
    world.gateway.fault = (asked) => {
      if (!isWrite(asked) || faulted.has(asked.method)) return null
      faulted.add(asked.method)
      return fault
    }
    lane.commit({
      a: { triggers: [on("stays"), on("changes", { expect: ["other"] }), on("new")] },
      b: { triggers: [on("first"), on("second")] },
    })
    for (let turn = 0; turn < 6; turn++) if ((await lane.sync()).state === "synced") break
    t.strictSame([...faulted].toSorted(), ["DELETE", "POST", "PUT"])
    t.strictSame(names(await automationsOf(a)), ["changes", "new", "stays"])
    t.match((await automationsOf(a))[0]?.trigger, { expect: ["other"] })
    t.strictSame(names(await automationsOf((await lane.live())["b"])), ["first", "second"])
    world.gateway.fault = null
    const start = world.gateway.requests.length
    t.match(await lane.sync(), { state: "synced", lastTurn: { changes: { keep: 2 } } })
    t.strictSame(world.gateway.requests.slice(start).filter(isWrite), [])
  })

await t.test(
  "an automation of a person's that pauses the deployment keeps no trigger from being written",
  async (t) => {
    const lane = await openLane(world, "paused-by-automation", { a: { triggers: [on("x")] } })
    const { a } = await lane.live()
    const { id } = await world.call<{ id: string }>("POST", "/automations/", {
      name: "night",
      trigger: { type: "event", expect: ["night"], posture: "Reactive", threshold: 1, within: 0 },
      actions: [{ type: "pause-deployment", source: "selected", deployment_id: a?.id }],
    })
    await lane.sync()
    lane.commit({ a: { triggers: [on("x", { threshold: 3 })] } })
    t.match(await lane.sync(), { state: "synced", lastTurn: { changes: { update: 1 } } })
    t.match(await automationsOf(a), [{ name: "x", trigger: { threshold: 3 } }])
    t.match(await world.call("GET", `/automations/${id}`), { name: "night" })
  },
)

await t.test("one of ours that a person made do something else is put back", async (t) => {
  const lane = await openLane(world, "acts-elsewhere", { a: { triggers: [on("x")] } })
  const { a } = await lane.live()
  const [ours] = await automationsOf(a)
  const { name, trigger, tags } = ours as AutomationJson
  await world.call("PUT", `/automations/${ours?.id}`, { name, trigger, tags, actions: [{ type: "do-nothing" }] })
  // A listing doesn't tell whose it is any more; the look before the write does, and the daemon tries again by itself.
  t.match(await lane.sync(), { state: "progressing" })
  const startsIt = async () => (await automationsOf(a)).some(({ actions }) => actions[0]?.["deployment_id"] === a?.id)
  await until("it starts the deployment again", startsIt)
  t.match(names(await automationsOf(a)), ["x"])
  t.match(await lane.sync(), { state: "synced", lastTurn: { changes: { keep: 1 } } })
})

for (const order of [
  ["from", "to"],
  ["to", "from"],
] as const)
  await t.test(
    `what the taker of a deployment doesn't want goes with the hand-over: ${order.join(", then ")}`,
    async (t) => {
      const flow = `hands-${order[0]}`
      const [from, to] = [world.repository(`${flow}-from`), world.repository(`${flow}-to`)]
      from.commit(project(flow, { stays: {}, moves: { triggers: [on("x"), on("y")] } }))
      to.commit(project(flow, { own: {} }))
      const sources = [
        { name: "from", url: from.url, handOverFrom: ["to"] },
        { name: "to", url: to.url, handOverFrom: ["from"] },
      ]
      const daemon = await world.daemon({ installation: flow, sources })
      for (const name of ["from", "to"]) await daemon.sync(name)
      const { moves } = await world.deployments(flow)
      const before = await automationsOf(moves)
      t.equal(before.length, 2)
      from.commit(project(flow, { stays: {} }))
      to.commit(project(flow, { own: {}, moves: { triggers: [on("x")] } }))
      for (const name of [...order, ...order]) await daemon.sync(name)
      const kept = await automationsOf(moves)
      t.match(kept, [{ id: before[0]?.id, name: "x", enabled: true }])
      t.ok(kept[0]?.tags.includes(`gitops=${flow}/to`))
      t.equal(kept.length, 1)
      to.commit(project(flow, { own: {} }))
      from.commit(project(flow, { stays: {}, moves: {} }))
      for (const name of [...order, ...order]) await daemon.sync(name)
      t.strictSame(await automationsOf(moves), [], "the new owner's Git says nothing of triggers, so none are left")
      for (const name of order) t.match(await daemon.sync(name), { state: "synced" })
      t.equal((await world.deployments(flow))["moves"]?.id, moves?.id)
    },
  )

await t.test(
  "a daemon that dies between switching off and retiring, and Git has it again: all run again",
  async (t) => {
    const lane = await openLane(
      world,
      "dies-retiring",
      { stays: {}, a: { triggers: [on("x")] } },
      { ignore: ["triggers.*.enabled"] },
    )
    const { a } = await lane.live()
    lane.commit({ stays: {} })
    world.gateway.fault = ({ method, path }) => (method === "PATCH" && path.startsWith("/deployments/") ? 500 : null)
    await lane.sync()
    t.match(await automationsOf(a), [{ enabled: false }])
    await lane.daemon[Symbol.asyncDispose]()
    world.gateway.fault = null
    lane.commit({ stays: {}, a: { triggers: [on("x")] } })
    const again = await world.daemon({
      installation: "dies-retiring",
      sources: [{ ...lane.source, ignore: ["triggers"] }],
    })
    t.match(await again.sync("main"), { state: "synced" })
    t.match(await automationsOf(a), [{ enabled: true }], "also where triggers are ignored")
    t.equal((await lane.live())["a"]?.paused, false)
  },
)

await t.test("a veto gives the automations back whatever happens in the middle of it", async (t) => {
  const lane = await openLane(world, "veto-midway", { stays: {}, a: { triggers: [on("x")] } })
  const { a } = await lane.live()
  lane.commit({ stays: {} })
  await lane.sync()
  await world.call("PATCH", `/deployments/${a?.id}`, { paused: false })
  let left = 1
  world.gateway.fault = ({ method }) => (method === "PUT" && left-- > 0 ? 500 : null)
  await lane.sync()
  world.gateway.fault = null
  t.match(await lane.sync(), { state: "held", hold: { reasons: [{ code: "prune-vetoed" }] } })
  t.match(await automationsOf(a), [{ enabled: true }])
})

await t.test(
  "a renamed deployment that only triggers start doesn't run under both names while its removal waits",
  async (t) => {
    const plain = { schedules: [] }
    const lane = await openLane(
      world,
      "renamed",
      { stays: plain, old: { ...plain, triggers: [on("x")] } },
      { prune: { mode: "confirm" } },
    )
    lane.commit({ stays: plain, renamed: { ...plain, triggers: [on("x")] } })
    t.match(await lane.sync(), { state: "held" })
    const { old, renamed } = await lane.live()
    t.ok(old)
    t.notOk(renamed, "it would start on each event beside the old one")
    await lane.daemon.confirm("main")
    await lane.sync()
    const live = await lane.live()
    t.match(await automationsOf(live["old"]), [{ enabled: false }])
    t.match(await automationsOf(live["renamed"]), [{ enabled: true }])
  },
)

await t.test("a trigger that only the server refuses is a problem of its deployment, and stops no other", async (t) => {
  const lane = await openLane(world, "refused", { a: {} })
  const metric = { name: "successes", threshold: 0.5, operator: "<" }
  lane.commit({ a: { triggers: [{ posture: "Metric", name: "m", metric }] }, b: { triggers: [on("x")] } })
  const problem = { code: "trigger-refused", severity: "error", key: "refused/a", line: Number }
  t.match(await lane.sync(), { state: "degraded", problems: [problem] })
  const { b } = await lane.live()
  t.strictSame(names(await automationsOf(b)), ["x"])
})

await t.test("a refused trigger is set aside alone: the rest of its deployment is kept right", async (t) => {
  const metric = { posture: "Metric", name: "m", metric: { name: "successes", threshold: 0.5, operator: "<" } }
  const lane = await openLane(world, "aside", { stays: {} })
  const triggers = [metric, on("x")]
  lane.commit({ stays: {}, new: { triggers, parameters: { limit: 2 } } })
  const problems = [{ code: "trigger-refused", key: "aside/new", message: /"m": Prefect refused/ }]
  t.match(await lane.sync(), { state: "degraded", problems })
  const { new: made } = await lane.live()
  t.match(made, { parameters: { limit: 2 } })
  t.strictSame(names(await automationsOf(made)), ["x"], "the other trigger is there")
  await world.call("PATCH", `/deployments/${made?.id}`, { parameters: { limit: 7 } })
  const start = world.gateway.requests.length
  t.match(await lane.sync(), { state: "degraded", problems, lastTurn: { changes: { update: 1 } } })
  t.match((await lane.live())["new"], { parameters: { limit: 2 } }, "put back")
  const asked = world.gateway.requests.slice(start).map(({ method, path }) => `${method} ${path}`)
  t.notOk(asked.includes("POST /automations/"), "and the trigger isn't tried again at once")
  lane.commit({ stays: {}, new: { triggers, parameters: { limit: 3 } } })
  t.match(await lane.sync(), { problems, lastTurn: { changes: { update: 1 } } })
  t.match((await lane.live())["new"], { parameters: { limit: 3 } })
  lane.commit({ new: { triggers: [on("y")], parameters: { limit: 3 } } })
  t.match(await lane.sync(), { state: "synced", lastTurn: { changes: { update: 1, retire: 1 } } })
  t.strictSame(names(await automationsOf(made)), ["y"], "a change in Git is tried at once")
})

await t.test("every kind of trigger is as Prefect stores it: the next turn writes nothing", async (t) => {
  const triggers = [
    on("a", { within: 1.5, after: ["y", "x", "x"], for_each: ["b", "a"], threshold: 5 }),
    on("b", { match_related: [{ x: "1" }, { y: ["2", "3"] }], match: { a: "b", c: ["d"] }, description: "what it is" }),
    on("c", {
      parameters: { limit: "{{ event.payload.n }}", deep: { a: [1, null, {}] } },
      job_variables: { env: { A: "1" } },
      schedule_after: "PT1M",
    }),
    on("d", { posture: "Proactive", within: 0 }),
    {
      name: "e",
      type: "sequence",
      within: 10,
      triggers: [{ expect: ["1"] }, { type: "compound", require: 1, triggers: [{ expect: ["2"] }] }],
    },
    { name: "g" },
    on("h", { enabled: false, parameters: {} }),
  ]
  const lane = await openLane(world, "kinds", { a: { triggers } })
  const start = world.gateway.requests.length
  const status = await lane.sync()
  t.match(status, { state: "synced", lastTurn: { changes: { keep: 1 } } })
  t.strictSame(world.gateway.requests.slice(start).filter(isWrite), [])
  t.equal((await automationsOf((await lane.live())["a"])).length, triggers.length)
})

await t.test("among hundreds of automations ours are found", async (t) => {
  for (let n = 0; n < 230; n++)
    await world.call("POST", "/automations/", {
      name: `noise ${n}`,
      trigger: { type: "event", expect: ["noise"], posture: "Reactive", threshold: 1, within: 0 },
      actions: [{ type: "do-nothing" }],
    })
  const lane = await openLane(world, "crowded", { a: { triggers: [on("x")] } })
  t.match(await lane.sync(), { state: "synced", lastTurn: { changes: { keep: 1 } } })
  lane.commit({ a: { triggers: [] } })
  t.match(await lane.sync(), { state: "synced" })
  t.strictSame(await automationsOf((await lane.live())["a"]), [])
})
