import t from "tap"
import type { DeploymentId, DeploymentKey } from "../../src/core/model.ts"
import { cron, key, type Place } from "./place.ts"
import { ask, covering, creation, newest, openClient, signal } from "./client.ts"

/** The half of `behaviours.ts` that is about many deployments and about runs. */

export async function listing({ client, proxy, server, flow, version }: Place): Promise<void> {
  const tag = "managed-by=gitops"
  const many = 120

  await t.test("a listing takes pages of 50 and joins the flows' names", async (t) => {
    const { id } = await ask<{ id: string }>(server.url, "POST", "/flows/", { name: `${flow}-many` })
    for (let n = 0; n < many; n++) {
      await ask(server.url, "POST", "/deployments/", { name: `d${n}`, flow_id: id, tags: [tag] })
    }
    proxy.seen.length = 0
    await using fresh = openClient(proxy.url)
    const before = await fresh.look(newest(), signal)
    const snapshot = await fresh.snapshot(covering(), signal)
    const pages = proxy.seen.filter(({ path, body }) => path === "/deployments/filter" && body.includes('"offset"'))
    t.equal(pages.length, Math.floor(snapshot.deployments.size / 50) + 1)
    t.ok(pages.every(({ body }) => body.includes('"limit":50') && body.includes("CREATED_DESC")))
    t.ok(snapshot.deployments.size >= before.count)
    const ours = [...snapshot.deployments.values()].filter((live) => live.flow === `${flow}-many`)
    t.equal(ours.length, many)
    t.strictSame([...snapshot.covers].toSorted(), [...snapshot.deployments.keys()].toSorted())
    t.equal(snapshot.workPools.get(`${flow}-pool`)?.defaultQueue, "default")
  })

  await t.test("a page that fails fails the whole listing", async (t) => {
    proxy.fault = ({ body }) =>
      body.includes('"offset":50') ? { kind: "answer", status: 422, body: '{"detail":"no"}' } : null
    await t.rejects(client.snapshot(covering(), signal), { code: "refused", status: 422 })
    proxy.fault = ({ body }) => (body.includes('"offset":50') ? { kind: "change", change: () => "[{}]" } : null)
    await t.rejects(client.snapshot(covering(), signal), { code: "bad-answer" })
    proxy.fault = null
  })

  await t.test("a listing whose pages don't add up is listed again, and fails in the end", async (t) => {
    let changed = 0
    proxy.fault = ({ body }) =>
      body.includes('"offset":50') && changed++ < 1 ? { kind: "change", change: drop } : null
    t.ok((await client.snapshot(covering(), signal)).deployments.size >= many)
    proxy.fault = ({ body }) => (body.includes('"offset":50') ? { kind: "change", change: drop } : null)
    await t.rejects(client.snapshot(covering(), signal), { code: "listing-unstable", kind: "transient" })
    proxy.fault = null
  })

  await t.test("what comes short, twice or not at all is no snapshot", async (t) => {
    const short: readonly (readonly [string, string, (body: string) => string])[] = [
      [
        "a page that ends early, with more behind it",
        "/deployments/filter",
        (body) => rows(body, (all) => all.slice(7)),
      ],
      ["a row twice", "/deployments/filter", (body) => rows(body, (all) => [...all.slice(1), ...all.slice(-1)])],
      ["an empty list", "/deployments/filter", () => "[]"],
      ["a count that moves", "/deployments/count", (body) => String(Number(body) + ++moved)],
      ["pools without one", "/work_pools/filter", (body) => rows(body, (all) => all.slice(1))],
      ["queues without a pool's own", "/work_queues/filter", () => "[]"],
      ...(version === "3.2.0" ? [] : [["automations that are counted only", "/automations/count", () => "7"] as const]),
    ]
    let moved = 0
    for (const [what, at, change] of short) {
      proxy.fault = ({ path }) => (path === at ? { kind: "change", change } : null)
      await t.rejects(client.everything(signal), { code: "listing-unstable", kind: "transient" }, what)
    }
    proxy.fault = null
  })

  await t.test("a list of flows that comes short hides no deployment", async (t) => {
    const { deployments } = await client.everything(signal)
    await using fresh = openClient(proxy.url)
    let dropped = false
    proxy.fault = ({ path }) => {
      if (path !== "/flows/filter" || dropped) return null
      dropped = true
      return { kind: "change", change: (body) => rows(body, (all) => all.slice(1)) }
    }
    const seen = await fresh.everything(signal)
    proxy.fault = null
    t.ok(dropped)
    t.strictSame([...seen.deployments.keys()].toSorted(), [...deployments.keys()].toSorted())
  })

  await t.test("creates of this process wait for a listing, and don't make it fail", async (t) => {
    const state = { isWriting: true }
    const make = async (): Promise<void> => {
      for (let n = 0; n < 12; n++) await client.create(creation(`${flow}-made`, `m${n}`, {}, [tag]), signal)
      state.isWriting = false
    }
    const writing = make()
    const counts: number[] = []
    while (state.isWriting) {
      const { deployments } = await client.snapshot(covering(), signal)
      counts.push([...deployments.values()].filter((live) => live.flow === `${flow}-made`).length)
    }
    await writing
    t.ok(counts.length > 0)
    t.strictSame(
      counts,
      counts.toSorted((a, b) => a - b),
    )
  })

  await t.test("a listing holds others' deployments only by key, and widens by the missing ones", async (t) => {
    await client.create(creation(`${flow}-other`, "foreign"), signal)
    await client.create(creation(`${flow}-other`, "stranger"), signal)
    const [foreign, stranger, nobody] = ["foreign", "stranger", "nobody"].map((name) => key(`${flow}-other`, name))
    const wanted = [foreign, stranger, nobody] as [DeploymentKey, DeploymentKey, DeploymentKey]
    const snapshot = await client.snapshot(covering(wanted[0], wanted[2]), signal)
    t.strictSame(
      wanted.map((one) => [snapshot.deployments.has(one), snapshot.covers.has(one)]),
      [
        [true, true],
        [false, false],
        [false, true],
      ],
    )
    proxy.seen.length = 0
    t.equal((await client.widen(snapshot, covering(wanted[0], wanted[2]), signal)).deployments, snapshot.deployments)
    t.equal(proxy.seen.length, 0)
    const wide = await client.widen(snapshot, covering(wanted[1]), signal)
    t.strictSame([wide.deployments.has(wanted[1]), wide.deployments.size], [true, snapshot.deployments.size + 1])
  })

  await t.test("everything is listed in pages too, whoever owns it, with what acts on it", async (t) => {
    const { live } = await client.create(creation(`${flow}-other`, "nobodys"), signal)
    proxy.seen.length = 0
    const { deployments, automations, workPools } = await client.everything(signal)
    t.equal(deployments.size, await ask<number>(server.url, "POST", "/deployments/count", {}))
    t.strictSame([...deployments.keys()].includes(live.key), true)
    t.ok(workPools.has(`${flow}-pool`))
    t.equal(automations, version === "3.2.0" ? "unsupported" : "read")
    t.strictSame(deployments.get(live.key)?.fields.automations, version === "3.2.0" ? null : [])
    const pages = proxy.seen.filter(({ path }) => path === "/deployments/filter")
    t.equal(pages.length, Math.floor(deployments.size / 50) + 1)
    t.ok(proxy.seen.every(({ method, path }) => method === "GET" || /\/(?:filter|count)$/.test(path)))
    t.ok(proxy.seen.length < pages.length + 8, "none for each deployment")
    proxy.fault = ({ body }) =>
      body.includes('"offset":50') ? { kind: "answer", status: 422, body: '{"detail":"no"}' } : null
    await t.rejects(client.everything(signal), { code: "refused", status: 422 })
    proxy.fault = null
  })

  await t.test("a look is three requests, a fourth where a limit is used, the newest change first", async (t) => {
    const { live } = await client.create(creation(flow, "newest", { concurrencyLimit: 2 }, [tag]), signal)
    proxy.seen.length = 0
    const look = await client.look(newest(3), signal)
    t.strictSame([proxy.seen.length, look.newest.length, look.newest[0]?.id, look.limits], [3, 3, live.id, null])
    const { limits } = await client.look({ ...newest(), limits: true }, signal)
    t.strictSame(proxy.seen.length, 7)
    t.match(limits?.get(live.limitId ?? ""), { name: `deployment:${live.id}`, limit: 2 })
    await client.patch(live.id, { fields: { description: "changed" } }, signal)
    t.not((await client.look(newest(), signal)).newest[0]?.updated, look.newest[0]?.updated)
  })

  await t.test("queues are asked for by name, and all of them where the names are too many", async (t) => {
    await client.create(creation(flow, "queued", { workPool: `${flow}-pool`, workQueue: "by-name" }, [tag]), signal)
    const seen = async (...names: readonly string[]) =>
      [...((await client.look({ ...newest(), queues: new Set(names) }, signal)).queues.get(`${flow}-pool`) ?? [])]
        .map(([name]) => name)
        .toSorted()
    const others = Array.from({ length: 101 }, (_, n) => `none-${n}`)
    t.strictSame(await seen("by-name"), ["by-name"])
    t.strictSame(await seen("none"), [])
    t.ok((await seen(...others)).includes("by-name"))
  })
}

export async function runs({ client, proxy, server, flow, version }: Place): Promise<void> {
  const minutely = [{ slug: "m", spec: cron("* * * * *"), active: true, parameters: {} }]
  const scheduled = (id: DeploymentId) =>
    ask<readonly { id: string; expected_start_time: string }[]>(server.url, "POST", "/flow_runs/filter", {
      flow_runs: { deployment_id: { any_: [id] }, state: { type: { any_: ["SCHEDULED"] } } },
      sort: "EXPECTED_START_TIME_ASC",
    })

  await t.test("runs that a write removed are back at once, those due meanwhile too, and none twice", async (t) => {
    const { live } = await client.create(creation(flow, "running", { schedules: minutely }), signal)
    const since = await client.runsDueSince(live.id, signal)
    await client.reschedule(live.id, since, signal)
    const before = await scheduled(live.id)
    t.ok(before.length > 0)
    const due = await client.runsDueSince(live.id, signal)
    await client.patch(live.id, { fields: { description: "changed" } }, signal)
    await client.reschedule(live.id, due, signal)
    await client.reschedule(live.id, due, signal)
    const times = (await scheduled(live.id)).map((run) => run.expected_start_time)
    t.strictSame(times.slice(0, 2), before.map((run) => run.expected_start_time).slice(0, 2))
    t.equal(new Set(times).size, times.length)
  })

  await t.test("where a write removes late runs too, they are asked for since the oldest", async (t) => {
    const { live } = await client.create(creation(flow, "late-runs", { schedules: minutely }), signal)
    const past = new Date(Date.now() - 300_000).toISOString()
    await ask(server.url, "POST", `/deployments/${live.id}/schedule`, { start_time: past })
    const oldest = (await scheduled(live.id))[0]?.expected_start_time as string
    const due = Date.parse(await client.runsDueSince(live.id, signal))
    t.equal(due === Date.parse(oldest), version === "3.2.0")
    t.equal(due > Date.parse(past) + 120_000, version !== "3.2.0")
  })

  await t.test("runs are counted by who started them, and leftovers of a removed deployment go", async (t) => {
    const { live } = await client.create(creation(flow, "counted", { schedules: minutely }), signal)
    await client.reschedule(live.id, await client.runsDueSince(live.id, signal), signal)
    const state = (type: string) => ({ state: { type, name: type } })
    const run = (body: object) =>
      ask<{ id: string }>(server.url, "POST", `/deployments/${live.id}/create_flow_run`, body)
    await run(state("SCHEDULED"))
    const { id } = await run(state("SCHEDULED"))
    await ask(server.url, "POST", `/flow_runs/${id}/set_state`, { ...state("RUNNING"), force: true })
    t.strictSame(await client.runs(live.id, signal), { active: 1, manual: 1 })
    const retried = await run(state("SCHEDULED"))
    const again = { state: { type: "SCHEDULED", name: "AwaitingRetry" }, force: true }
    await ask(server.url, "POST", `/flow_runs/${retried.id}/set_state`, again)
    t.strictSame(await client.runs(live.id, signal), { active: 2, manual: 1 }, "what waits to try again has begun")
    const left = (await scheduled(live.id)).length
    let lost = 0
    proxy.fault = ({ method }) => (method === "DELETE" && lost++ === 0 ? { kind: "lose" } : null)
    const removed = await client.removeScheduledRuns(live.id, signal)
    proxy.fault = null
    t.ok(removed < left, "of one the answer got lost, and the next listing told that it is gone")
    t.strictSame([await scheduled(live.id), await client.removeScheduledRuns(live.id, signal)], [[], 0])
  })

  await t.test("the server's clock is taken from its answers", async (t) => {
    const asked = Date.now()
    await client.variables(new Set(["none"]), signal)
    const now = Date.parse(client.serverNow())
    // The header tells whole seconds, and uvicorn makes it anew once a second.
    const exact = 2_500
    t.ok(asked - exact <= now && now <= Date.now() + exact, String(now - asked))
  })
}

/** The page without its first row, as if a row had come or gone meanwhile. */
function drop(body: string): string {
  return JSON.stringify((JSON.parse(body) as unknown[]).slice(1))
}

function rows(body: string, change: (all: readonly unknown[]) => readonly unknown[]): string {
  return JSON.stringify(change(JSON.parse(body) as unknown[]))
}
