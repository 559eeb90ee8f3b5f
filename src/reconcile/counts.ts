import type { Change, ChangeResult, Plan } from "../core/change.ts"
import type { Desired, Problem } from "../core/model.ts"
import type { Counts, Hold } from "../core/outcome.ts"
import { orphanCodes } from "../core/removal.ts"

const conflictCodes = new Set(["owned-by-other", "mark-ambiguous"])
const driftCodes = new Set(["drift-reported"])
/** How many deployments of a source are in which state after a turn: one rule for status and metrics. */
export function countsOf(
  found: { readonly plan: Plan; readonly desired: Desired; readonly hold: Hold | null },
  results: readonly ChangeResult[],
  problems: readonly Problem[],
): Counts {
  const { plan, desired, hold } = found
  const done = new Set(results.filter(({ result }) => result === "done").map(({ change }) => change))
  const gained = [...done].filter(({ action }) => action === "create" || action === "adopt").length
  const lost = [...done].filter(({ action }) => action === "prune").length
  const open = plan.changes.filter((change) => !done.has(change))
  const skipped = (codes: ReadonlySet<string>): number => open.filter((change) => codes.has(codeOf(change))).length
  return {
    desired: desired.deployments.size + desired.handsOff.size,
    owned: plan.owned + gained - lost,
    drifted: open.filter(({ action }) => action === "update" || action === "restore").length + skipped(driftCodes),
    problems: new Set(
      problems.filter(({ severity }) => severity === "error").map((one) => one.key ?? `${one.file}:${one.line}`),
    ).size,
    conflicts: skipped(conflictCodes),
    held: hold?.victims.length ?? 0,
    // What has just been retired is in its grace now.
    orphans:
      plan.changes.filter((change) => change.action === "retire" || (change.action === "prune" && !done.has(change)))
        .length + skipped(orphanCodes),
  }
}

function codeOf(change: Change): string {
  return change.action === "skip" ? change.code : ""
}
