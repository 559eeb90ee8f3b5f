import { spawn, type ChildProcess } from "node:child_process"
import { randomInt } from "node:crypto"
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join, resolve } from "node:path"

export type PrefectVersion = "3.8.8" | "3.2.0"

export interface PrefectOptions {
  /** Scheduler and friends: off unless a test needs runs to be scheduled. With them SQLite refuses a write at times. */
  readonly services?: boolean
  /** `user:password` */
  readonly authString?: string
  readonly csrf?: boolean
  /** A fresh SQLite file unless given. */
  readonly database?: "sqlite" | { readonly url: string }
  /** Further settings; they win over the others. */
  readonly env?: Readonly<Record<string, string>>
  readonly port?: number
  /** Keep the data of a server that has ended: the `home` of that one. */
  readonly home?: string
  /** Serve the UI too. */
  readonly ui?: boolean
  /** Count requests, whoever makes them. */
  readonly counted?: boolean
}

/** A real Prefect server on loopback. */
export interface PrefectServer extends AsyncDisposable {
  /** Ends in `/api`. */
  readonly url: string
  readonly port: number
  readonly pid: number
  /** The folder of its database and settings. */
  readonly home: string
  log(): string
  /** How many requests were answered so far, with `counted`. */
  requests(): number
}

const cache = resolve(".cache")
/** Servers of one test; each folder holds `owner`, the process that removes it. */
export const serversFolder = join(cache, "servers")
/** One folder a version: `server.json` once it is up, `users/PID` of those that use it. */
export const sharedFolder = join(cache, "shared")
/** Ends a server that nobody swept. */
const detachedMaxSeconds = 4 * 3_600
const startMaxMs = 300_000
const pollMs = 100

export interface DetachedServer {
  readonly url: string
  readonly port: number
  readonly pid: number
  readonly home: string
}

/**
 * Starts a server with a database of its own and waits until it is healthy; it dies with this process.
 * `install.sh VERSION` must have run.
 */
export async function openPrefect(version: PrefectVersion, options: PrefectOptions = {}): Promise<PrefectServer> {
  const home = options.home ?? newHome(version)
  const port = options.port ?? (await freePort())
  const args = ["--pdeathsig", "KILL", ...serverCommand(version, port)]
  const child = spawn("setpriv", args, {
    cwd: home,
    env: environment(home, options),
    stdio: ["ignore", "pipe", "pipe"],
  })
  let output = ""
  let requests = 0
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (data: Buffer) => {
      output = (output + data.toString()).slice(-20_000)
      requests += data.toString().match(/"[A-Z]+ \/api\/(?!health)/g)?.length ?? 0
    })
  }
  const url = `http://127.0.0.1:${port}/api`
  try {
    await healthy(url, () => child.exitCode === null && child.signalCode === null)
  } catch (error) {
    child.kill("SIGKILL")
    throw new Error(`${(error as Error).message}\n${output}`, { cause: error })
  }
  return {
    url,
    port,
    pid: child.pid as number,
    home,
    log: () => output,
    requests: () => requests,
    async [Symbol.asyncDispose]() {
      await stop(child)
      // A home that was given belongs to who gave it.
      if (options.home === undefined) rmSync(home, { recursive: true, force: true })
    },
  }
}

/**
 * The server of a version that all test files of a run share, without services: the first caller starts it, `sweep.ts`
 * ends it. Use names of your own (flows, pools, variables), and count nothing that others may write.
 */
export async function sharedPrefect(version: PrefectVersion): Promise<PrefectServer> {
  const folder = join(sharedFolder, version)
  const user = join(folder, "users", String(process.pid))
  for (let waited = 0; waited < startMaxMs; waited += pollMs) {
    mkdirSync(join(folder, "users"), { recursive: true })
    writeFileSync(user, "")
    const server = readServer(folder)
    if (server && (await answers(server.url))) return asPrefectServer(server, user)
    if (server && !isAlive(server.pid)) rmSync(folder, { recursive: true, force: true })
    else if (!server && claim(join(folder, "claim"))) await startDetached(version, folder)
    else await pause(pollMs)
  }
  throw new Error(`the shared Prefect ${version} isn't up after ${startMaxMs / 1_000} s; see ${folder}/log`)
}

/** The server that was started detached with this folder, if it was. */
export function readServer(folder: string): DetachedServer | null {
  try {
    return JSON.parse(readFileSync(join(folder, "server.json"), "utf8")) as DetachedServer
  } catch {
    return null
  }
}

export function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}`)
}

/**
 * A port that is free now, and below those that the system gives to whoever asks for any: what starts for seconds would
 * find one of these taken meanwhile.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(12_000, 32_000)
    const server = createServer()
    const isFree = await new Promise<boolean>((known) => {
      server.once("error", () => known(false))
      server.listen(port, "127.0.0.1", () => known(true))
    })
    await new Promise((closed) => server.close(closed))
    if (isFree) return port
  }
}

function newHome(version: PrefectVersion): string {
  mkdirSync(serversFolder, { recursive: true })
  const home = mkdtempSync(join(serversFolder, `${version}-`))
  writeFileSync(join(home, "owner"), String(process.pid))
  copyTemplate(version, home)
  return home
}

/** The database of a new server. */
export function templateOf(version: PrefectVersion): string {
  return join(cache, `prefect-${version}`, "template.db")
}

function copyTemplate(version: PrefectVersion, home: string): void {
  copyFileSync(templateOf(version), join(home, "prefect.db"))
}

function serverCommand(version: PrefectVersion, port: number): readonly string[] {
  const python = join(cache, `prefect-${version}`, "bin/python")
  const app = ["-m", "uvicorn", "--factory", "prefect.server.api.server:create_app", "--log-level", "warning"]
  return [python, ...app, "--host", "127.0.0.1", "--port", String(port)]
}

function environment(home: string, options: PrefectOptions): NodeJS.ProcessEnv {
  const database = options.database ?? "sqlite"
  const fresh = database !== "sqlite"
  return {
    PATH: process.env["PATH"],
    HOME: home,
    PREFECT_HOME: home,
    PREFECT_API_DATABASE_CONNECTION_URL: fresh ? database.url : `sqlite+aiosqlite:///${home}/prefect.db`,
    // The SQLite file is a copy of a migrated one; another database starts empty.
    PREFECT_API_DATABASE_MIGRATE_ON_START: String(fresh),
    PREFECT_API_BLOCKS_REGISTER_ON_START: "false",
    PREFECT_SERVER_ANALYTICS_ENABLED: "false",
    PREFECT_UI_ENABLED: String(options.ui ?? false),
    ...(!options.services && { PREFECT__SERVER_WEBSERVER_ONLY: "1" }),
    ...(options.authString && { PREFECT_SERVER_API_AUTH_STRING: options.authString }),
    ...(options.counted && { PREFECT_SERVER_LOGGING_LEVEL: "INFO" }),
    ...(options.csrf && { PREFECT_SERVER_CSRF_PROTECTION_ENABLED: "true" }),
    ...options.env,
  }
}

/** Starts a server that outlives this process, with its home in `folder`. */
export async function startDetached(version: PrefectVersion, folder: string): Promise<void> {
  const home = join(folder, "home")
  rmSync(home, { recursive: true, force: true })
  mkdirSync(home)
  copyTemplate(version, home)
  const port = await freePort()
  const args = ["--kill-after=5", String(detachedMaxSeconds), ...serverCommand(version, port)]
  const child = spawn("timeout", args, { cwd: home, env: environment(home, {}), stdio: "ignore", detached: true })
  child.unref()
  const { pid } = child
  if (pid === undefined) throw new Error("`timeout` can't be started")
  const url = `http://127.0.0.1:${port}/api`
  const server: DetachedServer = { url, port, pid, home }
  // Before it is up: whoever is killed meanwhile leaves word of it for the sweep.
  writeFileSync(join(folder, "server.json"), JSON.stringify(server))
  await healthy(url, () => isAlive(pid))
}

function asPrefectServer(server: DetachedServer, user: string): PrefectServer {
  return {
    ...server,
    log: () => "",
    requests: () => 0,
    async [Symbol.asyncDispose]() {
      rmSync(user, { force: true })
    },
  }
}

/** `mkdir` is atomic: of all that try, one succeeds. */
function claim(path: string): boolean {
  try {
    mkdirSync(path)
    return true
  } catch {
    return false
  }
}

async function healthy(url: string, alive: () => boolean): Promise<void> {
  for (let waited = 0; waited < startMaxMs; waited += pollMs) {
    if (!alive()) throw new Error("Prefect ended at its start")
    if (await answers(url)) return
    await pause(pollMs)
  }
  throw new Error(`Prefect isn't healthy after ${startMaxMs / 1_000} s`)
}

export async function answers(url: string): Promise<boolean> {
  return fetch(`${url}/health`).then(
    (response) => response.ok,
    () => false,
  )
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const ended = new Promise((done) => child.once("exit", done))
  child.kill("SIGTERM")
  const late = setTimeout(() => child.kill("SIGKILL"), 5_000)
  await ended
  clearTimeout(late)
}

function pause(ms: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, ms))
}
