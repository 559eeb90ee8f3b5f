import { createHmac } from "node:crypto"
import { setTimeout as sleep } from "node:timers/promises"
import { connect } from "node:net"
import t from "tap"
import type { Receiver } from "../../src/core/source.ts"
import type { Config } from "../../src/config/config.ts"
import { receiverOf, sourcesOf } from "../../src/hooks.ts"
import { pushesIn, repositoriesIn } from "../../src/server/payload.ts"
import { Deliveries, isSigned } from "../../src/server/receiver.ts"
import { post, raw, serve } from "./daemon.ts"

const receiver = (provider: Receiver["provider"]): Receiver => ({ provider, secret: { kind: "env", name: "HOOK" } })
const hmac = (body: string | Buffer, secret = "hook-secret") => createHmac("sha256", secret).update(body).digest("hex")

const basic = (login: string): string => `Basic ${Buffer.from(login).toString("base64")}`

/** The headers that each provider signs a body with. */
const signed: Record<Receiver["provider"], (body: string, secret?: string) => Record<string, string>> = {
  github: (body, secret) => ({ "x-hub-signature-256": `sha256=${hmac(body, secret)}` }),
  gitlab: (_body, secret) => ({ "x-gitlab-token": secret ?? "hook-secret" }),
  gitea: (body, secret) => ({ "x-gitea-signature": hmac(body, secret) }),
  bitbucket: (body, secret) => ({ "x-hub-signature": `sha256=${hmac(body, secret)}` }),
  azure: (_body, secret) => ({ authorization: basic(`lockstep:${secret ?? "hook-secret"}`) }),
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
    if (provider !== "gitlab" && provider !== "azure")
      t.equal((await hook(`${body} `, sign(body))).status, 401, `${provider}: other bytes`)
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

await t.test("GitLab's signing tokens: id, time and body are signed, and nothing old is taken", async (t) => {
  const served = await serve(t)
  served.state.receiver = receiver("gitlab")
  const body = '{"object_kind":"push"}'
  const sign = (stamp: number, text = body, key: string | Buffer = "hook-secret"): Record<string, string> => ({
    "webhook-id": "msg_1",
    "webhook-timestamp": `${stamp}`,
    "webhook-signature": `v1,${createHmac("sha256", key).update(`msg_1.${stamp}.${text}`).digest("base64")}`,
  })
  const hook = async (headers: Record<string, string>) => (await post(served, "/hooks/etl", { body, headers })).status
  const now = Math.floor(Date.now() / 1_000)

  t.equal(await hook(sign(now, "{}")), 401, "another body")
  t.equal(await hook(sign(now, body, "other")), 401, "another key")
  t.equal(await hook(sign(now - 3_600)), 401, "an hour old")
  t.equal(await hook({ ...sign(now), "webhook-id": "msg_2" }), 401, "another id")
  t.equal(await hook({ ...sign(now), "webhook-timestamp": `${now + 1}` }), 401, "another time")
  const { "webhook-timestamp": _time, ...timeless } = sign(now)
  t.equal(await hook(timeless), 401, "no time")
  t.equal(await hook({ ...sign(now, "{}"), "x-gitlab-token": "hook-secret" }), 401, "the stronger proof counts")
  t.strictSame(served.triggered, [])
  const good = sign(now)
  t.equal(
    await hook({ ...good, "webhook-signature": `v1a,x v1,AAAA ${good["webhook-signature"]}` }),
    202,
    "one of several",
  )
  t.equal(served.triggered.length, 1)
})

await t.test("a signing token with GitLab's prefix is the key in base64", async (t) => {
  const key = Buffer.from("0123456789abcdef")
  const signature = createHmac("sha256", key).update("a.1700000000.{}").digest("base64")
  const headers = { "webhook-id": "a", "webhook-timestamp": "1700000000" }
  const signed = (nowMs: number) => ({
    signature: { header: "webhook-signature", value: `v1,${signature}` },
    headers,
    body: Buffer.from("{}"),
    nowMs,
  })
  const secret = `whsec_${key.toString("base64")}`
  t.ok(isSigned("gitlab", secret, signed(1_700_000_000_000)))
  t.notOk(isSigned("gitlab", secret, signed(1_700_000_400_000)), "too late")
  t.notOk(isSigned("gitlab", secret, signed(1_699_999_600_000)), "from the future")
})

await t.test("Azure DevOps' service hooks come with a login or a header of one's own", async (t) => {
  const served = await serve(t)
  served.state.receiver = receiver("azure")
  const hook = async (headers: Record<string, string>, body: string) =>
    (await post(served, "/hooks/etl", { token: null, body, headers })).status
  t.equal(await hook({ authorization: basic("anybody:hook-secret") }, "1"), 202)
  t.equal(await hook({ authorization: basic(":hook-secret") }, "2"), 202)
  t.equal(await hook({ "x-lockstep-token": "hook-secret" }, "3"), 202)
  for (const authorization of [basic("a:b"), basic("hook-secret:"), "Bearer hook-secret", "Basic", "Basic !"])
    t.equal(await hook({ authorization }, authorization), 401, authorization)
})

await t.test("a test without a signature is answered where the provider sends one, and starts nothing", async (t) => {
  const served = await serve(t)
  served.state.receiver = receiver("bitbucket")
  const ping = { body: '{"test":true}', token: null, headers: { "x-event-key": "diagnostics:ping" } }
  t.match(await post(served, "/hooks/etl", ping), { status: 200, json: { accepted: false } })
  t.equal((await post(served, "/hooks/etl", { ...ping, headers: { "x-event-key": "repo:refs_changed" } })).status, 401)
  served.state.receiver = receiver("github")
  t.equal((await post(served, "/hooks/etl", ping)).status, 401, "another provider's")
  t.strictSame(served.triggered, [])
})

await t.test("the repositories that a delivery names are found in each provider's payload", async (t) => {
  const rows: readonly (readonly [string, unknown, string])[] = [
    [
      "GitHub",
      { repository: { clone_url: "https://github.com/a/b.git", html_url: "https://github.com/a/b" } },
      "https://github.com/a/b.git",
    ],
    [
      "GitLab",
      { project: { git_http_url: "https://gitlab.com/a/b.git", web_url: "https://gitlab.com/a/b" } },
      "https://gitlab.com/a/b.git",
    ],
    [
      "Gitea",
      { repository: { clone_url: "https://git.example.com/a/b.git", ssh_url: "git@git.example.com:a/b.git" } },
      "https://git.example.com/a/b.git",
    ],
    [
      "Bitbucket Cloud",
      { repository: { links: { html: { href: "https://bitbucket.org/a/b" } } } },
      "https://bitbucket.org/a/b",
    ],
    [
      "Azure DevOps",
      { resource: { repository: { remoteUrl: "https://dev.azure.com/o/p/_git/r" } } },
      "https://dev.azure.com/o/p/_git/r",
    ],
    [
      "Bitbucket Data Center",
      { repository: { links: { self: [{ href: "https://bb.example.com/projects/PRJ/repos/repo/browse" }] } } },
      "https://bb.example.com/scm/PRJ/repo",
    ],
  ]
  for (const [provider, payload, url] of rows) {
    const text = JSON.stringify(payload)
    t.ok(repositoriesIn(Buffer.from(text)).includes(url), provider)
    t.ok(repositoriesIn(Buffer.from(`payload=${encodeURIComponent(text)}`)).includes(url), `${provider}, as a form`)
  }
  const strange = [
    "",
    "null",
    "[]",
    "{",
    '{"repository":3}',
    '{"repository":{"links":[null,1]}}',
    '{"project":{"url":{}}}',
  ]
  for (const text of strange) t.strictSame(repositoriesIn(Buffer.from(text)), [], text)
})

await t.test("the commits that a delivery names are found in each provider's payload", async (t) => {
  const [before, after, none] = ["1", "2", "0"].map((digit) => digit.repeat(40))
  const ref = "refs/heads/main"
  const pushed = { ref, before, after, defaultBranch: null }
  const rows: readonly (readonly [string, unknown, unknown])[] = [
    [
      "GitHub, Gitea",
      { ref, before, after, repository: { default_branch: "main" } },
      [{ ...pushed, defaultBranch: "main" }],
    ],
    ["GitLab", { ref, before, after, project: { default_branch: "trunk" } }, [{ ...pushed, defaultBranch: "trunk" }]],
    [
      "Bitbucket Cloud",
      {
        push: {
          changes: [
            { old: { target: { hash: before } }, new: { type: "branch", name: "main", target: { hash: after } } },
            { old: null, new: { type: "tag", name: "v1", target: { hash: after } } },
            { old: { target: { hash: before } }, new: null },
          ],
        },
      },
      [pushed, { ...pushed, ref: "refs/tags/v1", before: null }],
    ],
    ["Bitbucket Data Center", { changes: [{ ref: { id: ref }, fromHash: before, toHash: after }] }, [pushed]],
    ["Azure DevOps", { resource: { refUpdates: [{ name: ref, oldObjectId: before, newObjectId: after }] } }, [pushed]],
    ["a new ref", { ref, before: none, after }, [{ ...pushed, before: null }]],
    ["a ref that was deleted", { ref, before, after: none }, []],
    ["a short name", { ref: "main", before, after }, []],
    ["no commit", { ref, before, after: "main" }, []],
    [
      "strange shapes",
      { ref: {}, after, push: { changes: [null, 1] }, changes: "x", resource: { refUpdates: {} } },
      [],
    ],
  ]
  for (const [what, payload, expected] of rows)
    t.strictSame(pushesIn(Buffer.from(JSON.stringify(payload))), expected, what)
  for (const text of ["", "null", "[]", "{"]) t.strictSame(pushesIn(Buffer.from(text)), [], text)
  const many = { changes: Array.from({ length: 1_000 }, () => ({ ref: { id: ref }, toHash: after })) }
  t.equal(pushesIn(Buffer.from(JSON.stringify(many))).length, 50, "far more than one push moves")
})

await t.test("what a delivery says has moved is told once, and only when its signature fits", async (t) => {
  const served = await serve(t)
  served.state.receiver = receiver("github")
  const after = "2".repeat(40)
  const body = JSON.stringify({ ref: "refs/heads/main", after })
  const hook = (headers: Record<string, string>) => post(served, "/hooks/etl", { token: null, body, headers })
  await hook(signed.github(body, "other"))
  t.strictSame(served.pushed, [])
  for (let time = 0; time < 2; time++) await hook(signed.github(body))
  t.match(served.pushed, [{ sources: ["etl"], pushes: [{ ref: "refs/heads/main", after }] }])
  t.equal(served.pushed.length, 1)
})

await t.test(
  "a source's hook reaches every source of its repository, an organisation's those that it names",
  async (t) => {
    const source = (name: string, url: string, own: Receiver | null = null) => ({
      name,
      remote: { url },
      receiver: own,
    })
    const config = {
      sources: [
        source("one", "https://github.com/acme/flows.git", receiver("github")),
        source("two", "https://github.com/Acme/flows"),
        source("other", "https://github.com/acme/other.git"),
      ],
      receivers: [{ name: "acme", ...receiver("github") }],
    } as unknown as Config
    t.strictSame(sourcesOf(config, "one", ["https://github.com/acme/other"]), ["one", "two"])
    t.strictSame(sourcesOf(config, "acme", ["git@github.com:acme/flows.git"]), ["one", "two"])
    t.strictSame(sourcesOf(config, "acme", []), [])
    t.strictSame(
      [receiverOf(config, "acme")?.provider, receiverOf(config, "two"), receiverOf(config, "none")],
      ["github", null, null],
    )
  },
)

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

await t.test("any body and any content type will do: nothing in it is needed", async (t) => {
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
