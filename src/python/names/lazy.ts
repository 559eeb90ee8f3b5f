import { boundValue, builtins, type Tools } from "./names.ts"
import { lookUp, type Scope } from "./scope.ts"
import { parseAnnotation } from "../grammar/parse.ts"
import { namesIn, partsOf } from "../grammar/subexpressions.ts"
import { NotBound, Undecided } from "./session.ts"
import type { Expression } from "../grammar/syntax.ts"
import type { FunctionFact } from "./python-value.ts"

/**
 * How Prefect sees annotations that are texts. It evaluates all of them at once; when one names something that isn't
 * there (imported for type checkers only), all stay texts, which pydantic then looks up in Prefect's own module.
 */
export type EvaluationMode = "evaluated" | "texts" | "doubtful"

export function evaluationMode(tools: Tools, fact: FunctionFact): EvaluationMode {
  const { syntax, scope } = fact
  const annotations = [...syntax.parameters.map((parameter) => parameter.annotation), syntax.returns]
  let mode: EvaluationMode = "evaluated"
  for (const annotation of annotations) {
    if (annotation === null) continue
    const evaluated = scope.syntax.lazyAnnotations ? annotation : expressionOf(annotation)
    if (evaluated === "none" || mayFail(evaluated)) mode = "doubtful"
    for (const name of evaluated === "none" ? [] : namesIn(evaluated)) {
      const presence = presenceOf(tools, scope, name)
      if (presence === "absent") return "texts"
      if (presence === "doubtful") mode = "doubtful"
    }
  }
  return mode
}

/** What Prefect evaluates of an annotation: the expression in a text, if there is one in it. */
function expressionOf(annotation: Expression): Expression | "none" {
  if (annotation.kind !== "string") return { kind: "constant", value: "None", at: annotation.at }
  return parseAnnotation(annotation.value, annotation.at) ?? "none"
}

const plainTypes: ReadonlySet<string> = new Set(["int", "float", "complex", "bool", "str", "bytes", "object"])

/** Whether evaluating it may raise a TypeError: `None | None`, `int | "Text"`, `int[str]` and their like. */
function mayFail(expression: Expression): boolean {
  if (expression.kind === "call") return false
  if (expression.kind === "subscript" && expression.object.kind === "name" && plainTypes.has(expression.object.name)) {
    return true
  }
  if (expression.kind === "binary") {
    const { operator, left, right } = expression
    if (operator !== "|" || isLiteral(left) || isLiteral(right) || (isNone(left) && isNone(right))) return true
  }
  return partsOf(expression).some(mayFail)
}

function isNone(expression: Expression): boolean {
  return expression.kind === "constant" && expression.value === "None"
}

function isLiteral(expression: Expression): boolean {
  return !["name", "attribute", "subscript", "binary", "call"].includes(expression.kind) && !isNone(expression)
}

/** Whether a module has a name when all of it has run. */
function presenceOf(tools: Tools, scope: Scope, name: string): "present" | "absent" | "doubtful" {
  const { own, stars } = lookUp(scope, name, Number.POSITIVE_INFINITY)
  const certain = own !== null && own.kind !== "typing-only" && own.kind !== "unknown"
  if (certain && stars.length === 0) return "present"
  try {
    const value = boundValue(tools, { scope, name, before: Number.POSITIVE_INFINITY })
    if (value !== null || builtins.has(name)) return "present"
    return scope.syntax.unseen.binds ? "doubtful" : "absent"
  } catch (error) {
    if (error instanceof NotBound) return "absent"
    if (error instanceof Undecided) return "doubtful"
    throw error
  }
}
