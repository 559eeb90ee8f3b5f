import t from "tap"
import type { DeploymentId } from "../../src/core/model.ts"
import { nothingMore, Snapshots } from "../../src/reconcile/snapshots.ts"
import { ManualClock } from "../support/manual-clock.ts"
import { leasePrefect } from "../support/prefect/pool.ts"
import type { PrefectVersion } from "../support/prefect/server.ts"
import { openProxy, type Fault } from "../support/proxy.ts"
import { ask, creation, openClient, signal } from "./client.ts"

/** What one cheap look makes of things that happen to pools, queues and limits; no listing is due by itself. */

type Call = (method: string, path: string, body?: unknown) => Promise<{ readonly id: string }>
/** A deployment of ours on a queue of its own, with a limit of its own. */
interface Scene {
  readonly call: Call
  readonly id: DeploymentId
  readonly pool: string
  readonly limit: string
}
type Act = (scene: Scene) => Promise<unknown>

const queues = ({ pool }: Scene) => `/work_pools/${pool}/queues`
const limits = "/v2/concurrency_limits/"
const share: Act = async ({ call, id, pool }) => {
  const shared = await call("POST", limits, { name: `team-${pool}`, limit: 4 })
  await call("PATCH", `/deployments/${id}`, { global_concurrency_limit_id: shared.id })
}

const seen: Readonly<Record<string, Act>> = {
  "a queue is removed": ({ call, ...scene }) => call("DELETE", `${queues({ call, ...scene })}/q`),
  "a queue is removed and made again": async (scene) => {
    await scene.call("DELETE", `${queues(scene)}/q`)
    await scene.call("POST", queues(scene), { name: "q" })
  },
  "a queue is renamed": (scene) => scene.call("PATCH", `${queues(scene)}/q`, { name: "other" }),
  "a pool is removed": ({ call, pool }) => call("DELETE", `/work_pools/${pool}`),
  "a pool is removed and made again with its queue": async (scene) => {
    await scene.call("DELETE", `/work_pools/${scene.pool}`)
    await scene.call("POST", "/work_pools/", { name: scene.pool, type: "process" })
    await scene.call("POST", queues(scene), { name: "q" })
  },
  "a pool is made": ({ call, pool }) => call("POST", "/work_pools/", { name: `${pool}-new`, type: "process" }),
  "a limit is removed": ({ call, limit }) => call("DELETE", limits + limit),
  "a limit is removed and made again": async ({ call, limit }) => {
    await call("DELETE", limits + limit)
    await call("POST", limits, { name: limit, limit: 3 })
  },
  "a limit gets another number": ({ call, limit }) => call("PATCH", limits + limit, { limit: 9 }),
  "a limit gets another name": ({ call, limit, pool }) => call("PATCH", limits + limit, { name: `${pool}-limit` }),
}

const seenWhereShared: Readonly<Record<string, Act>> = {
  "a shared limit is removed": ({ call, pool }) => call("DELETE", `${limits}team-${pool}`),
  "a shared limit is removed and made again": async ({ call, pool }) => {
    await call("DELETE", `${limits}team-${pool}`)
    await call("POST", limits, { name: `team-${pool}`, limit: 4 })
  },
  "a shared limit gets another name": ({ call, pool }) =>
    call("PATCH", `${limits}team-${pool}`, { name: `${pool}-team` }),
}

const nothing: Readonly<Record<string, Act>> = {
  "nothing happens": async () => undefined,
  "a pool is paused": ({ call, pool }) => call("PATCH", `/work_pools/${pool}`, { is_paused: true }),
  "a queue is paused, limited and described": (scene) =>
    scene.call("PATCH", `${queues(scene)}/q`, { is_paused: true, concurrency_limit: 2, description: "busy" }),
  "a worker polls": async ({ call, pool }) => {
    await call("POST", `/work_pools/${pool}/workers/heartbeat`, { name: "worker" })
    await call("POST", `/work_pools/${pool}/get_scheduled_flow_runs`, {})
  },
  "a slot is taken": ({ call, limit }) => call("POST", `${limits}increment`, { names: [limit], slots: 1 }),
  "a queue that nobody of ours uses comes": (scene) => scene.call("POST", queues(scene), { name: "unused" }),
  "a queue that nobody of ours uses goes": (scene) => scene.call("DELETE", `${queues(scene)}/unused`),
  "a limit of others comes": ({ call }) => call("POST", limits, { name: "of-others", limit: 1 }),
  "a limit of others goes": ({ call }) => call("DELETE", `${limits}of-others`),
  "a limit of a tag comes": ({ call }) => call("POST", "/concurrency_limits/", { tag: "of-tag", concurrency_limit: 1 }),
  "a limit of a tag goes": ({ call }) => call("DELETE", "/concurrency_limits/tag/of-tag"),
}

export async function looks(version: PrefectVersion, isTried: (what: string) => boolean): Promise<void> {
  await using server = await leasePrefect(version)
  await using proxy = await openProxy(server.url)
  await using client = openClient(proxy.url, { requestMs: 3_000 })
  const clock = new ManualClock()
  const snapshots = new Snapshots(client, clock, 3_600_000)
  const call: Call = (method, path, body) => ask(server.url, method, path, body)
  const changed = () => {
    clock.step(30_000)
    proxy.seen.length = 0
    return snapshots.changed(signal)
  }
  let scenes = 0
  const scene = async (): Promise<Scene> => {
    const name = `p${++scenes}`
    await call("POST", "/work_pools/", { name, type: "process" })
    const fields = { workPool: name, workQueue: "q", concurrencyLimit: 3 }
    const { live } = await client.create(creation("looked-at", name, fields, ["managed-by=gitops"]), signal)
    return { call, id: live.id, pool: name, limit: `deployment:${live.id}` }
  }
  const known = async () => {
    const now = clock.elapsed()
    await snapshots.current(nothingMore, { listedAfter: now, lookedAfter: now }, signal)
    clock.step(1)
  }

  const trying = <T>(table: Readonly<Record<string, T>>): readonly (readonly [string, T])[] =>
    Object.entries(table).filter(([what]) => isTried(what))
  for (const [what, act] of trying(seen)) {
    const place = await scene()
    await known()
    await act(place)
    t.ok(await changed(), `${version}: ${what}, and one look sees it`)
    t.notOk(await changed(), `${version}: ${what}, and that is told once`)
    t.equal(proxy.seen.length, 4, `${version}: ${what}, and the next look lists nothing`)
  }
  // Only later servers let several deployments share one.
  for (const [what, act] of version === "3.2.0" ? [] : trying(seenWhereShared)) {
    const place = await scene()
    await share(place)
    await known()
    await act(place)
    t.ok(await changed(), `${version}: ${what}, and one look sees it`)
    t.notOk(await changed(), `${version}: ${what}, and that is told once`)
  }

  const place = await scene()
  await known()
  for (const [what, act] of trying(nothing)) {
    // Before 3.6.11 a poll moves `updated` itself.
    if (version === "3.2.0" && what === "a worker polls") continue
    await act(place)
    t.notOk(await changed(), `${version}: ${what}, and nobody gets a turn`)
    t.equal(proxy.seen.length, 4, `${version}: ${what}, and nothing is listed`)
  }

  const html = { "content-type": "text/html" }
  const empty = (): string => "[]"
  const short = (body: string): string => JSON.stringify((JSON.parse(body) as unknown[]).slice(1))
  const faults: Readonly<Record<string, Fault>> = {
    "500": { kind: "answer", status: 500 },
    "a proxy's 502": { kind: "answer", status: 502, headers: html, body: "<html>" },
    "403": { kind: "answer", status: 403, body: '{"detail": "Forbidden"}' },
    "404": { kind: "answer", status: 404, body: '{"detail": "Not Found"}' },
    "405": { kind: "answer", status: 405, body: '{"detail": "Method Not Allowed"}' },
    "a page of HTML": { kind: "answer", status: 200, headers: html, body: "<html>" },
    null: { kind: "answer", status: 200, body: "null" },
    "rows without ids": { kind: "answer", status: 200, body: '[{"name": "q"}]' },
    "no rows": { kind: "change", change: empty },
    "one row less": { kind: "change", change: short },
    "half an answer": { kind: "cut" },
    "no answer": { kind: "hang" },
    "a reset": { kind: "reset" },
  }
  const notShown = new Set(["403", "404", "405"])
  for (const [route, name] of [
    ["/work_queues/filter", "queues"],
    ["/v2/concurrency_limits/filter", "limits"],
  ] as const) {
    for (const [what, fault] of trying(faults)) {
      proxy.fault = ({ path }) => (path === route ? fault : null)
      const answer = await changed().catch((error: unknown) => (error as { code: string }).code)
      t.not(answer, true, `${version}: ${name} answered with ${what} are no change`)
      if (name === "limits" && notShown.has(what)) {
        t.strictSame([answer, proxy.seen.length], [false, 4], `${version}: ${what} leaves limits to the listings`)
      }
      proxy.fault = null
      t.notOk(await changed(), `${version}: ${name} answered with ${what}, and the next look finds all as it was`)
    }
  }

  proxy.fault = ({ path }) => (path === "/v2/concurrency_limits/filter" ? (faults["403"] as Fault) : null)
  await call("DELETE", limits + place.limit)
  t.notOk(await changed())
  t.ok(
    await new Snapshots(client, clock, 0)
      .current(nothingMore, { listedAfter: clock.elapsed(), lookedAfter: 0 }, signal)
      .then(({ deployments }) => [...deployments.values()].find(({ id }) => id === place.id)?.limitId === null),
    `${version}: a limit that isn't shown is missing in the listing`,
  )
  proxy.fault = null
  t.ok(await changed(), `${version}: what was removed meanwhile is seen once limits are shown again`)
}
