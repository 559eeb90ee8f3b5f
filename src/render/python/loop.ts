import type { Node } from "web-tree-sitter"
import type { Expression, Place } from "./syntax.ts"

type Convert = (node: Node | null) => Expression
type Loop = Extract<Expression, { kind: "comprehension" }>

export function placeOf(node: Node): Place {
  return { line: node.startPosition.row + 1, column: node.startPosition.column + 1 }
}

export function firstCode(node: Node): Node | null {
  return node.namedChildren.find((child) => child.type !== "comment") ?? null
}

/** A chain of comparisons isn't followed. */
export function toComparison(node: Node, convert: Convert): Expression | null {
  const [left, right, ...more] = node.namedChildren.filter((child) => child.type !== "comment")
  if (left === undefined || right === undefined || more.length > 0) return null
  const operator = node
    .childrenForFieldName("operators")
    .map((child) => child.text)
    .join(" ")
    .replaceAll(/\s+/gu, " ")
  return {
    kind: "compare",
    operator,
    left: convert(left),
    right: convert(right),
    at: placeOf(node),
  }
}

export function toComprehension(node: Node, of: Loop["of"], convert: Convert): Expression | null {
  const clauses: { target: string | readonly string[]; source: Expression; conditions: Expression[] }[] = []
  for (const child of node.namedChildren) {
    if (child.type === "for_in_clause") {
      const target = toTarget(child)
      if (target === null) return null
      clauses.push({ target, source: convert(child.childForFieldName("right")), conditions: [] })
    }
    if (child.type === "if_clause") clauses.at(-1)?.conditions.push(convert(firstCode(child)))
  }
  const body = node.childForFieldName("body")
  const pair = body?.type === "pair" ? body : null
  return {
    kind: "comprehension",
    of,
    key: pair === null ? null : convert(pair.childForFieldName("key")),
    element: convert(pair === null ? body : pair.childForFieldName("value")),
    clauses,
    at: placeOf(node),
  }
}

/** The names that `for` binds; null when it binds anything else, or is `async`. */
function toTarget(clause: Node): string | readonly string[] | null {
  const left = clause.childForFieldName("left")
  const sources = clause.childrenForFieldName("right").length
  if (left === null || sources !== 1 || clause.child(0)?.type === "async") return null
  if (left.type === "identifier") return left.text
  return ["pattern_list", "tuple_pattern", "list_pattern"].includes(left.type) ? toNames(left) : null
}

/** `for (k) in x` binds k, `for (k,) in x` takes each item apart. */
function toNames(pattern: Node): string | readonly string[] | null {
  const parts = pattern.namedChildren.filter((child) => child.type !== "comment")
  if (!parts.every((part) => part.type === "identifier")) return null
  const names = parts.map((part) => part.text)
  const bare = pattern.type === "tuple_pattern" && !pattern.children.some((child) => child.type === ",")
  return bare ? (names[0] ?? null) : names
}
