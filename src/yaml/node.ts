import { Refused, type Place } from "./text-cursor.ts"

/** What a scalar is to Python; JSON has fewer types, and `1.0`, for one, looks like `1` there. */
export interface Scalar {
  readonly type: ScalarType
  readonly value: null | boolean | number | bigint | string
}
type ScalarType = "null" | "bool" | "int" | "float" | "time" | "text"

/** A value with its place. Shared where the file uses an alias. */
export type Node =
  | (Scalar & { readonly kind: "scalar"; readonly at: Place })
  | { readonly kind: "list"; readonly items: readonly Node[]; readonly at: Place }
  | { readonly kind: "map"; readonly entries: ReadonlyMap<string, Entry>; readonly at: Place }
interface Entry {
  readonly at: Place
  /** Whether the key is a text, and not a number, a date or the like. */
  readonly text: boolean
  readonly value: Node
}

export const depthMax = 100
/** Values after all aliases are followed: a few lines of them can otherwise stand for billions. */
export const valuesMax = 200_000
export const tooDeep = `it is nested more than ${depthMax} deep`
export const tooWide = `it has more than ${valuesMax.toLocaleString("en")} values once its aliases are followed`

interface Expanded {
  readonly values: number
  readonly height: number
}

export type Sizes = Map<Node, Expanded>

/**
 * How many values the document has once its aliases are followed, and how deep; none is followed twice.
 * @throws Refused beyond the bounds
 */
export function expandedSize(node: Node, known: Sizes): Expanded {
  const before = known.get(node)
  if (before !== undefined) return before
  const children =
    node.kind === "list" ? node.items : node.kind === "map" ? [...node.entries.values()].map(({ value }) => value) : []
  let [values, height] = [1, 0]
  for (const child of children) {
    const below = expandedSize(child, known)
    values += below.values
    height = Math.max(height, below.height + 1)
  }
  if (height > depthMax) throw new Refused(tooDeep, node.at, "yaml-too-large")
  if (values > valuesMax) throw new Refused(tooWide, node.at, "yaml-too-large")
  known.set(node, { values, height })
  return { values, height }
}
