import { execFileSync, spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from "node:http"
import { createServer as createTlsServer } from "node:https"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { pipeline } from "node:stream/promises"

/** A real Git smart-HTTP server on loopback: node:http in front of `git http-backend`. */
export interface GitServer extends AsyncDisposable {
  readonly url: string
  /** All that were received, in order; empty it with `requests.length = 0`. */
  readonly requests: GitRequest[]
  /** Asked before each request: what goes wrong with it, or how old the server is for it. */
  fault: ((request: GitRequest, response: ServerResponse) => Fault | null) | null
  /** `user:password` that every request must carry; null = public. */
  credentials: string | null
  createRepository(name: string, objectFormat?: "sha1" | "sha256"): GitRepository
}
interface GitRequest {
  readonly method: string
  readonly path: string
  readonly authorization: string | null
  readonly headers: IncomingMessage["headers"]
  /** The request's own body, there once it has been answered. */
  body: string
  responseBytes: number
}
export type Fault =
  /** The handler answers by itself. */
  | { readonly kind: "answered" }
  /** An answer in place of Git's: a refusal, a login page, a redirect, nothing at all. */
  | {
      readonly kind: "answer"
      readonly status: number
      readonly headers?: Readonly<Record<string, string>>
      readonly body?: string | Buffer
    }
  /** No answer; or its first bytes, and then no more. */
  | { readonly kind: "hang"; readonly afterBytes?: number }
  /** The connection breaks off after so many bytes of the body. */
  | { readonly kind: "cut"; readonly afterBytes: number }
  /** The real answer, changed on its way. */
  | { readonly kind: "change"; readonly change: (body: Buffer) => Buffer }
  | { readonly kind: "delay"; readonly ms: number }
  /** Settings of git for this request. */
  | { readonly kind: "config"; readonly settings: Readonly<Record<string, string>> }
  /** Git's protocol v2 is hidden. */
  | { readonly kind: "oldProtocol"; readonly settings?: Readonly<Record<string, string>> }

/** A server that can't leave blobs out. */
export const withoutFilter: Fault = { kind: "config", settings: { "uploadpack.allowFilter": "false" } }

export interface GitRepository {
  readonly url: string
  /** The bare repository's folder. */
  readonly folder: string
  /** Commits and pushes; null removes a file. Returns the commit id. */
  commit(files: Readonly<Record<string, string | null>>, branch?: string): string
  /** In the work tree, whose remote is `origin`; returns what git prints. */
  git(...args: readonly string[]): string
}

interface Options {
  /** Kept afterwards; default: a temporary one. */
  readonly folder?: string
  readonly port?: number
  /** PEM texts for https. */
  readonly tls?: { readonly key: string; readonly cert: string }
}

const identity = [
  ["user.name", "Ada"],
  ["user.email", "ada@example.com"],
  ["init.defaultBranch", "main"],
  ["commit.gpgsign", "false"],
].flatMap(([key, value]) => ["-c", `${key}=${value}`])
const environment = {
  PATH: process.env["PATH"],
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  HOME: "/nonexistent",
}

export async function openGitServer(options: Options = {}): Promise<GitServer> {
  const root = options.folder ?? mkdtempSync(join(tmpdir(), "lockstep-git-"))
  mkdirSync(root, { recursive: true })
  const http = listener(options, (request, response) => {
    void serve({ server, root, request, response }).catch(() => response.destroy())
  })
  await new Promise<void>((listening) => http.listen(options.port ?? 0, "127.0.0.1", listening))
  const url = `${options.tls ? "https" : "http"}://127.0.0.1:${(http.address() as AddressInfo).port}`
  const server: GitServer = {
    url,
    requests: [],
    fault: null,
    credentials: null,
    createRepository: (name, objectFormat = "sha1") => createRepository({ root, url, name, objectFormat }),
    async [Symbol.asyncDispose]() {
      http.closeAllConnections()
      await new Promise((closed) => http.close(closed))
      if (!options.folder) rmSync(root, { recursive: true, force: true })
    },
  }
  return server
}

function listener({ tls }: Options, handle: RequestListener): Server {
  return tls ? createTlsServer(tls, handle) : createServer(handle)
}

function createRepository(parts: { root: string; url: string; name: string; objectFormat: string }): GitRepository {
  const { root, url, name, objectFormat } = parts
  const folder = join(root, `${name}.git`)
  const work = join(root, `${name}.work`)
  const run = (cwd: string, args: readonly string[]): string =>
    execFileSync("git", [...identity, ...args], {
      cwd,
      env: environment,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "pipe"],
    }).trim()
  mkdirSync(work, { recursive: true })
  run(root, ["init", "--quiet", "--bare", `--object-format=${objectFormat}`, folder])
  run(work, ["init", "--quiet", `--object-format=${objectFormat}`])
  run(work, ["remote", "add", "origin", folder])
  return {
    url: `${url}/${name}.git`,
    folder,
    git: (...args) => run(work, args),
    commit(files, branch = "main") {
      for (const [path, text] of Object.entries(files)) {
        const file = join(work, path)
        mkdirSync(dirname(file), { recursive: true })
        if (text === null) rmSync(file)
        else writeFileSync(file, text)
      }
      run(work, ["add", "--all"])
      const message = `change ${Object.keys(files).join(", ").slice(0, 60)}`
      run(work, ["commit", "--quiet", "--allow-empty", "--message", message])
      run(work, ["push", "--quiet", "--force", "origin", `HEAD:refs/heads/${branch}`])
      return run(work, ["rev-parse", "HEAD"])
    },
  }
}

interface Exchange {
  readonly server: GitServer
  readonly root: string
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

async function serve(exchange: Exchange): Promise<void> {
  const { server, request, response } = exchange
  const { authorization = null } = request.headers
  const { method = "GET", url = "/" } = request
  const { headers } = request
  const seen: GitRequest = { method, path: url, authorization, headers, body: "", responseBytes: 0 }
  server.requests.push(seen)
  const fault = server.fault?.(seen, response) ?? null
  if (fault?.kind === "answered") return
  if (fault?.kind === "delay") await new Promise((passed) => setTimeout(passed, fault.ms))
  const refusal = refusalOf(server, authorization, fault)
  if (refusal) {
    request.resume()
    response.writeHead(refusal.status, refusal.headers).end(refusal.body ?? "")
    return
  }
  const answer = await askGit(exchange, seen, fault)
  seen.responseBytes = send(response, answer, fault)
}

type Refusal = Extract<Fault, { kind: "answer" }>

function refusalOf({ credentials }: GitServer, authorization: string | null, fault: Fault | null): Refusal | null {
  if (fault?.kind === "answer") return fault
  if (credentials === null || authorization === `Basic ${Buffer.from(credentials).toString("base64")}`) return null
  return { kind: "answer", status: 401, headers: { "www-authenticate": 'Basic realm="git"' }, body: "who are you?" }
}

/** Returns the bytes of the whole body. */
function send(response: ServerResponse, { status, headers, body: real }: Answer, fault: Fault | null): number {
  const body = fault?.kind === "change" ? fault.change(real) : real
  if (fault?.kind !== "hang" && fault?.kind !== "cut") response.writeHead(status, headers).end(body)
  else if (fault.afterBytes !== undefined) {
    response.writeHead(status, { ...headers, "content-length": body.length })
    response.write(body.subarray(0, fault.afterBytes), () => {
      if (fault.kind === "cut") response.destroy()
    })
  }
  return body.length
}

interface Answer {
  readonly status: number
  readonly headers: Record<string, string>
  readonly body: Buffer
}

/** CGI: header lines with a status among them, an empty line, the body. */
async function askGit(exchange: Exchange, seen: GitRequest, fault: Fault | null): Promise<Answer> {
  const { root, request, response } = exchange
  const child = spawn("git", ["http-backend"], { env: cgi(root, request, fault), stdio: ["pipe", "pipe", "ignore"] })
  response.on("close", () => child.kill("SIGKILL"))
  request.on("data", (chunk: Buffer) => {
    seen.body += chunk.toString("latin1")
  })
  const sent = pipeline(request, child.stdin).catch(() => undefined)
  const chunks: Buffer[] = []
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer)
  await sent
  const answer = Buffer.concat(chunks)
  const end = answer.indexOf("\r\n\r\n")
  const lines = answer.subarray(0, end).toString().split("\r\n")
  const { status = "200", ...headers } = Object.fromEntries(
    lines.map((line) => [line.split(": ")[0]?.toLowerCase(), line.replace(/^[^:]*: /, "")]),
  ) as Record<string, string>
  return { status: Number.parseInt(status), headers, body: answer.subarray(end + 4) }
}

function cgi(root: string, request: IncomingMessage, fault: Fault | null): NodeJS.ProcessEnv {
  const { pathname, search } = new URL(request.url ?? "/", "http://127.0.0.1")
  const settings = Object.entries({
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "safe.directory": "*",
    ...(fault && "settings" in fault && fault.settings),
  })
  const config = settings.flatMap(([key, value], n) => [
    [`GIT_CONFIG_KEY_${n}`, key],
    [`GIT_CONFIG_VALUE_${n}`, value],
  ])
  const header = (name: string): string => String(request.headers[name] ?? "")
  return {
    ...environment,
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: "1",
    REQUEST_METHOD: request.method,
    PATH_INFO: decodeURIComponent(pathname),
    QUERY_STRING: search.slice(1),
    CONTENT_TYPE: header("content-type"),
    CONTENT_LENGTH: header("content-length"),
    HTTP_CONTENT_ENCODING: header("content-encoding"),
    ...(fault?.kind !== "oldProtocol" && { GIT_PROTOCOL: header("git-protocol") }),
    REMOTE_ADDR: "127.0.0.1",
    GIT_CONFIG_COUNT: String(settings.length),
    ...Object.fromEntries(config),
  }
}
