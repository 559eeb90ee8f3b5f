import type { Plan } from "../core/change.ts"
import { summaryOf } from "./plan-summary.ts"
import { planParts, shortRevision, type PlanOptions } from "./plan-text.ts"

/**
 * A plan for a comment of a pull request. Whatever comes from a repository or a server stands in a fenced block, where
 * it can neither be a link nor mention anybody; `diff` gives the block colours.
 */
export function planMarkdown(plan: Plan, options: PlanOptions = {}): string {
  const { paint: _paint, ...rest } = options
  const head = `### Lockstep plan: ${plan.source} at ${shortRevision(plan.revision)}`
  const parts = planParts(plan, rest)
  const body = parts.length > 0 ? [fenced(parts.map((lines) => lines.join("\n")).join("\n\n"))] : []
  return `${[head, `**${summaryOf([{ plan, ...rest }])}**`, ...body].join("\n\n")}\n`
}

/** Longer than any run of backticks inside, so that nothing inside can end the block. */
function fenced(text: string): string {
  const longest = text.matchAll(/`+/g).reduce((most, [run]) => Math.max(most, run.length), 2)
  const fence = "`".repeat(longest + 1)
  return `${fence}diff\n${text}\n${fence}`
}
