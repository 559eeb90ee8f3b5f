import { execFileSync, spawn } from "node:child_process"
import { createSign, randomUUID } from "node:crypto"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { freePort } from "../prefect/server.ts"
import { digestOf, manifestOf } from "./small.ts"

/** The real registry (CNCF distribution, Debian's package), with one kind of login. */
export interface RealRegistry extends AsyncDisposable {
  readonly host: string
  /** Pushes a whole image, blob first, as `docker push` does. */
  push(repository: string, tag: string): Promise<string>
}
export type Login = "none" | "basic" | "token"

/** Good for both kinds of login. */
export const user = { name: "ci", password: "pass-word-1" }
/** bcrypt of the password, as `htpasswd -B` makes it. */
const htpasswd = "ci:$2y$05$abcdefghijklmnopqrstuupSO9sO3ASIekd.qADcbb/jgkLKkQBR2"

const startMaxMs = 15_000

/** Puts the program into `.cache`; why it can't be had here, or null. */
export function installRegistry(): string | null {
  try {
    execFileSync("bash", ["test/support/registry/install.sh"], { stdio: ["ignore", "ignore", "pipe"] })
    return null
  } catch {
    return "Debian's docker-registry can't be had here"
  }
}

export async function openRealRegistry(login: Login): Promise<RealRegistry> {
  const folder = mkdtempSync(join(tmpdir(), "lockstep-registry-"))
  const port = await freePort()
  const host = `127.0.0.1:${port}`
  await using opening = new AsyncDisposableStack()
  opening.defer(() => rmSync(folder, { recursive: true, force: true }))
  const tokens = login === "token" ? opening.use(await openTokenServer(folder)) : null
  writeFileSync(join(folder, "htpasswd"), `${htpasswd}\n`)
  const auth = {
    none: {},
    basic: { auth: { htpasswd: { realm: "real", path: join(folder, "htpasswd") } } },
    token: { auth: { token: tokens?.settings } },
  }[login]
  const config = {
    version: 0.1,
    storage: { filesystem: { rootdirectory: join(folder, "data") } },
    http: { addr: host },
    ...auth,
  }
  writeFileSync(join(folder, "config.yml"), JSON.stringify(config))
  const program = resolve(".cache/docker-registry/usr/bin/docker-registry")
  const child = spawn("setpriv", ["--pdeathsig", "KILL", program, "serve", join(folder, "config.yml")], {
    stdio: ["ignore", "pipe", "pipe"],
  })
  let log = ""
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (data: Buffer) => (log += data.toString()))
  opening.defer(async () => {
    const ended = new Promise((done) => child.once("exit", done))
    child.kill("SIGKILL")
    await ended
  })
  await answers(`http://${host}/v2/`, () => log)
  const opened = opening.move()
  return {
    host,
    push: (repository, tag) => push(host, { repository, tag, tokens, login }),
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

interface TokenServer extends AsyncDisposable {
  readonly settings: object
  sign(repository: string, actions: readonly string[]): string
}

/** Gives out tokens that the registry checks by their signature: whoever asks with the password gets what it asks for. */
async function openTokenServer(folder: string): Promise<TokenServer> {
  const [key, certificate] = [join(folder, "token.key"), join(folder, "token.pem")]
  const request = "req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=tokens".split(" ")
  execFileSync("openssl", [...request, "-keyout", key, "-out", certificate], { stdio: "ignore" })
  const [issuer, service] = ["test-tokens", "test-registry"]
  const der = readFileSync(certificate, "utf8").replaceAll(/-----[A-Z ]+-----|\s/g, "")
  const sign: TokenServer["sign"] = (repository, actions) => {
    const now = Math.floor(Date.now() / 1000)
    const claims = {
      iss: issuer,
      sub: user.name,
      aud: service,
      exp: now + 60,
      nbf: now - 5,
      iat: now,
      jti: randomUUID(),
    }
    const access = [{ type: "repository", name: repository, actions }]
    const text = [
      { typ: "JWT", alg: "RS256", x5c: [der] },
      { ...claims, access },
    ]
      .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
      .join(".")
    return `${text}.${createSign("RSA-SHA256").update(text).sign(readFileSync(key, "utf8")).toString("base64url")}`
  }
  const http = createServer((asked, response) => {
    const { searchParams } = new URL(asked.url ?? "/", "http://tokens")
    const [, repository = ""] = /^repository:(.+):pull$/.exec(searchParams.get("scope") ?? "") ?? []
    const known = asked.headers.authorization === basicOf(user)
    response.writeHead(known ? 200 : 401, { "content-type": "application/json" })
    response.end(JSON.stringify(known ? { access_token: sign(repository, ["pull"]) } : { errors: [] }))
  })
  await new Promise<void>((listening) => http.listen(0, "127.0.0.1", listening))
  const realm = `http://127.0.0.1:${(http.address() as AddressInfo).port}/auth`
  return {
    settings: { realm, service, issuer, rootcertbundle: certificate },
    sign,
    async [Symbol.asyncDispose]() {
      http.closeAllConnections()
      await new Promise((closed) => http.close(closed))
    },
  }
}

async function push(
  host: string,
  { repository, tag, tokens, login }: { repository: string; tag: string; tokens: TokenServer | null; login: Login },
): Promise<string> {
  const bearer = tokens && `Bearer ${tokens.sign(repository, ["pull", "push"])}`
  const authorization = bearer ?? (login === "basic" ? basicOf(user) : null)
  const headers = authorization === null ? {} : { authorization }
  const begun = await fetch(`http://${host}/v2/${repository}/blobs/uploads/`, { method: "POST", headers })
  const place = new URL(begun.headers.get("location") ?? "/", `http://${host}`)
  place.searchParams.set("digest", digestOf("{}"))
  const octets = { ...headers, "content-type": "application/octet-stream" }
  const blob = await fetch(place, { method: "PUT", headers: octets, body: "{}" })
  const text = manifestOf(tag)
  const typed = { ...headers, "content-type": "application/vnd.oci.image.manifest.v1+json" }
  const path = `http://${host}/v2/${repository}/manifests/${tag}`
  const manifest = await fetch(path, { method: "PUT", headers: typed, body: text })
  const statuses = [begun.status, blob.status, manifest.status]
  if (statuses.join() !== "202,201,201") throw new Error(`the push is answered ${statuses.join()}`)
  return digestOf(text)
}

function basicOf({ name, password }: typeof user): string {
  return `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}`
}

async function answers(url: string, log: () => string): Promise<void> {
  for (const started = Date.now(); Date.now() - started < startMaxMs;) {
    if (await fetch(url).catch(() => null)) return
    await new Promise((wake) => setTimeout(wake, 50))
  }
  throw new Error(`the registry isn't up\n${log()}`)
}
