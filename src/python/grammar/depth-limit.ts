import { partsOf } from "./subexpressions.ts"
import type { Expression } from "./syntax.ts"

/** Deeper nesting than a person writes; bounds the recursion of whoever looks at it. */
const depthMax = 100

/** The expression as it is kept: opaque, when it is nested deeper than anyone follows. */
export function kept(expression: Expression): Expression {
  let level: readonly Expression[] = [expression]
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > depthMax) return { kind: "opaque", what: "deeply nested code", at: expression.at }
    level = level.flatMap(partsOf)
  }
  return expression
}
