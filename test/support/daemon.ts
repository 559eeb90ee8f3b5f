import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { Agent, fetch, type Response } from "undici"
import { openDaemon } from "../../src/daemon.ts"
import { systemClock, type Clock } from "../../src/lib/clock.ts"
import type { SourceStatus } from "../../src/core/status.ts"
import { openGateway, type Gateway } from "./gateway.ts"
import { openGitServer, type GitRepository, type GitServer } from "./git-server.ts"
import { leasePrefect } from "./prefect/pool.ts"
import { openPrefect, type PrefectOptions, type PrefectServer, type PrefectVersion } from "./prefect/server.ts"

/**
 * Real parts around daemons in this process: a Prefect server without services, a Git server, and a proxy before
 * Prefect that counts and breaks. Tests share one world and keep apart by an installation and a flow name each.
 */
export interface World extends AsyncDisposable {
  readonly prefect: PrefectServer
  readonly git: GitServer
  /** Between the daemons and Prefect; `call` and `deployments` go around it. */
  readonly gateway: Gateway
  repository(name: string): GitRepository
  daemon(parts: ConfigParts): Promise<TestDaemon>
  /** One request to Prefect; `path` without `/api`. 503 is tried again, as SQLite answers it when two write at once. */
  call<T = unknown>(method: string, path: string, body?: unknown): Promise<T>
  /** Deployments of one flow by name. */
  deployments(flow: string): Promise<Readonly<Record<string, LiveJson>>>
  /** Makes Prefect's last write to a deployment this long ago: a grace is over without a wait. */
  age(id: string | undefined, minutes: number): void
  /** The record of a source, or null. */
  record(installation: string, source: string): Promise<RecordJson | null>
}

interface ConfigParts {
  readonly installation: string
  /** As in the config file. */
  readonly sources: readonly SourceParts[]
  readonly defaults?: object
  readonly workspace?: object
  /** Further ones, each with its name and URL. */
  readonly workspaces?: readonly object[]
  readonly clock?: Clock
  /** Another version's. */
  readonly open?: typeof openDaemon
}
interface SourceParts {
  readonly name: string
  readonly [setting: string]: unknown
}

export interface TestDaemon extends AsyncDisposable {
  readonly address: string
  readonly stateDir: string
  /** One request to the daemon's API, with its token. */
  api(method: string, path: string, body?: unknown): Promise<{ readonly status: number; readonly body: unknown }>
  /** A turn that starts now; its status. */
  sync(source: string): Promise<SourceStatus>
  status(source: string): Promise<SourceStatus>
  plan(source: string): Promise<Planned>
  /** `suspend`, `resume`, `pin`, `unpin`, `confirm`: the HTTP status and the source's status, or the problem. */
  operate(source: string, operation: string, body?: object): Promise<{ status: number; body: Operated }>
  /** Confirms what is held now. */
  confirm(source: string): Promise<SourceStatus>
  /** Writes a new config file and has it taken. */
  configure(parts: Omit<ConfigParts, "installation">): Promise<void>
  log(): string
}
type Operated = SourceStatus & { readonly code?: string; readonly detail?: string }
interface Planned {
  readonly changes: readonly PlannedJson[]
}
export interface PlannedJson {
  readonly action: string
  readonly key: string
  readonly code?: string
  readonly reason?: string
  readonly message?: string
}

/** A deployment as Prefect's API gives it, as far as tests look. */
export interface LiveJson {
  readonly id: string
  readonly name: string
  readonly updated: string
  readonly paused: boolean
  readonly tags: readonly string[]
  readonly parameters: Readonly<Record<string, unknown>>
  readonly schedules: readonly { readonly id: string; readonly active: boolean; readonly slug?: string }[]
  readonly global_concurrency_limit: { readonly id: string; readonly name: string } | null
  readonly parameter_openapi_schema: {
    readonly properties: Readonly<Record<string, Readonly<Record<string, unknown>>>>
  }
}
interface RecordJson {
  readonly id: string
  readonly updated: string
  readonly tags: readonly string[]
  readonly value: Readonly<Record<string, unknown>>
}

const token = "test-token"
const pool = "pool"
const triesMax = 20
const databaseMaxMs = 30_000
/** Ends what would wait for ever; a busy machine may be many times slower than an idle one. */
const waitMaxMs = 180_000

export async function openWorld(options: PrefectOptions & { readonly version?: PrefectVersion } = {}): Promise<World> {
  await using opening = new AsyncDisposableStack()
  const folder = mkdtempSync(join(tmpdir(), "lockstep-world-"))
  opening.defer(() => rmSync(folder, { recursive: true, force: true }))
  const { version = "3.8.8", ...settings } = options
  const isPlain = Object.keys(settings).length === 0
  const prefect = opening.use(await (isPlain ? leasePrefect(version) : openPrefect(version, settings)))
  const git = opening.use(await openGitServer())
  const gateway = opening.use(await openGateway(prefect.url))
  const call: World["call"] = (method, path, body) => ask(prefect.url + path, { method, body })
  await call("POST", "/work_pools/", { name: pool, type: "process" })
  let daemons = 0
  const opened = opening.move()
  return {
    prefect,
    git,
    gateway,
    call,
    repository: (name) => git.createRepository(name),
    // The stack closes what a test left open, before the servers that it talks to.
    daemon: async (parts) => opened.use(await startDaemon(parts, gateway.url, join(folder, `${daemons++}`))),
    async deployments(flow) {
      const filter = { flows: { name: { any_: [flow] } }, sort: "NAME_ASC" }
      const all = await call<readonly LiveJson[]>("POST", "/deployments/filter", filter)
      return Object.fromEntries(all.map((live) => [live.name, live]))
    },
    age(id, minutes) {
      using database = new DatabaseSync(join(prefect.home, "prefect.db"), { timeout: databaseMaxMs })
      const shift = "UPDATE deployment SET updated = strftime('%Y-%m-%d %H:%M:%f', updated, ?) WHERE id = ?"
      const { changes } = database.prepare(shift).run(`-${minutes} minutes`, id ?? null)
      if (changes !== 1) throw new Error(`no deployment ${id}`)
    },
    async record(installation, source) {
      const filter = { variables: { tags: { all_: [`gitops=${installation}/${source}`] } } }
      return (await call<readonly RecordJson[]>("POST", "/variables/filter", filter))[0] ?? null
    },
    [Symbol.asyncDispose]: () => opened.disposeAsync(),
  }
}

async function startDaemon(parts: ConfigParts, apiUrl: string, base: string): Promise<TestDaemon> {
  const path = `${base}.yaml`
  const { installation } = parts
  writeConfig(path, { ...parts, apiUrl, stateDir: `${base}.state` })
  let log = ""
  const out = { write: (text: string) => (log += text) }
  const daemon = await (parts.open ?? openDaemon)({
    configPath: path,
    environment: { LOCKSTEP_TOKEN: token },
    clock: parts.clock ?? systemClock,
    log: { level: "debug", format: "json", out },
  })
  let closed: PromiseLike<void> | null = null
  const api: TestDaemon["api"] = async (method, route, body) => {
    const response = await send(daemon.address + route, { method, body })
    return { status: response.status, body: await response.json() }
  }
  const place = (source: string): string => `/api/v1/sources/${source}`
  const operate: TestDaemon["operate"] = async (source, operation, body = {}) => {
    const answer = await api("POST", `${place(source)}/${operation}`, body)
    return { status: answer.status, body: answer.body as Operated }
  }
  return {
    address: daemon.address,
    stateDir: `${base}.state`,
    api,
    operate,
    log: () => log,
    status: async (source) => (await api("GET", place(source))).body as SourceStatus,
    sync: async (source) => (await api("POST", `${place(source)}/sync?wait=5m`)).body as SourceStatus,
    plan: async (source) => (await api("GET", `${place(source)}/plan`)).body as Planned,
    async confirm(source) {
      const before = (await api("GET", place(source))).body as SourceStatus
      const { status, body } = await operate(source, "confirm", { digest: before.hold?.digest })
      if (status !== 200) throw new Error(`confirm answered ${status}: ${JSON.stringify(body)}`)
      return body
    },
    async configure(next) {
      writeConfig(path, { ...next, installation, apiUrl, stateDir: `${base}.state` })
      await daemon.reload()
    },
    [Symbol.asyncDispose]: async () => await (closed ??= daemon[Symbol.asyncDispose]()),
  }
}

/** JSON is YAML. Nothing happens by itself unless a test asks for it: turns come from `sync`. */
function writeConfig(path: string, parts: ConfigParts & { readonly apiUrl: string; readonly stateDir: string }): void {
  const { installation, sources, defaults, workspace, workspaces = [], apiUrl, stateDir } = parts
  const config = {
    installation,
    workspaces: [{ name: "default", apiUrl, driftInterval: "1h", listInterval: "1h", ...workspace }, ...workspaces],
    server: { listen: "127.0.0.1:0", token: { env: "LOCKSTEP_TOKEN" } },
    stateDir,
    defaults: { interval: "1h", pullCommit: "none", ...defaults },
    sources,
  }
  writeFileSync(path, JSON.stringify(config, null, 2))
}

/** Files of a repository: one flow, and the deployments of it by name with what differs from the plain one. */
export function project(flow: string, deployments: Readonly<Record<string, object>>): Readonly<Record<string, string>> {
  const entries = Object.entries(deployments).map(([name, fields]) => ({
    name,
    entrypoint: "flows.py:flow_of_this_test",
    work_pool: { name: pool },
    schedules: [{ cron: "0 3 * * *", slug: "nightly" }],
    ...fields,
  }))
  return {
    "prefect.yaml": JSON.stringify({ deployments: entries }, null, 1),
    "flows.py": `from prefect import flow\n\n\n@flow(name="${flow}")\ndef flow_of_this_test(limit: int = 1):\n    pass\n`,
  }
}

/** Plain deployments by these names. */
export function named(...names: readonly string[]): Readonly<Record<string, object>> {
  return Object.fromEntries(names.map((name) => [name, {}]))
}

export async function until(what: string, holds: () => Promise<boolean>): Promise<void> {
  for (const started = Date.now(); Date.now() - started < waitMaxMs;) {
    if (await holds()) return
    await pause(50)
  }
  throw new Error(`${what}: not within ${waitMaxMs / 1000} s`)
}

export function pause(ms: number): Promise<void> {
  return new Promise((wake) => setTimeout(wake, ms))
}

/** A connection that is kept may be closed by the server just when a slow test uses it again, so none is. */
const dispatcher = new Agent({ pipelining: 0 })

interface Sent {
  readonly method: string
  readonly body?: unknown
}

function send(url: string, { method, body }: Sent): Promise<Response> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` }
  return fetch(url, { method, headers, dispatcher, ...(body !== undefined && { body: JSON.stringify(body) }) })
}

async function ask<T>(url: string, sent: Sent): Promise<T> {
  for (let tries = 1; ; tries++) {
    const response = await send(url, sent)
    const text = await response.text()
    if (response.ok) return (text === "" ? null : JSON.parse(text)) as T
    if (response.status !== 503 || tries >= triesMax) {
      throw new Error(`${sent.method} ${url}: ${response.status} ${text.slice(0, 300)}`)
    }
    await pause(100)
  }
}
