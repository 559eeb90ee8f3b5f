import t, { type Test } from "tap"
import { isSameHouse, parseChallenge, realmUrl } from "../../src/images/challenge.ts"
import { Lanes } from "../../src/lib/lanes.ts"
import { parseReference } from "../../src/images/reference.ts"
import { systemClock, type Clock } from "../../src/lib/clock.ts"
import { openSmallRegistry, type SmallRegistry } from "../support/registry/small.ts"
import { access, openAsking, password } from "./ask.ts"

t.test("images are named as Docker names them", async (t) => {
  const cases: readonly (readonly [string, string | null])[] = [
    ["python", "docker.io library/python latest"],
    ["python:3.13", "docker.io library/python 3.13"],
    ["acme/etl:1", "docker.io acme/etl 1"],
    ["docker.io/python", "docker.io library/python latest"],
    ["index.docker.io/acme/etl", "docker.io acme/etl latest"],
    ["ghcr.io/acme/etl:abc", "ghcr.io acme/etl abc"],
    ["localhost/etl:1", "localhost etl 1"],
    ["127.0.0.1:5000/a/b/c:1", "127.0.0.1:5000 a/b/c 1"],
    ["[::1]:5000/etl", "[::1]:5000 etl latest"],
    ["Registry.Example.com/etl", "registry.example.com etl latest"],
    ["us-docker.pkg.dev/p/r/etl__x--y.z:V1.0-rc_1", "us-docker.pkg.dev p/r/etl__x--y.z V1.0-rc_1"],
    [`ghcr.io/a/b:tag@sha256:${"a".repeat(64)}`, `ghcr.io a/b sha256:${"a".repeat(64)}`],
    ["", null],
    ["Python", null],
    ["a//b", null],
    ["a/b:", null],
    ["a/b:-x", null],
    [`a/b:${"x".repeat(129)}`, null],
    ["a/b@sha256:12", null],
    ["ghcr.io/", null],
    ["ghcr.io/a/../b", null],
    ["ghcr.io/a/b?x=1:1", null],
    ["ghcr.io/a/b:{{ tag }}", null],
    ["ghcr.io/a b:1", null],
    ["user@ghcr.io/a/b", null],
    ["-.example.com/a:1", null],
    ["a".repeat(700), null],
  ]
  for (const [text, wanted] of cases) {
    const found = parseReference(text)
    t.equal(found && `${found.host} ${found.repository} ${found.version}`, wanted, text.slice(0, 60))
  }
})

t.test("a challenge is read as registries write it", async (t) => {
  const realm = "https://auth.docker.io/token"
  const bearer = { kind: "bearer", realm, service: "registry.docker.io", scope: "repository:a/b:pull,push" }
  t.strictSame(
    parseChallenge(`Bearer realm="${realm}",service="registry.docker.io",scope="repository:a/b:pull,push"`),
    bearer,
  )
  t.match(parseChallenge([`Basic realm="x"`, `bearer realm="${realm}"`]), { kind: "bearer", realm, scope: null })
  t.strictSame(parseChallenge('Basic realm="x, Bearer"'), { kind: "basic" })
  for (const none of [undefined, "", "Negotiate", "Bearer", "Bearer realm=unquoted"])
    t.equal(parseChallenge(none), null)
})

t.test("tokens are fetched at trusted places only, and credentials stay in the house", async (t) => {
  const at = (host: string): URL => new URL(host.startsWith("127") ? `http://${host}` : `https://${host}`)
  const cases: readonly (readonly [string, string, boolean, boolean])[] = [
    // registry, realm, may be asked, may have the credentials
    ["ghcr.io", "https://ghcr.io/token", true, true],
    ["registry-1.docker.io", "https://auth.docker.io/token", true, true],
    ["registry.gitlab.com", "https://gitlab.com/jwt/auth", true, true],
    ["registry.example.com:5000", "https://git.example.com/jwt", true, true],
    ["ghcr.io", "https://evil.io/token", true, false],
    ["registry.example.com", "https://example.com.evil.org/", true, false],
    ["registry.example.com", "https://evilexample.com/", true, false],
    ["registry.example.com", "http://registry.example.com/token", false, false],
    ["registry.example.com", "http://127.0.0.1:8484/", false, false],
    ["registry.example.com", "https://localhost/", false, false],
    ["registry.example.com", "https://169.254.169.254/", false, false],
    ["registry.example.com", "https://0x7f000001/", false, false],
    ["registry.example.com", "https://[fd00::1]/", false, false],
    ["registry.example.com", "https://intranet/", false, false],
    ["registry.example.com", "https://u:p@auth.example.com/", false, false],
    ["registry.example.com", "file:///etc/passwd", false, false],
    ["registry.example.com", "/token", false, false],
    ["127.0.0.1:5000", "http://127.0.0.1:5001/auth", true, true],
  ]
  for (const [registry, realm, asked, trusted] of cases) {
    const url = realmUrl(realm, at(registry))
    t.equal(url !== null, asked, `${registry} -> ${realm}`)
    t.equal(url !== null && isSameHouse(url, at(registry)), trusted, `${registry} -> ${realm} with credentials`)
  }
})

t.test("lanes keep to their number, in order", async (t) => {
  const lanes = new Lanes(2)
  const never = new AbortController().signal
  let running = 0
  let most = 0
  const order: number[] = []
  const work = (n: number) => async () => {
    most = Math.max(most, ++running)
    await new Promise((wake) => setTimeout(wake, 5))
    order.push(n)
    running--
    if (n === 3) throw new Error("no")
  }
  const all = await Promise.allSettled([1, 2, 3, 4, 5].map((n) => lanes.run("host", work(n), never)))
  t.strictSame([most, order, all.filter(({ status }) => status === "rejected").length], [2, [1, 2, 3, 4, 5], 1])
})

async function withRegistry(t: Test, name: string, test: (t: Test, registry: SmallRegistry) => Promise<void>) {
  await t.test(name, async (t) => {
    await using registry = await openSmallRegistry()
    await test(t, registry)
  })
}

await withRegistry(t, "the token flow: a token a repository, kept while it is good", async (t, registry) => {
  await using asking = openAsking()
  await registry.push("a/b", "1")
  registry.login = { kind: "token", user: `ci:${password}` }
  const registries = [access(registry.host, "ci")]
  t.strictSame(await asking.verdict(`${registry.host}/a/b:1`, registries), { kind: "there" })
  t.match(await asking.verdict(`${registry.host}/a/b:2`, registries), { kind: "missing" })
  t.match(await asking.verdict(`${registry.host}/a/c:1`, registries), { kind: "missing" })
  const asked = registry.requests.map(({ method, path, authorization }) =>
    [method, path.replace(/\?.*/, ""), authorization?.split(" ")[0] ?? "-"].join(" "),
  )
  t.strictSame(asked, [
    "HEAD /v2/a/b/manifests/1 -",
    "GET /token Basic",
    "HEAD /v2/a/b/manifests/1 Bearer",
    "HEAD /v2/a/b/manifests/2 Bearer",
    "HEAD /v2/a/c/manifests/1 -",
    "GET /token Basic",
    "HEAD /v2/a/c/manifests/1 Bearer",
  ])
  t.match(registry.requests[1]?.path, /\?service=small&scope=repository%3Aa%2Fb%3Apull$/)
})

await withRegistry(t, "without credentials a token is fetched by nobody, as at Docker Hub", async (t, registry) => {
  await using asking = openAsking()
  await registry.push("a/b", "1")
  registry.login = { kind: "token", user: null }
  t.strictSame(await asking.verdict(`${registry.host}/a/b:1`, [access(registry.host)]), { kind: "there" })
  t.equal(registry.requests.find(({ path }) => path.startsWith("/token"))?.authorization, null)
})

await withRegistry(t, "a realm of another house never gets the credentials", async (t, registry) => {
  await using asking = openAsking()
  for (const realm of ["https://evil.example.org/token", "https://169.254.169.254/token"]) {
    registry.login = { kind: "token", user: "ci:x", realm }
    const verdict = await asking.verdict(`${registry.host}/a/b:${realm.length}`, [access(registry.host, "ci")])
    t.match(verdict, { kind: "unknown", message: /wants its login at evil\.example\.org|can't be trusted/ })
  }
  t.ok(registry.requests.every(({ authorization }) => authorization === null))
})

await withRegistry(t, "a machine that only we reach is asked only when the config names it", async (t, registry) => {
  await using asking = openAsking()
  await registry.push("a/b", "1")
  for (const host of [registry.host, "localhost:1", "10.0.0.1", "intranet:5000", "[::1]:5000"]) {
    const verdict = await asking.verdict(`${host}/a/b:1`, [access("ghcr.io", "ci")])
    t.match(verdict, { kind: "unknown", message: /is no public name/ }, host)
  }
  t.equal(registry.requests.length, 0)
})

await withRegistry(
  t,
  "whatever isn't a manifest isn't there, and each refusal has its own words",
  async (t, registry) => {
    await using asking = openAsking()
    await registry.push("a/b", "1")
    const registries = [access(registry.host, "ci")]
    const page = { "content-type": "text/html" }
    const cases: readonly (readonly [string, number, Record<string, string>, RegExp])[] = [
      ["html", 200, page, /answers with something else than a manifest/],
      ["untyped", 200, {}, /something else than a manifest/],
      ["json", 200, { "content-type": "application/json" }, /something else than a manifest/],
      ["refused", 401, {}, /doesn't let us look \(401\)/],
      ["forbidden", 403, {}, /doesn't let us look \(403\)/],
      ["often", 429, { "retry-after": "240" }, /asked too often \(429\)/],
      ["broken", 500, page, /answers with status 500/],
      ["moved", 307, { location: "http://127.0.0.1:1/steal" }, /redirects \(307\)/],
      ["gone", 410, {}, /status 410/],
    ]
    for (const [tag, status, headers, message] of cases) {
      registry.fault = (_asked, response) => Boolean(response.writeHead(status, headers).end("<html>secret words"))
      const { verdicts, againMs } = await asking.ask([`${registry.host}/a/b:${tag}`], registries)
      const verdict = verdicts.get(`${registry.host}/a/b:${tag}`)
      t.match(verdict, { kind: "unknown", message }, tag)
      t.notMatch(JSON.stringify(verdict), /secret words|steal/)
      if (tag === "often") t.ok(againMs !== null && againMs > 200_000, "the wait that it asks for")
    }
    registry.fault = null
    t.strictSame(
      asking.looks,
      cases.map(() => "unknown"),
    )
  },
)

await withRegistry(t, "a login that answers with nonsense, or without end, is no token", async (t, registry) => {
  await using asking = openAsking()
  registry.login = { kind: "token", user: null }
  const bodies = ["<html>", "{}", '{"token":"a b\\r\\nx"}', '{"token":5}', `{"token":"${"x".repeat(70_000)}"}`]
  for (const [i, body] of bodies.entries()) {
    registry.fault = ({ path }, response) => path.startsWith("/token") && Boolean(response.writeHead(200).end(body))
    const verdict = await asking.verdict(`${registry.host}/a/b:${i}`, [access(registry.host)])
    t.match(verdict, { kind: "unknown", message: /gives no token|more than is read/ }, body.slice(0, 20))
  }
})

await withRegistry(t, "connections that break, and hosts that aren't there", async (t, registry) => {
  await using asking = openAsking()
  registry.fault = (_asked, response) => Boolean(response.destroy())
  const verdict = await asking.verdict(`${registry.host}/a/b:1`, [access(registry.host)])
  t.match(verdict, { kind: "unknown", message: /can't be reached: the connection broke off/ })
  const nowhere = await asking.verdict("127.0.0.1:1/a/b:1", [access("127.0.0.1:1")])
  t.match(nowhere, { kind: "unknown", message: /127\.0\.0\.1:1 can't be reached: nothing listens there/ })
  const unset = { ...access("127.0.0.1:1"), caFile: "/nowhere/ca.pem" }
  t.match(await asking.verdict("127.0.0.1:1/a/b:1", [unset]), { message: /\/nowhere\/ca\.pem can't be read/ })
  t.match(await asking.verdict("Not An Image", []), { kind: "unknown", message: /is no name of an image/ })
})

await withRegistry(t, "a turn doesn't wait for a registry that hangs, and others are known", async (t, registry) => {
  /** Patience is over once the fast one is known. */
  const sleep: Clock["sleep"] = async (_ms, signal) => {
    while (asking.looks.length === 0) await systemClock.sleep(5, signal)
  }
  await using asking = openAsking({ clock: { ...systemClock, sleep } })
  await registry.push("a/b", "1")
  const [slow, fast] = [`${registry.host}/a/b:slow`, `${registry.host}/a/b:1`]
  registry.fault = ({ path }) => path.endsWith("slow")
  const { verdicts, againMs } = await asking.ask([slow, fast], [access(registry.host)])
  t.match(verdicts.get(slow), { kind: "unknown", message: /hasn't answered yet/ })
  t.strictSame(verdicts.get(fast), { kind: "there" })
  t.equal(againMs, 3_000)
  await asking.ask([slow], [access(registry.host)])
  t.equal(registry.requests.filter(({ path }) => path.endsWith("slow")).length, 1, "asked once while it is under way")
})

/** A clock that a test moves; the patience of a question is never over by it. */
function steppedClock(): Clock & { nowMs: number } {
  const clock = {
    nowMs: 1_000_000,
    now: () => clock.nowMs,
    elapsed: () => clock.nowMs,
    random: () => 0.5,
    sleep: (_ms: number, signal: AbortSignal) =>
      new Promise<void>((_wake, reject) => {
        const abort = (): void => reject(signal.reason as Error)
        if (signal.aborted) abort()
        else signal.addEventListener("abort", abort, { once: true })
      }),
  }
  return clock
}

await withRegistry(
  t,
  "answers are remembered: there for minutes, missing for a while that grows",
  async (t, registry) => {
    const clock = steppedClock()
    await using asking = openAsking({ clock })
    const digest = await registry.push("a/b", "1")
    const registries = [access(registry.host)]
    const ask = async (version: string, since?: number) => {
      const { verdicts, againMs } = await asking.ask([`${registry.host}/a/b${version}`], registries, since)
      return [[...verdicts.values()][0]?.kind, againMs]
    }
    t.strictSame(await ask(":1"), ["there", null])
    const waits: unknown[] = []
    for (let tries = 0; tries < 8; tries++) {
      const [, againMs] = await ask(":2")
      waits.push(againMs)
      clock.nowMs += Number(againMs) - 1
      await ask(":2")
      clock.nowMs += 1
    }
    t.strictSame(waits, [5_000, 10_000, 20_000, 40_000, 80_000, 160_000, 180_000, 180_000])
    t.equal(asking.looks.length, 9, "never asked before it was due")
    await ask(":2")
    await registry.push("a/b", "2")
    t.match((await ask(":2"))[0], "missing", "not due yet")
    t.strictSame(await ask(":2", clock.nowMs + 1), ["there", null], "but asked at once when somebody wants to know")
    t.strictSame(await ask(`@${digest}`), ["there", null])
    const before = asking.looks.length
    clock.nowMs += 299_000
    await ask(":2", clock.nowMs)
    t.equal(asking.looks.length, before)
    clock.nowMs += 2_000
    registry.remove("a/b", "2")
    t.match((await ask(":2"))[0], "missing", "a tag may go")
    await ask(`@${digest}`)
    t.equal(asking.looks.length, before + 1, "a digest never means anything else")
  },
)
