import type { DeploymentId, Instant } from "../core/model.ts"
import { reaches, type Version } from "../core/version.ts"
import { isoTime } from "../lib/clock.ts"
import { PrefectError } from "../lib/errors.ts"
import type { Transport } from "./transport.ts"
import { read, wire } from "./wire.ts"

/** The Date header tells whole seconds, and the request takes a moment: reaching back costs nothing. */
const clockMarginMs = 2_000
const scheduledPerQuery = 200
const removalRoundsMax = 50
const active = ["PENDING", "RUNNING", "CANCELLING", "PAUSED"]
/** Scheduled to Prefect, but begun: its process is there, waiting to try again. */
const retrying = ["AwaitingRetry"]

/** Before it a write deletes late runs too, not only future ones. */
const keepsLateRunsSince: Version = [3, 3, 4]

/** What Lockstep must know and do about runs: none may get lost by a write, none may stand in for a deleted deployment. */
export class RunClient {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** From when on runs must be asked for again after a write. Old servers delete late runs too: then since the oldest. */
  async dueSince(id: DeploymentId, server: Version | null, signal: AbortSignal): Promise<Instant> {
    const now = isoTime(this.#transport.serverNowMs() - clockMarginMs)
    if (reaches(server, keepsLateRunsSince)) return now
    const body = {
      flow_runs: { deployment_id: { any_: [id] }, state: { type: { any_: ["SCHEDULED"] } } },
      sort: "EXPECTED_START_TIME_ASC",
      limit: 1,
    }
    const [oldest] = await this.#filter(body, signal)
    const start = oldest?.expected_start_time
    return start && start < now ? start : now
  }

  async counts(id: DeploymentId, signal: AbortSignal): Promise<{ active: number; manual: number }> {
    const flowRuns = (state: object, further: object = {}) => ({
      flow_runs: { deployment_id: { any_: [id] }, state, ...further },
    })
    const begun = { operator: "or_", type: { any_: active }, name: { any_: retrying } }
    const waiting = { type: { any_: ["SCHEDULED"] }, name: { not_any_: retrying } }
    const running = await this.#count(flowRuns(begun), signal)
    const scheduled = await this.#count(flowRuns(waiting), signal)
    const automatic = await this.#count(flowRuns(waiting, { tags: { all_: ["auto-scheduled"] } }), signal)
    return { active: running, manual: Math.max(0, scheduled - automatic) }
  }

  /** A run of a deleted deployment would crash in the worker that takes it. */
  async removeScheduled(id: DeploymentId, signal: AbortSignal): Promise<number> {
    let removed = 0
    for (let round = 0; round < removalRoundsMax; round++) {
      const body = {
        flow_runs: { deployment_id: { any_: [id] }, state: { type: { any_: ["SCHEDULED"] } } },
        limit: scheduledPerQuery,
      }
      const runs = await this.#filter(body, signal)
      let lost = 0
      for (const { id } of runs) if (!(await this.#remove(id, signal))) lost++
      removed += runs.length - lost
      if (runs.length < scheduledPerQuery && lost === 0) return removed
    }
    return removed
  }

  /** false = the answer got lost; whether the run is gone tells the next listing. */
  async #remove(id: string, signal: AbortSignal): Promise<boolean> {
    const call = { method: "DELETE", path: `/flow_runs/${id}`, route: "/flow_runs/{id}", intent: "write" } as const
    try {
      await this.#transport.call({ ...call, expect: [404] }, signal)
      return true
    } catch (error) {
      if (error instanceof PrefectError && error.code === "answer-lost") return false
      throw error
    }
  }

  async #filter(body: object, signal: AbortSignal) {
    const answer = await this.#transport.call(
      { method: "POST", path: "/flow_runs/filter", intent: "read", body },
      signal,
    )
    return read(wire.runs, answer.body, "/flow_runs/filter")
  }

  async #count(body: object, signal: AbortSignal): Promise<number> {
    const answer = await this.#transport.call(
      { method: "POST", path: "/flow_runs/count", intent: "read", body },
      signal,
    )
    return read(wire.count, answer.body, "/flow_runs/count")
  }
}
