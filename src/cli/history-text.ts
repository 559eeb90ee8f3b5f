import { instantMs } from "../core/instant.ts"
import type { HistoryEntry } from "../observe/history.ts"
import { counted } from "./problem-text.ts"
import { plainLine, table, type Cell, type Style } from "./terminal.ts"
import type { StatusOptions } from "./status-text.ts"
import { durationText, relativeTime } from "./time-text.ts"

const headings = ["WHEN", "OUTCOME", "TRIGGER", "REVISION", "TOOK", "WHAT"]
const styles: Readonly<Record<HistoryEntry["outcome"], Style>> = {
  converged: "green",
  degraded: "red",
  held: "yellow",
  failed: "red",
  suspended: "yellow",
}

/** The last turns of a source, newest first, a line each. */
export function historyText(history: readonly HistoryEntry[], { paint, nowMs }: StatusOptions): string {
  if (history.length === 0) return "No turn yet.\n"
  const rows = history.map((entry): readonly Cell[] => [
    { text: relativeTime(instantMs(entry.startedAt), nowMs) },
    { text: plainLine(entry.outcome), style: styles[entry.outcome] ?? "dim" },
    { text: plainLine(entry.trigger) },
    { text: entry.revision.observed?.slice(0, 7) ?? "-" },
    { text: durationText(entry.durationMs) },
    { text: plainLine(whatText(entry)) },
  ])
  return `${table([headings.map((text) => ({ text, style: "bold" as const })), ...rows], paint).join("\n")}\n`
}

function whatText({ changes, failure, hold, problems }: HistoryEntry): string {
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
