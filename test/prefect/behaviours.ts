import t from "tap"
import { strangers } from "../../src/core/automation.ts"
import { fieldOf } from "../../src/core/fields.ts"
import { jsonEqual } from "../../src/core/json.ts"
import type { DeploymentId, LiveDeployment } from "../../src/core/model.ts"
import { openProxy } from "../support/proxy.ts"
import type { PrefectServer, PrefectVersion } from "../support/prefect/server.ts"
import { listing, runs } from "./listing.ts"
import { cron, key, type Place } from "./place.ts"
import { ask, creation, openClient, signal } from "./client.ts"

/**
 * What holds on every server that Lockstep supports: each version's test file runs all of it. The server is that file's
 * alone, because listings are counted; it is closed here.
 */
export async function behaviours(version: PrefectVersion, server: PrefectServer): Promise<void> {
  const proxy = await openProxy(server.url)
  const client = openClient(proxy.url)
  t.teardown(async () => {
    await client[Symbol.asyncDispose]()
    await proxy[Symbol.asyncDispose]()
    await server[Symbol.asyncDispose]()
  })
  const place = { server, proxy, client, version, flow: "client" }
  await ask(server.url, "POST", "/work_pools/", { name: `${place.flow}-pool`, type: "process" })
  await creating(place)
  await patching(place)
  await schedules(place)
  await limits(place)
  await variables(place)
  await listing(place)
  await runs(place)
}

async function creating({ client, server, flow }: Place): Promise<void> {
  const pool = `${flow}-pool`
  const fields = {
    description: "Loads.",
    version: "7",
    paused: true,
    parameters: { big: 2n ** 70n, small: 1.5, list: [1, null, { a: "ü" }] },
    parameterSchema: { type: "object", properties: { big: { type: "integer" } } },
    enforceParameterSchema: false,
    pullSteps: [{ "prefect.deployments.steps.set_working_directory": { directory: "/opt" } }],
    workPool: pool,
    jobVariables: { env: { STAGE: "prod" } },
    concurrencyLimit: 3,
    concurrencyOptions: { collisionStrategy: "CANCEL_NEW", gracePeriodSeconds: null },
    schedules: [{ slug: "daily", spec: cron("0 6 * * *"), active: null, parameters: null }],
  } as const
  const tags = ["b", "a", "managed-by=gitops"]

  await t.test("a created deployment reads back as it was declared, every field", async (t) => {
    const { live, existed } = await client.create(creation(flow, "full", fields, tags), signal)
    t.equal(existed, false)
    t.equal(live.key, key(flow, "full"))
    const read = await client.read(live.id, signal)
    t.strictSame(read, await client.find(flow, "full", signal))
    const { schedules: lived, concurrencyOptions, ...others } = (read as LiveDeployment).fields
    const { schedules: _schedules, concurrencyOptions: _options, ...expected } = fields
    const entrypoint = "flows/etl.py:etl"
    t.strictSame(others, { ...expected, entrypoint, tags: ["b", "a"], workQueue: null, automations: null })
    t.equal(concurrencyOptions?.collisionStrategy, "CANCEL_NEW")
    t.strictSame(
      lived.map(({ id: _id, ...schedule }) => schedule),
      [{ slug: "daily", spec: cron("0 6 * * *"), active: true, parameters: {} }],
    )
    t.strictSame(read?.allTags, tags)
  })

  await t.test("a create of what is there already says so", async (t) => {
    const before = await client.create(creation(flow, "twice"), signal)
    const after = await client.create(creation(flow, "twice"), signal)
    t.strictSame([before.existed, after.existed, after.live.id === before.live.id], [false, true, true])
  })

  await t.test("what isn't there is null, and names may hold anything that a URL must escape", async (t) => {
    t.equal(await client.read("00000000-0000-0000-0000-000000000000" as DeploymentId, signal), null)
    t.equal(await client.find(flow, "nobody", signal), null)
    await client.create(creation(flow, "a b?c#ü"), signal)
    t.equal((await client.find(flow, "a b?c#ü", signal))?.name, "a b?c#ü")
  })

  await t.test("a pool that was made after the last listing is known by its default queue", async (t) => {
    const late = `${flow}-late`
    await ask(server.url, "POST", "/work_pools/", { name: late, type: "process" })
    const { live } = await client.create(creation(flow, "late", { workPool: late }), signal)
    t.strictSame([live.fields.workPool, live.fields.workQueue], [late, null])
  })
}

async function patching({ client, flow }: Place): Promise<void> {
  const pool = `${flow}-pool`

  await t.test("a patch changes what it names and leaves the rest", async (t) => {
    const { live } = await client.create(creation(flow, "patched", { description: "old", version: "1" }, ["x"]), signal)
    await client.patch(live.id, { fields: { description: null, parameters: { n: 2n ** 60n + 1n } } }, signal)
    const after = await client.read(live.id, signal)
    t.strictSame(after?.fields, { ...live.fields, description: null, parameters: { n: 2n ** 60n + 1n } })
    t.not(after?.updated, live.updated)
    await client.patch(live.id, { fields: {}, tags: ["y", "z"] }, signal)
    t.strictSame((await client.read(live.id, signal))?.allTags, ["y", "z"])
  })

  await t.test("a deployment without parameters can be patched", async (t) => {
    const { live } = await client.create(creation(flow, "bare"), signal)
    await client.patch(
      live.id,
      { fields: { parameters: {}, parameterSchema: {}, enforceParameterSchema: true } },
      signal,
    )
    t.ok(jsonEqual(fieldOf("parameterSchema").canonical(live.fields.parameterSchema), {}))
  })

  await t.test("job variables can be taken away", async (t) => {
    const jobVariables = { env: { A: "1" }, image: "x" }
    const { live } = await client.create(creation(flow, "emptied", { workPool: pool, jobVariables }), signal)
    await client.patch(live.id, { fields: { jobVariables: {}, workPool: pool, workQueue: null } }, signal)
    const after = await client.read(live.id, signal)
    t.ok(["{}", '{"env":{}}'].includes(JSON.stringify(after?.fields.jobVariables)))
    t.equal(after?.fields.workPool, pool)
  })

  await t.test("a queue is kept by name, and null means the pool's default one", async (t) => {
    const { live } = await client.create(creation(flow, "queued", { workPool: pool, workQueue: "fast" }), signal)
    t.equal(live.fields.workQueue, "fast")
    await client.patch(live.id, { fields: { workPool: pool, workQueue: null } }, signal)
    const after = (await client.read(live.id, signal)) as LiveDeployment
    t.strictSame([after.fields.workPool, after.fields.workQueue], [pool, null])
  })
}

async function schedules({ client, flow, version }: Place): Promise<void> {
  await t.test("schedules are added and changed in place by their slugs", async (t) => {
    const given = { slug: "one", spec: cron("0 6 * * *"), active: false, parameters: { a: 1 } }
    const { live } = await client.create(creation(flow, "scheduled", { schedules: [given] }), signal)
    const [before] = live.fields.schedules
    const changed = { slug: "one", spec: cron("0 7 * * *"), parameters: { a: 1 } }
    const added = {
      slug: "two",
      spec: { kind: "interval", seconds: 90, anchor: null, timezone: "UTC" },
      parameters: {},
    }
    await client.patch(live.id, { fields: {}, schedules: [changed, added as typeof changed] }, signal)
    const after = (await client.read(live.id, signal)) as LiveDeployment
    const bySlug = Object.fromEntries(after.fields.schedules.map((one) => [one.slug, one]))
    t.strictSame(bySlug["one"], { ...changed, id: before?.id, active: false })
    t.equal(bySlug["two"]?.spec.kind, "interval")
    t.equal(after.fields.schedules.length, 2)
    t.not(after.schedulesDigest, live.schedulesDigest)
  })

  await t.test("a schedule without a slug is given one in place, and one is removed by its id", async (t) => {
    const given = { slug: null, spec: cron("0 6 * * *"), active: true, parameters: { a: 1 } }
    const { live } = await client.create(creation(flow, "unnamed", { schedules: [given] }), signal)
    const id = live.fields.schedules[0]?.id as string
    const patch = { slug: "named", spec: given.spec, parameters: { a: 1 } }
    await client.patchSchedule(live.id, id, patch, signal)
    const named = (await client.read(live.id, signal)) as LiveDeployment
    t.strictSame(named.fields.schedules, [{ ...given, slug: "named", id }])
    t.not(named.schedulesDigest, live.schedulesDigest)
    await client.removeSchedule(live.id, id, signal)
    t.strictSame((await client.read(live.id, signal))?.fields.schedules, [])
    // Gone already is as good as removed.
    await client.removeSchedule(live.id, id, signal)
  })

  await t.test("an rrule and an anchored interval come back as instants and texts that mean the same", async (t) => {
    const rrule = { kind: "rrule", rrule: "FREQ=DAILY;BYHOUR=6", timezone: "Europe/Berlin" } as const
    const interval = { kind: "interval", seconds: 3_600, anchor: "2024-01-01T00:00:00Z", timezone: "UTC" } as const
    const given = [rrule, interval].map((spec) => ({ slug: spec.kind, spec, active: true, parameters: {} }))
    const { live } = await client.create(creation(flow, `kinds-${version}`, { schedules: given }), signal)
    const specs = new Map(live.fields.schedules.map(({ slug, spec }) => [slug, spec]))
    t.match(specs.get("rrule"), { kind: "rrule", rrule: /BYHOUR=6/, timezone: "Europe/Berlin" })
    const back = specs.get("interval")
    const anchor = back?.kind === "interval" ? back.anchor : null
    t.equal(new Date(anchor ?? 0).toISOString(), "2024-01-01T00:00:00.000Z")
  })
}

async function limits({ client, server, flow, version }: Place): Promise<void> {
  await t.test("an own limit is set, changed and taken away", async (t) => {
    const { live } = await client.create(creation(flow, "limited", { concurrencyLimit: 2 }), signal)
    for (const limit of [5, null]) {
      await client.patch(live.id, { fields: { concurrencyLimit: limit } }, signal)
      const after = await client.read(live.id, signal)
      t.strictSame([after?.fields.concurrencyLimit, after?.sharedLimit], [limit, null])
    }
  })

  // Only later servers let several deployments share one.
  if (version !== "3.2.0") await sharing({ client, server, flow })

  await t.test("automations that act on a deployment are known by name", async (t) => {
    const { live } = await client.create(creation(flow, "automated"), signal)
    t.strictSame(await client.automations.read(live, signal), [])
    await ask(server.url, "POST", "/automations/", {
      name: `${flow} nightly`,
      trigger: { type: "event", posture: "Reactive", expect: ["no.such.event"], threshold: 1, within: 0 },
      actions: [{ type: "run-deployment", source: "selected", deployment_id: live.id }],
    })
    t.strictSame(strangers(await client.automations.read(live, signal)), [`${flow} nightly`])
  })

  await t.test("what is gone already is as good as removed, and nothing acts on it", async (t) => {
    const { live } = await client.create(creation(flow, "removed"), signal)
    t.strictSame(await client.automations.read(live, signal), [])
    await client.remove(live.id, signal)
    await client.remove(live.id, signal)
    t.equal(await client.find(flow, "removed", signal), null)
  })
}

async function sharing({ client, server, flow }: Pick<Place, "client" | "server" | "flow">): Promise<void> {
  await t.test("a limit of others is shown by its name, and survives when it is detached first", async (t) => {
    const { live } = await client.create(creation(flow, "sharing"), signal)
    const name = `${flow}-shared`
    const { id } = await ask<{ id: string }>(server.url, "POST", "/v2/concurrency_limits/", { name, limit: 4 })
    await ask(server.url, "PATCH", `/deployments/${live.id}`, { global_concurrency_limit_id: id })
    const sharing = await client.read(live.id, signal)
    t.strictSame([sharing?.fields.concurrencyLimit, sharing?.sharedLimit], [null, name])
    await client.detachLimit(live.id, signal)
    t.equal((await client.read(live.id, signal))?.sharedLimit, null)
    await client.remove(live.id, signal)
    t.equal((await ask<{ name: string }>(server.url, "GET", `/v2/concurrency_limits/${id}`)).name, name)
    t.equal(await client.read(live.id, signal), null)
  })
}

async function variables({ client, flow }: Place): Promise<void> {
  await t.test("variables are written anew, replaced, and read by name", async (t) => {
    const name = `${flow.replaceAll("-", "_")}_v`
    await client.writeVariable(name, { a: 1 }, ["t"], signal)
    await client.writeVariable(name, { b: [2n ** 60n + 1n] }, ["t"], signal)
    const found = await client.variables(new Set([name, "there_is_no_such"]), signal)
    t.strictSame([...found], [[name, { b: [2n ** 60n + 1n] }]])
    t.strictSame(await client.variable(name, signal), { value: { b: [2n ** 60n + 1n] } })
    t.equal(await client.variable("there_is_no_such", signal), null)
  })
}
