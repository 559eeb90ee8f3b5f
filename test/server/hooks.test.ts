import { createHmac } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import { connect } from "node:net"
import t from "tap"
import type { Receiver } from "../../src/core/source.ts"
import { Deliveries } from "../../src/server/receiver.ts"
import { post, raw, serve } from "./daemon.ts"

const receiver = (provider: Receiver["provider"]): Receiver => ({ provider, secret: { kind: "env", name: "HOOK" } })
const hmac = (body: string | Buffer, secret = "hook-secret") => createHmac("sha256", secret).update(body).digest("hex")

/** The headers that each provider signs a body with. */
const signed: Record<Receiver["provider"], (body: string, secret?: string) => Record<string, string>> = {
  github: (body, secret) => ({ "x-hub-signature-256": `sha256=${hmac(body, secret)}` }),
  gitlab: (_body, secret) => ({ "x-gitlab-token": secret ?? "hook-secret" }),
  gitea: (body, secret) => ({ "x-gitea-signature": hmac(body, secret) }),
  bitbucket: (body, secret) => ({ "x-hub-signature": `sha256=${hmac(body, secret)}` }),
  generic: (body, secret) => ({ "x-lockstep-signature": `sha256=${hmac(body, secret)}` }),
}

await t.test("each provider's own signature over the raw body is checked, and only that one", async (t) => {
  for (const [provider, sign] of Object.entries(signed) as [Receiver["provider"], (typeof signed)["github"]][]) {
    const served = await serve(t)
    served.state.receiver = receiver(provider)
    const hook = (body: string, headers: Record<string, string>) =>
      post(served, "/hooks/etl", { token: null, body, headers })
    const body = '{ "ref" : "refs/heads/main" }\n'

    t.match(await hook(body, {}), { status: 401, json: { detail: "the request isn't signed" } }, `${provider}: none`)
    t.match(
      await hook(body, sign(body, "other")),
      { status: 401, json: { detail: "the signature is wrong" } },
      `${provider}: wrong`,
    )
    if (provider !== "gitlab") t.equal((await hook(`${body} `, sign(body))).status, 401, `${provider}: other bytes`)
    const stranger = signed[provider === "gitea" ? "github" : "gitea"]
    t.equal((await hook(body, stranger(body))).status, 401, `${provider}: another provider's`)
    t.strictSame(served.triggered, [], `${provider}: nothing triggered so far`)

    t.match(
      await hook(body, sign(body)),
      { status: 202, json: { accepted: true, repeated: false } },
      `${provider}: right`,
    )
    t.strictSame(served.triggered, [{ sources: ["etl"], trigger: "webhook" }])
  }
})

await t.test("a request sent again triggers nothing, whatever its headers say", async (t) => {
  const served = await serve(t)
  served.state.receiver = receiver("github")
  const hook = (body: string, id: string) =>
    post(served, "/hooks/etl", { body, headers: { ...signed.github(body), "x-github-delivery": id } })

  t.match(await hook("{}", "1"), { status: 202, json: { repeated: false } })
  t.match(await hook("{}", "1"), { status: 202, json: { repeated: true } })
  t.match(await hook("{}", "2"), { status: 202, json: { repeated: true } })
  t.match(await hook('{"a":1}', "1"), { status: 202, json: { repeated: false } })
  t.equal(served.triggered.length, 2)
})

await t.test("deliveries are remembered for a while, and not without end", async (t) => {
  let now = 0
  const deliveries = new Deliveries({ now: () => 0, elapsed: () => now, sleep: async () => {}, random: () => 0 })
  const isNew = (provider: Receiver["provider"], text: string, headers = {}) =>
    deliveries.isNew("etl", provider, headers, Buffer.from(text))

  t.strictSame([isNew("github", "a"), isNew("github", "a")], [true, false])
  now += 600_000
  t.equal(isNew("github", "a"), true, "after ten minutes")
  t.strictSame([isNew("generic", "b"), isNew("generic", "b")], [true, false])
  now += 10_000
  t.equal(isNew("generic", "b"), true, "the same empty body for two pushes")
  const event = (id: string) => ({ "x-gitlab-event-uuid": id })
  t.strictSame(
    [isNew("gitlab", "c", event("1")), isNew("gitlab", "c", event("1")), isNew("gitlab", "c", event("2"))],
    [true, false, true],
  )
  t.equal(isNew("github", "old"), true)
  for (let i = 0; i < 1000; i++) isNew("github", `${i}`)
  t.equal(isNew("github", "old"), true, "the oldest of a thousand is forgotten")
  t.equal(isNew("github", "999"), false)
})

await t.test("an unknown hook is 404, and no body is read for it", async (t) => {
  const served = await serve(t)
  const head = (name: string) =>
    `POST /hooks/${name} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 99999999\r\n\r\n`
  t.match(await raw(served, head("etl")), /^HTTP\/1\.1 404 /, "a source that takes none")
  t.match(await raw(served, head("none")), /^HTTP\/1\.1 404 /, "no source")
  served.state.receiver = receiver("github")
  t.match(await raw(served, head("etl")), /^HTTP\/1\.1 401 /, "no signature")
  t.equal((await post(served, "/hooks/etl/more")).status, 404)
})

await t.test("5 MiB are taken, more are 413", async (t) => {
  const served = await serve(t)
  served.state.receiver = receiver("github")
  const most = "x".repeat(5 * 1024 * 1024)
  t.equal((await post(served, "/hooks/etl", { body: most, headers: signed.github(most) })).status, 202)
  const head = `POST /hooks/etl HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Hub-Signature-256: sha256=0\r\n`
  t.match(await raw(served, `${head}Content-Length: ${most.length + 1}\r\n\r\n`), /^HTTP\/1\.1 413 /)
  t.equal(served.triggered.length, 1)
})

await t.test("any body and any content type will do: nothing in it is used", async (t) => {
  const served = await serve(t)
  served.state.receiver = receiver("generic")
  const types = ["application/json", "application/x-www-form-urlencoded", "text/plain", "no/such;;type", ""]
  for (const [i, type] of types.entries()) {
    const body = `{"broken": ${i}`
    const headers = { ...signed.generic(body), ...(type && { "content-type": type }) }
    t.equal((await post(served, "/hooks/etl", { body, headers })).status, 202, type)
  }
  t.equal((await post(served, "/hooks/etl", { headers: signed.generic("") })).status, 202, "no body at all")
  t.equal(served.triggered.length, 6)
})

await t.test(
  "half-sent webhooks hold no more than their share of the memory, and a whole one gets through",
  async (t) => {
    const served = await serve(t)
    served.state.receiver = receiver("github")
    const head = "POST /hooks/etl HTTP/1.1\r\nHost: a\r\nX-Hub-Signature-256: sha256=0\r\nContent-Length: 1000\r\n\r\n{"
    const sockets = Array.from({ length: 40 }, () => connect(served.port, "127.0.0.1").on("error", () => {}))
    t.teardown(() => sockets.forEach((socket) => socket.destroy()))
    for (const socket of sockets) socket.write(head)
    while (sockets.filter((socket) => socket.closed).length < 24) await sleep(5)

    const answers: number[] = []
    for (let i = 0; i < 20; i++) {
      const body = JSON.stringify({ i })
      answers.push((await post(served, "/hooks/etl", { body, headers: signed.github(body) })).status)
    }

    t.strictSame(new Set(answers), new Set([202]))
    t.equal(served.triggered.length, 20)
  },
)
