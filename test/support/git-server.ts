import { execFileSync, spawn } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { pipeline } from "node:stream/promises"

/** A real Git smart-HTTP server on loopback: node:http in front of `git http-backend`. */
export interface GitServer extends AsyncDisposable {
  readonly url: string
  readonly requests: GitRequest[]
  /** Asked before each request; what it does instead of serving. */
  fault: ((request: GitRequest, response: ServerResponse) => Fault | null) | null
  /** `user:password` that every request must carry; null = public. */
  credentials: string | null
  createRepository(name: string): GitRepository
}
export interface GitRequest {
  readonly method: string
  readonly path: string
  readonly authorization: string | null
  responseBytes: number
}
export type Fault =
  /** The handler answered by itself. */
  | { readonly kind: "answered" }
  /** The real answer, changed on its way. */
  | { readonly kind: "body"; readonly change: (body: Buffer) => Buffer }
  /** Settings of git for this request. */
  | { readonly kind: "config"; readonly settings: Readonly<Record<string, string>> }
  /** Git's protocol v2 is hidden. */
  | { readonly kind: "oldProtocol" }

export interface GitRepository {
  readonly url: string
  /** The bare repository's folder. */
  readonly folder: string
  /** Commits and pushes; null removes a file. Returns the commit id. */
  commit(files: Readonly<Record<string, string | null>>, branch?: string): string
  git(...args: readonly string[]): string
}

const identity = [
  "-c",
  "user.name=Ada",
  "-c",
  "user.email=ada@example.com",
  "-c",
  "init.defaultBranch=main",
  "-c",
  "commit.gpgsign=false",
]
const environment = {
  PATH: process.env["PATH"],
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_CONFIG_SYSTEM: "/dev/null",
  HOME: "/nonexistent",
}

export async function openGitServer(
  options: { readonly folder?: string; readonly port?: number } = {},
): Promise<GitServer> {
  const root = options.folder ?? mkdtempSync(join(tmpdir(), "lockstep-git-"))
  mkdirSync(root, { recursive: true })
  const requests: GitRequest[] = []
  const http = createServer((request, response) => {
    void serve(server, root, request, response).catch(() => response.destroy())
  })
  await new Promise<void>((listening) => http.listen(options.port ?? 0, "127.0.0.1", listening))
  const url = `http://127.0.0.1:${(http.address() as AddressInfo).port}`
  const server: GitServer = {
    url,
    requests,
    fault: null,
    credentials: null,
    createRepository: (name) => createRepository(root, url, name),
    async [Symbol.asyncDispose]() {
      http.closeAllConnections()
      await new Promise((closed) => http.close(closed))
      if (!options.folder) rmSync(root, { recursive: true, force: true })
    },
  }
  return server
}

function createRepository(root: string, url: string, name: string): GitRepository {
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
  run(root, ["init", "--quiet", "--bare", folder])
  run(work, ["init", "--quiet"])
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
      run(work, [
        "commit",
        "--quiet",
        "--allow-empty",
        "--message",
        `change ${Object.keys(files).join(", ").slice(0, 60)}`,
      ])
      run(work, ["push", "--quiet", "--force", "origin", `HEAD:refs/heads/${branch}`])
      return run(work, ["rev-parse", "HEAD"])
    },
  }
}

async function serve(
  server: GitServer,
  root: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, search } = new URL(request.url ?? "/", "http://127.0.0.1")
  const seen: GitRequest = {
    method: request.method ?? "GET",
    path: pathname + search,
    authorization: request.headers.authorization ?? null,
    responseBytes: 0,
  }
  server.requests.push(seen)
  const fault = server.fault?.(seen, response) ?? null
  if (fault?.kind === "answered") return
  const wanted = server.credentials && `Basic ${Buffer.from(server.credentials).toString("base64")}`
  if (wanted && seen.authorization !== wanted) {
    response.writeHead(401, { "www-authenticate": 'Basic realm="git"' }).end("who are you?")
    return
  }
  const child = spawn("git", ["http-backend"], {
    env: cgi(root, request, { pathname, search, fault }),
    stdio: ["pipe", "pipe", "ignore"],
  })
  response.on("close", () => child.kill("SIGKILL"))
  const sent = pipeline(request, child.stdin).catch(() => undefined)
  const chunks: Buffer[] = []
  for await (const chunk of child.stdout) chunks.push(chunk as Buffer)
  await sent
  const answer = Buffer.concat(chunks)
  const end = answer.indexOf("\r\n\r\n")
  const headers = answer
    .subarray(0, end)
    .toString()
    .split("\r\n")
    .map((line) => line.split(/: (.*)/s).slice(0, 2) as [string, string])
  const status = headers.find(([name]) => name.toLowerCase() === "status")?.[1]
  const real = answer.subarray(end + 4)
  const body = fault?.kind === "body" ? fault.change(real) : real
  seen.responseBytes = body.length
  response
    .writeHead(
      Number.parseInt(status ?? "200"),
      Object.fromEntries(headers.filter(([name]) => name.toLowerCase() !== "status")),
    )
    .end(body)
}

function cgi(
  root: string,
  request: IncomingMessage,
  { pathname, search, fault }: { pathname: string; search: string; fault: Fault | null },
): NodeJS.ProcessEnv {
  const settings = {
    "uploadpack.allowFilter": "true",
    "uploadpack.allowAnySHA1InWant": "true",
    "safe.directory": "*",
    ...(fault?.kind === "config" && fault.settings),
  }
  const config = Object.entries(settings).flatMap(([key, value], n) => [
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
    GIT_CONFIG_COUNT: String(Object.keys(settings).length),
    ...Object.fromEntries(config),
  }
}
