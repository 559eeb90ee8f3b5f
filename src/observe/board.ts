import type { ChangeResult, Plan } from "../core/change.ts"
import type { Instant, SourceName, WorkspaceName } from "../core/model.ts"
import type { Outcome } from "../core/outcome.ts"
import { withOverdue } from "../core/overdue.ts"
import { initialStatus, reduceStatus, type SourceStatus } from "../core/status.ts"
import { isoTime, systemClock, type Clock } from "../lib/clock.ts"
import type { Listener } from "./events.ts"
import { listener } from "./listener.ts"

/** What is kept of one source: its status, its last plan and its last turns. */
export interface SourceView {
  readonly status: SourceStatus
  /** Null before the first turn that came to a plan. */
  readonly plan: Plan | null
  /** What the turn of that plan came to, change by change. */
  readonly results: readonly ChangeResult[]
  /** Number of the last turn that ended; 0 = none. */
  readonly lastTurn: number
}

/** How a source keeps time. */
interface Time {
  intervalMs: number
  lookedMs: number
  /** When the turn under way began; null = none is. */
  dueMs: number | null
}

/** So long a source whose host or workspace is away keeps the daemon from being ready. */
const readyWaitMs = 60_000
const longMs = 10_000
const waitingMax = 100
const ownWork = "its own work"

interface Waiter {
  readonly after: number
  readonly resolve: (status: SourceStatus | null) => void
}

/**
 * The present state of all sources, computed from events alone: subscribe `take` and read. The API, the status page
 * and `sync?wait` look here and nowhere else, so that no request ever runs into a turn.
 */
export class StatusBoard {
  readonly #views = new Map<SourceName, SourceView>()
  readonly #times = new Map<SourceName, Time>()
  readonly #clock: Pick<Clock, "now" | "elapsed">
  readonly #waiters = new Map<SourceName, Set<Waiter>>()
  #ready = false

  constructor(clock: Pick<Clock, "now" | "elapsed"> = systemClock) {
    this.#clock = clock
  }

  readonly take: Listener = listener({
    "source-added": ({ source, workspace }) => this.#add(source, workspace),
    "source-removed": ({ source }) => this.#remove(source),
    "turn-ended": ({ turn, outcome }) => this.#end(turn, outcome),
    paced: ({ source, intervalMs }) => this.#pace(source, intervalMs),
    "turn-started": ({ source }) => this.#begin(source),
    "turn-waits": ({ source, on }) => this.#stop(source, on),
    "next-turn": ({ source, at }) => this.#schedule(source, at),
  })

  /** All sources, by name. */
  snapshot(): readonly SourceStatus[] {
    const statuses = [...this.#views.values()].map(({ status }) => this.#inTime(status))
    return statuses.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  view(source: SourceName): SourceView | null {
    const view = this.#views.get(source)
    return view ? { ...view, status: this.#inTime(view.status) } : null
  }

  /** For how long the turn of each source has been due; 0 = none is. */
  waitsMs(): ReadonlyMap<SourceName, number> {
    const now = this.#clock.elapsed()
    return new Map([...this.#times].map(([source, { dueMs }]) => [source, dueMs === null ? 0 : now - dueMs]))
  }

  /** Whether every source has finished a turn, whatever its outcome, or waits for what is away; once true it stays true. */
  ready(): boolean {
    this.#ready ||= [...this.#views.values()].every(({ status }) => this.#isFinished(status))
    return this.#ready
  }

  /** The sources that haven't finished a turn yet, and may soon. */
  unfinished(): readonly SourceName[] {
    return this.snapshot()
      .filter((status) => !this.#isFinished(status))
      .map(({ name }) => name)
  }

  /** The turns that have been due for longer than most take, and what they wait for; longest first. */
  waiting(): readonly { readonly source: SourceName; readonly for: string; readonly since: Instant }[] {
    const waits = this.waitsMs()
    return [...this.#views.values()]
      .flatMap(({ status }) => (status.waits ? [{ source: status.name, ...status.waits }] : []))
      .filter(({ source }) => (waits.get(source) ?? 0) >= longMs)
      .toSorted((a, b) => (waits.get(b.source) ?? 0) - (waits.get(a.source) ?? 0))
      .slice(0, waitingMax)
  }

  /** One that has waited for a host or a workspace for so long may wait for hours. */
  #isFinished({ name, waits, lastTurn }: SourceStatus): boolean {
    if (lastTurn !== null) return true
    const dueMs = this.#times.get(name)?.dueMs ?? null
    const away = waits !== undefined && waits.for !== ownWork
    return away && dueMs !== null && this.#clock.elapsed() - dueMs >= readyWaitMs
  }

  #inTime(status: SourceStatus): SourceStatus {
    const time = this.#times.get(status.name)
    if (!time) return status
    const { intervalMs, lookedMs } = time
    return withOverdue(status, { intervalMs, sinceLookMs: this.#clock.elapsed() - lookedMs })
  }

  #pace(source: SourceName, intervalMs: number): void {
    const known = this.#times.get(source)
    if (known) known.intervalMs = intervalMs
    else this.#times.set(source, { intervalMs, lookedMs: this.#clock.elapsed(), dueMs: null })
  }

  #begin(source: SourceName): void {
    const [view, time] = [this.#views.get(source), this.#times.get(source)]
    if (time) time.dueMs = this.#clock.elapsed()
    const waits = { for: ownWork, since: isoTime(this.#clock.now()) }
    if (view) this.#views.set(source, { ...view, status: { ...view.status, nextTurnAt: null, waits } })
  }

  #stop(source: SourceName, on: string | null): void {
    const view = this.#views.get(source)
    if (!view?.status.waits) return
    const waits = { ...view.status.waits, for: on ?? ownWork }
    this.#views.set(source, { ...view, status: { ...view.status, waits } })
  }

  /** The status after a turn with a higher number than `after`; null when the source is gone. Rejects on abort. */
  async waitForTurn(source: SourceName, after: number, signal: AbortSignal): Promise<SourceStatus | null> {
    signal.throwIfAborted()
    const view = this.#views.get(source)
    if (!view) return null
    if (view.lastTurn > after) return view.status
    const { promise, resolve, reject } = Promise.withResolvers<SourceStatus | null>()
    const waiter = { after, resolve }
    const waiters = this.#waiters.get(source) ?? new Set()
    this.#waiters.set(source, waiters.add(waiter))
    const abort = () => reject(signal.reason as Error)
    signal.addEventListener("abort", abort, { once: true })
    try {
      return await promise
    } finally {
      signal.removeEventListener("abort", abort)
      waiters.delete(waiter)
    }
  }

  /** A source that only got another workspace keeps nothing: another workspace is another state. */
  #add(source: SourceName, workspace: WorkspaceName): void {
    if (this.#views.get(source)?.status.workspace === workspace) return
    const lastTurn = this.#views.get(source)?.lastTurn ?? 0
    this.#views.set(source, {
      status: initialStatus(source, workspace),
      plan: null,
      results: [],
      lastTurn,
    })
  }

  #remove(source: SourceName): void {
    this.#views.delete(source)
    this.#times.delete(source)
    for (const { resolve } of this.#waiters.get(source) ?? []) resolve(null)
    this.#waiters.delete(source)
  }

  #end(turn: number, outcome: Outcome): void {
    const view = this.#views.get(outcome.source)
    // The last turn of a source that was removed meanwhile.
    if (!view) return
    const { waits: _waits, ...status } = reduceStatus(view.status, outcome)
    const time = this.#times.get(outcome.source)
    if (time) Object.assign(time, { lookedMs: this.#clock.elapsed(), dueMs: null })
    this.#views.set(outcome.source, {
      status,
      ...(outcome.plan ? { plan: outcome.plan, results: outcome.results } : { plan: view.plan, results: view.results }),
      lastTurn: turn,
    })
    for (const { after, resolve } of this.#waiters.get(outcome.source) ?? []) if (turn > after) resolve(status)
  }

  #schedule(source: SourceName, at: Instant): void {
    const view = this.#views.get(source)
    if (view) this.#views.set(source, { ...view, status: { ...view.status, nextTurnAt: at } })
  }
}
