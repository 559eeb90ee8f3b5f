import type { Suspend } from "../core/outcome.ts"
import { presentPlan } from "../server/present.ts"
import { exitCodes, type ExitCode } from "./exit.ts"
import { planMarkdown } from "./plan-markdown.ts"
import type { SourceReport } from "./plan-sources.ts"
import { hasChanges, summaryOf } from "./plan-summary.ts"
import { planParts, planText, shortRevision, type PlanOptions } from "./plan-text.ts"
import { counted } from "./problem-text.ts"
import { plain, plainLine, type Paint } from "./terminal.ts"

/** The plans of several sources, as text, Markdown or JSON, and the exit code that they come to. */
export interface ReportOptions {
  readonly showValues: boolean
  readonly mask: (text: string) => string
  readonly paint: Paint
}

type Planned = Extract<SourceReport, { kind: "planned" }>

/** One block a source; sources with nothing to say take a line. */
export function reportsText(reports: readonly SourceReport[], options: ReportOptions): string {
  const blocks = reports.map((report) => {
    const { paint } = options
    if (report.kind === "planned") {
      const planOptions = optionsOf(report, options)
      const isQuiet = reports.length > 1 && planParts(report.plan, planOptions).length === 0
      return isQuiet ? quietText(report, paint) : planText(report.plan, planOptions)
    }
    if (report.kind === "failed")
      return `${paint("bold", report.source.name)}: ${paint("red", "error")}: ${plain(report.message)}\n`
    return `${paint("bold", report.source.name)}: ${decisionText("suspended", report.suspend)}\n`
  })
  return `${blocks.join("\n")}${reports.length > 1 ? `\n${totalOf(reports)}\n` : ""}`
}

export function reportsMarkdown(reports: readonly SourceReport[], options: ReportOptions): string {
  const blocks = reports.map((report) => {
    if (report.kind === "planned") return planMarkdown(report.plan, optionsOf(report, options))
    const text = report.kind === "failed" ? `error: ${report.message}` : decisionText("suspended", report.suspend)
    return `### Lockstep plan: ${report.source.name}\n\n    ${plainLine(text)}\n`
  })
  return blocks.join("\n")
}

/** A value for JSON: the API's form of a plan, and what the API tells in the status. */
export function reportsJson(reports: readonly SourceReport[], { showValues, mask }: ReportOptions): unknown {
  return {
    sources: reports.map((report) => {
      const place = { source: report.source.name, workspace: report.source.workspace, outcome: report.kind }
      if (report.kind === "failed") return { ...place, message: report.message }
      if (report.kind === "suspended") return { ...place, suspend: report.suspend }
      const { plan, hold, held, pin } = report
      return {
        ...place,
        ...presentPlan(plan, { showValues, mask }),
        hold,
        held: [...held],
        pin,
      }
    }),
  }
}

/** An error goes before changes: a script that applies on 2 must not apply half of what was meant. */
export function exitCodeOf(reports: readonly SourceReport[]): ExitCode {
  const planned = reports.filter((report) => report.kind === "planned")
  const failed = reports.some(({ kind }) => kind === "failed")
  if (failed || planned.some(({ plan }) => plan.problems.some(({ severity }) => severity === "error")))
    return exitCodes.error
  return planned.some(({ plan }) => hasChanges(plan)) ? exitCodes.changes : exitCodes.ok
}

function quietText({ source, plan }: Planned, paint: Paint): string {
  return `${paint("bold", source.name)} at ${shortRevision(plan.revision)}: ${summaryOf([{ plan }]).slice("Plan: ".length)}\n`
}

function optionsOf({ source, hold, held, pin }: Planned, options: ReportOptions): PlanOptions {
  const notes = [
    ...(source.apply ? [] : ["apply: false, so the daemon writes nothing"]),
    ...(source.decommission ? ["decommission: true"] : []),
    ...(pin ? [decisionText("pinned", pin)] : []),
  ]
  return { ...options, workspace: source.workspace, notes, hold, held }
}

function totalOf(reports: readonly SourceReport[]): string {
  const planned = reports.filter((report) => report.kind === "planned")
  const failed = reports.filter(({ kind }) => kind === "failed").length
  const rest = failed > 0 ? ` ${counted(failed, "source")} could not be planned.` : ""
  return `${counted(reports.length, "source")}. ${summaryOf(planned)}${rest}`
}

/** What a person decided: `suspended by ada since … until …: incident 42`. */
export function decisionText(what: string, { by, since, until, reason }: Suspend): string {
  const end = until === null ? "" : ` until ${until}`
  return plainLine(`${what} by ${by} since ${since}${end}${reason === "" ? "" : `: ${reason}`}`)
}
