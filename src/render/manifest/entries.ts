import type { Location, Problem } from "../../core/model.ts"
import { parseYaml } from "../../yaml/dialect.ts"
import type { Node } from "../../yaml/node.ts"
import { nearest } from "../../core/nearest.ts"
import { entryKeys } from "./keys.ts"
import { problem, type Rule } from "./rules.ts"
import { brokenSteps } from "./step-lint.ts"
import { toldMax } from "./told.ts"

type MapNode = Extract<Node, { kind: "map" }>

/** One deployment entry of a manifest, as written, with the steps that it inherits. */
export interface ManifestEntry {
  readonly manifest: string
  readonly at: Location
  readonly node: MapNode
  readonly build: Node | null
  readonly push: Node | null
  /** Where Prefect looks for the step that builds the image, if no `pull` is given: an empty `build` falls back here. */
  readonly imageBuild: Node | null
  /** null = none given anywhere: one is injected. An empty list = no pull steps at all. */
  readonly pull: Node | null
}

export interface Manifest {
  readonly path: string
  readonly entries: readonly ManifestEntry[]
  readonly problems: readonly Problem[]
  /** How many values its entries stand for, inherited steps included: what reading them costs. */
  readonly size: number
}

/** Prefect has no limit; what steps give out is kept for each of them. */
const stepsMax = 1_000
/** Half a write or a filter that failed leaves it so; who means it says it. */
const emptyText = "the file is empty: delete it, or write `deployments: []` if it is to declare nothing"
const start = { at: { line: 1, column: 1 } }

const topKeys = [
  "name",
  "prefect-version",
  "prefect_version",
  "build",
  "push",
  "pull",
  "deployments",
  "definitions",
  "description",
  "required_inputs",
]

/** Reads one manifest. Whatever is wrong in one place leaves the others usable. */
export function parseManifest(path: string, text: string): Manifest {
  const { root, findings, sizeOf } = parseYaml(text)
  const problems = findings.map(({ code, message, at }) => problem(code, message, { file: path, ...at }))
  const find: Find = (code, message, node) => {
    problems.push(problem(code, message, { file: path, ...node.at }))
  }
  const done = (entries: readonly ManifestEntry[]): Manifest => {
    const nodes = entries.flatMap(({ node, build, push, pull }) => [node, build, push, pull])
    const size = nodes.reduce((sum, node) => sum + (node ? sizeOf(node) : 0), findings.length)
    return { path, entries, problems, size }
  }
  if (text.trim() === "") find("manifest-shape", emptyText, start)
  if (!root || (root.kind === "scalar" && root.value === null)) return done([])
  if (root.kind !== "map") {
    find("manifest-shape", "a manifest is a mapping with `deployments:` in it", root)
    return done([])
  }
  const strangers = [...root.entries].filter(([key]) => !topKeys.includes(key) && !key.startsWith("."))
  const unknown = strangers.slice(0, toldMax)
  for (const [key, { at }] of unknown) find("unknown-key", unknownTop(key), { at })
  if (unknown.length > 0 && !root.entries.has("deployments"))
    find(
      "deployments-missing",
      "this file deploys nothing: Prefect reads only what is listed below `deployments:`",
      root,
    )
  // Prefect reads no entry of such a file, not even one with steps of its own.
  const steps = stepKeys.flatMap((key) => strangeSteps(key, root.entries.get(key)?.value ?? null))
  const strange = [...notTexts(root), ...steps]
  for (const { message, node } of strange) find("wrong-type", message, node)
  const entries = strange.length > 0 ? [] : entriesOf(path, root, find)
  // An alias makes one list of steps that of many entries.
  const lists = new Set([root, ...entries.map(({ node }) => node)].flatMap((map) => ownSteps(map)))
  for (const { message, node } of [...lists].flatMap((list) => brokenSteps(list))) find("step-invalid", message, node)
  return done(entries)
}

/** Keys of the top that must be texts, though nothing else is made of them: `prefect-version: 3` costs the whole file. */
function notTexts({ entries }: MapNode): readonly Strange[] {
  return ["name", "prefect-version", "prefect_version"].flatMap((key) => {
    const { value, at } = entries.get(key) ?? {}
    if (!value || (value.kind === "scalar" && (value.type === "text" || value.type === "null"))) return []
    const message = `\`${key}\` must be a text, and Prefect reads no deployment of a file where it isn't: put it in quotes, or take it out`
    return [{ message, node: { at: at ?? value.at } }]
  })
}

type Find = (code: Rule, message: string, node: { at: { line: number; column: number } }) => void

function entriesOf(path: string, root: MapNode, find: Find): readonly ManifestEntry[] {
  const list = root.entries.get("deployments")?.value
  if (!list) return []
  if (list.kind !== "list") {
    find("manifest-shape", "`deployments` must be a list: begin each entry with `- name:`", list)
    return []
  }
  return list.items.flatMap((node) => {
    if (node.kind === "map") return [{ manifest: path, at: { file: path, ...node.at }, node, ...stepsOf(root, node) }]
    find("wrong-type", "an entry of `deployments` must be a mapping", node)
    return []
  })
}

export const stepKeys = ["build", "push", "pull"] as const

interface Strange {
  readonly message: string
  readonly node: Pick<Node, "at">
}

/** Steps are mappings in a list; a single one may stand without the list, and nothing for none. */
export function strangeSteps(key: (typeof stepKeys)[number], steps: Node | null): readonly Strange[] {
  const items = steps?.kind === "list" ? steps.items : steps && !isEmpty(steps) ? [steps] : []
  const node = items.find(({ kind }) => kind !== "map")
  const message = `\`${key}\` must be a list of steps, such as { prefect.deployments.steps.git_clone: … }`
  if (steps && items.length > stepsMax) return [{ message: `\`${key}\` has more than ${stepsMax} steps`, node: steps }]
  return node ? [{ message, node }] : []
}

/** The same text in another place of the repository. */
export function manifestAt(path: string, { entries, problems, size }: Manifest): Manifest {
  const moved = entries.map((entry) => ({ ...entry, manifest: path, at: { ...entry.at, file: path } }))
  return { path, entries: moved, problems: problems.map((found) => ({ ...found, file: path })), size }
}

/**
 * What an entry inherits (`cli/deploy/_core.py`): its own `build` replaces the top one even when empty; an empty `push`
 * falls back; `pull: []` means none, while null or {} fall back, to steps of the top one but not to its emptiness.
 */
function stepsOf(root: MapNode, entry: MapNode): Pick<ManifestEntry, "build" | "push" | "pull" | "imageBuild"> {
  const top = (key: string): Node | null => root.entries.get(key)?.value ?? null
  const own = (key: string): Node | null => entry.entries.get(key)?.value ?? null
  const chosen = (node: Node | null): Node | null => (node?.kind === "list" ? node : filled(node))
  return {
    build: filled(entry.entries.has("build") ? own("build") : top("build")),
    push: filled(own("push")) ?? filled(top("push")),
    imageBuild: filled(own("build")) ?? filled(top("build")),
    pull: chosen(own("pull")) ?? (entry.entries.has("pull") ? filled(top("pull")) : chosen(top("pull"))),
  }
}

function ownSteps({ entries }: MapNode): readonly Node[] {
  return stepKeys.flatMap((key) => entries.get(key)?.value ?? [])
}

function filled(node: Node | null): Node | null {
  return node && !isEmpty(node) ? node : null
}

function isEmpty(node: Node): boolean {
  if (node.kind === "scalar") return node.value === null
  return node.kind === "list" ? node.items.length === 0 : node.entries.size === 0
}

function unknownTop(key: string): string {
  if (entryKeys.includes(key)) return `Prefect ignores \`${key}\` here: it belongs to an entry of \`deployments:\``
  const guess = nearest(key, topKeys)
  return `Prefect ignores \`${key}\` here${guess ? `: did you mean \`${guess}\`?` : ""}`
}
