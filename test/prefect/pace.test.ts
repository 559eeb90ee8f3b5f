import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer, type RequestListener } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import t from "tap"
import { systemClock } from "../../src/lib/clock.ts"
import { Transport } from "../../src/prefect/transport.ts"
import { optionsOf, signal } from "./client.ts"

/** How many requests go at one time, and to whom they are entrusted: against stand-ins that only count. */

interface StandIn extends AsyncDisposable {
  readonly url: string
  /** Most requests at one time since it was last set to 0. */
  most: number
  status: number
}

async function openStandIn(tls?: { key: string; cert: string }): Promise<StandIn> {
  let inside = 0
  const serve: RequestListener = (request, response) => {
    if (request.url?.includes("csrf")) return void response.writeHead(422).end("{}")
    standIn.most = Math.max(standIn.most, ++inside)
    request.resume()
    setTimeout(() => {
      inside--
      response.writeHead(standIn.status).end("{}")
    }, 3)
  }
  const http = tls ? createTlsServer(tls, serve) : createServer(serve)
  await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening))
  const { port } = http.address() as AddressInfo
  const standIn: StandIn = {
    url: `${tls ? "https" : "http"}://127.0.0.1:${port}/api`,
    most: 0,
    status: 200,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections()
      await new Promise((closed) => http.close(closed))
    },
  }
  return standIn
}

function transportTo(
  url: string,
  { caFile = null, writes = 1 }: { caFile?: string | null; writes?: number },
): Transport {
  const options = optionsOf(url, { clock: { ...systemClock, sleep: async () => undefined } })
  const requests = { perSecond: 1_000, reads: 4, writes }
  return new Transport({ ...options, workspace: { ...options.workspace, caFile, requests } })
}

const write = { method: "POST", path: "/x", intent: "write", body: {} } as const
const read = { method: "GET", path: "/x", intent: "read" } as const
const times = <T>(n: number, work: () => Promise<T>) => Promise.all(Array.from({ length: n }, () => work()))

await t.test("writes go one at a time, more while nothing is refused, and fewer after a refusal", async (t) => {
  await using standIn = await openStandIn()
  await using transport = transportTo(standIn.url, { writes: 3 })
  const mostOf = async (n: number) => {
    standIn.most = 0
    await times(n, () => transport.call(write, signal).catch(() => undefined))
    return standIn.most
  }
  t.equal(await mostOf(20), 1)
  t.equal(await mostOf(35), 2)
  t.equal(await mostOf(200), 3)
  standIn.status = 503
  await mostOf(1)
  standIn.status = 200
  t.equal(await mostOf(10), 1)
})

await t.test("with one write configured it stays at one; reads go four at a time", async (t) => {
  await using standIn = await openStandIn()
  await using transport = transportTo(standIn.url, {})
  await times(120, () => transport.call(write, signal))
  t.equal(standIn.most, 1)
  standIn.most = 0
  await times(20, () => transport.call(read, signal))
  t.equal(standIn.most, 4)
})

await t.test("a certificate of one's own authority is trusted with its file, and not without", async (t) => {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-tls-"))
  t.teardown(() => rmSync(folder, { recursive: true }))
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")]
  const make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost".split(
    " ",
  )
  const names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert]
  execFileSync("openssl", [...make, ...names], { stdio: "ignore" })
  await using standIn = await openStandIn({ key: readFileSync(key, "utf8"), cert: readFileSync(cert, "utf8") })
  await using trusting = transportTo(standIn.url, { caFile: cert })
  t.equal((await trusting.call(read, signal)).status, 200)
  await using strict = transportTo(standIn.url, {})
  await t.rejects(strict.call(read, signal), { code: "prefect-away", message: /certificate/ })
})
