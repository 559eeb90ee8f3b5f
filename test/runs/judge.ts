import { isDeepStrictEqual } from "node:util"
import type { Layout } from "./layouts.ts"

/** What became of one deployment's run. */
export interface Ran {
  /** Prefect's type of the state that it ended in; `null` = it didn't end while anybody waited. */
  readonly state: string | null
  /** What the flow printed of itself; null = it never came so far. */
  readonly seen: unknown
  /** The error that ended it, without what differs from run to run; null = none was logged. */
  readonly error: string | null
  /** The end of its log, to tell what went wrong. */
  readonly log: string
}
export interface Pair {
  readonly layout: Layout
  /** `flow/deployment` */
  readonly key: string
  /** Null = it isn't there. */
  readonly prefect: Ran | null
  readonly lockstep: Ran | null
  readonly commit: string
}

/** Null = both ran alike, to the end that was expected, with the code that was deployed; else what is wrong. */
export function verdict({ key, layout, prefect, lockstep, commit }: Pair, version: string): string | null {
  if (!prefect || !lockstep) return `${key} is only on one side`
  const wrong = difference(prefect, lockstep) ?? unexpected(lockstep, layout, { version, commit })
  return wrong && `${key} ${wrong}:\n  prefect  ${shown(prefect)}\n  lockstep ${shown(lockstep)}`
}

function difference(one: Ran, other: Ran): string | null {
  if (one.state === null || other.state === null) return "never ended"
  return isDeepStrictEqual(outcome(one), outcome(other)) ? null : "differs"
}

function unexpected(ran: Ran, { image, fails }: Layout, at: { version: string; commit: string }): string | null {
  if (fails?.[at.version] !== undefined) return failure(ran)
  if (ran.state !== "COMPLETED") return "should complete"
  const { commit } = (ran.seen ?? {}) as { readonly commit?: string | null }
  const expected = image ? null : at.commit
  return commit === expected ? null : `ran at ${commit}, not ${expected}`
}

function outcome({ state, seen, error }: Ran): unknown {
  return [state, seen, state === "COMPLETED" ? null : error]
}

/** A run that is meant to fail proves nothing unless it tells why. */
function failure({ state, error }: Ran): string | null {
  if (state === "COMPLETED") return "should fail"
  return error === null ? "failed without a word" : null
}

function shown({ state, seen, error, log }: Ran): string {
  return `${state} ${JSON.stringify(seen)} ${error}${seen === null ? `\n${log}` : ""}`
}

const exception = /^(?:[\w.]+\.)?([A-Z]\w*(?:Error|Exception|Exit|Interrupt|NotFound|Unavailable))\b(.*)$/m

/** The last exception of a log, with the folders, ids and ports of this one run taken out. */
export function errorIn(lines: readonly string[]): string | null {
  const [, name = "", text = ""] =
    lines
      .toReversed()
      .map((line) => lastMatch(line))
      .find((found) => found !== null) ?? []
  return name === ""
    ? null
    : `${name}${text}`.replaceAll(/(?:\/[\w.-]+)+\/|[\da-f]{8}-[\da-f-]{27}|[\da-f]{32,}|\d+/g, "…")
}

function lastMatch(text: string): RegExpMatchArray | null {
  return [...text.matchAll(new RegExp(exception, "gm"))].at(-1) ?? null
}
