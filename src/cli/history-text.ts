import { instantMs } from "../core/instant.ts"
import type { ActEntry, HistoryEntry, TurnEntry } from "../observe/history.ts"
import { counted } from "./problem-text.ts"
import { plainLine, table, type Cell, type Style } from "./terminal.ts"
import type { StatusOptions } from "./status-text.ts"
import { durationText, relativeTime } from "./time-text.ts"

const headings = ["WHEN", "OUTCOME", "TRIGGER", "REVISION", "TOOK", "WHAT"]
const styles: Readonly<Record<TurnEntry["outcome"], Style>> = {
  converged: "green",
  degraded: "red",
  held: "yellow",
  failed: "red",
  suspended: "yellow",
}

const victimsShownMax = 20

/** The last turns of a source, newest first, a line each. */
export function historyText(history: readonly HistoryEntry[], { paint, nowMs }: StatusOptions): string {
  if (history.length === 0) return "Nothing yet.\n"
  const rows = history.map((entry): readonly Cell[] => {
    if (entry.kind === "act") return actCells(entry, nowMs)
    return [
      { text: relativeTime(instantMs(entry.startedAt), nowMs) },
      { text: plainLine(entry.outcome), style: styles[entry.outcome] ?? "dim" },
      { text: plainLine(entry.trigger) },
      { text: entry.revision.observed?.slice(0, 7) ?? "-" },
      { text: durationText(entry.durationMs) },
      { text: plainLine(whatText(entry) + laterText(entry, nowMs)) },
    ]
  })
  return `${table([headings.map((text) => ({ text, style: "bold" as const })), ...rows], paint).join("\n")}\n`
}

function actCells(entry: ActEntry, nowMs: number): readonly Cell[] {
  return [
    { text: relativeTime(instantMs(entry.at), nowMs) },
    {
      text: plainLine(entry.result === "done" ? "asked" : entry.result),
      style: entry.result === "done" ? "cyan" : "yellow",
    },
    { text: plainLine(entry.act) },
    { text: entry.revision?.slice(0, 7) ?? "-" },
    { text: "-" },
    { text: plainLine(actText(entry)) },
  ]
}

/** Who, and what about: `by ada, digest 1a2b3c4d5e6f (budget), 10 deployments: a/b, …: reason`. */
function actText({ by, digest, holds, victims, until, reason, code }: ActEntry): string {
  const shown = victims.slice(0, victimsShownMax).join(", ")
  const more = victims.length - victimsShownMax
  return [
    `by ${by}`,
    ...(digest === null ? [] : [`digest ${digest}${holds.length > 0 ? ` (${holds.join(", ")})` : ""}`]),
    ...(victims.length > 0
      ? [`${counted(victims.length, "deployment")}: ${shown}${more > 0 ? ` and ${more} more` : ""}`]
      : []),
    ...(until === null ? [] : [`until ${until}`]),
    ...(code === null ? [] : [`[${code}]`]),
    ...(reason === null ? [] : [reason]),
  ].join(", ")
}

function laterText({ turns, until }: TurnEntry, nowMs: number): string {
  return turns > 1 ? `; the same ${counted(turns - 1, "time")} more, last ${relativeTime(instantMs(until), nowMs)}` : ""
}

function whatText({ changes, failure, hold, problems }: TurnEntry): string {
  if (failure) return `${failure.message} [${failure.code}]`
  const done = Object.entries(changes).flatMap(([action, count]) =>
    count > 0 && action !== "keep" && action !== "skip" ? [`${count} ${action}`] : [],
  )
  return [
    done.length > 0 ? done.join(", ") : "nothing to do",
    ...(hold ? [`held: ${hold.reasons.join(", ")} (${hold.digest})`] : []),
    ...(problems > 0 ? [counted(problems, "problem")] : []),
  ].join("; ")
}
