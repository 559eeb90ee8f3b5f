import type { ChangeResult, Plan } from "../core/change.ts"
import type { Instant, SourceName, WorkspaceName } from "../core/model.ts"
import type { Outcome } from "../core/outcome.ts"
import { initialStatus, reduceStatus, type SourceStatus } from "../core/status.ts"
import type { Listener } from "./events.ts"
import { addToHistory, type HistoryEntry } from "./history.ts"
import { listener } from "./listener.ts"

/** What is kept of one source: its status, its last plan and its last turns. */
export interface SourceView {
  readonly status: SourceStatus
  /** Null before the first turn that came to a plan. */
  readonly plan: Plan | null
  /** What the turn of that plan came to, change by change. */
  readonly results: readonly ChangeResult[]
  /** Newest first. */
  readonly history: readonly HistoryEntry[]
  /** Number of the last turn that ended; 0 = none. */
  readonly lastTurn: number
}

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
  readonly #waiters = new Map<SourceName, Set<Waiter>>()
  #ready = false

  readonly take: Listener = listener({
    "source-added": ({ source, workspace }) => this.#add(source, workspace),
    "source-removed": ({ source }) => this.#remove(source),
    "turn-ended": ({ turn, outcome }) => this.#end(turn, outcome),
    "next-turn": ({ source, at }) => this.#schedule(source, at),
  })

  /** All sources, by name. */
  snapshot(): readonly SourceStatus[] {
    return [...this.#views.values()].map(({ status }) => status).toSorted((a, b) => (a.name < b.name ? -1 : 1))
  }

  view(source: SourceName): SourceView | null {
    return this.#views.get(source) ?? null
  }

  /** Whether every source has finished a turn, whatever its outcome; once true it stays true. */
  ready(): boolean {
    return this.#ready || this.unfinished().length === 0
  }

  /** The sources that haven't finished a turn yet. */
  unfinished(): readonly SourceName[] {
    return this.snapshot()
      .filter(({ lastTurn }) => lastTurn === null)
      .map(({ name }) => name)
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
      history: [],
      lastTurn,
    })
  }

  #remove(source: SourceName): void {
    this.#views.delete(source)
    for (const { resolve } of this.#waiters.get(source) ?? []) resolve(null)
    this.#waiters.delete(source)
  }

  #end(turn: number, outcome: Outcome): void {
    const view = this.#views.get(outcome.source)
    // The last turn of a source that was removed meanwhile.
    if (!view) return
    const status = reduceStatus(view.status, outcome)
    this.#views.set(outcome.source, {
      status,
      ...(outcome.plan ? { plan: outcome.plan, results: outcome.results } : { plan: view.plan, results: view.results }),
      history: addToHistory(view.history, turn, outcome),
      lastTurn: turn,
    })
    this.#ready ||= this.unfinished().length === 0
    for (const { after, resolve } of this.#waiters.get(outcome.source) ?? []) if (turn > after) resolve(status)
  }

  #schedule(source: SourceName, at: Instant): void {
    const view = this.#views.get(source)
    if (view) this.#views.set(source, { ...view, status: { ...view.status, nextTurnAt: at } })
  }
}
