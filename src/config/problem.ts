import { isAlias, isMap, isScalar, isSeq, type Document, type LineCounter, type Node } from "yaml"
import { ConfigError } from "../lib/errors.ts"

/** One thing that is wrong in the config file; `line` and `column` count from 1. */
export interface ConfigProblem {
  /** As in `sources[0].ref.branch`; "" for the file as a whole. */
  readonly path: string
  readonly line: number
  readonly column: number
  readonly message: string
}

/** A config file that can't be used; holds everything that is wrong with it, not only the first. */
export class InvalidConfigError extends ConfigError {
  readonly problems: readonly ConfigProblem[]
  constructor(file: string, problems: readonly ConfigProblem[], cause?: unknown) {
    const lines = problems.map((problem) => `\n  ${describeProblem(file, problem)}`)
    super(`the config is invalid:${lines.join("")}`, { kind: "stalled", code: "config-invalid", cause })
    this.problems = problems
  }
}

/** `lockstep.yaml:12:5: sources[0].ref: must have exactly one of …`, which editors and terminals make a link of. */
export function describeProblem(file: string, { path, line, column, message }: ConfigProblem): string {
  return `${file}:${line}:${column}: ${path === "" ? "" : `${path}: `}${message}`
}

export type Path = readonly PropertyKey[]

/** `sources[0].ref.branch` */
export function pathText(path: Path): string {
  return path
    .map((step, i) => (typeof step === "number" ? `[${step}]` : `${i === 0 ? "" : "."}${String(step)}`))
    .join("")
}

/** Where a path stands in the file: its key, or the nearest thing around it that is there. */
export function locate(document: Document, lines: LineCounter, path: Path): { line: number; column: number } {
  let node: Node | null = document.contents
  let offset = node?.range?.[0] ?? 0
  for (const step of path) {
    const next = below(isAlias(node) ? (node.resolve(document) ?? null) : node, step)
    if (!next) break
    offset = next.offset
    node = next.node
  }
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(line, 1), column: Math.max(col, 1) }
}

function below(node: Node | null, step: PropertyKey): { offset: number; node: Node | null } | null {
  if (isSeq<Node>(node)) {
    const item = node.items[Number(step)]
    return item?.range ? { offset: item.range[0], node: item } : null
  }
  if (!isMap<Node, Node | null>(node)) return null
  const pair = node.items.find(({ key }) => isScalar(key) && String(key.value) === String(step))
  return pair?.key.range ? { offset: pair.key.range[0], node: pair.value } : null
}
