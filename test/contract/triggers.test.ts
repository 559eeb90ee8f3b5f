import { execFile } from "node:child_process"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import t from "tap"
import { named, openWorld, project, type LiveJson, type World } from "../support/daemon.ts"
import { openLane } from "../support/lane.ts"

/** `triggers:` as automations of a real server: made, compared, put back, adopted, and gone with their deployment. */
const world = await openWorld()
t.teardown(() => world[Symbol.asyncDispose]())

interface AutomationJson {
  readonly id: string
  readonly updated: string
  readonly name: string
  readonly enabled: boolean
  readonly tags: readonly string[]
  readonly trigger: Readonly<Record<string, unknown>>
  readonly actions: readonly Readonly<Record<string, unknown>>[]
}

async function automationsOf(place: World, live: LiveJson | undefined): Promise<readonly AutomationJson[]> {
  const all = await place.call<readonly AutomationJson[]>(
    "GET",
    `/automations/related-to/prefect.deployment.${live?.id}`,
  )
  return all.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

const landed = {
  expect: ["file.landed"],
  match: { "prefect.resource.id": "bucket.*" },
  parameters: { limit: "{{ event.id }}" },
}
const stale = {
  name: "stale",
  posture: "Proactive",
  expect: ["heartbeat"],
  for_each: ["prefect.resource.id"],
  within: 60,
}
const both = {
  name: "both",
  type: "compound",
  require: "all",
  within: "PT1H",
  triggers: [
    { type: "event", expect: ["b", "a"] },
    { type: "event", expect: ["c"], match_related: { "prefect.resource.role": "flow" } },
  ],
}
const triggered = { a: { triggers: [landed, stale, both] } }

await t.test("each trigger becomes an automation of the deployment, and nothing is written again", async (t) => {
  const lane = await openLane(world, "made", { ...triggered, b: {} })
  const { a } = await lane.live()
  const made = await automationsOf(world, a)
  t.strictSame(
    made.map(({ name, enabled }) => [name, enabled]),
    [
      ["a__automation_1", true],
      ["both", true],
      ["stale", true],
    ],
  )
  t.match(made[0]?.actions, [{ type: "run-deployment", deployment_id: a?.id, parameters: { limit: "{{ event.id }}" } }])
  t.match(made[1]?.trigger, { type: "compound", within: 3600, triggers: [{ expect: Array }, { expect: ["c"] }] })
  const start = world.gateway.requests.length
  t.match(await lane.sync(), { state: "synced", lastTurn: { changes: { keep: 2 } } })
  const asked = world.gateway.requests.slice(start)
  t.strictSame(
    asked.filter(({ method }) => method !== "GET" && method !== "POST"),
    [],
  )
  t.equal(
    asked.filter(({ path }) => path.includes("/automations")).length,
    2,
    "all automations are a page and its count",
  )
  t.strictSame(await automationsOf(world, a), made)
})

await t.test("a change in Git writes that automation only, and leaves the scheduled runs alone", async (t) => {
  const lane = await openLane(world, "changed", triggered)
  const { a } = await lane.live()
  const before = await automationsOf(world, a)
  lane.commit({ a: { triggers: [landed, { ...stale, within: 120 }, both] } })
  const start = world.gateway.requests.length
  t.match(await lane.sync(), { state: "synced", lastTurn: { changes: { update: 1 } } })
  const writes = world.gateway.requests
    .slice(start)
    .filter(({ method, path }) => method !== "GET" && !/filter|count|variables/.test(path))
  t.strictSame(
    writes.map(({ method, path }) => `${method} ${path.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "ID")}`),
    ["PUT /automations/ID"],
  )
  const after = await automationsOf(world, a)
  t.strictSame(
    after.map(({ id }) => id),
    before.map(({ id }) => id),
  )
  t.match(after[2]?.trigger, { within: 120 })
  lane.commit({ a: { triggers: [landed] } })
  await lane.sync()
  t.strictSame(
    (await automationsOf(world, a)).map(({ name }) => name),
    ["a__automation_1"],
  )
  lane.commit({ a: {} })
  await lane.sync()
  t.strictSame(await automationsOf(world, a), [], "without the key ours are gone")
  t.equal((await lane.live())["a"]?.id, a?.id)
})

await t.test("what `ignore` keeps after it left Git is still switched off with its deployment", async (t) => {
  const lane = await openLane(world, "ignored", { stays: {}, ...triggered })
  const { a } = await lane.live()
  await lane.configure({ ignore: ["triggers"] })
  lane.commit({ stays: {}, a: {} })
  t.match(await lane.sync(), { state: "synced" })
  t.equal((await automationsOf(world, a)).length, 3, "ignored: left as they are")
  t.match(await lane.sync(), { lastTurn: { changes: { keep: 2 } } })
  lane.commit({ stays: {} })
  t.match(await lane.sync(), { lastTurn: { changes: { retire: 1 } } })
  t.match(
    (await automationsOf(world, a)).map(({ enabled }) => enabled),
    [false, false, false],
    "a retired deployment isn't started by them",
  )
  lane.commit({ stays: {}, a: {} })
  await lane.sync()
  await lane.configure({ ignore: [] })
  await lane.sync()
  t.strictSame(await automationsOf(world, a), [], "and once they are managed again, Git has none")
  t.match(await lane.sync(), { lastTurn: { changes: { keep: 2 } } })
})

await t.test("what is edited in Prefect is put back, but not whether it is enabled unless Git says so", async (t) => {
  const lane = await openLane(world, "edited", { a: { triggers: [landed, { ...stale, enabled: true }] } })
  const { a } = await lane.live()
  const [first, second] = await automationsOf(world, a)
  for (const one of [first, second]) await world.call("PATCH", `/automations/${one?.id}`, { enabled: false })
  const { id: _id, updated: _updated, ...rest } = first as AutomationJson & { created?: string }
  await world.call("PUT", `/automations/${first?.id}`, {
    name: "renamed",
    trigger: { ...rest.trigger, expect: ["something.else"] },
    actions: rest.actions,
    tags: rest.tags,
    enabled: false,
  })
  t.match(await lane.sync(), { state: "synced", lastTurn: { changes: { update: 1 } } })
  t.match(await automationsOf(world, a), [
    { id: first?.id, name: "a__automation_1", enabled: false, trigger: { expect: ["file.landed"] } },
    { id: second?.id, name: "stale", enabled: true },
  ])
  await world.call("DELETE", `/automations/${second?.id}`)
  await lane.sync()
  t.equal((await automationsOf(world, a)).length, 2, "a deleted one is made again")
})

await t.test("a person's automation is never touched, even when it was copied from one of ours", async (t) => {
  const lane = await openLane(world, "copied", triggered)
  const { a } = await lane.live()
  const [ours] = await automationsOf(world, a)
  const { trigger, actions, tags } = ours as AutomationJson
  for (const copy of [
    { name: "a copy", trigger, actions, tags },
    { name: "by hand", trigger, actions },
    { name: ours?.name, trigger, actions, tags },
  ])
    await world.call("POST", "/automations/", copy)
  const before = await automationsOf(world, a)
  t.match(await lane.sync(), { state: "synced", lastTurn: { changes: { keep: 1 } } })
  lane.commit({ a: {} })
  await lane.sync()
  const left = await automationsOf(world, a)
  t.strictSame(
    left,
    before.filter(({ id }) => left.some((one) => one.id === id)),
  )
  t.ok(["a copy", "by hand"].every((name) => left.some((one) => one.name === name)))
})

await t.test("retired with their deployment, restored with it, and deleted before it", async (t) => {
  const lane = await openLane(world, "retired", { ...triggered, stays: {} })
  const { a } = await lane.live()
  const [, , off] = await automationsOf(world, a)
  await world.call("PATCH", `/automations/${off?.id}`, { enabled: false })
  lane.commit(named("stays"))
  t.match(await lane.sync(), { lastTurn: { changes: { retire: 1 } } })
  t.strictSame(
    (await automationsOf(world, a)).map(({ enabled }) => enabled),
    [false, false, false],
  )
  lane.commit({ ...triggered, stays: {} })
  t.match(await lane.sync(), { lastTurn: { changes: { restore: 1 } } })
  t.strictSame(
    (await automationsOf(world, a)).map(({ enabled }) => enabled),
    [true, true, false],
    "as they were",
  )
  t.match(await lane.sync(), { state: "synced", lastTurn: { changes: { keep: 2 } } })
  await lane.configure({ prune: { grace: "0s" } })
  lane.commit(named("stays"))
  t.match(await lane.sync(), { state: "synced", lastTurn: { changes: { retire: 1, prune: 1 } } })
  t.strictSame(Object.keys(await lane.live()), ["stays"])
  t.strictSame(await automationsOf(world, a), [], "ours hold nothing back and leave nothing behind")
})

await t.test("un-paused during the grace they start runs again", async (t) => {
  const lane = await openLane(world, "vetoed", { ...triggered, stays: {} })
  const { a } = await lane.live()
  lane.commit(named("stays"))
  await lane.sync()
  await world.call("PATCH", `/deployments/${a?.id}`, { paused: false })
  t.match(await lane.sync(), { state: "held", hold: { reasons: [{ code: "prune-vetoed" }] } })
  t.strictSame(
    (await automationsOf(world, a)).map(({ enabled }) => enabled),
    [true, true, true],
  )
})

await t.test("those that `prefect deploy` made are taken over as they are, and it would not double ours", async (t) => {
  const repository = world.repository("from-ci")
  const files = project("from-ci", triggered)
  const folder = mkdtempSync(join(tmpdir(), "lockstep-ci-"))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  const deploy = async () => {
    const python = resolve(".cache/prefect-3.8.8/bin/python")
    const env = {
      PATH: process.env["PATH"],
      PREFECT_API_URL: world.prefect.url,
      PREFECT_HOME: join(folder, ".prefect"),
    }
    await promisify(execFile)(python, ["-m", "prefect", "--no-prompt", "deploy", "--all"], { cwd: folder, env })
  }
  await deploy()
  const { a } = await world.deployments("from-ci")
  const made = await automationsOf(world, a)
  t.equal(made.length, 3)
  repository.commit(files)
  const settings = { ignore: ["pull_steps"] }
  const daemon = await world.daemon({
    installation: "from-ci",
    sources: [{ name: "main", url: repository.url, ...settings }],
  })
  t.match(await daemon.sync("main"), { state: "synced", lastTurn: { changes: { adopt: 1 } } })
  const taken = await automationsOf(world, a)
  t.strictSame(
    taken.map(({ id }) => id),
    made.map(({ id }) => id),
    "the same automations, now marked",
  )
  t.ok(taken.every(({ tags }) => tags.includes("gitops=from-ci/main")))
  await deploy()
  t.equal((await automationsOf(world, a)).length, 3, "prefect deploy replaces those that it finds owned")
})

await t.test("a trigger that Prefect refuses is a problem of its entry, with its line", async (t) => {
  const repository = world.repository("invalid")
  repository.commit(project("invalid", { good: {}, bad: { triggers: [{ posture: "Proactive", within: 3 }] } }))
  const daemon = await world.daemon({ installation: "invalid", sources: [{ name: "main", url: repository.url }] })
  t.match(await daemon.sync("main"), {
    state: "degraded",
    problems: [{ code: "trigger-invalid", file: "prefect.yaml", line: Number, key: "invalid/bad" }],
  })
  t.strictSame(Object.keys(await world.deployments("invalid")), ["good"])
})

await t.test("on a server whose automations have no tags triggers are left alone, and it says so", async (t) => {
  await using old = await openWorld({ version: "3.2.0" })
  const repository = old.repository("old")
  repository.commit(project("old", triggered))
  const daemon = await old.daemon({ installation: "old", sources: [{ name: "main", url: repository.url }] })
  t.match(await daemon.sync("main"), { problems: [{ code: "triggers-not-managed", key: "old/a" }] })
  t.strictSame(await automationsOf(old, (await old.deployments("old"))["a"]), [])
})
