import { connect } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import t from "tap"
import type { Plan } from "../../src/core/change.ts"
import type { JsonObject } from "../../src/core/json.ts"
import { deploymentKey, type SourceName } from "../../src/core/model.ts"
import { LockstepError } from "../../src/lib/errors.ts"
import { converged, etl, failed, first, live, plan, workspace } from "../observe/samples.ts"
import { ask, post, raw, serve, token } from "./daemon.ts"

await t.test("who may do what", async (t) => {
  const guarded = await serve(t)
  const open = await serve(t, { withToken: false })
  const metricsToo = await serve(t, { metricsAuth: true })
  guarded.board.take({ kind: "turn-ended", turn: 1, outcome: { ...converged, plan } })
  open.board.take({ kind: "turn-ended", turn: 1, outcome: { ...converged, plan } })
  const reads = [
    "/",
    "/api/v1/sources",
    "/api/v1/sources/etl",
    "/api/v1/sources/etl/plan",
    "/api/v1/sources/etl/history",
  ]
  const posts = ["/api/v1/sync", ...["sync", "suspend", "resume", "unpin"].map((name) => `/api/v1/sources/etl/${name}`)]
  const always = ["/livez", "/readyz", "/metrics"]

  for (const path of reads) {
    t.equal((await ask(guarded, path)).status, 200, `${path} with the token`)
    t.equal((await ask(guarded, path, { token: null })).status, 401, `${path} without`)
    t.equal((await ask(guarded, path, { token: "wrong" })).status, 401, `${path} with a wrong one`)
    t.equal((await ask(open, path, { token: null })).status, 200, `${path} when none is configured`)
  }
  for (const path of posts) {
    t.equal((await post(guarded, path, { token: null })).status, 401, `${path} without the token`)
    t.equal((await post(guarded, path, { token: "wrong" })).status, 401, `${path} with a wrong one`)
    const refused = await post(open, path)
    t.match(refused, { status: 403, json: { detail: /no token is configured/ } }, `${path} when none is configured`)
  }
  for (const path of always) t.equal((await ask(guarded, path, { token: null })).status, 200, path)
  t.equal((await ask(metricsToo, "/metrics", { token: null })).status, 401, "/metrics with metricsAuth")
  t.equal((await ask(metricsToo, "/metrics")).status, 200)
  t.strictSame([guarded.triggered, open.triggered], [[], []], "who isn't let in triggers nothing")
})

await t.test("the token is compared as a whole, read anew each time, and without it nobody is let in", async (t) => {
  const served = await serve(t)
  const status = async (authorization: string) =>
    (await ask(served, "/api/v1/sources", { token: null, headers: { authorization } })).status
  const table: [string, number][] = [
    [`Bearer ${token}`, 200],
    [`bearer ${token}`, 200],
    [`Bearer ${token}x`, 401],
    [`Bearer ${token.slice(1)}`, 401],
    [`Basic ${token}`, 401],
    [token, 401],
    ["Bearer", 401],
    [`Bearer ${token} ${token}`, 401],
  ]
  for (const [header, expected] of table) t.equal(await status(header), expected, header)
  const refused = await ask(served, "/api/v1/sources", { token: "wrong" })
  t.match(refused.headers, {
    "www-authenticate": 'Bearer realm="lockstep"',
    "content-type": /^application\/problem\+json/,
  })

  served.state.token = "rotated"
  t.equal(await status(`Bearer ${token}`), 401)
  t.equal(await status("Bearer rotated"), 200)
  served.state.token = null
  t.match(await ask(served, "/api/v1/sources"), {
    status: 503,
    json: { detail: "the configured token can't be read on the server" },
  })
})

await t.test("without a token only requests to this machine's names are answered", async (t) => {
  const open = await serve(t, { withToken: false })
  const guarded = await serve(t)
  const table: [string, number][] = [
    [`127.0.0.1:${open.port}`, 200],
    ["localhost", 200],
    ["LOCALHOST:1", 200],
    ["[::1]:8484", 200],
    ["127.9.9.9", 200],
    ["evil.example.com", 403],
    ["127.0.0.1.evil.example.com", 403],
    ["localhost.evil.example.com:8484", 403],
    ["[evil]", 403],
  ]
  for (const [host, expected] of table)
    for (const path of ["/", "/api/v1/sources"])
      t.equal((await ask(open, path, { token: null, headers: { host } })).status, expected, `${host} ${path}`)
  t.equal(
    (await ask(guarded, "/", { headers: { host: "lockstep.example.com" } })).status,
    200,
    "a token is proof enough",
  )
})

await t.test("alive while the loop turns, ready after a turn of each source, unready when stopping", async (t) => {
  const served = await serve(t)
  t.match(await ask(served, "/livez"), { status: 200, json: { status: "ok" } })
  t.match(await ask(served, "/readyz"), { status: 503, json: { status: 503, sources: ["etl"] } })

  served.board.take({ kind: "turn-ended", turn: 1, outcome: failed })
  t.equal((await ask(served, "/readyz")).status, 200, "a failed turn is a turn")
  served.board.take({ kind: "source-added", source: "new" as SourceName, workspace })
  t.equal((await ask(served, "/readyz")).status, 200, "sticky")
  served.state.stopping = true
  t.match(await ask(served, "/readyz"), { status: 503, json: { detail: "shutting down" } })
  t.equal((await ask(served, "/livez")).status, 200)
  served.state.alive = false
  t.equal((await ask(served, "/livez")).status, 503)
})

await t.test("the sources, one of them, its plan and its history", async (t) => {
  const served = await serve(t)
  t.match(await ask(served, "/api/v1/sources/etl/plan"), { status: 404, json: { detail: /no plan yet/ } })
  const ended = { kind: "turn-ended", turn: 1, outcome: { ...converged, plan } } as const
  for (const view of [served.board, served.history]) view.take(ended)

  const status = { name: "etl", workspace: "default", state: "synced", revision: { applied: first } }
  t.match((await ask(served, "/api/v1/sources")).json, { sources: [status] })
  t.match((await ask(served, "/api/v1/sources/etl")).json, status)
  t.match((await ask(served, "/api/v1/sources/etl/history")).json, { history: [{ turn: 1, outcome: "converged" }] })
  t.strictSame((await ask(served, "/api/v1/sources/etl/plan")).json, {
    source: "etl",
    revision: first,
    owned: 1,
    changes: [{ action: "keep", key: "flow/prod", id: live.id, file: "prefect.yaml", line: 2, fields: [] }],
    problems: [],
  })
  for (const path of ["/api/v1/sources/none", "/api/v1/sources/none/plan", "/api/v1/sources/toString", "/nowhere"])
    t.match(
      await ask(served, path),
      { status: 404, json: { type: "about:blank", title: "Not Found", status: 404 } },
      path,
    )
})

await t.test("metrics come in the format asked for", async (t) => {
  const served = await serve(t)
  const plain = await ask(served, "/metrics")
  t.match(plain, {
    status: 200,
    headers: { "content-type": /^text\/plain; version=0\.0\.4/ },
    text: /lockstep_build_info/,
  })
  const open = await ask(served, "/metrics", {
    headers: { accept: "application/openmetrics-text;version=1.0.0,*/*;q=0.1" },
  })
  t.match(open, { headers: { "content-type": /^application\/openmetrics-text/ }, text: /# EOF\n$/ })
})

await t.test("a sync without wait is taken at once", async (t) => {
  const served = await serve(t)
  t.match(await post(served, "/api/v1/sources/etl/sync"), { status: 202, json: { name: "etl", state: "unknown" } })
  t.match(await post(served, "/api/v1/sync"), { status: 202, json: { sources: [{ name: "etl" }] } })
  t.match(await post(served, "/api/v1/sources/none/sync"), { status: 404 })
  t.strictSame(served.triggered, [
    { sources: ["etl"], trigger: "sync" },
    { sources: ["etl"], trigger: "sync" },
  ])
})

await t.test("a sync with wait ends with a turn that started after it, not with one that was running", async (t) => {
  const served = await serve(t)
  served.state.turn = 5
  const waiting = post(served, "/api/v1/sources/etl/sync?wait=10s")
  while (served.triggered.length === 0) await sleep(5)
  served.board.take({ kind: "turn-ended", turn: 5, outcome: failed })
  served.board.take({ kind: "turn-ended", turn: 6, outcome: converged })
  t.match(await waiting, { status: 200, json: { name: "etl", state: "synced", lastTurn: { outcome: "converged" } } })

  const all = post(served, "/api/v1/sync?wait=10s")
  while (served.triggered.length === 1) await sleep(5)
  served.board.take({ kind: "turn-ended", turn: 7, outcome: converged })
  t.match(await all, { status: 200, json: { sources: [{ name: "etl" }] } })
})

await t.test("a wait that runs out says 202, a source that goes 404, a suspended one 409, nonsense 400", async (t) => {
  const served = await serve(t)
  t.match(await post(served, "/api/v1/sources/etl/sync?wait=50ms"), { status: 202, json: { state: "unknown" } })
  t.match(await post(served, "/api/v1/sync?wait=50ms"), { status: 202, json: { sources: [{ name: "etl" }] } })
  for (const wait of ["", "soon", "-1s", "1h", "1s&wait=2s", "99999999999999s"])
    t.match(
      await post(served, `/api/v1/sources/etl/sync?wait=${wait}`),
      { status: 400, json: { detail: /wait must be/ } },
      wait,
    )

  served.triggered.length = 0
  const going = post(served, "/api/v1/sources/etl/sync?wait=10s")
  while (served.triggered.length === 0) await sleep(5)
  served.board.take({ kind: "source-removed", source: etl, workspace })
  t.match(await going, { status: 404 })

  served.board.take({ kind: "source-added", source: etl, workspace })
  const suspend = { reason: "", by: "", since: "", until: null }
  served.board.take({ kind: "turn-ended", turn: 9, outcome: { ...converged, kind: "suspended", suspend } })
  t.match(await post(served, "/api/v1/sources/etl/sync"), { status: 409, json: { detail: /resume it first/ } })
  t.match(await post(served, "/api/v1/sync?wait=1s"), { status: 200, json: { sources: [] } }, "all but the suspended")
})

await t.test("a client that goes away ends its wait, and closing the server ends all", async (t) => {
  const served = await serve(t)
  const socket = connect(served.port, "127.0.0.1")
  socket.write(`POST /api/v1/sources/etl/sync?wait=60s HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\n\r\n`)
  while (served.triggered.length === 0) await sleep(5)
  socket.destroy()
  const waiting = post(served, "/api/v1/sources/etl/sync?wait=60s")
  while (served.triggered.length === 1) await sleep(5)

  await served.close()
  t.match(await waiting, { status: 503, json: { detail: "shutting down" } })
  t.strictSame(served.waitedOut, [], "closed at once: neither the wait nor the bound of closing ran out")
  t.strictSame(served.errors, [], "nobody was surprised")
})

await t.test("operations get what was asked, and answer with the status", async (t) => {
  const served = await serve(t)
  const status = served.board.snapshot()[0]
  if (status) served.state.operate = () => ({ kind: "done", status })
  const until = "2999-01-01T00:00:00Z"
  const table: [string, object | null, unknown[]][] = [
    ["suspend", { reason: "incident 7", until }, ["suspend", "etl", { reason: "incident 7", by: "token", until }]],
    ["suspend", null, ["suspend", "etl", { reason: "", by: "token", until: null }]],
    ["resume", null, ["resume", "etl"]],
    [
      "pin",
      { revision: first, by: "ada" },
      ["pin", "etl", { revision: first, reason: "", by: "token (as ada)", until: null }],
    ],
    ["unpin", {}, ["unpin", "etl"]],
    ["confirm", { digest: "abc123" }, ["confirm", "etl", "abc123"]],
  ]
  for (const [name, body, expected] of table) {
    const answer = await post(served, `/api/v1/sources/etl/${name}`, body ? { body: JSON.stringify(body) } : {})
    t.match(answer, { status: 200, json: { name: "etl" } }, name)
    t.match(served.operated.at(-1), expected, name)
  }
})

await t.test("an operation that can't be is refused with the reason", async (t) => {
  const served = await serve(t)
  const table: [string, string, string][] = [
    ["suspend", "{", "the body must be a JSON object"],
    ["suspend", "[]", "the body must be a JSON object"],
    ["suspend", '{"reasn":"a"}', 'unknown member "reasn"'],
    ["suspend", '{"reason":1}', "reason must be text of at most 500 characters"],
    ["suspend", JSON.stringify({ reason: "x".repeat(501) }), "reason must be text of at most 500 characters"],
    ["suspend", '{"until":"tomorrow"}', "until must be an instant in ISO 8601"],
    ["suspend", '{"until":"2999-13-45T00:00:00Z"}', "until must be an instant in ISO 8601"],
    ["suspend", '{"until":"2001-01-01T00:00:00Z"}', "until is in the past"],
    ["pin", "{}", "revision is missing"],
    ["pin", '{"revision":"abc"}', "revision must be a full commit id"],
    ["confirm", "{}", "digest is missing"],
    ["confirm", '{"digest":"<a>"}', "digest isn't one"],
  ]
  for (const [name, body, detail] of table) {
    const answer = await post(served, `/api/v1/sources/etl/${name}`, { body })
    t.match(answer, { status: 400, json: { status: 400, title: "Bad Request" } }, body)
    t.match((answer.json as { detail: string }).detail.slice(0, detail.length), detail, body)
  }
  t.strictSame(served.operated, [])
  t.equal((await post(served, "/api/v1/sources/none/resume")).status, 404)
  t.equal((await post(served, "/api/v1/sources/etl/explode")).status, 404)
})

await t.test("another digest is 409, a workspace that is away 503, and a bug 500 without its text", async (t) => {
  const served = await serve(t)
  const away = { kind: "transient", code: "prefect-unreachable", retryAfterMs: 5000 } as const
  served.state.operate = () => ({ kind: "refused", code: "digest-mismatch", message: "hunter2 isn't it" })
  const confirm = () => post(served, "/api/v1/sources/etl/confirm", { body: '{"digest":"a"}' })
  t.match(await confirm(), { status: 409, json: { code: "digest-mismatch", detail: "[secret] isn't it" } })

  served.state.operate = () => Promise.reject(new LockstepError("connection refused", away))
  t.match(await confirm(), { status: 503, headers: { "retry-after": "5" }, json: { code: "prefect-unreachable" } })
  served.state.operate = () =>
    Promise.reject(new LockstepError("no such commit", { kind: "stalled", code: "revision-not-found" }))
  t.match(await confirm(), { status: 409, json: { code: "revision-not-found" } })
  t.strictSame(served.errors, [])
  served.state.operate = () => Promise.reject(new Error("at line 7 of secret.ts"))
  const bug = await confirm()
  t.match(bug, { status: 500, json: { detail: "internal error; the log has more" } })
  t.equal(served.errors.length, 1)
})

await t.test("a body over 1 MiB is 413, announced or not, and a stranger's body isn't even read", async (t) => {
  const served = await serve(t)
  const path = "/api/v1/sources/etl/suspend"
  const head = (authorization: string, length: string) =>
    `POST ${path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${authorization}\r\nConnection: close\r\n${length}\r\n\r\n`

  t.match(await raw(served, head(token, "Content-Length: 999999999")), /^HTTP\/1\.1 413 /, "announced")
  t.match(await raw(served, head("wrong", "Content-Length: 999999999")), /^HTTP\/1\.1 401 /, "a stranger's")
  const chunk = "x".repeat(64 * 1024)
  const chunks = Array.from({ length: 17 }, () => `${chunk.length.toString(16)}\r\n${chunk}\r\n`)
  const sent = await raw(served, head(token, "Transfer-Encoding: chunked"), ...chunks).catch(() => "HTTP/1.1 413 (cut)")
  t.match(sent, /^HTTP\/1\.1 413 /, "in chunks")
  const allowed = await post(served, path, { body: " ".repeat(1024 * 1024 - 2) + "{}" })
  t.match(allowed, { status: 409 }, "1 MiB exactly gets through to the operation")
  t.equal(served.operated.length, 1)
})

await t.test("a slow client is shown out, before its headers and before its body are through", async (t) => {
  const served = await serve(t, { limits: { headersMs: 200, requestMs: 400 } })
  const patient = post(served, "/api/v1/sources/etl/sync?wait=1m").then(() => null)
  const slow = Promise.all([
    raw(served, "GET /livez HTTP/1.1\r\nHost: a\r\nX-Slow: "),
    raw(
      served,
      `POST /api/v1/sources/etl/suspend HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${token}\r\nContent-Length: 10\r\n\r\n{`,
    ),
  ])
  const [headers, body] = (await Promise.race([slow, patient])) ?? []
  t.match(headers, /^HTTP\/1\.1 408 /, "long before somebody who waits for a turn")
  t.match(body, /^HTTP\/1\.1 408 /)
  t.equal((await ask(served, "/livez")).status, 200, "others are served")
})

await t.test("a connection on which nothing moves is closed, one that waits for a turn is not", async (t) => {
  const served = await serve(t, { limits: { idleMs: 150, keepAliveMs: 50 } })
  const waiting = post(served, "/api/v1/sources/etl/sync?wait=500ms")
  t.match(await raw(served, "GET /livez HTTP/1.1\r\nHost: a\r\n\r\n"), /^HTTP\/1\.1 200 /)
  t.match(await waiting, { status: 202 })
})

await t.test("what is no HTTP, or too much of it, gets a short answer", async (t) => {
  const served = await serve(t)
  t.match(await raw(served, "nonsense\r\n\r\n"), /^HTTP\/1\.1 400 .*application\/problem\+json/s)
  t.match(await raw(served, `GET / HTTP/1.1\r\nHost: a\r\nX: ${"x".repeat(20_000)}\r\n\r\n`), /^HTTP\/1\.1 431 /)
  const close = "Host: a\r\nConnection: close\r\n\r\n"
  t.match(await raw(served, `GET /api/v1/sources/%ZZ HTTP/1.1\r\n${close}`), /^HTTP\/1\.1 400 .*problem\+json/s)
  t.match(
    await raw(served, `GET /api/v1/sources/${"x".repeat(500)} HTTP/1.1\r\n${close}`),
    /^HTTP\/1\.1 40[14] |^HTTP\/1\.1 414 /,
  )
})

await t.test("every answer says that it is what it says, and isn't kept", async (t) => {
  const served = await serve(t)
  for (const path of ["/", "/livez", "/metrics", "/api/v1/sources", "/nowhere"])
    t.match(
      (await ask(served, path)).headers,
      { "x-content-type-options": "nosniff", "cache-control": "no-store" },
      path,
    )
})

await t.test("no answer holds a secret, wherever it stands", async (t) => {
  const served = await serve(t)
  const problem = { severity: "error", code: "c", message: "hunter2 is wrong", file: "hunter2.yaml" } as const
  const parameters: JsonObject = { hunter2: 12345678901234567890n, b: ["hunter2"] }
  const diff = { field: "parameters", path: "a", live: "hunter2", desired: parameters } as const
  const leaky: Plan = {
    ...plan,
    problems: [problem],
    changes: [
      { action: "skip", key: deploymentKey("a", "hunter2"), live, code: "c", message: "hunter2", diffs: [diff] },
      { action: "retire", key: live.key, live, reason: "hunter2", vetoed: false },
    ],
  }
  const failure = {
    ...converged,
    plan: leaky,
    problems: [problem],
    failure: { ...(failed.failure ?? never()), message: "hunter2" },
  }
  for (const view of [served.board, served.history]) view.take({ kind: "turn-ended", turn: 1, outcome: failure })
  for (const path of [
    "/",
    "/api/v1/sources",
    "/api/v1/sources/etl",
    "/api/v1/sources/etl/plan",
    "/api/v1/sources/etl/history",
  ]) {
    const { status, text } = await ask(served, path)
    t.equal(status, 200, path)
    t.match(text, "[secret]", path)
    t.notMatch(text, "hunter2", path)
  }
  t.match((await ask(served, "/api/v1/sources/etl/plan")).text, "12345678901234567890", "integers in full")
})

function never(): never {
  throw new Error("the sample has a failure")
}

await t.test("the status page shows every source and is made of nothing but text", async (t) => {
  const served = await serve(t)
  const evil = `<script>alert("1")</script>'&`
  const problem = {
    severity: "error",
    code: "c",
    message: evil,
    file: "a.yaml",
    line: 3,
    key: deploymentKey("f", evil),
  } as const
  const problems = Array.from({ length: 30 }, () => problem)
  const control = { reason: evil, by: evil, since: "2026-01-01T00:00:00Z", until: null }
  const pin = { ...control, revision: first }
  served.board.take({
    kind: "turn-ended",
    turn: 1,
    outcome: { ...converged, kind: "degraded", problems, suspend: control, pin },
  })
  const { text, headers } = await ask(served, "/")

  t.match(headers["content-type"], "text/html")
  t.match(headers["content-security-policy"], /^default-src 'none'; style-src 'sha256-/)
  t.notMatch(text, "<script")
  t.notMatch(text, /\s(?:src|href|on\w+)=/i)
  t.match(text, "a.yaml:3: f/&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&#39;&amp;: error c:")
  t.match(text, "… and 10 more problems")
  t.match(text, /<th scope="row">etl<\/th>/)
  t.match(text, "1111111111")
})

await t.test("a status page without sources says so", async (t) => {
  const served = await serve(t)
  served.board.take({ kind: "source-removed", source: etl, workspace })
  t.match((await ask(served, "/")).text, "No sources are configured.")
})
