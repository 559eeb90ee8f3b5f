import { writeFileSync } from "node:fs"
import type { Fault } from "./fault.ts"
import { doubt } from "./rows/doubt.ts"
import { hosts } from "./rows/hosts.ts"
import { manifests } from "./rows/manifests.ts"
import { neighbours } from "./rows/neighbours.ts"
import { operators } from "./rows/operators.ts"
import { owners } from "./rows/owners.ts"
import { running } from "./rows/running.ts"
import { secrets } from "./rows/secrets.ts"

/** Every fault that a test tries, by kind: `npm run faults` writes `README.md` from it, a test compares the two. */
export const kinds: readonly (readonly [string, readonly Fault[]])[] = [
  ["What is deployed runs", running],
  ["Not knowing is never “nothing there”", doubt],
  ["One tenant's trouble stays with it", neighbours],
  ["What must not get out", secrets],
  ["Hosts, hooks and proxies", hosts],
  ["What `validate` and plans say of a mistake", manifests],
  ["Operators", operators],
  ["Owners and upgrades", owners],
]

export function faultsText(): string {
  const sections = kinds.flatMap(([title, faults]) => [
    `## ${title}`,
    "",
    "| fault | what a person sees | what is kept | healed | test |",
    "|---|---|---|---|---|",
    ...faults.map(
      ({ fault, seen, kept, healed, test }) => `| ${fault} | ${seen} | ${kept} | ${healed} | ${place(test)} |`,
    ),
    "",
  ])
  return ["# Faults", "", "What goes wrong, and what becomes of it. Made by `npm run faults`.", "", ...sections].join(
    "\n",
  )
}

function place(test: string): string {
  const colon = test.indexOf(": ")
  return `[${test.slice(colon + 2)}](../${test.slice(0, colon)})`
}

if (import.meta.main) writeFileSync("test/faults/README.md", faultsText())
