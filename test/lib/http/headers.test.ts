import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import t from "tap"
import { Secrets } from "../../../src/config/secrets.ts"
import { parseConfig } from "../../../src/config/load.ts"
import { systemClock } from "../../../src/lib/clock.ts"
import { Transport } from "../../../src/prefect/transport.ts"
import { openGitServer } from "../../support/git-server.ts"
import { failure, head, openClient, signal } from "../../git/remote.ts"

/** Headers for an access proxy before a server: they go along to that server, to no other, and into no text. */

const environment = { CF_SECRET: "cf-secret-canary", CF_OTHER: "other-secret" }
const config = (apiUrl: string, url: string) =>
  parseConfig(
    `installation: prod
workspaces:
  - name: default
    apiUrl: ${apiUrl}
    headers: { CF-Access-Client-Id: 7f3ab1c0d4e5.access, CF-Access-Client-Secret: { env: CF_SECRET } }
sources:
  - name: etl
    url: ${url}
    headers: { X-Gateway-Key: { env: CF_SECRET } }
`,
    "/etc/lockstep/lockstep.yaml",
    environment,
  )

await t.test("a guarded Prefect is asked with them, and what it repeats is masked", async (t) => {
  const seen: (string | string[] | undefined)[][] = []
  const guarded = createServer(({ headers }, response) => {
    seen.push([headers["cf-access-client-id"], headers["cf-access-client-secret"]])
    const isIn = headers["cf-access-client-secret"] === "cf-secret-canary"
    response.writeHead(isIn ? 200 : 403, { "content-type": "application/json" })
    response.end(JSON.stringify(isIn ? { ok: true } : { detail: `no: ${String(headers["cf-access-client-secret"])}` }))
  })
  await new Promise<void>((listening) => guarded.listen(0, "127.0.0.1", listening))
  t.teardown(() => guarded.close())
  const apiUrl = `http://127.0.0.1:${(guarded.address() as AddressInfo).port}/api`
  const secrets = new Secrets(environment)
  const [workspace] = config(apiUrl, "https://git.example.com/a.git").workspaces
  if (!workspace) throw new Error("no workspace")
  await using transport = new Transport({ workspace, secrets, clock: systemClock, userAgent: "test" })
  const call = { method: "GET", path: "/health", intent: "read" } as const

  t.strictSame((await transport.call(call, signal)).body, { ok: true })
  t.strictSame(seen, [["7f3ab1c0d4e5.access", "cf-secret-canary"]])
  t.equal(secrets.mask("cf-secret-canary 7f3ab1c0d4e5.access"), "[secret] [secret]")

  environment.CF_SECRET = "a-renewed-one"
  const refused = await transport.call(call, signal).catch((error: unknown) => error)
  t.match(refused, { code: "prefect-auth", detail: "no: [secret]" })
  t.notMatch(String(refused), "a-renewed-one")
  environment.CF_SECRET = "cf-secret-canary"
})

await t.test("a guarded Git server is asked with them, and where it redirects nobody gets them", async (t) => {
  await using server = await openGitServer()
  await using stranger = await openGitServer()
  const repository = server.createRepository("guarded")
  repository.commit({ a: "1" })
  const [source] = config("http://127.0.0.1:9/api", repository.url).sources
  if (!source) throw new Error("no source")
  const secrets = new Secrets(environment)
  await using client = openClient({ secrets })

  t.match(await client.git.resolve(source.remote, head, 0, signal), { branch: "main" })
  t.ok(
    server.requests.length > 0 &&
      server.requests.every(({ headers }) => headers["x-gateway-key"] === "cf-secret-canary"),
  )

  const location = `${stranger.url}/guarded.git/info/refs?service=git-upload-pack`
  server.fault = () => ({ kind: "answer", status: 302, headers: { location } })
  await using other = openClient({ secrets })
  t.strictSame(await failure(other.git.resolve(source.remote, head, 0, signal)), ["git-redirected", "stalled"])
  t.strictSame(stranger.requests, [])
})

await t.test("a secret isn't written into the config, and headers of our own can't be set", async (t) => {
  const withHeaders = (headers: string) =>
    `installation: prod\nsources:\n  - { name: etl, url: "https://git.example.com/a.git", headers: ${headers} }\n`
  const rows: readonly (readonly [string, RegExp])[] = [
    ["{ CF-Access-Client-Secret: plain }", /must be a reference/],
    ["{ Authorization: Bearer abc }", /must be a reference/],
    ["{ X-Api-Key: abc }", /must be a reference/],
    ["{ X-Ok: ghp_0123456789abcdefghij }", /must be a reference/],
    ["{ Host: example.com }", /sets itself/],
    ["{ content-length: '3' }", /sets itself/],
    ["{ 'a b': x }", /name of a header/],
    ['{ X-A: "a\\nb" }', /printable ASCII/],
    ["{ X-A: 3 }", /must be text/],
  ]
  for (const [headers, message] of rows)
    t.throws(() => parseConfig(withHeaders(headers), "/etc/lockstep.yaml", {}), { message }, headers)
})
