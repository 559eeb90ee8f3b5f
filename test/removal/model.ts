import { digestOf } from "../../src/core/digest.ts"
import type { DeploymentPatch } from "../../src/core/change.ts"
import type { Json, JsonObject } from "../../src/core/json.ts"
import { managedTag } from "../../src/core/mark.ts"
import type {
  AutomationWrite,
  Coverage,
  DeploymentId,
  Desired,
  LiveDeployment,
  LookAt,
  Revision,
  Tree,
} from "../../src/core/model.ts"
import type { Clock } from "../../src/lib/clock.ts"
import { isoTime } from "../../src/lib/clock.ts"
import { GitError, PrefectError } from "../../src/lib/errors.ts"
import type { GitPort, ImagesPort, Index, RenderPort, WorkspacePort } from "../../src/reconcile/ports.ts"
import { declared, desiredOf, liveAutomation, pool, queueIdsOf, schedule, snapshotOf } from "../core/builders.ts"
import { automated, created, patched } from "../core/prefect-model.ts"

/** Time that moves only when it is told to. */
export class SteppedClock implements Clock {
  #now = Date.parse("2026-11-24T12:00:00Z")
  now(): number {
    return this.#now
  }
  elapsed(): number {
    return this.#now
  }
  random(): number {
    return 0.5
  }
  step(ms: number): void {
    this.#now += ms
  }
  sleep(ms: number): Promise<void> {
    this.#now += ms
    return Promise.resolve()
  }
}

/** "refuse": the next write fails for now; "reject": for good; "lose": it is carried out, and its answer gets lost. */
export type WriteFault = "refuse" | "lose" | "reject"

/** A Prefect workspace in memory that tells of each write before it is carried out. */
export class ModelPrefect implements WorkspacePort {
  readonly deployments = new Map<DeploymentId, LiveDeployment>()
  readonly values = new Map<string, JsonObject>()
  onWrite: (write: ModelWrite) => void = () => undefined
  /** Before a turn reads what it is about to write. */
  onRead: (live: LiveDeployment) => void = () => undefined
  fault: WriteFault | null = null
  writes = 0
  runCounts = { active: 0, manual: 0 }
  actingAutomations: readonly string[] = []
  listingFails = false
  listings = 0
  /** Name of a deployment that takes no change. */
  deniesPatchOf: string | null = null
  readonly #clock: Clock
  #ids = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** How far the server's clock is before ours. */
  aheadMs = 0
  serverNow = () => isoTime(this.#clock.now() + this.aheadMs)

  /** What a person does in the UI. */
  edit(id: DeploymentId, change: (live: LiveDeployment) => LiveDeployment): void {
    const live = this.deployments.get(id)
    if (live) this.deployments.set(id, { ...change(live), updated: this.serverNow() })
  }

  add(live: LiveDeployment): void {
    this.deployments.set(live.id, live)
  }

  async look({ depth }: LookAt) {
    const ours = this.#ours().toSorted((a, b) => (a.updated < b.updated ? 1 : -1))
    return { count: ours.length, newest: ours.slice(0, depth), queues: queueIdsOf([pool("pool")]), limits: null }
  }
  async snapshot({ keys }: Coverage) {
    this.listings++
    if (this.listingFails) throw new PrefectError("busy", { kind: "transient", code: "busy", status: 503 })
    const found = [...this.deployments.values()].filter(
      ({ allTags, key }) => allTags.includes(managedTag) || keys.has(key),
    )
    return { ...snapshotOf(found, [pool("pool")]), takenAt: this.serverNow() }
  }
  async everything() {
    return { ...snapshotOf([...this.deployments.values()], [pool("pool")]), takenAt: this.serverNow() }
  }
  async widen(snapshot: Awaited<ReturnType<WorkspacePort["snapshot"]>>, { keys }: Coverage) {
    if ([...keys].every((key) => snapshot.deployments.has(key))) return snapshot
    const deployments = new Map(snapshot.deployments)
    for (const live of this.deployments.values()) if (keys.has(live.key)) deployments.set(live.key, live)
    return { ...snapshot, deployments }
  }
  async read(id: DeploymentId, signal: AbortSignal) {
    signal.throwIfAborted()
    const live = this.deployments.get(id)
    if (live) this.onRead(live)
    return this.deployments.get(id) ?? null
  }
  async find(flow: string, name: string) {
    return [...this.deployments.values()].find((live) => live.flow === flow && live.name === name) ?? null
  }
  async create(wanted: Parameters<WorkspacePort["create"]>[0]) {
    const bare = created(wanted)
    const live = { ...bare, id: `id-${++this.#ids}` as DeploymentId, updated: this.serverNow() }
    this.#write({ kind: "create", live }, () => this.add(live))
    return { live, existed: false }
  }
  async patch(id: DeploymentId, patch: DeploymentPatch) {
    const live = this.#existing(id)
    if (live.name === this.deniesPatchOf) this.fault = "reject"
    this.#write({ kind: "patch", live, patch }, () => this.edit(id, (now) => patched(now, patch)))
  }
  async patchSchedule() {}
  async removeSchedule() {}
  async runsDueSince() {
    return this.serverNow()
  }
  async reschedule() {}
  async variable(name: string) {
    const value = this.values.get(name)
    return value === undefined ? null : { value }
  }
  async variables(names: ReadonlySet<string>) {
    return new Map<string, Json>([...this.values].filter(([name]) => names.has(name)))
  }
  async writeVariable(name: string, value: JsonObject) {
    this.#write({ kind: "variable", name }, () => this.values.set(name, structuredClone(value)))
  }
  async remove(id: DeploymentId) {
    const live = this.deployments.get(id)
    if (live) this.#write({ kind: "remove", live }, () => this.deployments.delete(id))
  }
  async detachLimit() {}
  async runs() {
    return this.runCounts
  }
  readonly automations: WorkspacePort["automations"] = {
    read: async ({ id, key }) => {
      const theirs = this.actingAutomations.map((name) => liveAutomation(key, name))
      return [...theirs, ...(this.deployments.get(id)?.fields.automations ?? [])]
    },
    make: async (id, automation, tags) => this.#automate(this.#existing(id), { kind: "make", automation, tags }),
    replace: async ({ id, automationId }, automation, tags) => {
      const live = this.#existing(id)
      const before = live.fields.automations?.find((one) => one.id === automationId)
      if (!before) throw new PrefectError("not found", { kind: "stalled", code: "not-found", status: 404 })
      this.#automate(live, { kind: "replace", live: before, automation, tags })
    },
    remove: async (automationId) => {
      for (const live of this.deployments.values()) {
        const before = live.fields.automations?.find((one) => one.id === automationId)
        if (before) this.#automate(live, { kind: "remove", live: before })
      }
    },
  }
  async removeScheduledRuns() {
    return 0
  }

  #write(write: ModelWrite, carryOut: () => void): void {
    const { fault } = this
    this.fault = null
    if (fault === "refuse") throw new PrefectError("busy", { kind: "transient", code: "busy", status: 503 })
    if (fault === "reject") throw new PrefectError("no", { kind: "stalled", code: "refused", status: 422 })
    this.writes++
    this.onWrite(write)
    carryOut()
    if (fault === "lose") throw new PrefectError("lost", { kind: "transient", code: "answer-lost", status: null })
  }

  /** `updated` of the deployment doesn't follow its automations. */
  #automate(live: LiveDeployment, write: AutomationWrite): void {
    this.#write({ kind: "automation", live }, () => this.deployments.set(live.id, automated(live, [write])))
  }

  #existing(id: DeploymentId): LiveDeployment {
    const live = this.deployments.get(id)
    if (!live) throw new PrefectError("not found", { kind: "stalled", code: "not-found", status: 404 })
    return live
  }

  #ours(): readonly LiveDeployment[] {
    return [...this.deployments.values()].filter(({ allTags }) => allTags.includes(managedTag))
  }
}

export type ModelWrite =
  | { readonly kind: "create"; readonly live: LiveDeployment }
  | { readonly kind: "patch"; readonly live: LiveDeployment; readonly patch: DeploymentPatch }
  | { readonly kind: "remove"; readonly live: LiveDeployment }
  | { readonly kind: "automation"; readonly live: LiveDeployment }
  | { readonly kind: "variable"; readonly name: string }

/** What one commit declares: deployments of the flow "f" by name with their parameter; `complete: false` = a bad file. */
export interface Commit {
  readonly names: Readonly<Record<string, number>>
  readonly complete: boolean
  /** Declared, but they can't be created yet. */
  readonly waiting?: readonly string[]
}

/** Repositories as lists of commits, by URL; each commit's content is found again by its id. */
export class ModelGit {
  readonly heads = new Map<string, Revision>()
  readonly commits = new Map<Revision, Commit>()
  readonly down = new Set<string>()

  commit(url: string, commit: Commit): void {
    const revision = digestOf([url, this.commits.size]).slice(0, 40) as Revision
    this.commits.set(revision, commit)
    this.heads.set(url, revision)
  }
  head(url: string): Commit {
    return this.commits.get(this.heads.get(url) as Revision) as Commit
  }

  readonly port: GitPort = {
    resolve: async ({ url }) => {
      if (this.down.has(url)) throw new GitError("down", { kind: "transient", code: "unreachable" })
      return { revision: this.heads.get(url) as Revision, refName: "refs/heads/main", branch: "main" }
    },
    tree: async (_remote, revision): Promise<Tree> => ({ revision, entries: new Map() }),
    blobs: async () => new Map(),
  }

  readonly images: ImagesPort = { ask: () => Promise.reject(new Error("no image is named here")) }

  readonly render: RenderPort = {
    index: async ({ revision }) => ({ revision, manifests: [], variables: new Set() }),
    manifests: async () => [],
    bind: async (index, _inputs, source) => this.#desired(index, source.name),
    imagesOf: async () => new Map(),
    isPinned: () => false,
    kept: async () => new Set(),
    clonedCommit: () => null,
    has: () => true,
  }

  #desired({ revision }: Index, source: Desired["source"]): Desired {
    const { names, complete, waiting = [] } = this.commits.get(revision) as Commit
    const all = Object.entries(names).map(([name, limit]) => {
      const fields = { entrypoint: "f.py:f", parameters: { limit }, schedules: [schedule("s")] }
      const problem = { severity: "warning", code: "image-unverified", message: "not yet" } as const
      return declared(`f/${name}`, fields, waiting.includes(name) ? { createWaits: problem } : {})
    })
    return { ...desiredOf(all), kind: complete ? "complete" : "partial", source, revision }
  }
}
