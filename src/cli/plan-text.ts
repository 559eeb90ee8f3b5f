import type { Change, Plan } from "../core/change.ts"
import type { Revision, WorkspaceName } from "../core/model.ts"
import type { Hold } from "../core/outcome.ts"
import { presentPlan, type PublicChange } from "../server/present.ts"
import { createdLines, fieldLines } from "./field-text.ts"
import { heldKeys, summaryOf, type Held } from "./plan-summary.ts"
import { problemLines } from "./problem-text.ts"
import { noPaint, plainLine, type Paint, type Style } from "./terminal.ts"

export interface PlanOptions extends Held {
  readonly workspace?: WorkspaceName
  /** What else a person must know of the source, behind its name. */
  readonly notes?: readonly string[]
  /** Shows what only Prefect has under parameters and job variables, and values with a secret's name. */
  readonly showValues?: boolean
  /** Takes configured secrets out. */
  readonly mask?: (text: string) => string
  readonly paint?: Paint
}

const linesPerChangeMax = 20
const victimsShownMax = 20

/** A plan as people read it: what changes and why, field by field, what waits, what is wrong, and one sum. */
export function planText(plan: Plan, options: PlanOptions = {}): string {
  const paint = options.paint ?? noPaint
  const place = options.workspace === undefined ? [] : [`workspace ${options.workspace}`]
  const about = [` at ${shortRevision(plan.revision)}`, ...place, ...(options.notes ?? [])].join(", ")
  const parts = planParts(plan, options).map((lines) => lines.map((line) => (line === "" ? "" : `  ${line}`)))
  return `${[[paint("bold", plan.source) + about], ...parts, [paint("bold", summaryOf([{ plan, ...options }]))]].map((lines) => lines.join("\n")).join("\n\n")}\n`
}

/** The paragraphs of a plan: changes, hold, problems; those that have nothing to say are left out. */
export function planParts(plan: Plan, options: PlanOptions): readonly (readonly string[])[] {
  const { hold = null, paint = noPaint, showValues = false, mask = (text: string) => text } = options
  const shown = presentPlan(plan, { showValues, mask })
  const held = heldKeys(options)
  const explained = new Set(plan.problems.map(({ key, code }) => `${key} ${code}`))
  const changes = plan.changes.flatMap((change, i) => {
    const told = shown.changes[i]
    if (!told || change.action === "keep") return []
    const isExplained = change.action === "skip" && explained.has(`${change.key} ${change.code}`)
    const waits = held.has(change.key) && change.action !== "skip"
    return changeLines(change, told, { paint, waits, isExplained })
  })
  const problems = problemLines(shown.problems, paint)
  return [
    changes,
    hold ? holdLines(masked(hold, mask), paint) : [],
    problems.length > 0 ? [paint("bold", "Problems"), ...problems.map((line) => `  ${line}`)] : [],
  ].filter((lines) => lines.length > 0)
}

export function shortRevision(revision: Revision): string {
  return /^0+$/.test(revision) ? "no commit" : revision.slice(0, 7)
}

function changeLines(
  change: Change,
  told: PublicChange,
  how: { readonly paint: Paint; readonly waits: boolean; readonly isExplained: boolean },
): readonly string[] {
  const { symbol, style, words } = look(change, told, how.isExplained)
  const waits = how.waits ? ` ${how.paint("yellow", "(held)")}` : ""
  const head = `${how.paint(style, `${symbol} ${plainLine(told.key)}`)}  ${plainLine(words)}${waits}`
  const lines = change.action === "create" ? createdLines(told.fields) : fieldLines(told.fields)
  const more = lines.length - linesPerChangeMax
  const kept = more > 0 ? [...lines.slice(0, linesPerChangeMax), `… and ${more} more (--json shows all)`] : lines
  return [head, ...kept.map((line) => `    ${line}`)]
}

function look(
  change: Change,
  { reason, message }: PublicChange,
  isExplained: boolean,
): { symbol: string; style: Style; words: string } {
  switch (change.action) {
    case "create":
      return { symbol: "+", style: "green", words: "new in Git" }
    case "update":
      return { symbol: "~", style: "yellow", words: String(reason) }
    case "adopt":
      return { symbol: change.from === "hand-over" ? "⇄" : "≈", style: "cyan", words: `adopt: ${reason}` }
    case "restore":
      return { symbol: "↺", style: "cyan", words: `restore: ${reason}` }
    case "retire":
      return { symbol: "-", style: "red", words: `retire: ${reason}` }
    case "prune":
      return { symbol: "-", style: "red", words: `delete: ${reason}` }
    case "keep":
      return { symbol: "=", style: "dim", words: "unchanged" }
    case "skip":
      return { symbol: "!", style: "yellow", words: `skipped: ${isExplained ? change.code : message}` }
  }
}

/** The names of automations in it are foreign texts. */
function masked(hold: Hold, mask: (text: string) => string): Hold {
  return {
    ...hold,
    reasons: hold.reasons.map(({ code, message }) => ({ code, message: mask(message) })),
    victims: hold.victims.map((victim) => ({ ...victim, key: mask(victim.key) as typeof victim.key })),
  }
}

/** Why something waits, what, and what lets it go. */
export function holdLines(hold: Hold, paint: Paint): readonly string[] {
  const victims = hold.victims.slice(0, victimsShownMax).map(({ key }) => plainLine(key))
  const more = hold.victims.length - victims.length
  return [
    paint("yellow", "Held, because"),
    ...hold.reasons.map(({ code, message }) => `  ${plainLine(message)} ${paint("dim", `[${code}]`)}`),
    ...(victims.length > 0 ? [`  these: ${victims.join(", ")}${more > 0 ? ` and ${more} more` : ""}`] : []),
    ...hold.release.map((how) => `  to go on: ${paint("bold", plainLine(how))}`),
  ]
}
