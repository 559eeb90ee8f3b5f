import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { text } from "node:stream/consumers"
import t, { type Test } from "tap"
import { initialStatus, type SourceStatus } from "../../src/core/status.ts"
import type { DeploymentId, DeploymentKey, Revision, SourceName, WorkspaceName } from "../../src/core/model.ts"
import { deploymentKey } from "../../src/core/model.ts"
import type { HistoryEntry, TurnEntry } from "../../src/observe/history.ts"
import { lockstep, now, type Shell } from "./shell.ts"

interface Asked {
  readonly method: string
  readonly path: string
  readonly authorization: string | null
  readonly body: unknown
}
interface Reply {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly body: unknown
}

/** A server that answers like the daemon's API, and keeps what it was asked. */
async function daemon(t: Test, replies: Readonly<Record<string, Reply>>) {
  const asked: Asked[] = []
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request)
    const path = `${request.method} ${request.url}`
    const { authorization = null } = request.headers
    asked.push({
      method: request.method ?? "",
      path: request.url ?? "",
      authorization,
      body: body === "" ? null : (JSON.parse(body) as unknown),
    })
    const reply = replies[path] ?? {
      status: 404,
      body: { title: "Not Found", detail: "no such source is configured" },
    }
    response.writeHead(reply.status ?? 200, { "content-type": "application/json", ...reply.headers })
    response.end(typeof reply.body === "string" ? reply.body : JSON.stringify(reply.body))
  }
  const server = createServer((request, response) => void answer(request, response))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  t.teardown(() => server.close())
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const ask = (argv: readonly string[], shell: Shell = {}) =>
    lockstep(argv, { ...shell, environment: { LOCKSTEP_SERVER: address, ...shell.environment } })
  return { asked, address, ask }
}

const counts = { create: 0, update: 0, adopt: 0, retire: 0, restore: 0, prune: 0, keep: 0, skip: 0 }
const revision = "7f3c2a19bd0e4f5a6b7c8d9e0f1a2b3c4d5e6f70" as Revision

function statusOf(name: string, more: Partial<SourceStatus> = {}): SourceStatus {
  return {
    ...initialStatus(name as SourceName, "default" as WorkspaceName),
    state: "synced",
    revision: { observed: revision, applied: revision },
    deployments: { desired: 12, owned: 12, drifted: 0, problems: 0, conflicts: 0, held: 0, orphans: 0 },
    lastTurn: {
      outcome: "converged",
      trigger: "interval",
      startedAt: new Date(now - 12_000).toISOString(),
      durationMs: 850,
      changes: { ...counts, update: 2, keep: 10 },
    },
    nextTurnAt: new Date(now + 48_000).toISOString(),
    ...more,
  }
}

const held = statusOf("billing", {
  state: "held",
  revision: { observed: revision, applied: "1".repeat(40) as Revision },
  deployments: { desired: 3, owned: 9, drifted: 0, problems: 1, conflicts: 0, held: 6, orphans: 6 },
  hold: {
    reasons: [{ code: "budget", message: "6 deployments would be retired" }],
    victims: [{ kind: "deployment", key: "a/b" as DeploymentKey, id: "1" as DeploymentId }],
    digest: "1a2b3c4d5e6f",
    release: ["lockstep confirm billing 1a2b3c4d5e6f"],
    since: "2026-11-24T11:00:00Z",
  },
  problems: [{ severity: "error", code: "x", message: "it is wrong", file: "prefect.yaml", line: 3, column: 1 }],
})

t.test("status shows all sources in aligned columns, and below what needs a person", async (t) => {
  const failing = statusOf("reports", {
    state: "stalled",
    failure: { stage: "git", kind: "stalled", code: "auth", message: "the token is refused", retryAfterMs: null },
    lastTurn: null,
    nextTurnAt: null,
    revision: { observed: null, applied: null },
  })
  const { ask, asked } = await daemon(t, {
    "GET /api/v1/sources": { body: { sources: [statusOf("analytics"), held, failing] } },
  })

  const { code, out, err } = await ask(["status"])

  t.equal(err, "")
  t.equal(code, 0)
  t.equal(
    out,
    `SOURCE     STATE    REVISION           DECLARED  DRIFTED  PROBLEMS  HELD  ORPHANS  LAST TURN          NEXT
analytics  synced   7f3c2a1            12        0        0         0     0        converged 12s ago  in 48s
billing    held     1111111 → 7f3c2a1  3         0        1         6     6        converged 12s ago  in 48s
reports    stalled  -                  12        0        0         0     0        none yet           -

billing
  Held, because
    6 deployments would be retired [budget]
    these: a/b
    to go on: lockstep confirm billing 1a2b3c4d5e6f
  prefect.yaml:3:1: error: it is wrong [x]

reports
  needs a person: the token is refused [auth]
`,
  )
  t.strictSame(asked, [{ method: "GET", path: "/api/v1/sources", authorization: null, body: null }])
})

t.test("status of one source tells what its last turn did", async (t) => {
  const { ask } = await daemon(t, { "GET /api/v1/sources/analytics": { body: statusOf("analytics") } })

  const { out } = await ask(["status", "analytics"])

  t.match(out, /\n\nLast turn \(interval\): 2 update, in 850ms\.\n$/)
})

t.test("suspended and pinned are told with who, when and why", async (t) => {
  const person = { reason: "incident 42", by: "ada", since: "2026-11-24T10:00:00Z", until: "2026-11-25T10:00:00Z" }
  const status = statusOf("analytics", { suspend: person, pin: { ...person, until: null, revision } })
  const { ask } = await daemon(t, { "GET /api/v1/sources/analytics": { body: status } })

  const { out } = await ask(["status", "analytics"])

  t.match(out, "  suspended by ada since 2026-11-24T10:00:00Z until 2026-11-25T10:00:00Z: incident 42\n")
  t.match(out, "  pinned at 7f3c2a1 by ada since 2026-11-24T10:00:00Z: incident 42\n")
})

t.test("--json gives what the API gives", async (t) => {
  const { ask } = await daemon(t, { "GET /api/v1/sources": { body: { sources: [held] } } })

  const { out } = await ask(["status", "--json"])

  t.strictSame(JSON.parse(out), JSON.parse(JSON.stringify({ sources: [held] })))
})

t.test("colours only on a terminal, and not with NO_COLOR", async (t) => {
  const { ask } = await daemon(t, { "GET /api/v1/sources": { body: { sources: [held] } } })

  t.match((await ask(["status"], { isTTY: true })).out, "\u001b[33mheld")
  t.notMatch((await ask(["status"], { isTTY: true, environment: { NO_COLOR: "1" } })).out, "\u001b")
  t.notMatch((await ask(["status"])).out, "\u001b")
})

t.test("a server's texts can't move the cursor", async (t) => {
  const evil = statusOf("analytics", {
    problems: [{ severity: "error", code: "x", message: "a\u001b[2Jb\nc" }],
  })
  const { ask } = await daemon(t, { "GET /api/v1/sources": { body: { sources: [evil] } } })

  t.match((await ask(["status"])).out, "error: a\\u001b[2Jb c [x]")
})

t.test("the token comes from --token-file, else from the environment", async (t) => {
  const folder = t.testdir({ token: "from-file\n" })
  const { ask, asked } = await daemon(t, { "GET /api/v1/sources": { body: { sources: [] } } })

  await ask(["status", "--token-file", "token"], { folder, environment: { LOCKSTEP_TOKEN: "from-env" } })
  await ask(["status"], { environment: { LOCKSTEP_TOKEN: "from-env" } })

  t.strictSame(
    asked.map(({ authorization }) => authorization),
    ["Bearer from-file", "Bearer from-env"],
  )
})

t.test("a token file that isn't there or empty is told", async (t) => {
  const folder = t.testdir({ empty: "\n" })

  t.match(await lockstep(["status", "--token-file", "gone"], { folder }), {
    code: 64,
    err: /^error: the token file can't be read: ENOENT/,
  })
  t.match(await lockstep(["status", "--token-file", "empty"], { folder }), { code: 64, err: /holds no token/ })
})

t.test("a refusal is told in the daemon's words", async (t) => {
  const { ask } = await daemon(t, {
    "GET /api/v1/sources": { status: 401, body: { title: "Unauthorized", detail: "a token is needed" } },
    "POST /api/v1/sources/analytics/sync": { status: 409, body: { title: "Conflict", detail: "it is suspended" } },
    "GET /api/v1/sources/broken": { status: 502, body: "<html>proxy</html>" },
  })

  t.match(await ask(["status"]), {
    code: 1,
    err: "error: a token is needed (give the daemon's token: --token-file FILE or $LOCKSTEP_TOKEN)\n",
  })
  t.match(await ask(["sync", "analytics"]), { code: 1, err: "error: it is suspended\n" })
  t.match(await ask(["status", "broken"]), { code: 1, err: "error: the daemon answers 502\n" })
  t.match(await ask(["status", "unknown"]), { code: 1, err: "error: no such source is configured\n" })
})

t.test("no daemon at the address has an exit code of its own", async (t) => {
  const server = createServer().listen(0, "127.0.0.1")
  await new Promise((resolve) => server.once("listening", resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))

  t.strictSame(await lockstep(["status", "--server", `http://127.0.0.1:${port}`]), {
    code: 69,
    out: "",
    err: `error: no daemon answers at http://127.0.0.1:${port}: ECONNREFUSED (is it running? another address: --server URL)\n`,
  })
})

t.test("something else at the address is not taken for a daemon", async (t) => {
  const { ask } = await daemon(t, {
    "GET /api/v1/sources": { body: { hello: "world" } },
    "GET /api/v1/sources/a": { body: "<html>" },
    "GET /api/v1/sources/b": { status: 302, headers: { location: "http://127.0.0.1:1/" }, body: "" },
  })

  t.match(await ask(["status"]), { code: 1, err: /isn't that of a Lockstep daemon/ })
  t.match(await ask(["status", "a"]), { code: 1, err: /answers, but not as a Lockstep daemon does/ })
  t.match(await ask(["status", "b"]), { code: 69 })
})

t.test("sync without --wait only asks", async (t) => {
  const { ask, asked } = await daemon(t, {
    "POST /api/v1/sync": { status: 202, body: { sources: [held] } },
    "POST /api/v1/sources/analytics/sync": { status: 202, body: statusOf("analytics") },
  })

  t.strictSame(await ask(["sync"]), { code: 0, out: "Asked all sources to look now.\n", err: "" })
  t.strictSame(await ask(["sync", "analytics"]), { code: 0, out: "Asked analytics to look now.\n", err: "" })
  t.strictSame(
    asked.map(({ path }) => path),
    ["/api/v1/sync", "/api/v1/sources/analytics/sync"],
  )
})

const outcome = (kind: "converged" | "degraded" | "held" | "failed" | "suspended") => {
  const status = statusOf("analytics")
  return { ...status, lastTurn: status.lastTurn && { ...status.lastTurn, outcome: kind } }
}
const waits: readonly (readonly [string, Reply, number])[] = [
  ["converged", { body: outcome("converged") }, 0],
  ["degraded", { body: outcome("degraded") }, 1],
  ["failed", { body: outcome("failed") }, 1],
  ["held", { body: outcome("held") }, 2],
  ["not over yet", { status: 202, body: outcome("converged") }, 2],
]
for (const [title, reply, code] of waits) {
  t.test(`sync --wait ends with ${code} when the turn is ${title}`, async (t) => {
    const { ask } = await daemon(t, { "POST /api/v1/sources/analytics/sync?wait=90000ms": reply })

    t.equal((await ask(["sync", "analytics", "--wait", "90s"])).code, code)
  })
}

t.test("sync --wait NAME means the source, and waits 30 seconds", async (t) => {
  const { ask, asked } = await daemon(t, {
    "POST /api/v1/sources/analytics/sync?wait=30000ms": { body: statusOf("analytics") },
  })

  t.equal((await ask(["sync", "--wait", "analytics"])).code, 0)
  t.equal(asked.length, 1)
})

t.test("what a person decides is sent with who, why and until when", async (t) => {
  const all = ["suspend", "resume", "pin", "unpin", "confirm"]
  const { ask, asked } = await daemon(
    t,
    Object.fromEntries(all.map((name) => [`POST /api/v1/sources/analytics/${name}`, { body: statusOf("analytics") }])),
  )
  const environment = { USER: "ada" }

  await ask(["suspend", "analytics", "--reason", "incident", "--until", "2h"], { environment })
  await ask(["resume", "analytics"], { environment })
  await ask(["pin", "analytics", revision, "-r", "bad", "-u", "2030-01-31T18:00:00Z"], { environment })
  await ask(["unpin", "analytics"])
  await ask(["confirm", "analytics", "1a2b3c4d5e6f"], { environment })

  t.strictSame(
    asked.map(({ path, body }) => [path.replace("/api/v1/sources/analytics/", ""), body]),
    [
      ["suspend", { reason: "incident", until: "2026-11-24T14:00:00.000Z", by: "ada" }],
      ["resume", { by: "ada" }],
      ["pin", { revision, reason: "bad", until: "2030-01-31T18:00:00Z", by: "ada" }],
      ["unpin", {}],
      ["confirm", { digest: "1a2b3c4d5e6f", by: "ada" }],
    ],
  )
})

t.test("a source's name can't reach another route", async (t) => {
  const { ask, asked } = await daemon(t, {})

  await ask(["status", "../../../metrics?x"])

  t.equal(asked[0]?.path, "/api/v1/sources/..%2F..%2F..%2Fmetrics%3Fx")
})

t.test("history shows the last turns, a line each", async (t) => {
  const entry: TurnEntry = {
    kind: "turn",
    turn: 2,
    outcome: "held",
    trigger: "webhook",
    startedAt: new Date(now - 3_600_000).toISOString(),
    durationMs: 2500,
    revision: { observed: revision, applied: null },
    changes: { ...counts, create: 1 },
    writes: [],
    problems: 1,
    failure: null,
    hold: { reasons: ["budget"], digest: "1a2b3c4d5e6f", victims: 6 },
    turns: 3,
    until: new Date(now - 60_000).toISOString(),
  }
  const act: HistoryEntry = {
    kind: "act",
    act: "confirm",
    sources: [],
    by: "ada",
    at: new Date(now - 1_800_000).toISOString(),
    reason: null,
    until: null,
    revision: null,
    digest: "1a2b3c4d5e6f",
    holds: ["budget"],
    victims: [deploymentKey("a", "b"), deploymentKey("c", "d")],
    result: "done",
    code: null,
  }
  const failed: TurnEntry = {
    ...entry,
    turns: 1,
    outcome: "failed",
    trigger: "start",
    revision: { observed: null, applied: null },
    startedAt: new Date(now - 2 * 86_400_000).toISOString(),
    failure: { kind: "transient", code: "unreachable", message: "no route" },
  }
  const { ask } = await daemon(t, {
    "GET /api/v1/sources/analytics/history": { body: { history: [act, entry, failed] } },
  })

  t.equal(
    (await ask(["history", "analytics"])).out,
    `WHEN     OUTCOME  TRIGGER  REVISION  TOOK  WHAT
30m ago  asked    confirm  -         -     by ada, digest 1a2b3c4d5e6f (budget), 2 deployments: a/b, c/d
1h ago   held     webhook  7f3c2a1   2s    1 create; held: budget (1a2b3c4d5e6f); 1 problem; the same 2 times more, last 1m ago
2d ago   failed   start    -         2s    no route [unreachable]
`,
  )
})

t.test("orphans shows what Git no longer has, of every source that has a plan", async (t) => {
  const plan = {
    source: "analytics",
    revision,
    owned: 3,
    problems: [],
    changes: [
      { action: "keep", key: "a/a", id: "1", fields: [] },
      { action: "retire", key: "b/b", id: "2", reason: "no longer in Git", fields: [] },
      { action: "skip", key: "c/c", id: "3", code: "in-grace", message: "retired; deleted tomorrow", fields: [] },
      { action: "skip", key: "d/d", id: null, code: "owned-by-other", message: "", fields: [] },
    ],
  }
  const { ask } = await daemon(t, {
    "GET /api/v1/sources": { body: { sources: [statusOf("analytics"), statusOf("new")] } },
    "GET /api/v1/sources/analytics/plan": { body: plan },
  })

  t.equal(
    (await ask(["orphans"])).out,
    `SOURCE     DEPLOYMENT  STATE      WHY
analytics  b/b         to retire  no longer in Git
analytics  c/c         in-grace   retired; deleted tomorrow
`,
  )
})

t.test("an answer that breaks off is no success", async (t) => {
  const server = createServer((_request, response) => {
    response.writeHead(200, { "content-length": "100" })
    response.write("{")
    setTimeout(() => response.destroy(), 10)
  }).listen(0, "127.0.0.1")
  t.teardown(() => server.close())
  await new Promise((resolve) => server.once("listening", resolve))

  const { code, err } = await lockstep([
    "status",
    "--server",
    `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  ])

  t.equal(code, 69)
  t.match(err, "broke off")
})
