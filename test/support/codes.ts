import { writeFileSync } from "node:fs"
import { problemCodes } from "../../src/core/problems.ts"
import { exportCodes } from "../../src/render/export/codes.ts"
import { remedies } from "../../src/render/manifest/remedies.ts"
import { rules, type Rule } from "../../src/render/manifest/rules.ts"

/** The documented list of codes, made from the code: `npm run codes` writes `src/CODES.md`, a test compares it. */
const holds: Readonly<Record<string, string>> = {
  "adopt-differs": "Nobody owns it, and it differs from Git: confirm to take it over and change it.",
  "mass-update": "After a start, Git as it was, yet much differs: confirm to correct it.",
  budget: "More would be retired, or taken over by other sources, than the budget allows, or prune.mode is confirm.",
  empty: "Git declares no deployment at all any more, here or in the source that would lose them.",
  "source-changed": "url, ref, selection or workspace changed, so what is missing may just be elsewhere.",
  decommission: "decommission: true retires all that the source owns.",
  "prune-vetoed": "Somebody un-paused it during its grace.",
  "related-automation": "An automation acts on it.",
  "manual-runs": "Somebody scheduled runs of it by hand.",
  "active-runs": "A run is still active a day after the grace.",
  "would-run-twice": "A create would run beside the orphan that it replaces.",
  "hand-over":
    "It is another source's, of another repository or ref, whose Git no longer has it: confirm to take it over.",
  "claimed-by": "The source that declares it can't take it over now; not released by a confirmation.",
  "sibling-unknown": "Another source of the workspace hasn't been read yet; waits at most ten minutes.",
  superseded:
    "A newer daemon of this installation works on the source, or it was released; not released by a confirmation.",
}

export function codesText(): string {
  const manifest = Object.entries(rules).map(
    ([code, [severity, summary]]) => `| \`${code}\` | ${severity} | ${summary} | ${remedies[code as Rule]} |`,
  )
  const plan = Object.entries(problemCodes).map(
    ([code, { severity, summary }]) => `| \`${code}\` | ${severity ?? "none"} | ${summary} |`,
  )
  const imported = Object.entries(exportCodes).map(([code, summary]) => `| \`${code}\` | ${summary} |`)
  const held = Object.entries(holds).map(([code, summary]) => `| \`${code}\` | ${summary} |`)
  return [
    "# Codes",
    "",
    "Stable words: scripts and alerts may rely on them. Made by `npm run codes`.",
    "",
    "## What can be wrong in a manifest, or in the flow that it names",
    "",
    "`lockstep validate` shows these; the last column is also the help of its SARIF output.",
    "",
    "| code | severity | meaning | what to do |",
    "|---|---|---|---|",
    ...manifest.toSorted(),
    "",
    "## What becomes of a deployment when desired meets live",
    "",
    "| code | severity | meaning |",
    "|---|---|---|",
    ...plan.toSorted(),
    "",
    "## Why something is held until a person confirms",
    "",
    "| code | meaning |",
    "|---|---|",
    ...held.toSorted(),
    "",
    "## What `lockstep import` leaves out or says of a deployment",
    "",
    "Beside these it uses the codes of the first table, for what a manifest can't say or a flow doesn't give.",
    "",
    "| code | meaning |",
    "|---|---|",
    ...imported.toSorted(),
    "",
  ].join("\n")
}

if (import.meta.main) writeFileSync("src/CODES.md", codesText())
