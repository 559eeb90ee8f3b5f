import t from "tap"
import { Secret, type SecretRef } from "../../src/core/secret.ts"
import type { Remote } from "../../src/core/source.ts"
import { pkt } from "../../src/git/pkt-line.ts"
import { ConfigError } from "../../src/lib/errors.ts"
import { openGitServer, type Fault } from "../support/git-server.ts"
import { failureOf, readAll } from "./read-all.ts"
import { branch, head, openClient, remoteAt, signal } from "./remote.ts"

/** Who gets the credentials, where redirects lead, and how long a server may ask us to wait. */

await using server = await openGitServer()
await using stranger = await openGitServer()
const repository = server.createRepository("private")
repository.commit({ "prefect.yaml": "secret plans" })

const values = new Map([["TOKEN", "s3cret-token"]])
const secrets = {
  read: async (ref: SecretRef) => {
    const value = ref.kind === "env" ? values.get(ref.name) : undefined
    if (value === undefined) throw new ConfigError("TOKEN isn't set", { kind: "stalled", code: "no-secret" })
    return new Secret(value)
  },
  mask: (text: string) => [...values.values()].reduce((masked, value) => masked.replaceAll(value, "[secret]"), text),
}
const credentials = { username: "x-access-token", password: { kind: "env", name: "TOKEN" } } as const
const remote: Remote = remoteAt(repository.url, { credentials })

await t.test("credentials go with the first request, and a new one is taken at once", async (t) => {
  await using client = openClient({ secrets })
  server.credentials = "x-access-token:s3cret-token"
  server.requests.length = 0

  t.strictSame((await readAll(client.git, remote)).texts, { "prefect.yaml": "secret plans" })
  t.ok(server.requests.every(({ authorization }) => authorization?.startsWith("Basic ")))
  t.equal(server.requests.length, 4)

  server.credentials = "x-access-token:rotated"
  t.match(await failureOf(client.git.resolve(remote, head, -1, signal)), {
    code: "git-unauthorized",
    message: "wants a login (401): the credentials of this source were refused",
  })
  values.set("TOKEN", "rotated")
  t.match(await client.git.resolve(remote, head, -1, signal), { branch: "main" })
  values.set("TOKEN", "s3cret-token")
  server.credentials = null
})

await t.test("without credentials none are sent, and the reason says so", async (t) => {
  await using client = openClient({ secrets })
  server.credentials = "ada:x"
  server.requests.length = 0

  t.match(await failureOf(client.git.resolve(remoteAt(repository.url), head, 0, signal)), {
    code: "git-unauthorized",
    kind: "stalled",
    message: "this source has no credentials",
  })
  t.strictSame(
    server.requests.map(({ authorization }) => authorization),
    [null],
  )
  server.credentials = null
})

await t.test("one repository's credentials don't go along with another's requests", async (t) => {
  await using client = openClient({ secrets })
  server.requests.length = 0

  await Promise.all([readAll(client.git, remote), readAll(client.git, remoteAt(repository.url))])

  t.strictSame(server.requests.filter(({ authorization }) => authorization === null).length, 4)
})

await t.test("a secret that isn't there is the config's fault, not the server's", async (t) => {
  await using client = openClient({ secrets })
  const unset = remoteAt(repository.url, { credentials: { ...credentials, password: { kind: "env", name: "NONE" } } })

  await t.rejects(client.git.resolve(unset, head, 0, signal), { name: "ConfigError", code: "no-secret" })
})

await t.test("no redirect leads away, and no other server ever sees the credentials", async (t) => {
  stranger.createRepository("private").commit({ a: "bait" })
  const elsewhere = `${stranger.url}/private.git`
  for (const status of [301, 302, 303, 307, 308]) {
    for (const method of ["GET", "POST"]) {
      await using client = openClient({ secrets })
      const rest = method === "GET" ? "/info/refs?service=git-upload-pack" : "/git-upload-pack"
      const redirect: Fault = { kind: "answer", status, headers: { location: elsewhere + rest } }
      server.fault = (request) => (request.method === method ? redirect : null)
      const failure = await failureOf(client.git.resolve(remote, head, 0, signal))
      t.match(failure, { code: "git-redirected", kind: "stalled", message: `redirects to ${elsewhere}` })
    }
  }
  server.fault = null
  t.strictSame(stranger.requests, [])
})

await t.test("a repository that has moved within its server is followed", async (t) => {
  server.fault = ({ method, path }) =>
    path.startsWith("/old/") && method === "GET"
      ? { kind: "answer", status: 301, headers: { location: path.replace("/old/", "/") } }
      : null
  await using client = openClient({ secrets })
  const moved = remoteAt(`${server.url}/old/private.git`)

  t.strictSame((await readAll(client.git, moved)).texts, { "prefect.yaml": "secret plans" })
  server.fault = null
})

await t.test("redirects that lead nowhere end", async (t) => {
  await using client = openClient({ secrets })
  const rows: readonly (string | null)[] = [
    "/private.git/info/refs?service=git-upload-pack",
    "/login",
    "http://[",
    "ftp://a/b",
    null,
  ]
  for (const location of rows) {
    server.requests.length = 0
    server.fault = () => ({ kind: "answer", status: 302, ...(location !== null && { headers: { location } }) })
    const failure = await failureOf(client.git.resolve(remote, head, -1, signal))
    t.equal(failure.code, location === null ? "git-status" : "git-redirected", `${location}`)
    t.ok(server.requests.length <= 4)
  }
  server.fault = null
})

await t.test("Retry-After is passed on, as seconds or as a date, within reason", async (t) => {
  const now = Date.parse("2026-11-24T12:00:00Z")
  const clock = { now: () => now, elapsed: () => now, random: () => 0, sleep: async () => undefined }
  await using client = openClient({ secrets, clock })
  const rows: readonly (readonly [status: number, header: string | null, wait: number | null, code: string])[] = [
    [429, "120", 120_000, "git-status"],
    [503, "Tue, 24 Nov 2026 12:00:30 GMT", 30_000, "git-status"],
    [503, "Tue, 24 Nov 2026 11:00:00 GMT", 0, "git-status"],
    [403, "60", 60_000, "git-status"],
    [429, "99999999", 3_600_000, "git-status"],
    [503, "soon", null, "git-status"],
    [503, null, null, "git-status"],
    [403, null, null, "git-forbidden"],
  ]
  for (const [status, header, retryAfterMs, code] of rows) {
    const date = "Tue, 24 Nov 2026 12:00:00 GMT"
    const headers: Record<string, string> = header === null ? { date } : { date, "retry-after": header }
    server.fault = () => ({ kind: "answer", status, headers })
    const failure = await failureOf(client.git.resolve(remote, head, -1, signal))
    t.match(failure, { retryAfterMs, code, kind: code === "git-status" ? "transient" : "stalled" }, `${header}`)
  }
  server.fault = null
})

await t.test("what a server says is masked, cut, and kept to one line", async (t) => {
  await using client = openClient({ secrets })
  await client.git.resolve(remote, head, 0, signal)
  const words = `no\n\u001b[31m${Buffer.from("x-access-token").toString()} s3cret-token ${"x".repeat(425)}s3cret-token`
  const headers = { "content-type": "application/x-git-upload-pack-result" }
  server.fault = () => ({ kind: "answer", status: 200, headers, body: pkt(`ERR ${words}`) })

  const failure = await failureOf(client.git.resolve(remote, branch("main"), -1, signal))

  server.fault = null
  t.match(failure.message, /refuses: no \[31mx-access-token \[secret\] x+\[?s?e?c?r?e?t?\]?…?$/)
  t.ok(failure.message.length <= 501)
  t.notMatch(JSON.stringify([failure.message, failure.stack, String(failure.cause)]), "s3cret")
})

await t.test("a kept connection that the server has closed is replaced without a failure", async (t) => {
  await using client = openClient({ secrets })
  await client.git.resolve(remote, head, 0, signal)
  let isFirst = true
  server.fault = (_request, response) => {
    if (!isFirst) return null
    isFirst = false
    response.destroy()
    return { kind: "answered" }
  }

  t.match(await client.git.resolve(remote, head, -1, signal), { branch: "main" })
  server.fault = null
})

await t.test("refusals with large pages leave no connection busy", async (t) => {
  await using client = openClient({ secrets, timeouts: { idleMs: 5_000, requestMs: 10_000 } })
  const body = "x".repeat(1_000_000)
  server.fault = () => ({ kind: "answer", status: 401, body })
  for (let n = 0; n < 24; n++) {
    t.equal((await failureOf(client.git.resolve(remote, head, -1, signal))).code, "git-unauthorized")
  }
  server.fault = null
})

await t.test("a refusal is understood though its page never ends", async (t) => {
  await using client = openClient({ secrets, timeouts: { idleMs: 3_000, requestMs: 10_000 } })
  server.fault = (_request, response) => {
    response.writeHead(404, { "content-type": "text/html" }).write("not")
    return { kind: "answered" }
  }

  const failure = await failureOf(client.git.resolve(remote, head, -1, signal))

  server.fault = null
  t.equal(failure.code, "git-repository-not-found")
})

await t.test("an answer without end is cut off", async (t) => {
  await using client = openClient({ secrets, timeouts: { idleMs: 5_000, requestMs: 60_000 } })
  await client.git.resolve(remote, head, 0, signal)
  const headers = { "content-type": "application/x-git-upload-pack-result" }
  server.fault = (_request, response) => {
    response.writeHead(200, headers)
    const part = Buffer.alloc(1_000_000, "0")
    const more = (): void => {
      while (!response.destroyed && response.write(part));
    }
    response.on("drain", more)
    more()
    return { kind: "answered" }
  }

  const failure = await failureOf(client.git.resolve(remote, head, -1, signal))

  server.fault = null
  t.match(failure, { code: "git-too-large", kind: "stalled", message: "sends more than 16777216 bytes in one answer" })
})
