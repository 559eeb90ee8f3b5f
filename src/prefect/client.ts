import type { DeploymentCreate, DeploymentPatch } from "../core/change.ts"
import type { Json, JsonObject } from "../core/json.ts"
import { fields } from "../core/fields.ts"
import { bearsLetter } from "../core/mark.ts"
import type { Coverage, DeploymentId, Instant, LiveDeployment, LookAt, SchedulePatch, Snapshot } from "../core/model.ts"
import { reaches, type Version } from "../core/version.ts"
import { isoTime } from "../lib/clock.ts"
import { Crossing } from "../lib/crossing.ts"
import { PrefectError } from "../lib/errors.ts"
import { notFound, type Answer } from "./answer.ts"
import { AutomationClient } from "./automations.ts"
import { Flows } from "./flows.ts"
import { look, ours } from "./look.ts"
import { listAll } from "./paging.ts"
import { listPools, type Pools } from "./pools.ts"
import { RunClient } from "./runs.ts"
import { serverVersion } from "./server-version.ts"
import { Transport, type Call, type TransportOptions } from "./transport.ts"
import { createBody, patchBody, schedulePatchBody, toLive } from "./translate.ts"
import { VariableClient } from "./variables.ts"
import { read, wire, type WireDeployment } from "./wire.ts"

/** Before it they have no tags, so ours couldn't be told from others'. */
const automationsSince = fields.automations.since?.version ?? [0, 0, 0]
const namesPerQuery = 100
/** CREATED_DESC: names repeat across flows and have no fixed order among themselves. */
const deployments = {
  what: "deployments",
  path: "/deployments/filter",
  countPath: "/deployments/count",
  sort: "CREATED_DESC",
  pageRows: 50,
  parse: (body: Json, path: string) => read(wire.deployments, body, path),
}

/** One Prefect workspace in the words of the core. Opens lazily: a server that is away is no reason not to start. */
export class WorkspaceClient implements AsyncDisposable {
  readonly #transport: Transport
  readonly #runs: RunClient
  readonly #variables: VariableClient
  readonly automations: AutomationClient
  readonly #cloud: boolean
  /** null = it doesn't say. */
  #server: Version | null | undefined
  readonly #flows: Flows
  /** Writes that may move a listing, and the listings. */
  readonly #crossing = new Crossing()
  #pools: Pools["pools"] = new Map()

  constructor(options: TransportOptions) {
    this.#transport = new Transport(options)
    this.#cloud = options.workspace.auth.kind === "apiKey"
    this.#runs = new RunClient(this.#transport)
    this.#variables = new VariableClient(this.#transport)
    this.#flows = new Flows(this.#transport)
    this.automations = new AutomationClient(this.#transport)
  }

  look(at: LookAt, signal: AbortSignal) {
    return look({ transport: this.#transport, crossing: this.#crossing }, at, signal)
  }

  async snapshot(wanted: Coverage, signal: AbortSignal): Promise<Snapshot> {
    return this.widen(await this.#list(ours, wanted.automations, signal), wanted, signal)
  }

  everything(signal: AbortSignal): Promise<Snapshot> {
    return this.#list({}, true, signal)
  }

  async #list(filter: JsonObject, automations: boolean, signal: AbortSignal): Promise<Snapshot> {
    const server = await this.#version(signal)
    const tagsAutomations = reaches(server, automationsSince)
    const { pools, queues } = await listPools(this.#transport, signal)
    this.#pools = pools
    const rows = await this.#listRows(filter, signal)
    const needed = automations || rows.some(({ tags }) => bearsLetter(tags, fields.automations.letter))
    const readable = needed && tagsAutomations
    if (readable) await this.automations.readAll(signal)
    else this.automations.forget()
    const deployments = new Map((await this.#toLive(rows, signal)).map((live) => [live.key, live]))
    return {
      takenAt: this.serverNow(),
      deployments,
      covers: new Set(deployments.keys()),
      workPools: this.#pools,
      queues,
      automations: readable ? "read" : tagsAutomations ? "unread" : "unsupported",
      server,
    }
  }

  async widen(snapshot: Snapshot, { keys, automations }: Coverage, signal: AbortSignal): Promise<Snapshot> {
    if (automations && snapshot.automations === "unread") {
      return this.widen(await this.#withAutomations(snapshot, signal), { keys, automations }, signal)
    }
    // A quiet turn makes no copy of a set of everything that is live.
    if ([...keys].every((key) => snapshot.covers.has(key))) return snapshot
    const missing = [...keys].filter((key) => !snapshot.covers.has(key) && !snapshot.deployments.has(key))
    const covers = new Set([...snapshot.covers, ...keys])
    if (missing.length === 0) return { ...snapshot, covers }
    const deployments = new Map(snapshot.deployments)
    const names = [...new Set(missing.map((key) => key.slice(key.indexOf("/") + 1)))].toSorted()
    const wanted = new Set(missing)
    for (let start = 0; start < names.length; start += namesPerQuery) {
      const filter = { deployments: { name: { any_: names.slice(start, start + namesPerQuery) } } }
      const rows = await this.#listRows(filter, signal)
      for (const live of await this.#toLive(rows, signal)) if (wanted.has(live.key)) deployments.set(live.key, live)
    }
    return { ...snapshot, deployments, covers }
  }

  async read(id: DeploymentId, signal: AbortSignal): Promise<LiveDeployment | null> {
    return this.#get(`/deployments/${id}`, "/deployments/{id}", signal)
  }

  async find(flow: string, name: string, signal: AbortSignal): Promise<LiveDeployment | null> {
    const path = `/deployments/name/${encodeURIComponent(flow)}/${encodeURIComponent(name)}`
    return this.#get(path, "/deployments/name/{flow}/{name}", signal)
  }

  /** Only after `find` said null: a POST over an existing deployment wipes its schedules and parameters. */
  async create(create: DeploymentCreate, signal: AbortSignal) {
    const known = this.#flows.idOf(create.flow)
    if (known === undefined) return this.#createBelow(await this.#flows.make(create.flow, signal), create, signal)
    try {
      return await this.#createBelow(known, create, signal)
    } catch (error) {
      // The flow was deleted since (409): it is made again, once.
      if (!(error instanceof PrefectError) || error.status !== 409) throw error
      this.#flows.forget(create.flow)
      return this.#createBelow(await this.#flows.make(create.flow, signal), create, signal)
    }
  }

  async patch(id: DeploymentId, patch: DeploymentPatch, signal: AbortSignal): Promise<void> {
    const server = await this.#version(signal)
    const at = { method: "PATCH", path: `/deployments/${id}`, route: "/deployments/{id}" } as const
    const body = patchBody(patch, server)
    await this.#crossing.across(() => this.#write(at, body, signal), signal)
  }

  async patchSchedule(id: DeploymentId, scheduleId: string, patch: SchedulePatch, signal: AbortSignal): Promise<void> {
    const path = `/deployments/${id}/schedules/${encodeURIComponent(scheduleId)}`
    await this.#write(
      { method: "PATCH", path, route: "/deployments/{id}/schedules/{id}" },
      schedulePatchBody(patch),
      signal,
    )
  }

  async removeSchedule(id: DeploymentId, scheduleId: string, signal: AbortSignal): Promise<void> {
    const path = `/deployments/${id}/schedules/${encodeURIComponent(scheduleId)}`
    await this.#transport.call(
      { method: "DELETE", path, route: "/deployments/{id}/schedules/{id}", intent: "write", expect: [404] },
      signal,
    )
  }

  async runsDueSince(id: DeploymentId, signal: AbortSignal): Promise<Instant> {
    return this.#runs.dueSince(id, await this.#version(signal), signal)
  }

  async reschedule(id: DeploymentId, since: Instant, signal: AbortSignal): Promise<void> {
    const at = { method: "POST", path: `/deployments/${id}/schedule`, route: "/deployments/{id}/schedule" } as const
    await this.#write(at, { start_time: since }, signal)
  }

  variable(name: string, signal: AbortSignal) {
    return this.#variables.one(name, signal)
  }

  variables(names: ReadonlySet<string>, signal: AbortSignal) {
    return this.#variables.listed(names, signal)
  }

  writeVariable(name: string, value: JsonObject, tags: readonly string[], signal: AbortSignal): Promise<void> {
    return this.#variables.write(name, value, tags, signal)
  }

  async remove(id: DeploymentId, signal: AbortSignal): Promise<void> {
    const call = { method: "DELETE", path: `/deployments/${id}`, route: "/deployments/{id}", intent: "write" } as const
    const remove = () => this.#transport.call({ ...call, expect: [404] }, signal)
    const answer = await this.#crossing.across(remove, signal)
    if (answer.status === 404) notFound(answer, call.route)
  }

  async detachLimit(id: DeploymentId, signal: AbortSignal): Promise<void> {
    await this.#write(
      { method: "PATCH", path: `/deployments/${id}`, route: "/deployments/{id}" },
      { global_concurrency_limit_id: null },
      signal,
    )
  }

  runs(id: DeploymentId, signal: AbortSignal) {
    return this.#runs.counts(id, signal)
  }

  removeScheduledRuns(id: DeploymentId, signal: AbortSignal): Promise<number> {
    return this.#runs.removeScheduled(id, signal)
  }

  serverNow(): Instant {
    return isoTime(this.#transport.serverNowMs())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport[Symbol.asyncDispose]()
  }

  async #createBelow(flowId: string, create: DeploymentCreate, signal: AbortSignal) {
    const body = createBody(create, flowId, await this.#version(signal))
    const at = { method: "POST", path: "/deployments/" } as const
    const answer = await this.#crossing.across(() => this.#write(at, body, signal), signal)
    const [live] = await this.#toLive([read(wire.deployment, answer.body, "/deployments/")], signal)
    return { live: live as LiveDeployment, existed: answer.status === 200 }
  }

  async #version(signal: AbortSignal): Promise<Version | null> {
    if (this.#server === undefined) this.#server = serverVersion(this.#cloud ? null : await this.#readVersion(signal))
    return this.#server
  }

  async #readVersion(signal: AbortSignal): Promise<string | null> {
    const answer = await this.#transport.call(
      { method: "GET", path: "/admin/version", intent: "read", expect: [404] },
      signal,
    )
    return answer.status === 404 ? null : read(wire.version, answer.body, "/admin/version")
  }

  async #toLive(rows: readonly WireDeployment[], signal: AbortSignal): Promise<readonly LiveDeployment[]> {
    const flows = await this.#flows.namesOf(
      rows.map((row) => row.flow_id),
      signal,
    )
    // A pool made after the last listing: without its default queue that one would look like a wish.
    if (rows.some(({ work_pool_name: pool }) => pool && !this.#pools.has(pool))) {
      this.#pools = (await listPools(this.#transport, signal)).pools
    }
    return rows.flatMap((row) => {
      const flow = flows.get(row.flow_id)
      // The flow went between two requests, and its deployments with it.
      if (flow === undefined) return []
      const defaultQueue = this.#pools.get(row.work_pool_name ?? "")?.defaultQueue ?? null
      return [toLive(row, flow, defaultQueue, (live) => this.automations.known(live))]
    })
  }

  async #withAutomations(snapshot: Snapshot, signal: AbortSignal): Promise<Snapshot> {
    await this.automations.readAll(signal)
    const deployments = [...snapshot.deployments].map(([key, live]) => {
      return [key, { ...live, fields: { ...live.fields, automations: this.automations.known(live) } }] as const
    })
    return { ...snapshot, deployments: new Map(deployments), automations: "read" }
  }

  /** Nothing of ours comes or goes meanwhile: that would move what is listed. */
  #listRows(filter: JsonObject, signal: AbortSignal): Promise<readonly WireDeployment[]> {
    const listing = { ...deployments, filter }
    return this.#crossing.alone(() => listAll(this.#transport, listing, signal), signal)
  }

  async #get(path: string, route: string, signal: AbortSignal): Promise<LiveDeployment | null> {
    const answer = await this.#transport.call({ method: "GET", path, route, intent: "read", expect: [404] }, signal)
    if (answer.status === 404) return notFound(answer, route)
    const [live] = await this.#toLive([read(wire.deployment, answer.body, route)], signal)
    return live ?? null
  }

  #write(at: Pick<Call, "method" | "path" | "route">, body: JsonObject, signal: AbortSignal): Promise<Answer> {
    return this.#transport.call({ ...at, intent: "write", body }, signal)
  }
}
