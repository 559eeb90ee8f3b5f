import { nearest } from "../../core/nearest.ts"
import type { Node } from "../../yaml/node.ts"

interface Finding {
  readonly message: string
  readonly node: Pick<Node, "at">
}

/** `prefect.deployments.steps`; its modules name them too. */
const ownSteps: readonly string[] = [
  "git_clone",
  "pip_install_requirements",
  "pull_from_remote_storage",
  "pull_with_block",
  "run_shell_script",
  "set_working_directory",
]

/**
 * What Prefect finds out only when it runs steps: at `prefect deploy`, or, of pull steps, at each run of the flow. A step
 * is a mapping of one name to its inputs (`deployments/steps/core.py: run_step`), and `prefect.projects` is gone.
 */
export function brokenSteps(steps: Node | null): readonly Finding[] {
  const items = steps?.kind === "list" ? steps.items : steps ? [steps] : []
  return items.flatMap((step) => (step.kind === "map" ? brokenStep(step) : []))
}

function brokenStep({ entries }: Extract<Node, { kind: "map" }>): readonly Finding[] {
  const [named, beside] = [...entries]
  if (!named) return []
  const [name, node] = named
  const found: Finding[] = []
  if (beside) {
    const message = `\`${beside[0]}\` stands beside the step's name, and such a step fails when it is run: indent it deeper than the name`
    found.push({ message, node: beside[1] })
  }
  const instead = rightName(name)
  if (instead !== null) found.push({ message: `Prefect 3 has no step \`${name}\`: did you mean \`${instead}\`?`, node })
  return found
}

/** Null for a step that may exist: other packages, and later versions, have steps too. */
function rightName(name: string): string | null {
  const [, room, step = ""] =
    /^prefect\.(deployments|projects)\.steps\.(?:(?:core|pull|utility)\.)?(\w+)$/.exec(name) ?? []
  if (room === undefined || (room === "deployments" && ownSteps.includes(step))) return null
  const meant = nearest(step.replace(/_project$/, ""), ownSteps)
  return meant && `prefect.deployments.steps.${meant}`
}
