import { boundValue, builtins, type Tools } from "./names.ts"
import { lookUp, type Scope } from "./scope.ts"
import { parseAnnotation } from "./parse.ts"
import { namesIn } from "./parts.ts"
import { NotBound, Undecided } from "./session.ts"
import type { Expression } from "./syntax.ts"
import type { FunctionFact } from "./values.ts"

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
    const names = scope.syntax.lazyAnnotations ? namesIn(annotation) : textNames(annotation)
    if (names === null) mode = "doubtful"
    for (const name of names ?? []) {
      const presence = presenceOf(tools, scope, name)
      if (presence === "absent") return "texts"
      if (presence === "doubtful") mode = "doubtful"
    }
  }
  return mode
}

/** The names in a text annotation; null when it isn't an expression. */
function textNames(annotation: Expression): string[] | null {
  if (annotation.kind !== "string") return []
  const expression = parseAnnotation(annotation.value, annotation.at)
  return expression === null ? null : namesIn(expression)
}

/** Whether a module has a name when all of it has run. */
function presenceOf(tools: Tools, scope: Scope, name: string): "present" | "absent" | "doubtful" {
  const { own, stars } = lookUp(scope, name, Number.POSITIVE_INFINITY)
  const certain = own !== null && own.kind !== "typing-only" && own.kind !== "unknown"
  if (certain && stars.length === 0) return "present"
  try {
    const value = boundValue(tools, { scope, name, before: Number.POSITIVE_INFINITY })
    if (value !== null || builtins.has(name)) return "present"
    // Such code may bind any name.
    const hidden = ["globals", "exec", "vars", "setattr"].some(
      (tool) => scope.bindings.has(tool) || scope.passes.has(tool),
    )
    return hidden ? "doubtful" : "absent"
  } catch (error) {
    if (error instanceof NotBound) return "absent"
    if (error instanceof Undecided) return "doubtful"
    throw error
  }
}
