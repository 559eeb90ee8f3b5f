import t from "tap"
import type { PrefectError } from "../../src/lib/errors.ts"
import { systemClock } from "../../src/lib/clock.ts"
import type { DeploymentId } from "../../src/core/model.ts"
import { openProxy, type Fault } from "../support/proxy.ts"
import { sharedPrefect } from "../support/prefect/server.ts"
import { covering, creation, newest, openClient, secretsOf, secretValue, signal } from "./client.ts"

/** What one call makes of each way that a server or a proxy can fail it: a real server behind a proxy that breaks things. */

const server = await sharedPrefect("3.8.8")
const proxy = await openProxy(server.url)
const client = openClient(proxy.url, { requestMs: 500 })
t.teardown(async () => {
  await client[Symbol.asyncDispose]()
  await proxy[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
})

const failure = async (work: Promise<unknown>) => {
  const error = (await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )) as PrefectError | null
  return error && { code: error.code, kind: error.kind, status: error.status }
}

/** `fault` strikes the first `times` requests to `path`; how often it was asked in all. */
async function under(path: string, fault: Fault, times: number, work: () => Promise<unknown>) {
  let asked = 0
  proxy.fault = (seen) => (seen.path.startsWith(path) && ++asked <= times ? fault : null)
  const result = await failure(work())
  proxy.fault = null
  return { result, asked }
}

const answer = (status: number, headers = {}, body = '{"detail":"no"}'): Fault => ({
  kind: "answer",
  status,
  headers,
  body,
})
const html = answer(200, { "content-type": "text/html" }, "<html>log in</html>")
const ever = Number.POSITIVE_INFINITY
const away = { code: "prefect-away", kind: "transient" }
const count = "/deployments/count"
const look = () => client.look(newest(), signal)

await t.test("a read is sent again after each failure of a moment", async (t) => {
  const faults: readonly (readonly [string, Fault])[] = [
    ["503", answer(503)],
    ["502", answer(502)],
    ["500", answer(500)],
    ["429 with a wait", answer(429, { "retry-after": "0" })],
    ["a connection that ends", { kind: "reset" }],
    ["an answer that gets lost", { kind: "lose" }],
    ["an answer cut short", { kind: "cut" }],
    ["a server that hangs", { kind: "hang" }],
  ]
  for (const [name, fault] of faults) {
    t.strictSame(await under(count, fault, 1, look), { result: null, asked: 2 }, name)
  }
})

await t.test("a read gives up after five tries, and says why", async (t) => {
  const cases: readonly (readonly [Fault, object, number])[] = [
    [answer(503), { ...away, status: 503 }, 5],
    [{ kind: "reset" }, { ...away, status: null }, 5],
    [html, { code: "bad-answer", kind: "transient", status: 200 }, 5],
    [answer(200, {}, "[]"), { code: "bad-answer", kind: "transient", status: null }, 1],
    [answer(401), { code: "prefect-auth", kind: "stalled", status: 401 }, 1],
    [answer(403), { code: "prefect-auth", kind: "stalled", status: 403 }, 1],
    [answer(404), { code: "not-found", kind: "stalled", status: 404 }, 1],
    [answer(422), { code: "refused", kind: "stalled", status: 422 }, 1],
  ]
  for (const [fault, error, asked] of cases) {
    t.strictSame(await under(count, fault, ever, look), { result: error, asked }, JSON.stringify(error))
  }
})

await t.test("the wait that a server asks for is kept, and left to the caller when it is long", async (t) => {
  const waits: number[] = []
  const clock = { ...systemClock, sleep: async (ms: number) => void waits.push(ms) }
  await using patient = openClient(proxy.url, { clock })
  const work = () => patient.look(newest(), signal)
  t.strictSame(await under(count, answer(429, { "retry-after": "7" }), 1, work), { result: null, asked: 2 })
  t.strictSame(waits, [7_000])
  const long = await under(count, answer(429, { "retry-after": "90" }), 1, work)
  t.strictSame(long, { result: { ...away, status: 429 }, asked: 1 })
  proxy.fault = () => answer(429, { "retry-after": "90" })
  const error = (await work().catch((thrown: unknown) => thrown)) as PrefectError
  proxy.fault = null
  t.equal(error.retryAfterMs, 90_000)
})

await t.test("a write is sent again only when it was refused, never when its answer is unknown", async (t) => {
  const { live } = await client.create(creation("transport", "written"), signal)
  const patch = () => client.patch(live.id, { fields: { description: "new" } }, signal)
  const lost = (status: number | null) => ({ code: "answer-lost", kind: "transient", status })
  const cases: readonly (readonly [string, Fault, object | null, number])[] = [
    ["503", answer(503), null, 2],
    ["429", answer(429, { "retry-after": "0" }), null, 2],
    ["500", answer(500), { ...away, status: 500 }, 1],
    ["502", answer(502), lost(502), 1],
    ["504", answer(504), lost(504), 1],
    ["lost", { kind: "lose" }, lost(null), 1],
    ["reset", { kind: "reset" }, lost(null), 1],
    ["hang", { kind: "hang" }, lost(null), 1],
    ["a page of a proxy", html, lost(null), 1],
  ]
  for (const [name, fault, result, asked] of cases) {
    t.strictSame(await under(`/deployments/${live.id}`, fault, 1, patch), { result, asked }, name)
  }
  const { fields } = (await client.read(live.id, signal)) ?? {}
  t.equal(fields?.description, "new")
})

await t.test("a create whose answer is lost isn't sent twice, and is found by reading", async (t) => {
  const create = () => client.create(creation("transport", "lost"), signal)
  const result = { code: "answer-lost", kind: "transient", status: null }
  t.strictSame(await under("/deployments/", { kind: "lose" }, 1, create), { result, asked: 1 })
  t.equal((await client.find("transport", "lost", signal))?.name, "lost")
})

await t.test("a server that isn't there is away, and a write to it was never sent", async (t) => {
  await using nobody = openClient("http://127.0.0.1:9/api")
  t.strictSame(await failure(nobody.look(newest(), signal)), { ...away, status: null })
  const removal = nobody.remove("00000000-0000-0000-0000-000000000000" as DeploymentId, signal)
  t.strictSame(await failure(removal), { ...away, status: null })
})

await t.test("a refusal carries the server's words without the request, and without secrets", async (t) => {
  const { live } = await client.create(creation("transport", "refused"), signal)
  const schedules = [
    {
      slug: "bad",
      spec: { kind: "cron", cron: `not a cron ${secretValue}`, timezone: null, dayOr: true },
      parameters: { password: "in the request" },
    },
  ] as const
  const error = (await client
    .patch(live.id, { fields: {}, schedules }, signal)
    .catch((thrown: unknown) => thrown)) as PrefectError
  t.strictSame([error.code, error.status, error.kind], ["refused", 422, "stalled"])
  t.match(error.detail, /cron/)
  t.notMatch(error.detail, /in the request/)
  t.notMatch(`${error.detail} ${error.message}`, secretValue)
})

await t.test("a refusal that repeats a long secret holds no part of it: it is masked before it is cut", async (t) => {
  const long = `${"correct-horse-battery-staple-".repeat(60)}end`
  await using other = openClient(proxy.url, { secrets: secretsOf(long) })
  const { live } = await other.create(creation("transport", "refused-at-length"), signal)
  proxy.fault = ({ method }) =>
    method === "PATCH" ? answer(422, {}, JSON.stringify({ detail: `no: ${long}, and again ${long}` })) : null
  const patch = { fields: { description: "x" }, schedules: [] }
  const error = (await other.patch(live.id, patch, signal).catch((thrown: unknown) => thrown)) as PrefectError
  proxy.fault = null
  t.equal(error.detail, "no: ***, and again ***")
  t.notMatch(error.message, "battery")
})

await t.test("a URL without /api is told by its key, with what it would be", async (t) => {
  await using pages = openClient(proxy.url.replace(/\/api$/, ""))
  proxy.fault = null
  const error = (await pages.variables(new Set(["x"]), signal).catch((thrown: unknown) => thrown)) as PrefectError
  t.match(error.message, /so it is no Prefect API: check apiUrl of workspace test; most end with \/api: http:.*\/api$/)
  t.equal(error.kind, "stalled")
})

await t.test("an abort ends a call at once, whatever it waits for", async (t) => {
  proxy.fault = () => ({ kind: "hang" })
  const controller = new AbortController()
  const waiting = client.look(newest(), controller.signal).catch((thrown: unknown) => (thrown as Error).message)
  controller.abort(new Error("enough"))
  t.equal(await waiting, "enough")
  proxy.fault = null
})

await t.test("each request is told with its route, its status and without ids", async (t) => {
  const told: string[] = []
  const onRequest = (one: { method: string; route: string; status: string }) =>
    void told.push(`${one.method} ${one.route} ${one.status}`)
  await using watched = openClient(proxy.url, { onRequest })
  await watched.read("00000000-0000-0000-0000-000000000000" as DeploymentId, signal)
  await watched.find("no such", "deployment", signal)
  t.strictSame(told, ["GET /deployments/{id} 404", "GET /deployments/name/{flow}/{name} 404"])
})

await t.test("a 404 that isn't Prefect's own doesn't mean that a deployment is gone", async (t) => {
  const id = "00000000-0000-0000-0000-000000000000" as DeploymentId
  const page = answer(404, { "content-type": "text/html" }, "<html>no such page</html>")
  const result = { code: "bad-answer", kind: "transient", status: 404 }
  t.strictSame((await under("/deployments/", page, 1, () => client.read(id, signal))).result, result)
  t.strictSame((await under("/deployments/", page, 1, () => client.remove(id, signal))).result, result)
})

await t.test("a server older than 3.2.0 is refused, and one that doesn't tell is taken for new", async (t) => {
  const versions: readonly (readonly [Fault, string | null])[] = [
    [answer(200, {}, '"3.1.15"'), "server-too-old"],
    [answer(200, {}, '"2.20.4"'), "server-too-old"],
    [answer(404), null],
  ]
  for (const [fault, code] of versions) {
    await using fresh = openClient(proxy.url)
    const { result } = await under("/admin/version", fault, ever, () => fresh.snapshot(covering(), signal))
    t.equal(result?.code ?? null, code)
  }
})

await t.test("automations that never end are a trouble, not a listing", async (t) => {
  const row = { name: "x", enabled: true, trigger: {}, actions: [] }
  const rows = JSON.stringify(Array.from({ length: 200 }, (_, n) => ({ ...row, id: `${n}` })))
  const endless = answer(200, { "content-type": "application/json" }, rows)
  const { result, asked } = await under("/automations/filter", endless, 300, () => client.automations.readAll(signal))
  t.match([result, asked], [{ code: "listing-unstable", kind: "transient" }, 6])
})
