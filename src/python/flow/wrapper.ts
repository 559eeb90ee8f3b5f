import { bindArguments, slotsOf } from "../evaluate/arguments.ts"
import type { Tools } from "../names/names.ts"
import { locate } from "../names/session.ts"
import type { Expression } from "../grammar/syntax.ts"
import type { Environment, FunctionFact, LazyArgument, Value } from "../names/python-value.ts"

/**
 * Decorators that a repository makes of `@flow` to give all its flows the same settings:
 *
 *     def flow(*args, retries=3, **kwargs):
 *         return prefect.flow(*args, retries=retries, **kwargs)
 */

const wrappersMax = 5

/** The function below the decorator, where Python itself hands it over. */
export const decoratedItself: Expression = { kind: "opaque", what: "the function itself", at: { line: 1, column: 1 } }

/** A decorator that is a call of a function of the repository, as a call; null when it is anything else. */
export function wrapperCall(tools: Tools, decorator: Expression, environment: Environment): Value | null {
  if (decorator.kind !== "call") return null
  const callee = tools.evaluate(tools.session, decorator.callee, environment)
  if (callee.kind !== "function") return null
  const args = decorator.args.map(({ name, star, value }) => ({ name, star, expression: value, environment }))
  return { kind: "call", callee, args, at: locate(environment.scope, decorator.at) }
}

/** What a decorator comes to when each wrapper around it is taken off; itself when there is none that can be. */
export function unwrap(tools: Tools, decorator: Value, environment: Environment): Value {
  let value = decorator
  for (let step = 0; step < wrappersMax; step += 1) {
    const next = takeOff(tools, value, environment)
    if (next === null) return value
    value = next
  }
  return value
}

function takeOff(tools: Tools, value: Value, environment: Environment): Value | null {
  const itself = { name: null, star: "", expression: decoratedItself, environment } as const
  if (value.kind === "function") return calledWith(tools, value.function, [itself])
  if (value.kind !== "call" || value.callee.kind !== "function") return null
  return calledWith(tools, value.callee.function, value.args)
}

/** The call that a wrapper returns, with its own arguments filled in. */
function calledWith(tools: Tools, fact: FunctionFact, given: readonly LazyArgument[]): Value | null {
  const { result, decorators, parameters } = fact.syntax
  if (result?.kind !== "call" || decorators.length > 0 || given.some(({ star }) => star !== "")) return null
  const bound = bindArguments(slotsOf(fact), given)
  if (bound === null) return null
  const hidden = new Set(parameters.map(({ name }) => name))
  const environment = { scope: fact.scope, before: Number.POSITIVE_INFINITY, hidden }
  const callee = tools.evaluate(tools.session, result.callee, environment)
  const args = result.args.flatMap((argument): readonly LazyArgument[] => {
    const passed = argument.value.kind === "name" ? bound.get(argument.star + argument.value.name) : undefined
    if (argument.star !== "") return passed ?? [{ ...argument, expression: argument.value, environment }]
    return [{ ...(passed?.[0] ?? { expression: argument.value, environment }), name: argument.name, star: "" }]
  })
  return { kind: "call", callee, args, at: locate(fact.scope, result.at) }
}
