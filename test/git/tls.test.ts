import { execFileSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { connect, createServer } from "node:net"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { rootCertificates } from "node:tls"
import t from "tap"
import { openGitServer } from "../support/git-server.ts"
import { failure, head, openClient, remoteAt, signal, textAt } from "./remote.ts"

/** Certificates of an authority of one's own, and proxies from the environment. */

const folder = mkdtempSync(join(tmpdir(), "lockstep-tls-"))
const certificate = join(folder, "cert.pem")
const key = join(folder, "key.pem")
execFileSync(
  "openssl",
  [
    ..."req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 1 -subj /CN=localhost".split(" "),
    "-addext",
    "subjectAltName=IP:127.0.0.1",
    "-keyout",
    key,
    "-out",
    certificate,
  ],
  { stdio: "ignore" },
)
const tls = { key: readFileSync(key, "utf8"), cert: readFileSync(certificate, "utf8") }
const server = await openGitServer({ tls })
const repository = server.createRepository("safe")
repository.commit({ a: "text" })
t.teardown(async () => {
  await server[Symbol.asyncDispose]()
  rmSync(folder, { recursive: true })
})

await t.test("a certificate of one's own authority is trusted with its file, and not without", async (t) => {
  await using client = openClient()
  t.match(repository.url, /^https:/)
  t.equal(await textAt(client, remoteAt(repository.url, { caFile: certificate }), "a"), "text")
  t.strictSame(await failure(client.git.resolve(remoteAt(repository.url), head, 0, signal)), ["git-tls", "stalled"])
  const missing = remoteAt(repository.url, { caFile: join(folder, "none.pem") })
  t.strictSame(await failure(client.git.resolve(missing, head, 0, signal)), ["git-ca-file", "stalled"])
})

await t.test("a file of authorities that is exchanged is read anew", async (t) => {
  await using client = openClient()
  const caFile = join(folder, "exchanged.pem")
  writeFileSync(caFile, rootCertificates[0] ?? "")
  const remote = remoteAt(repository.url, { caFile })
  t.strictSame(await failure(client.git.resolve(remote, head, 0, signal)), ["git-tls", "stalled"])
  writeFileSync(caFile, tls.cert)
  t.equal(await textAt(client, remote, "a"), "text")
})

await t.test("a proxy of the environment is used, for the tunnel and for the certificate behind it", async (t) => {
  const tunnels: string[] = []
  const proxy = createServer((socket) => {
    socket.once("data", (first) => {
      const [, host = "", port = ""] = /^CONNECT ([^:]+):(\d+)/.exec(first.toString()) ?? []
      tunnels.push(host)
      const upstream = connect(Number(port), host, () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n")
        socket.pipe(upstream).pipe(socket)
      })
      upstream.on("error", () => socket.destroy())
      socket.on("error", () => upstream.destroy())
    })
  })
  await new Promise<void>((listening) => proxy.listen(0, "127.0.0.1", listening))
  const address = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  const names = ["HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy"]
  const before = names.map((name) => [name, process.env[name]] as const)
  for (const name of names) delete process.env[name]
  process.env["HTTPS_PROXY"] = address
  {
    await using client = openClient()
    t.equal(await textAt(client, remoteAt(repository.url, { caFile: certificate }), "a"), "text")
    t.ok(tunnels.length > 0 && tunnels.every((host) => host === "127.0.0.1"))
  }
  process.env["NO_PROXY"] = "127.0.0.1"
  const used = tunnels.length
  {
    await using client = openClient()
    t.equal(await textAt(client, remoteAt(repository.url, { caFile: certificate }), "a"), "text")
    t.equal(tunnels.length, used)
  }
  for (const [name, value] of before) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  await new Promise((closed) => proxy.close(closed))
})
