import { canonical } from "../names/outside.ts"
import type { Tools } from "../names/names.ts"
import type { Wrapper } from "../reading.ts"
import { locate, Undecided } from "../names/session.ts"
import type { Expression } from "../grammar/syntax.ts"
import type { Environment, FunctionFact, Value } from "../names/python-value.ts"

/**
 * The first decorator above `@flow` that hands back, or may hand back, something that isn't the flow: `prefect deploy`
 * refuses that ("is not a flow").
 */
export function wrapperAbove(
  tools: Tools,
  decorators: readonly Expression[],
  environment: Environment,
): Wrapper | null {
  for (const decorator of decorators) {
    const value = valueOf(tools, decorator, environment)
    if (value !== null && keeps(value, decorator.kind === "call")) continue
    const certain = value?.kind === "outside" && changing.test(canonical(value.path))
    return { name: nameOf(decorator), certain, at: locate(environment.scope, decorator.at) }
  }
  return null
}

function keeps(value: Value, called: boolean): boolean {
  if (value.kind === "outside") return keeping.test(canonical(value.path))
  return value.kind === "function" && !called && handsBack(value.function)
}

/** They hand back what they are given. */
const keeping =
  /^(?:(?:typing|typing_extensions)\.(?:final|override|no_type_check)|atexit\.register|functools\.wraps|abc\.abstractmethod|builtins\.(?:static|class)method)$/u
const changing =
  /^(?:prefect\.task|functools\.(?:cache|lru_cache|cached_property|singledispatch|partial)|contextlib\.\w+|builtins\.property)$/u

/** The decorator, or what makes it. */
function valueOf(tools: Tools, decorator: Expression, environment: Environment): Value | null {
  try {
    return tools.evaluate(tools.session, decorator.kind === "call" ? decorator.callee : decorator, environment)
  } catch (error) {
    if (error instanceof Undecided) return null
    throw error
  }
}

/** Whether a function of the repository returns its first argument, as those do that only note what they are given. */
function handsBack({ syntax, scope }: FunctionFact): boolean {
  const [first] = syntax.parameters
  if (first === undefined || first.star !== "") return false
  const lines = scope.syntax.text.split("\n").slice(syntax.at.line)
  const end = lines.findIndex((line) => /^\S/u.test(line) && !/^[)#\]}]/u.test(line))
  const body = (end === -1 ? lines : lines.slice(0, end)).join("\n")
  const returns = [...body.matchAll(/\breturn\b[ \t]*([^\n#]*)/gu)].map(([, value = ""]) => value.trim())
  return !/\b(?:def|lambda)\b/u.test(body) && returns.length > 0 && returns.every((value) => value === first.name)
}

function nameOf(decorator: Expression): string {
  if (decorator.kind === "call") return nameOf(decorator.callee)
  if (decorator.kind === "attribute") return `${nameOf(decorator.object)}.${decorator.name}`
  return decorator.kind === "name" ? decorator.name : "…"
}
