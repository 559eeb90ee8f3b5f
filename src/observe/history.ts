import type { Act } from "../core/act.ts"
import type { Action } from "../core/change.ts"
import { fieldTitle } from "../core/fields.ts"
import type { DeploymentKey, Instant, Revision, SourceName } from "../core/model.ts"
import type { ActionCounts, Outcome, OutcomeKind, Trigger } from "../core/outcome.ts"
import { countDone } from "../core/status.ts"
import type { Listener } from "./events.ts"
import { listener } from "./listener.ts"

/** What is remembered of a source: turns that did something or came to something else than before, and acts of people. */
export type HistoryEntry = TurnEntry | ActEntry

/** A turn, summarised, with those after it that found nothing to do. */
export interface TurnEntry {
  readonly kind: "turn"
  readonly turn: number
  readonly outcome: OutcomeKind
  readonly trigger: Trigger
  readonly startedAt: Instant
  readonly durationMs: number
  readonly revision: { readonly observed: Revision | null; readonly applied: Revision | null }
  readonly changes: ActionCounts
  /** What was written, or should have been; the first of them when there were very many. */
  readonly writes: readonly HistoryWrite[]
  readonly problems: number
  readonly failure: { readonly kind: "transient" | "stalled"; readonly code: string; readonly message: string } | null
  readonly hold: { readonly reasons: readonly string[]; readonly digest: string; readonly victims: number } | null
  /** How many turns came to the same without doing anything, this one among them, and when the last of them began. */
  readonly turns: number
  readonly until: Instant
}
export type ActEntry = { readonly kind: "act" } & Act

interface HistoryWrite {
  readonly action: Action
  readonly key: DeploymentKey
  readonly result: "done" | "dropped" | "failed"
  /** Those that differed, as Prefect names them. */
  readonly fields?: readonly string[]
}

const historyLengthMax = 200
const writesPerEntryMax = 100
const sourcesMax = 10_000

/** One entry to be kept where it outlives the process. */
export interface Kept {
  readonly source: SourceName
  readonly entry: HistoryEntry
}

/**
 * What was done, by source, computed from events. What is worth keeping goes to `keep` as it comes; `past` is what an
 * earlier process kept, oldest first.
 */
export class History {
  readonly #entries = new Map<SourceName, readonly HistoryEntry[]>()
  readonly #keep: (kept: Kept) => void
  constructor(past: Iterable<Kept> = [], keep: (kept: Kept) => void = () => undefined) {
    for (const { source, entry } of past) this.#put(source, [entry, ...this.of(source)])
    this.#keep = keep
  }

  readonly take: Listener = listener({
    "turn-ended": ({ turn, outcome }) => this.#turn(turn, outcome),
    acted: ({ act }) => {
      for (const source of act.sources) this.#add(source, { kind: "act", ...act, sources: [source] })
    },
  })

  /** Newest first. */
  of(source: SourceName): readonly HistoryEntry[] {
    return this.#entries.get(source) ?? []
  }

  #turn(turn: number, outcome: Outcome): void {
    const entry = summarise(turn, outcome)
    const [newest, ...older] = this.of(outcome.source)
    const before = [newest, ...older].find((one) => one?.kind === "turn")
    if (before?.kind !== "turn" || entry.writes.length > 0 || !isSame(entry, before))
      return this.#add(outcome.source, entry)
    if (newest?.kind !== "turn") return this.#put(outcome.source, [entry, newest, ...older].filter(isThere))
    const { revision, startedAt } = entry
    this.#put(outcome.source, [{ ...newest, revision, turns: newest.turns + 1, until: startedAt }, ...older])
  }

  #add(source: SourceName, entry: HistoryEntry): void {
    this.#put(source, [entry, ...this.of(source)])
    this.#keep({ source, entry })
  }

  #put(source: SourceName, entries: readonly HistoryEntry[]): void {
    this.#entries.set(source, entries.slice(0, historyLengthMax))
    const [oldest] = this.#entries.keys()
    if (this.#entries.size > sourcesMax && oldest !== undefined) this.#entries.delete(oldest)
  }
}

function isThere(entry: HistoryEntry | undefined): entry is HistoryEntry {
  return entry !== undefined
}

/** A turn that came to the same as the one before it, and did nothing, is no news. */
function isSame(entry: TurnEntry, before: TurnEntry): boolean {
  const state = ({ outcome, failure, hold, problems }: TurnEntry) =>
    JSON.stringify([outcome, failure?.code, hold?.digest, problems])
  return state(entry) === state(before)
}

function summarise(turn: number, outcome: Outcome): TurnEntry {
  const { kind, trigger, startedAt, durationMs, observed, applied, failure, hold } = outcome
  return {
    kind: "turn",
    turn,
    outcome: kind,
    trigger,
    startedAt,
    durationMs,
    revision: { observed, applied },
    changes: countDone(outcome),
    writes: outcome.results.slice(0, writesPerEntryMax).map(({ change, result }) => {
      const fields = "diffs" in change ? [...new Set(change.diffs.map(({ field }) => fieldTitle(field)))] : []
      return { action: change.action, key: change.key, result, ...(fields.length > 0 && { fields }) }
    }),
    problems: outcome.problems.length,
    failure: failure && { kind: failure.kind, code: failure.code, message: failure.message },
    hold: hold && {
      reasons: hold.reasons.map(({ code }) => code),
      digest: hold.digest,
      victims: hold.victims.length,
    },
    turns: 1,
    until: startedAt,
  }
}
