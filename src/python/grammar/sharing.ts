import { partsOf } from "./subexpressions.ts"
import type { Expression } from "./syntax.ts"

/** Which names may hold a value, or a part of it, that others stand for: `B = A`, `B = [A]`, `for B in A`. */
export class Sharing {
  readonly #held = new Map<string, Set<string>>()

  add(name: string, held: readonly string[]): void {
    const known = this.#held.get(name) ?? new Set()
    for (const one of held) known.add(one)
    this.#held.set(name, known)
  }

  /** The names, and all that one of them may hold a part of: what changes through one is changed for those too. */
  reach(names: Iterable<string>): ReadonlySet<string> {
    const reached = new Set(names)
    // A set goes on with what is added to it on the way.
    for (const name of reached) for (const held of this.#held.get(name) ?? []) reached.add(held)
    return reached
  }
}

/** Names of what a value is or holds; what a call makes of them is its own, but `A + B` holds the items of both. */
export function heldBy(value: Expression): readonly string[] {
  const held: string[] = []
  const open = [value]
  for (let part = open.pop(); part !== undefined; part = open.pop()) {
    if (part.kind === "name" || part.kind === "attribute") held.push(part.name)
    if (holding.has(part.kind)) for (const inner of partsOf(part)) open.push(inner)
  }
  return held
}

const holding: ReadonlySet<Expression["kind"]> = new Set<Expression["kind"]>([
  "attribute",
  "subscript",
  "list",
  "tuple",
  "set",
  "dict",
  "starred",
  "binary",
  "comprehension",
])
