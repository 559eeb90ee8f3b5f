import { isUnfinished, jitter, nextDelayMs } from "../core/delay.ts"
import type { SourceName, WorkspaceName } from "../core/model.ts"
import type { Outcome, Trigger } from "../core/outcome.ts"
import type { Source } from "../core/source.ts"
import { isoTime } from "../lib/clock.ts"
import { memoryOf, openState, type WorkspaceState } from "./memory.ts"
import type { WorkspacePort } from "./ports.ts"
import { Queue, type Taken } from "./queue.ts"
import { Snapshots } from "./snapshots.ts"
import type { TurnContext } from "./context.ts"
import { runTurn } from "./turn.ts"

const workersMax = 4
const turnMaxMs = 600_000
/** A worker that is this late has lost its turn's own deadline: the loop no longer turns. */
const turnLostMs = turnMaxMs + 60_000

interface Kept {
  readonly source: Source
  /** Ends the pending wait for the next turn. */
  timer: AbortController
  failures: number
}

interface WorkspaceEntry {
  readonly state: WorkspaceState
  readonly stop: AbortController
}

/** Turns the queue into turns: a bounded number of workers, one timer a source, one drift watch a workspace. */
export class Loop implements AsyncDisposable {
  readonly #context: TurnContext
  readonly #queue = new Queue()
  readonly #sources = new Map<SourceName, Kept>()
  readonly #workspaces = new Map<WorkspaceName, WorkspaceEntry>()
  readonly #drain = new AbortController()
  readonly #abort = new AbortController()
  readonly #running = new Map<number, number>()
  readonly #workers: Promise<void>[] = []
  readonly #drainMs: number
  #turns = 0

  constructor(context: TurnContext, options: { readonly drainMs: number }) {
    this.#context = context
    this.#drainMs = options.drainMs
  }

  /** Starts the workers; sources and workspaces may come and go before and after. */
  start(): void {
    for (let worker = 0; worker < workersMax; worker++) this.#workers.push(this.#work())
  }

  setWorkspace(
    name: WorkspaceName,
    port: WorkspacePort,
    options: { readonly driftIntervalMs: number; readonly listIntervalMs: number },
  ): void {
    this.removeWorkspace(name)
    const snapshots = new Snapshots(port, this.#context.clock, options.listIntervalMs)
    const state = openState({ name, port, snapshots, driftIntervalMs: options.driftIntervalMs })
    const stop = new AbortController()
    this.#workspaces.set(name, { state, stop })
    void this.#watchDrift(state, AbortSignal.any([stop.signal, this.#drain.signal]))
  }

  removeWorkspace(name: WorkspaceName): void {
    this.#workspaces.get(name)?.stop.abort()
    this.#workspaces.delete(name)
  }

  /** Adds or replaces a source; its first turn comes at once, or within `spreadMs` when many start together. */
  setSource(source: Source, trigger: Trigger, spreadMs: number): void {
    const before = this.#sources.get(source.name)
    before?.timer.abort()
    if (before && before.source.workspace !== source.workspace) this.#forgetMemory(before.source)
    this.#sources.set(source.name, { source, timer: new AbortController(), failures: 0 })
    const workspace = this.#workspaces.get(source.workspace)
    if (workspace) memoryOf(workspace.state, source)
    if (!before) {
      this.#context.events.emit({ kind: "source-added", source: source.name, workspace: source.workspace })
    }
    this.#wait(source.name, spreadMs * this.#context.clock.random(), trigger)
  }

  /** The source is forgotten; what it owns in Prefect stays as it is. */
  removeSource(name: SourceName): void {
    const kept = this.#sources.get(name)
    if (!kept) return
    kept.timer.abort()
    this.#sources.delete(name)
    this.#queue.forget(name)
    this.#forgetMemory(kept.source)
    this.#context.events.emit({ kind: "source-removed", source: name, workspace: kept.source.workspace })
  }

  /** Asks for a turn. Returns the number of the newest turn so far: any later turn of this source has seen the request. */
  trigger(name: SourceName, trigger: Trigger): number {
    const kept = this.#sources.get(name)
    if (kept) {
      kept.failures = 0
      this.#context.events.emit({ kind: "triggered", source: name, trigger })
      this.#queue.add(name, trigger, this.#context.clock.now())
    }
    return this.#turns
  }

  /** A source with its workspace, for what people do to it; null when there is none. */
  find(name: SourceName): { readonly source: Source; readonly workspace: WorkspaceState } | null {
    const source = this.#sources.get(name)?.source
    const workspace = source && this.#workspaces.get(source.workspace)?.state
    return source && workspace ? { source, workspace } : null
  }

  /** False when a turn has outlived its own deadline: the process can't heal that by itself. */
  alive(): boolean {
    const now = this.#context.clock.now()
    return [...this.#running.values()].every((startedAt) => now - startedAt < turnLostMs)
  }

  /** Takes no new turn, lets the running ones stop at a safe point, and after `drainMs` stops them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#drain.abort()
    for (const { timer } of this.#sources.values()) timer.abort()
    for (const { stop } of this.#workspaces.values()) stop.abort()
    const timeout = new AbortController()
    const late = this.#context.clock.sleep(this.#drainMs, timeout.signal).then(
      () => this.#abort.abort(new Error("shut down before the turn ended")),
      () => undefined,
    )
    await Promise.allSettled(this.#workers)
    timeout.abort()
    await late
  }

  async #work(): Promise<void> {
    for (;;) {
      const taken = await this.#queue.take(this.#drain.signal).catch(() => null)
      if (!taken) return
      try {
        await this.#turn(taken)
      } finally {
        this.#queue.done(taken.source)
      }
    }
  }

  async #turn(taken: Taken): Promise<void> {
    const kept = this.#sources.get(taken.source)
    const workspace = kept && this.#workspaces.get(kept.source.workspace)
    if (!kept || !workspace) return
    kept.timer.abort()
    const turn = ++this.#turns
    const { clock, events } = this.#context
    this.#running.set(turn, clock.now())
    events.emit({ kind: "turn-started", source: taken.source, trigger: taken.trigger, turn })
    const deadline = new AbortController()
    void clock.sleep(turnMaxMs, deadline.signal).then(
      () => deadline.abort(new Error(`the turn took longer than ${turnMaxMs / 60_000} minutes`)),
      () => undefined,
    )
    const abort = AbortSignal.any([deadline.signal, this.#abort.signal, workspace.stop.signal])
    const signals = { drain: this.#drain.signal, abort }
    const outcome = await runTurn(this.#context, kept.source, workspace.state, { taken, signals })
    deadline.abort()
    this.#running.delete(turn)
    this.#conclude(kept, turn, outcome)
  }

  #conclude(kept: Kept, turn: number, outcome: Outcome): void {
    const { clock, events } = this.#context
    const { source } = kept
    kept.failures = outcome.kind === "failed" || isUnfinished(outcome) ? kept.failures + 1 : 0
    events.emit({ kind: "turn-ended", turn, outcome })
    if (this.#sources.get(source.name) !== kept) return
    const delayMs = nextDelayMs(outcome, kept.failures, source.intervalMs, clock.random())
    this.#wait(source.name, delayMs, kept.failures > 0 ? "retry" : "interval")
  }

  /** One pending timer a source: a new one takes the place of the old. */
  #wait(name: SourceName, delayMs: number, trigger: Trigger): void {
    const kept = this.#sources.get(name)
    if (!kept || this.#drain.signal.aborted) return
    kept.timer = new AbortController()
    const { clock, events } = this.#context
    events.emit({ kind: "next-turn", source: name, at: isoTime(clock.now() + delayMs) })
    clock.sleep(delayMs, kept.timer.signal).then(
      () => this.#queue.add(name, trigger),
      () => undefined,
    )
  }

  /** The cheap look at live state while Git is quiet. Trouble shows in the turns; here it just means "look again". */
  async #watchDrift(state: WorkspaceState, signal: AbortSignal): Promise<void> {
    const { clock } = this.#context
    for (;;) {
      try {
        await clock.sleep(jitter(state.driftIntervalMs, clock.random()), signal)
        if (!(await state.snapshots.changed(signal))) continue
        for (const name of state.sources.keys()) this.#queue.add(name, "drift")
      } catch {
        if (signal.aborted) return
      }
    }
  }

  #forgetMemory(source: Source): void {
    this.#workspaces.get(source.workspace)?.state.sources.delete(source.name)
  }
}
