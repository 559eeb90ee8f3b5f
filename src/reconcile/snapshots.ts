import { managedTag } from "../core/mark.ts"
import type { Coverage, DeploymentId, DeploymentKey, LiveDeployment, Snapshot } from "../core/model.ts"
import type { Clock } from "../lib/clock.ts"
import type { Look, WorkspacePort } from "./ports.ts"

/** How fresh live state must be: `listedAfter` asks for a full listing, `lookedAfter` for a cheap look at least. */
export interface Freshness {
  readonly listedAfter: number
  readonly lookedAfter: number
}

const lookDepthMax = 50
export const nothingMore: Coverage = { keys: new Set(), automations: false }

/**
 * Live state of one workspace, shared by all its sources. A listing costs the server 7 ms a deployment and blocks it
 * meanwhile, so it is made once and then checked by two cheap requests: the count, and the newest `updated` values.
 * Schedules edited through their own routes show only in a listing, hence `listIntervalMs`.
 */
export class Snapshots {
  readonly #port: WorkspacePort
  readonly #clock: Clock
  readonly #listIntervalMs: number
  #snapshot: Snapshot | null = null
  /** Written since, and not in the snapshot yet: a copy of it for each write would cost the square of their number. */
  readonly #since = new Map<DeploymentKey, LiveDeployment | null>()
  #listedAt = Number.NEGATIVE_INFINITY
  #lookedAt = Number.NEGATIVE_INFINITY
  #generation = 0
  /** Our own writes since the listing: so many of the newest are ours, and the next one proves the rest unchanged. */
  #written = 0
  #busy: Promise<unknown> = Promise.resolve()

  constructor(port: WorkspacePort, clock: Clock, listIntervalMs: number) {
    this.#port = port
    this.#clock = clock
    this.#listIntervalMs = listIntervalMs
  }

  /** Counts the listings: a new number means that everything was read anew. */
  get generation(): number {
    return this.#generation
  }

  /** Live state that covers `wanted` and is as fresh as asked. One request at a time: others wait and then share. */
  current(wanted: Coverage, fresh: Freshness, signal: AbortSignal): Promise<Snapshot> {
    return this.#alone(async () => {
      if (!(await this.#stands(fresh, signal))) await this.#list(wanted, signal)
      const widened = await this.#port.widen(this.#now() as Snapshot, wanted, signal)
      this.#snapshot = widened
      return widened
    })
  }

  /** Looks, and lists when that is due. True when what is live changed since the last time, by another hand. */
  changed(signal: AbortSignal): Promise<boolean> {
    return this.#alone(async () => {
      const before = this.#now()
      if (!before) return false
      const now = this.#clock.elapsed()
      if (await this.#stands({ listedAfter: now - this.#listIntervalMs, lookedAfter: now }, signal)) return false
      await this.#list(nothingMore, signal)
      return !sameLive(before, this.#snapshot as Snapshot)
    })
  }

  /** What a turn read back after its own write. */
  put(live: LiveDeployment): void {
    this.#written++
    this.#replace(live.key, live)
  }

  remove(key: DeploymentKey): void {
    this.#written++
    this.#replace(key, null)
  }

  /** Something is known to be otherwise than the snapshot says: the next turn lists. */
  distrust(): void {
    this.#listedAt = Number.NEGATIVE_INFINITY
  }

  async #stands(fresh: Freshness, signal: AbortSignal): Promise<boolean> {
    const now = this.#clock.elapsed()
    if (!this.#snapshot || this.#listedAt < fresh.listedAfter || now - this.#listedAt > this.#listIntervalMs)
      return false
    if (this.#lookedAt >= fresh.lookedAfter) return true
    if (this.#written >= lookDepthMax) return false
    const depth = this.#written + 1
    const look = await this.#port.look(depth, signal)
    this.#lookedAt = now
    const stands = matches(look, this.#now() as Snapshot, depth)
    // Should the listing that follows fail, nobody may take this look for a good one.
    if (!stands) this.#listedAt = Number.NEGATIVE_INFINITY
    return stands
  }

  async #list(wanted: Coverage, signal: AbortSignal): Promise<void> {
    const now = this.#clock.elapsed()
    const keys = new Set([...wanted.keys, ...(this.#snapshot?.covers ?? [])])
    const automations = wanted.automations || this.#snapshot?.automations === "read"
    this.#snapshot = await this.#port.snapshot({ keys, automations }, signal)
    this.#since.clear()
    this.#listedAt = now
    this.#lookedAt = now
    this.#written = 0
    this.#generation++
  }

  #replace(key: DeploymentKey, live: LiveDeployment | null): void {
    if (this.#snapshot) this.#since.set(key, live)
  }

  #now(): Snapshot | null {
    if (!this.#snapshot || this.#since.size === 0) return this.#snapshot
    const deployments = new Map(this.#snapshot.deployments)
    for (const [key, live] of this.#since) {
      if (live) deployments.set(key, live)
      else deployments.delete(key)
    }
    this.#since.clear()
    this.#snapshot = { ...this.#snapshot, deployments }
    return this.#snapshot
  }

  async #alone<T>(work: () => Promise<T>): Promise<T> {
    const mine = this.#busy.then(work, work)
    this.#busy = mine.catch(() => undefined)
    return mine
  }
}

/** Whether a look shows just what the snapshot has: as many of ours, and the newest of them unchanged. */
function matches(look: Look, snapshot: Snapshot, depth: number): boolean {
  const known = oursIn(snapshot)
  return (
    look.count === known.size &&
    look.newest.length >= Math.min(depth, known.size) &&
    look.newest.every(({ id, updated }) => {
      const live = known.get(id)
      return live?.updated === updated
    })
  )
}

/** Sorted out once for all looks that it is compared with. */
function oursIn({ deployments }: Snapshot): ReadonlyMap<DeploymentId, LiveDeployment> {
  const known = ours.get(deployments)
  if (known) return known
  const found = [...deployments.values()].filter(({ allTags }) => allTags.includes(managedTag))
  const byId = new Map(found.map((live) => [live.id, live]))
  ours.set(deployments, byId)
  return byId
}

const ours = new WeakMap<Snapshot["deployments"], ReadonlyMap<DeploymentId, LiveDeployment>>()

function sameLive(a: Snapshot, b: Snapshot): boolean {
  const same = (key: DeploymentKey, one: LiveDeployment): boolean => {
    const other = b.deployments.get(key)
    const same = other?.id === one.id && other.updated === one.updated
    return same && other.schedulesDigest === one.schedulesDigest && automationsOf(other) === automationsOf(one)
  }
  const pools = [...a.workPools.keys()].toSorted().join("\n") === [...b.workPools.keys()].toSorted().join("\n")
  return pools && a.deployments.size === b.deployments.size && [...a.deployments].every(([key, one]) => same(key, one))
}

function automationsOf({ fields: { automations } }: LiveDeployment): string {
  return (automations ?? [])
    .map(({ id, updated }) => `${id} ${updated}`)
    .toSorted()
    .join("\n")
}
