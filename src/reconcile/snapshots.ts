import type { Coverage, DeploymentKey, LiveDeployment, Snapshot } from "../core/model.ts"
import type { Clock } from "../lib/clock.ts"
import type { WorkspacePort } from "./ports.ts"
import { lookAt, sameLive, stands } from "./signs.ts"

/** How fresh live state must be: `listedAfter` asks for a full listing, `lookedAfter` for a cheap look at least. */
export interface Freshness {
  readonly listedAfter: number
  readonly lookedAfter: number
}

const lookDepthMax = 50
export const nothingMore: Coverage = { keys: new Set(), automations: false }

/**
 * Live state of one workspace, shared by all its sources. A listing costs the server 7 ms a deployment and blocks it
 * meanwhile, so it is made once and then checked by a few cheap requests, which show the signs of `signs.ts`. Schedules
 * edited through their own routes show only in a listing, hence `listIntervalMs`.
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
    const at = lookAt(this.#now() as Snapshot, this.#written + 1)
    const look = await this.#port.look(at, signal)
    this.#lookedAt = now
    const same = stands(look, this.#now() as Snapshot, at)
    // Should the listing that follows fail, nobody may take this look for a good one.
    if (!same) this.#listedAt = Number.NEGATIVE_INFINITY
    return same
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
