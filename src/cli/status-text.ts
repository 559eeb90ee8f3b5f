import { instantMs } from "../core/instant.ts"
import type { SourceState, SourceStatus } from "../core/status.ts"
import { holdLines } from "./plan-text.ts"
import { counted, problemLines } from "./problem-text.ts"
import { decisionText } from "./reports.ts"
import { plainLine, table, type Cell, type Paint, type Style } from "./terminal.ts"
import { durationText, relativeTime } from "./time-text.ts"

export interface StatusOptions {
  readonly paint: Paint
  readonly nowMs: number
}

const headings = [
  "SOURCE",
  "STATE",
  "REVISION",
  "DECLARED",
  "DRIFTED",
  "PROBLEMS",
  "HELD",
  "ORPHANS",
  "LAST TURN",
  "NEXT",
]

const styles: Readonly<Record<SourceState, Style>> = {
  suspended: "yellow",
  stalled: "red",
  held: "yellow",
  degraded: "red",
  progressing: "cyan",
  drifted: "yellow",
  synced: "green",
  unknown: "dim",
}

/** All sources as a table, and below it what needs a person. */
export function statusText(sources: readonly SourceStatus[], options: StatusOptions): string {
  if (sources.length === 0) return "The daemon's config has no sources.\n"
  const { paint } = options
  const rows = sources.map((status) => row(status, options))
  const lines = table([headings.map((text) => ({ text, style: "bold" as const })), ...rows], paint)
  const details = sources.flatMap((status) => {
    const found = detailLines(status, paint)
    return found.length > 0 ? ["", paint("bold", status.name), ...found.map((line) => `  ${line}`)] : []
  })
  return `${[...lines, ...details].join("\n")}\n`
}

function row(status: SourceStatus, { nowMs }: StatusOptions): readonly Cell[] {
  const { deployments, lastTurn, nextTurnAt } = status
  return [
    { text: plainLine(status.name) },
    { text: plainLine(status.state), style: styles[status.state] ?? "dim" },
    { text: revisionText(status.revision) },
    { text: String(deployments.desired) },
    number(deployments.drifted, "yellow"),
    number(deployments.problems, "red"),
    number(deployments.held, "yellow"),
    number(deployments.orphans, "yellow"),
    { text: lastTurn ? `${lastTurn.outcome} ${relativeTime(instantMs(lastTurn.startedAt), nowMs)}` : "none yet" },
    { text: nextTurnAt ? relativeTime(instantMs(nextTurnAt), nowMs) : "-" },
  ]
}

function number(count: number, style: Style): Cell {
  return { text: String(count), ...(count > 0 && { style }) }
}

/** The revision that is live; with an arrow when Git is ahead of it. */
function revisionText({ observed, applied }: SourceStatus["revision"]): string {
  const [from, to] = [applied?.slice(0, 7), observed?.slice(0, 7)]
  if (to === undefined) return "-"
  return from === to ? to : `${from ?? "none"} → ${to}`
}

function detailLines(status: SourceStatus, paint: Paint): readonly string[] {
  const { waits, failure, hold, suspend, pin, problems, consecutiveFailures } = status
  const failed =
    failure === null
      ? []
      : [
          `${paint("red", failure.kind === "stalled" ? "needs a person" : `failed ${counted(consecutiveFailures, "time")}, tries again`)}: ${plainLine(failure.message)} ${paint("dim", `[${failure.code}]`)}`,
        ]
  return [
    ...(waits ? [paint("dim", `under way since ${waits.since}, at ${plainLine(waits.for)}`)] : []),
    ...(suspend ? [decisionText("suspended", suspend)] : []),
    ...(pin ? [decisionText(`pinned at ${pin.revision.slice(0, 7)}`, pin)] : []),
    ...failed,
    ...(hold ? holdLines(hold, paint) : []),
    ...problemLines(problems, paint),
  ]
}

/** One source, with what its last turn did. */
export function oneStatusText(status: SourceStatus, options: StatusOptions): string {
  const { lastTurn } = status
  const all = statusText([status], options)
  if (!lastTurn) return all
  const done = Object.entries(lastTurn.changes).flatMap(([action, count]) =>
    count > 0 && action !== "keep" && action !== "skip" ? [`${count} ${action}`] : [],
  )
  const what = done.length > 0 ? done.join(", ") : "nothing to do"
  return `${all}\nLast turn (${lastTurn.trigger}): ${what}, in ${durationText(lastTurn.durationMs)}.\n`
}
