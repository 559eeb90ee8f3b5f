import { createServer } from "node:net"
import { once } from "node:events"
import t from "tap"
import { instantMs } from "../../src/core/instant.ts"
import { deploymentKey, type DeploymentId } from "../../src/core/model.ts"
import { LockstepError } from "../../src/lib/errors.ts"
import { converged, etl, first } from "../observe/samples.ts"
import { ask, mainToken, named, post, serve } from "./daemon.ts"

/** Tokens with names and roles, what people do with them, and settings that change while the server runs. */

const tokens = [named("ada", "operate"), named("dashboard", "read")]
const acts = [
  "/api/v1/sync",
  ...["sync", "suspend", "resume", "pin", "unpin", "confirm"].map((act) => `/api/v1/sources/etl/${act}`),
]

await t.test("a token that may read reads everything and does nothing; one that operates does both", async (t) => {
  const served = await serve(t, { tokens })
  for (const path of ["/", "/api/v1/sources", "/api/v1/sources/etl", "/api/v1/sources/etl/history"])
    for (const { name } of tokens) t.equal((await ask(served, path, { token: `value-${name}` })).status, 200, path)
  for (const path of acts) {
    const refused = await post(served, path, { token: "value-dashboard" })
    t.match(
      refused,
      { status: 403, json: { detail: "the token dashboard may only read: this needs one with `role: operate`" } },
      path,
    )
  }
  t.strictSame([served.triggered, served.operated, served.acts], [[], [], []])

  t.equal((await post(served, "/api/v1/sync", { token: "value-ada" })).status, 202)
  t.equal((await post(served, "/api/v1/sync")).status, 202, "`server.token` operates too")
  t.equal((await ask(served, "/api/v1/sources", { token: "value-nobody" })).status, 401)
})

await t.test("a token whose value can't be read lets nobody in, and the others as before", async (t) => {
  const served = await serve(t, { tokens })
  served.state.token = null
  t.equal((await ask(served, "/api/v1/sources", { token: "value-ada" })).status, 200)
  t.equal(
    (await ask(served, "/api/v1/sources", { token: "anything" })).status,
    503,
    "it may be the one that can't be read",
  )
})

await t.test("each act is told with who, what and why, whether it was done or not", async (t) => {
  const served = await serve(t, { tokens })
  const hold = {
    reasons: [{ code: "budget", message: "too many" }],
    victims: Array.from({ length: 10 }, (_, i) => ({
      kind: "deployment" as const,
      key: deploymentKey("etl", `d${i}`),
      id: `${i}` as DeploymentId,
    })),
    digest: "abc123",
    release: [],
    since: "2026-11-24T12:00:00Z" as const,
  }
  served.board.take({ kind: "turn-ended", turn: 1, outcome: { ...converged, kind: "held", hold } })
  const [status] = served.board.snapshot()
  if (status) served.state.operate = () => ({ kind: "done", status })
  const act = (name: string, body: object) =>
    post(served, `/api/v1/sources/etl/${name}`, { token: "value-ada", body: JSON.stringify(body) })

  await act("suspend", { reason: "incident 7", until: "2999-01-01T00:00:00Z" })
  await act("pin", { revision: first, by: "root" })
  await act("confirm", { digest: "abc123" })
  served.state.operate = () => ({ kind: "refused", code: "digest-mismatch", message: "no" })
  await act("confirm", { digest: "old" })
  served.state.operate = () => Promise.reject(new LockstepError("away", { kind: "transient", code: "prefect-away" }))
  await act("resume", {})
  await post(served, "/api/v1/sync", { token: "value-ada" })

  t.match(served.acts, [
    { act: "suspend", sources: [etl], by: "ada", reason: "incident 7", until: "2999-01-01T00:00:00Z", result: "done" },
    { act: "pin", by: "ada (as root)", revision: first, result: "done" },
    {
      act: "confirm",
      by: "ada",
      digest: "abc123",
      holds: ["budget"],
      victims: hold.victims.map(({ key }) => key),
      result: "done",
    },
    { act: "confirm", digest: "old", holds: [], victims: [], result: "refused", code: "digest-mismatch" },
    { act: "resume", result: "failed", code: "prefect-away" },
    { act: "sync", sources: [etl], by: "ada", result: "done" },
  ])
  t.ok(served.acts.every(({ at }) => instantMs(at) > 0))
})

await t.test("tokens and metricsAuth are taken while running, on connections that are open too", async (t) => {
  const served = await serve(t, { withToken: false })
  const settings = { listen: { host: "127.0.0.1", port: 0 }, tokens: [mainToken], metricsAuth: true }
  t.equal((await post(served, "/api/v1/sync")).status, 403)

  await served.server.use(settings)

  t.equal((await post(served, "/api/v1/sync")).status, 202)
  t.equal((await ask(served, "/metrics", { token: null })).status, 401)
  await served.server.use({ ...settings, tokens: [named("ada", "read")] })
  t.equal((await post(served, "/api/v1/sync")).status, 401)
  t.equal((await ask(served, "/metrics", { token: "value-ada" })).status, 200)
})

await t.test("a new address is listened on, and the old one no more", async (t) => {
  const served = await serve(t)
  const before = served.server.address

  await served.server.use({ listen: { host: "127.0.0.2", port: 0 }, tokens: [mainToken], metricsAuth: false })

  t.match(served.server.address, "127.0.0.2")
  t.equal((await fetch(`${served.server.address}/livez`)).status, 200)
  await t.rejects(fetch(`${before}/livez`))
})

await t.test("an address that overlaps the old one is listened on after it", async (t) => {
  const served = await serve(t)

  await served.server.use({ listen: { host: "0.0.0.0", port: served.port }, tokens: [mainToken], metricsAuth: false })

  t.equal((await fetch(`http://127.0.0.2:${served.port}/livez`)).status, 200)
})

await t.test("an address that can't be listened on leaves everything as it was, and is told by its key", async (t) => {
  const served = await serve(t)
  const other = createServer().listen(0, "127.0.0.1")
  await once(other, "listening")
  t.teardown(() => other.close())
  const taken = (other.address() as { readonly port: number }).port
  const use = (host: string, port: number) =>
    served.server.use({ listen: { host, port }, tokens: [], metricsAuth: false })

  await t.rejects(use("127.0.0.1", taken), {
    message: `server.listen: can't listen on 127.0.0.1:${taken}: another program does already (a second daemon?)`,
  })
  await t.rejects(use("192.0.2.1", served.port), { message: /192\.0\.2\.1.*this machine doesn't have that address/ })
  await t.rejects(use("no-such-host.invalid", 0), { message: /no such host is known|can't be looked up/ })

  t.equal((await ask(served, "/api/v1/sources")).status, 200)
  t.equal((await ask(served, "/api/v1/sources", { token: null })).status, 401, "its tokens stayed too")
})
