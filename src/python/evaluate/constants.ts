import type { Expression } from "../grammar/syntax.ts"
import type { Value } from "../names/python-value.ts"

type Literal = Extract<Expression, { kind: "string" | "bytes" | "int" | "float" | "constant" }>

export function isLiteral(expression: Expression): expression is Literal {
  return ["string", "bytes", "int", "float", "constant"].includes(expression.kind)
}

/** What a text, number or other literal in the code is. */
export function literalValue(expression: Literal): Value {
  switch (expression.kind) {
    case "string":
      return { kind: "str", value: expression.value }
    case "bytes":
      return { kind: "bytes", value: expression.value }
    case "int":
      return { kind: "int", value: expression.value }
    case "float":
      return { kind: "float", value: expression.value }
    case "constant":
      return constant(expression.value)
  }
}

function constant(value: "None" | "True" | "False" | "..."): Value {
  if (value === "None") return { kind: "none" }
  return value === "..." ? { kind: "ellipsis" } : { kind: "bool", value: value === "True" }
}
