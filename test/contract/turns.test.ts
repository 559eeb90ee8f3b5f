import { writeFileSync } from "node:fs"
import { join } from "node:path"
import t from "tap"
import { named, openWorld, project, until, type World } from "../support/daemon.ts"

/** The contract of the README, sentence by sentence, on real parts; removal has tests of its own. */
const world = await openWorld()
t.teardown(() => world[Symbol.asyncDispose]())

async function lane(name: string, deployments: Readonly<Record<string, object>>, settings: object = {}) {
  const repository = world.repository(name)
  repository.commit(project(name, deployments))
  const source = { name: "main", url: repository.url, ...settings }
  const daemon = await world.daemon({ installation: name, sources: [source] })
  return {
    repository,
    daemon,
    live: () => world.deployments(name),
    commit: (next: object) => repository.commit(project(name, { ...next })),
  }
}

/** What was asked of Prefect while `work` ran, ids left out. */
async function asked(world: World, work: () => Promise<unknown>): Promise<readonly string[]> {
  const start = world.gateway.requests.length
  await work()
  return world.gateway.requests.slice(start).map(
    ({ method, path }) =>
      `${method} ${path
        .replace(/^\/api/, "")
        .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "ID")
        .replace(/\?.*/, "")}`,
  )
}

const isWrite = (request: string): boolean =>
  /^(PATCH|DELETE|PUT)/.test(request) || /^POST (?!.*\/(filter|count)$)/.test(request)

await t.test("when nothing differs, nothing is written, and a full look is its pages and six requests", async (t) => {
  const { daemon } = await lane("steady", named(...Array.from({ length: 60 }, (_, n) => `d${n}`)))
  t.match(await daemon.sync("main"), { state: "synced", deployments: { owned: 60 } })
  const requests = await asked(world, () => daemon.sync("main"))
  t.strictSame(requests.filter(isWrite), [])
  t.equal(requests.filter((request) => request === "POST /deployments/filter").length, 2, "60 rows are two pages of 50")
  // The record, pools and queues; and the counts, without which no listing is known to be whole.
  t.ok(requests.length <= 8, requests.join("\n"))
})

await t.test("one changed field is one PATCH between two reads, and the due runs are asked for again", async (t) => {
  const { daemon, commit, live } = await lane("single", named("a", "b", "c"))
  await daemon.sync("main")
  commit({ ...named("a", "c"), b: { parameters: { limit: 7 } } })
  const requests = await asked(world, () => daemon.sync("main"))
  const after = requests.slice(requests.findIndex((request) => request === "GET /deployments/ID"))
  t.strictSame(after, [
    "GET /deployments/ID",
    "PATCH /deployments/ID",
    "GET /deployments/ID",
    "POST /deployments/ID/schedule",
    requests.at(-1),
  ])
  t.match(requests.at(-1), /^PATCH \/variables\/name\/lockstep_/, "the record follows")
  const pages = new Set(["POST /deployments/filter", "POST /deployments/count"])
  const listing = requests.filter((request) => pages.has(request)).length
  t.ok(requests.length - listing <= 9, `${requests.length} requests, ${listing} of them listing pages`)
  t.strictSame((await live())["b"]?.parameters, { limit: 7 })
  t.strictSame((await asked(world, () => daemon.sync("main"))).filter(isWrite), [], "planning again finds nothing")
})

await t.test("an edit in Prefect is put back, and a schedule edited through its own route too", async (t) => {
  const { daemon, live } = await lane("edited", {
    a: { parameters: { limit: 3 }, schedules: [{ cron: "0 3 * * *", slug: "nightly", active: true }] },
  })
  await daemon.sync("main")
  const before = (await live())["a"]
  await world.call("PATCH", `/deployments/${before?.id}`, { parameters: { limit: 99 } })
  t.match((await daemon.sync("main")).lastTurn?.changes, { update: 1 })
  const schedule = before?.schedules[0]?.id
  await world.call("PATCH", `/deployments/${before?.id}/schedules/${schedule}`, { active: false })
  t.match((await daemon.sync("main")).lastTurn?.changes, { update: 1 })
  const after = (await live())["a"]
  t.match(after, { id: before?.id, parameters: { limit: 3 }, schedules: [{ id: schedule, active: true }] })
})

await t.test(
  "what nobody owns is adopted silently when only the mark would change, else held with the difference",
  async (t) => {
    const { daemon: first, repository } = await lane("adopted", named("same", "other"))
    await first.sync("main")
    await first[Symbol.asyncDispose]()
    // As CI's `prefect deploy` leaves them: without our tags.
    for (const { id } of Object.values(await world.deployments("adopted")))
      await world.call("PATCH", `/deployments/${id}`, { tags: [] })
    const other = (await world.deployments("adopted"))["other"]
    await world.call("PATCH", `/deployments/${other?.id}`, { description: "by hand" })
    repository.commit(project("adopted", { same: {}, other: { description: "by Git" } }))
    const daemon = await world.daemon({ installation: "newcomer", sources: [{ name: "main", url: repository.url }] })
    const status = await daemon.sync("main")
    t.match(status, {
      state: "held",
      hold: { reasons: [{ code: "adopt-differs" }], victims: [{ key: "adopted/other" }] },
    })
    const held = await world.deployments("adopted")
    t.ok(held["same"]?.tags.includes("gitops=newcomer/main"))
    t.strictSame(held["other"]?.tags, [], "the one that differs isn't touched")
    t.match(await daemon.confirm("main"), { state: "synced" })
    t.match((await world.deployments("adopted"))["other"], { id: other?.id, description: "by Git" })
  },
)

await t.test("another owner's deployment is a conflict, and is left alone", async (t) => {
  const { daemon: first } = await lane("foreign", named("a"))
  await first.sync("main")
  const before = await world.deployments("foreign")
  const repository = world.repository("foreign-two")
  repository.commit(project("foreign", { a: { description: "mine now" }, b: {} }))
  const daemon = await world.daemon({ installation: "second", sources: [{ name: "main", url: repository.url }] })
  const status = await daemon.sync("main")
  t.match(status, {
    state: "degraded",
    deployments: { conflicts: 1 },
    problems: [{ code: "owned-by-other", key: "foreign/a" }],
  })
  const after = await world.deployments("foreign")
  t.strictSame(after["a"], before["a"])
  t.ok(after["b"], "the rest goes on")
})

await t.test(
  "a deployment that Prefect refuses is its own problem, with Prefect's words; the others go on",
  async (t) => {
    const { daemon, live } = await lane("refused", {
      // Only the server knows what this keyword means.
      bad: {
        parameters: { limit: 7 },
        parameter_openapi_schema: { type: "object", properties: { limit: { type: "integer", multipleOf: 5 } } },
      },
      wrong: { parameters: { limit: "many" } },
      good: {},
      lost: { work_pool: { name: "no-such-pool" } },
    })
    const status = await daemon.sync("main")
    t.equal(status.state, "degraded")
    const problems = Object.fromEntries(status.problems.map((problem) => [problem.key, problem]))
    t.match(problems["refused/bad"], { code: "refused", file: "prefect.yaml", message: /multiple|limit/ })
    t.match(problems["refused/wrong"], { code: "parameter-invalid", file: "prefect.yaml", message: /whole number/ })
    t.match(problems["refused/lost"], { code: "work-pool-not-found", message: /no-such-pool/ })
    t.strictSame(Object.keys(await live()), ["good"])
  },
)

await t.test("Prefect being away changes nothing but the status, and heals without a person", async (t) => {
  const { daemon, live, commit } = await lane("away", named("a", "b"))
  await daemon.sync("main")
  const before = await live()
  commit(named("a", "b", "c"))
  world.gateway.fault = () => 500
  t.match(await daemon.sync("main"), {
    state: "degraded",
    failure: { code: "prefect-away" },
    deployments: { owned: 2 },
  })
  // A page in the middle of a listing fails: that is no shorter list.
  world.gateway.fault = ({ path }) => (path.endsWith("/deployments/filter") ? "lose" : null)
  t.match(await daemon.sync("main"), { lastTurn: { outcome: "failed" } })
  world.gateway.fault = null
  t.strictSame(await live(), before)
  t.match(await daemon.sync("main"), { state: "synced", deployments: { owned: 3 } })
})

await t.test("a lost answer to a create is looked after, not sent again", async (t) => {
  const { daemon, live, commit } = await lane("lost", named("a"))
  await daemon.sync("main")
  let lost = 0
  world.gateway.fault = ({ method, path }) =>
    method === "POST" && path.endsWith("/deployments/") && lost++ === 0 ? "lost-answer" : null
  commit(named("a", "b"))
  const status = await daemon.sync("main")
  world.gateway.fault = null
  t.equal(lost, 1, "one POST only")
  t.match(status, { state: "synced", lastTurn: { changes: { create: 1 } } })
  t.strictSame(Object.keys(await live()), ["a", "b"])
})

await t.test("Git being away, forbidden or gone stalls or degrades that source only, and heals", async (t) => {
  const repository = world.repository("git-away")
  repository.commit(project("git-away", named("a")))
  const live = () => world.deployments("git-away")
  const other = world.repository("git-fine")
  other.commit(project("git-fine", named("x")))
  const both = await world.daemon({
    installation: "git-away",
    sources: [
      { name: "main", url: repository.url },
      { name: "fine", url: other.url },
    ],
  })
  await both.sync("main")
  const before = await live()
  repository.commit(project("git-away", named("a", "b")))
  for (const [status, state] of [
    [500, "degraded"],
    [401, "stalled"],
    [404, "stalled"],
  ] as const) {
    world.git.fault = (request, response) => {
      if (!request.path.includes("git-away")) return null
      response.writeHead(status).end("no")
      return { kind: "answered" }
    }
    t.match(await both.sync("main"), { state, deployments: { owned: 1 } }, `${status}`)
    t.equal((await both.sync("fine")).state, "synced", "the other source doesn't notice")
  }
  world.git.fault = null
  t.strictSame(await live(), before)
  t.match(await both.sync("main"), { state: "synced", deployments: { owned: 2 } })
})

await t.test(
  "the config is taken while running: sources come, change and go; an invalid one changes nothing",
  async (t) => {
    const { repository, daemon, live } = await lane("reload", named("a"))
    await daemon.sync("main")
    await daemon.configure({
      sources: [
        { name: "main", url: repository.url, overrides: { tags: ["new"] } },
        { name: "extra", url: repository.url, overrides: { nameSuffix: "-x" } },
      ],
    })
    await until("the new source has made its deployment", async () => (await live())["a-x"] !== undefined)
    await until(
      "the changed source has taken its override",
      async () => (await live())["a"]?.tags.includes("new") ?? false,
    )
    await daemon.configure({ sources: [{ name: "main", url: "not a url" }] })
    const metrics = await (await fetch(`${daemon.address}/metrics`)).text()
    t.match(metrics, /^lockstep_config_valid 0$/m)
    t.equal((await daemon.sync("extra")).state, "synced", "the old config is in force")
    await daemon.configure({ sources: [{ name: "main", url: repository.url }] })
    t.equal((await daemon.api("GET", "/api/v1/sources/extra")).status, 404)
    t.ok((await live())["a-x"], "un-registering removes nothing")
  },
)

await t.test("what a flow takes from the environment is known once `env:` names it", async (t) => {
  const repository = world.repository("environment")
  const flows = `import os\nfrom prefect import flow\n\n\n@flow(name="environment")\ndef flow_of_this_test(stage=os.getenv("STAGE")):\n    pass\n`
  repository.commit({ ...project("environment", { a: {} }), "flows.py": flows })
  const source = { name: "main", url: repository.url }
  const daemon = await world.daemon({ installation: "environment", sources: [source] })
  const stage = async () =>
    (await world.deployments("environment"))["a"]?.parameter_openapi_schema.properties["stage"]?.["default"]
  t.match(await daemon.sync("main"), { state: "synced", problems: [{ code: "schema-undecided" }] })
  t.equal(await stage(), undefined)
  await daemon.configure({ sources: [{ ...source, env: { STAGE: "prod" } }] })
  await until("the schema has its default", async () => (await stage()) === "prod")
  await daemon.configure({ sources: [{ ...source, env: { STAGE: "test" } }] })
  await until("the default is the new one", async () => (await stage()) === "test")
  t.match(await daemon.sync("main"), { state: "synced", problems: [] })
})

await t.test("no secret reaches the log, the metrics, the API or what is stored", async (t) => {
  const canary = "canary-5f1c9e-secret"
  const repository = world.repository("canary")
  repository.commit(
    project("canary", {
      a: {
        parameters: { limit: 1 },
        work_pool: { name: "pool", job_variables: { env: { PASSWORD: "{{ $PASSWORD }}" } } },
      },
    }),
  )
  const file = join(t.testdir(), "canary")
  writeFileSync(file, canary)
  const daemon = await world.daemon({
    installation: "canary",
    sources: [
      { name: "main", url: repository.url, env: { PASSWORD: { file } } },
      { name: "locked", url: `${repository.url}x`, credentials: { token: { file } } },
    ],
  })
  await daemon.sync("main")
  await daemon.sync("locked")
  const pages = await Promise.all(
    [
      "/api/v1/sources",
      "/api/v1/sources/main/plan",
      "/api/v1/sources/main/history",
      "/api/v1/sources/locked",
      "/",
      "/metrics",
    ].map(async (path) => {
      const response = await fetch(daemon.address + path, { headers: { authorization: "Bearer test-token" } })
      return response.text()
    }),
  )
  for (const text of [...pages, daemon.log()]) t.notOk(text.includes(canary))
  const record = JSON.stringify(await world.record("canary", "main"))
  t.notOk(record.includes(canary))
})
