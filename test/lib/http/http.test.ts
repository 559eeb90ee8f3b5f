import { execFile } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { createServer, type RequestListener } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import t, { type Test } from "tap"
import { readBounded } from "../../../src/lib/http/body.ts"
import { makeCertificate, type Certificate } from "../../support/certificate.ts"
import { openConnectProxy } from "../../support/connect-proxy.ts"
import { fetchAll } from "./fetch.ts"

/** The one way out: authorities, proxies, and addresses that only we reach; with real servers on loopback. */

const folder = mkdtempSync(join(tmpdir(), "lockstep-http-"))
const [company, branch] = [makeCertificate(folder, "company"), makeCertificate(folder, "branch")]
t.teardown(() => rmSync(folder, { recursive: true }))

async function listen(t: Test, certificate: Certificate | null = null) {
  const seen: string[] = []
  const answer: RequestListener = ({ url }, response) => {
    seen.push(url ?? "")
    response.end("yes")
  }
  const server = certificate ? createTlsServer(certificate.tls, answer) : createServer(answer)
  let connections = 0
  server.on("connection", () => connections++)
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening))
  t.teardown(async () => {
    server.closeAllConnections()
    await new Promise((closed) => server.close(closed))
  })
  const { port } = server.address() as AddressInfo
  return { url: `${certificate ? "https" : "http"}://127.0.0.1:${port}/`, port, seen, connections: () => connections }
}

await t.test("a file of authorities adds to NODE_EXTRA_CA_CERTS, for both servers at once", async (t) => {
  const [one, other] = [await listen(t, company), await listen(t, branch)]
  const fetched = async (extra: string, caFile: string): Promise<unknown> => {
    const env = { ...process.env, NODE_EXTRA_CA_CERTS: extra }
    const script = join(import.meta.dirname, "fetch.ts")
    const { stdout } = await promisify(execFile)(process.execPath, [script, caFile, one.url, other.url], { env })
    return JSON.parse(stdout)
  }
  t.strictSame(await fetched(company.file, branch.file), [200, 200])
  t.strictSame(await fetched(company.file, ""), [200, "untrusted"])
  t.strictSame(await fetched("", branch.file), ["untrusted", 200])
})

await t.test("a proxy is used but for what NO_PROXY names, networks included", async (t) => {
  const [plain, safe] = [await listen(t), await listen(t, company)]
  await using proxy = await openConnectProxy()
  const through = async (list: string): Promise<number> => {
    proxy.asked.length = 0
    const environment = { HTTPS_PROXY: proxy.url, HTTP_PROXY: proxy.url, NO_PROXY: list }
    t.strictSame(await fetchAll([plain.url, safe.url], { caFile: company.file, environment }), [200, 200], list)
    return proxy.asked.length
  }
  t.equal(await through(""), 2)
  t.equal(await through("10.0.0.0/8"), 2)
  for (const list of ["127.0.0.0/8", "127.*", "*", "127.0.0.1", "localhost,127.0.0.1/32"])
    t.equal(await through(list), 0)
  t.equal(await through(`127.0.0.1:${plain.port}`), 1)
})

await t.test("a proxy that wants a login, that is away, or that is none", async (t) => {
  const safe = await listen(t, company)
  await using proxy = await openConnectProxy()
  const by = (address: string) => fetchAll([safe.url], { caFile: company.file, environment: { HTTPS_PROXY: address } })
  proxy.authorization = `Basic ${Buffer.from("ada:x").toString("base64")}`
  t.strictSame(await by(proxy.url), ["proxy"])
  t.strictSame(await by(proxy.url.replace("//", "//ada:x@")), [200])
  t.strictSame(await by("http://127.0.0.1:9"), ["unreachable"])
  t.strictSame(await by("ftp://127.0.0.1:9"), ["proxy"])
  t.strictSame(await by("http://["), ["proxy"])
  t.strictSame(safe.seen, ["/"])
})

await t.test(
  "what others name is asked only at a public address, and no connection is made before that is known",
  async (t) => {
    const server = await listen(t)
    const urls = ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]", "0x7f.1", "0.0.0.0", "2130706433"].map(
      (host) => `http://${host}:${server.port}/`,
    )
    t.strictSame(
      await fetchAll(urls, { caFile: null, reach: "public" }),
      urls.map(() => "closed-address"),
    )
    t.equal(server.connections(), 0)

    await using proxy = await openConnectProxy()
    const environment = { HTTP_PROXY: proxy.url }
    t.strictSame(
      await fetchAll(urls, { caFile: null, reach: "public", environment }),
      urls.map(() => "closed-address"),
      "nor through a proxy",
    )
    t.strictSame([server.connections(), proxy.asked], [0, []])
  },
)

await t.test("a body of single bytes is gathered in blocks, and what is over the bound isn't read", async (t) => {
  let sent = 0
  async function* drip(bytes: number): AsyncGenerator<Uint8Array> {
    for (; sent < bytes; sent++) yield Uint8Array.of(sent % 256)
  }
  const { bytes, isWhole } = await readBounded(drip(200_000), 200_000)
  t.strictSame([bytes.length, isWhole, bytes[199_999]], [200_000, true, 199_999 % 256])
  sent = 0
  t.match(await readBounded(drip(200_000), 1_000), { isWhole: false })
  t.equal(sent, 1_000)
  async function* broken(): AsyncGenerator<Uint8Array> {
    yield Buffer.from("half")
    throw new Error("broken off")
  }
  t.strictSame(await readBounded(broken(), 10, "end"), { bytes: Buffer.from("half"), isWhole: false })
  await t.rejects(readBounded(broken(), 10), /broken off/)
})
