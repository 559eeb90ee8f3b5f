import { backoffMs, isUnfinished, jitter, mayInsist, nextDelayMs } from "../core/delay.ts"
import type { SourceName, WorkspaceName } from "../core/model.ts"
import type { Outcome, Trigger } from "../core/outcome.ts"
import type { Source } from "../core/source.ts"
import { isoTime } from "../lib/clock.ts"
import type { TurnContext } from "./context.ts"
import { deadline } from "./deadline.ts"
import { memoryOf, openState, type WorkspaceState } from "./memory.ts"
import type { WorkspacePort } from "./ports.ts"
import { Queue, type Taken } from "./queue.ts"
import type { Left } from "./release.ts"
import { Snapshots } from "./snapshots.ts"
import { runTurn } from "./turn.ts"
import { Walk } from "./walk.ts"

const turnMaxMs = 600_000
/** Before its time is up a turn is asked to stop between two writes, so that it isn't cut off in the middle of one. */
const turnEndsMs = turnMaxMs - 20_000
/** A turn that is this late has lost its own deadline: the loop no longer turns. */
const turnLostMs = turnMaxMs + 60_000

interface Kept {
  readonly source: Source
  /** Asks a running turn to stop between two writes: the source isn't what it was any more. */
  readonly stop: AbortController
  /** Ends the pending wait for the next turn. */
  timer: AbortController
  failures: number
  /** Until then only what insists makes a turn: the source fails, or a server wants to be left alone. */
  restsUntilMs: number
  /** Who asked meanwhile. */
  asked: Taken | null
}

interface WorkspaceEntry {
  readonly state: WorkspaceState
  /** No further look at it; running turns stop between two writes. */
  readonly stop: AbortController
  /** Running turns are cut off. */
  readonly abort: AbortController
  /** The running turn of each source. */
  readonly turns: Map<SourceName, Promise<void>>
}

/**
 * Turns the queue into turns: each source that is due gets its own at once, for what turns have to share is bounded where
 * they ask for it (`bulkheads.ts`); one timer a source, one drift watch a workspace.
 */
export class Loop implements AsyncDisposable {
  readonly #context: TurnContext
  readonly #queue = new Queue()
  readonly #sources = new Map<SourceName, Kept>()
  readonly #workspaces = new Map<WorkspaceName, WorkspaceEntry>()
  readonly #drain = new AbortController()
  readonly #abort = new AbortController()
  readonly #walks = new Map<number, Walk>()
  readonly #underWay = new Set<Promise<void>>()
  readonly #drainMs: number

  constructor(context: TurnContext, options: { readonly drainMs: number }) {
    this.#context = context
    this.#drainMs = options.drainMs
  }

  /** Starts taking turns; sources and workspaces may come and go before and after. */
  start(): void {
    this.#keep(this.#work())
  }

  setWorkspace(
    name: WorkspaceName,
    port: WorkspacePort,
    options: { readonly driftIntervalMs: number; readonly listIntervalMs: number },
  ): void {
    const { bulkheads, clock } = this.#context
    bulkheads.open(name)
    const walled = bulkheads.workspace(name, port)
    const snapshots = bulkheads.snapshots(name, new Snapshots(walled, clock, options.listIntervalMs))
    const state = openState({ name, port: walled, snapshots, driftIntervalMs: options.driftIntervalMs })
    const [stop, abort] = [new AbortController(), new AbortController()]
    this.#workspaces.set(name, { state, stop, abort, turns: new Map() })
    void this.#watchDrift(state, AbortSignal.any([stop.signal, this.#drain.signal]))
  }

  /** Resolves once no turn works with it any more, so that its client may be closed: a write in between is ended first. */
  async removeWorkspace(name: WorkspaceName): Promise<void> {
    const entry = this.#workspaces.get(name)
    if (!entry) return
    this.#workspaces.delete(name)
    entry.stop.abort(new Error("the workspace's settings changed"))
    await this.#ended(entry.turns.values(), entry.abort)
  }

  /**
   * Adds or replaces a source; its first turn comes at once, or within `spreadMs` when many start together. A running
   * turn stops at its next safe point: what it decided was for other settings.
   */
  setSource(source: Source, trigger: Trigger, spreadMs: number): void {
    const before = this.#sources.get(source.name)
    before?.timer.abort()
    before?.stop.abort(new Error("the source's settings changed"))
    if (before && before.source.workspace !== source.workspace) this.#forgetMemory(before.source)
    const [stop, timer] = [new AbortController(), new AbortController()]
    this.#sources.set(source.name, { source, stop, timer, failures: 0, restsUntilMs: 0, asked: null })
    const workspace = this.#workspaces.get(source.workspace)
    if (workspace) memoryOf(workspace.state, source)
    if (!before) {
      this.#context.events.emit({ kind: "source-added", source: source.name, workspace: source.workspace })
    }
    this.#context.events.emit({ kind: "paced", source: source.name, intervalMs: source.intervalMs })
    this.#wait(source.name, spreadMs * this.#context.clock.random(), trigger)
  }

  /** The source is forgotten; what it owns in Prefect stays as it is, also what a running turn meant to change yet. */
  removeSource(name: SourceName): Left | null {
    const kept = this.#sources.get(name)
    if (!kept) return null
    const entry = this.#workspaces.get(kept.source.workspace)
    const memory = entry?.state.sources.get(name)
    kept.timer.abort()
    kept.stop.abort(new Error("the source was removed"))
    this.#sources.delete(name)
    this.#queue.forget(name)
    this.#forgetMemory(kept.source)
    this.#context.events.emit({ kind: "source-removed", source: name, workspace: kept.source.workspace })
    return entry && memory ? { source: name, workspace: entry.state, memory, ended: entry.turns.get(name) } : null
  }

  /**
   * Asks for a turn: at once, or for a hint about a source that rests, when its rest is over. Returns the number of the
   * newest turn so far: any later turn of this source knows of the request.
   */
  trigger(name: SourceName, trigger: Trigger): number {
    const kept = this.#sources.get(name)
    if (!kept) return 0
    if (mayInsist(trigger)) kept.failures = 0
    this.#context.events.emit({ kind: "triggered", source: name, trigger })
    return this.#queue.add(name, trigger, this.#context.clock.elapsed())
  }

  /** A source with its workspace, for what people do to it; null when there is none. */
  find(name: SourceName): { readonly source: Source; readonly workspace: WorkspaceState } | null {
    const source = this.#sources.get(name)?.source
    const workspace = source && this.#workspaces.get(source.workspace)?.state
    return source && workspace ? { source, workspace } : null
  }

  /** All workspaces, for what people do to a source that no config has any more. */
  workspaces(): readonly WorkspaceState[] {
    return [...this.#workspaces.values()].map(({ state }) => state)
  }

  /** False when a turn has outlived its own deadline: the process can't heal that by itself. */
  alive(): boolean {
    return [...this.#walks.values()].every((walk) => walk.ownMs() < turnLostMs)
  }

  /** Takes no new turn, lets the running ones stop at a safe point, and after `drainMs` stops them. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#drain.abort(new Error("shutting down"))
    for (const { timer } of this.#sources.values()) timer.abort()
    await this.#ended(this.#underWay, this.#abort)
  }

  /** Waits for what runs to end by itself; after `drainMs` it is cut off. */
  async #ended(running: Iterable<Promise<void>>, abort: AbortController): Promise<void> {
    const timeout = new AbortController()
    const late = this.#context.clock.sleep(this.#drainMs, timeout.signal).then(
      () => abort.abort(new Error("stopped before the turn ended")),
      () => undefined,
    )
    await Promise.allSettled(running)
    timeout.abort()
    await late
  }

  async #work(): Promise<void> {
    for (;;) {
      const taken = await this.#queue.take(this.#drain.signal).catch(() => null)
      if (!taken) return
      // A thousand that are due at once must not all begin in one go.
      await this.#context.bulkheads.round()
      this.#keep(this.#turn(taken).finally(() => this.#queue.done(taken.source)))
    }
  }

  #keep(work: Promise<void>): void {
    const kept = work.finally(() => this.#underWay.delete(kept))
    this.#underWay.add(kept)
  }

  async #turn(taken: Taken): Promise<void> {
    const kept = this.#sources.get(taken.source)
    const workspace = kept && this.#workspaces.get(kept.source.workspace)
    if (!kept || !workspace) return
    if (!mayInsist(taken.trigger) && this.#context.clock.elapsed() < kept.restsUntilMs) {
      kept.asked = kept.asked?.requestedAt != null ? kept.asked : taken
      return
    }
    kept.asked = null
    kept.timer.abort()
    const ended = this.#run(taken, kept, workspace)
    workspace.turns.set(taken.source, ended)
    await ended.finally(() => workspace.turns.delete(taken.source))
  }

  async #run(taken: Taken, kept: Kept, workspace: WorkspaceEntry): Promise<void> {
    const { clock, events, bulkheads } = this.#context
    const { source, turn } = taken
    events.emit({ kind: "turn-started", source, trigger: taken.trigger, turn })
    const walk = new Walk(
      source,
      () => clock.elapsed(),
      (stop) => events.emit({ kind: "turn-waits", source, on: stop?.on ?? null }),
    )
    this.#walks.set(turn, walk)
    const [late, over] = [deadline(walk, turnEndsMs, clock), deadline(walk, turnMaxMs, clock)]
    const abort = AbortSignal.any([over.signal, this.#abort.signal, workspace.abort.signal])
    const drain = AbortSignal.any([late.signal, this.#drain.signal, workspace.stop.signal, kept.stop.signal])
    // Looking may be cut off at any point, so a Git server that hangs doesn't hold up the end.
    const look = AbortSignal.any([abort, this.#drain.signal])
    const signals = { drain, abort, look }
    const run = () => runTurn(this.#context, kept.source, workspace.state, { taken, signals })
    const outcome = await bulkheads.walk(walk, run)
    late.abort()
    over.abort()
    this.#walks.delete(turn)
    this.#recall(kept.source)
    // A look that the shutdown cut off says nothing about the source.
    if (outcome.kind === "failed" && this.#drain.signal.aborted) return
    this.#conclude(kept, turn, outcome)
  }

  /** A turn remembers its source as it was when it began; meanwhile that may have changed, or gone. */
  #recall(source: Source): void {
    const now = this.#sources.get(source.name)?.source
    const workspace = this.#workspaces.get(source.workspace)
    if (now?.workspace === source.workspace && workspace) memoryOf(workspace.state, now)
    else this.#forgetMemory(source)
  }

  #conclude(kept: Kept, turn: number, outcome: Outcome): void {
    const { clock, events } = this.#context
    const { source } = kept
    kept.failures = outcome.kind === "failed" || isUnfinished(outcome) ? kept.failures + 1 : 0
    events.emit({ kind: "turn-ended", turn, outcome })
    if (this.#sources.get(source.name) !== kept) return
    const delayMs = nextDelayMs(outcome, kept.failures, source.intervalMs, clock.random())
    const rests = kept.failures > 0 || (outcome.failure?.retryAfterMs ?? null) !== null
    kept.restsUntilMs = rests ? clock.elapsed() + delayMs : 0
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
      () => this.#due(kept, trigger),
      () => undefined,
    )
  }

  #due(kept: Kept, trigger: Trigger): void {
    const { source, asked } = kept
    kept.restsUntilMs = 0
    this.#queue.add(source.name, trigger)
    if (asked) this.#queue.add(source.name, asked.trigger, asked.requestedAt)
  }

  /** The cheap look at live state while Git is quiet. Trouble shows in the turns; here it just means "look again". */
  async #watchDrift(state: WorkspaceState, signal: AbortSignal): Promise<void> {
    const { clock } = this.#context
    for (let failures = 0; ;) {
      try {
        const rest = failures > 0 ? backoffMs(failures, clock.random()) : 0
        await clock.sleep(Math.max(rest, jitter(state.driftIntervalMs, clock.random())), signal)
        const changed = await state.snapshots.changed(signal)
        failures = 0
        for (const name of changed ? state.sources.keys() : []) this.#queue.add(name, "drift")
      } catch {
        if (signal.aborted) return
        failures++
      }
    }
  }

  #forgetMemory(source: Source): void {
    this.#workspaces.get(source.workspace)?.state.sources.delete(source.name)
  }
}
