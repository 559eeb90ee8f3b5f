import { nearest } from "../../core/nearest.ts"
import type { Location, Problem } from "../../core/model.ts"
import { boundValue, type Tools } from "../names/names.ts"
import { wrapperAbove } from "./above.ts"
import { methodOf, type Method } from "./methods.ts"
import type { Wrapper } from "../reading.ts"
import { type Binding, lookUp, type Scope } from "../names/scope.ts"
import { locate, Undecided } from "../names/session.ts"
import type { FunctionSyntax } from "../grammar/syntax.ts"
import { canonical } from "../names/outside.ts"
import { decoratedItself, unwrap, wrapperCall } from "./wrapper.ts"
import {
  boundInClass,
  type Environment,
  type FunctionFact,
  inHead,
  type LazyArgument,
  type Value,
} from "../names/python-value.ts"

/** The function that an entrypoint names, and how it becomes a flow. */
export interface FoundFlow {
  readonly kind: "flow"
  readonly function: FunctionFact
  readonly environment: Environment
  /** The arguments of `@flow(...)`. */
  readonly options: readonly LazyArgument[]
  /** Why what the flow wraps may not be the function as it stands, or null. */
  readonly doubt: string | null
  /** What stands above `@flow`. */
  readonly wrapper: Wrapper | null
}
export type Found =
  | FoundFlow
  | { readonly kind: "doubt"; readonly reason: string; readonly at: Location }
  | { readonly kind: "problem"; readonly problem: Problem }

const nothingHidden: ReadonlySet<string> = new Set()

/** Finds `function` or `Class.method`. @throws `Undecided` where a name on the way can't be followed. */
export function findFlow(tools: Tools, scope: Scope, object: string): Found {
  const [name = "", method, ...more] = object.split(".")
  const { own } = lookUp(scope, name, Number.POSITIVE_INFINITY)
  const second = method === undefined ? methodNamed(tools, scope, own) : null
  if (second !== null) return methodFlow(tools, second)
  const value = boundValue(tools, { scope, name, before: Number.POSITIVE_INFINITY })
  if (value === null || own?.kind === "typing-only" || more.length > 0) return notFound(scope, object)
  const at = own === null ? { file: scope.path } : locate(scope, own.at)
  if (method === undefined) return flowOf(tools, value, at)
  if (value.kind !== "class") return notFound(scope, object)
  const found = methodOf(tools, value.class, method)
  return found === null ? notFound(scope, object) : methodFlow(tools, found)
}

function methodFlow(tools: Tools, { fact, owner }: Method): Found {
  return decorated(tools, fact, boundInClass(owner.syntax))
}

/** `run = Jobs.run` */
function methodNamed(tools: Tools, scope: Scope, own: Binding | null): Method | null {
  if (own?.kind !== "value" || own.value.kind !== "attribute") return null
  const { value } = own
  const environment = { scope, before: own.order, hidden: nothingHidden }
  const object = tools.evaluate(tools.session, value.object, environment)
  return object.kind === "class" ? methodOf(tools, object.class, value.name) : null
}

function flowOf(tools: Tools, value: Value, at: Location): Found {
  if (value.kind === "function") return decorated(tools, value.function, nothingHidden)
  const made = value.kind === "call" ? (madeFlow(tools, value) ?? changedFlow(tools, value)) : null
  if (made !== null) return made
  if (value.kind === "call" || value.kind === "outside") {
    return { kind: "doubt", reason: "it is made by code that can't be followed", at }
  }
  return notAFlow("what the entrypoint names isn't a function", at)
}

/** `f = flow(function, name="...")` and `f = flow(name="...")(function)`. */
function madeFlow(tools: Tools, value: Extract<Value, { kind: "call" }>): Found | null {
  const curried = value.callee.kind === "call" && isFlow(value.callee.callee)
  if (!curried && !isFlow(value.callee)) return null
  const [first, ...rest] = value.args
  if (first === undefined || first.name !== null || first.star !== "") return null
  const wrapped = tools.evaluate(tools.session, first.expression, first.environment)
  if (wrapped.kind !== "function") return null
  const fact = wrapped.function
  // A flow given to `flow(...)` again is an error in Prefect; other decorators aren't followed.
  if (fact.syntax.decorators.length > 0) return null
  const options = value.callee.kind === "call" ? value.callee.args : rest
  return { kind: "flow", function: fact, environment: inHead(fact), options, doubt: null, wrapper: null }
}

/** `f = other.with_options(name="...")`: what it doesn't say stays as it was. */
function changedFlow(tools: Tools, { callee, args }: Extract<Value, { kind: "call" }>): Found | null {
  if (callee.kind !== "method" || callee.object.kind !== "function") return null
  const before = decorated(tools, callee.object.function, nothingHidden)
  return before.kind === "flow" ? { ...before, options: [...args, ...before.options] } : null
}

function decorated(tools: Tools, fact: FunctionFact, hidden: ReadonlySet<string>): Found {
  const environment = { scope: fact.scope, before: fact.order, hidden }
  const at = locate(fact.scope, fact.syntax.at)
  const others: Value[] = []
  let unknown: Undecided | null = null
  // The lowest decorator is applied first, so the search goes from the highest one down.
  for (const [index, decorator] of fact.syntax.decorators.entries()) {
    const read = readDecorator(tools, decorator, environment)
    if (read instanceof Undecided) {
      unknown ??= read
      continue
    }
    const options = flowOptions(tools, read, environment)
    if (options === null) {
      others.push(read)
      continue
    }
    const wrappers = fact.syntax.decorators.slice(index + 1)
    const plain = wrappers.every((wrapper) => isPlainWrapper(readDecorator(tools, wrapper, environment)))
    const doubt = plain ? null : "a decorator below `@flow` may change the function"
    const wrapper = wrapperAbove(tools, fact.syntax.decorators.slice(0, index), environment)
    return { kind: "flow", function: fact, environment, options, doubt, wrapper }
  }
  if (unknown !== null)
    return { kind: "doubt", reason: `its decorator isn't known: ${unknown.message}`, at: unknown.at }
  const odd = others.find((value) => !isHarmless(value))
  if (odd !== undefined) return { kind: "doubt", reason: "its decorator may make it a flow or not", at }
  return notAFlow(`\`${fact.syntax.name}\` has no \`@flow\` decorator; add it, or correct the entrypoint`, at)
}

/** A decorator of Python or Prefect itself, known not to make a flow. */
function isHarmless(value: Value): boolean {
  if (value.kind === "call") return isHarmless(value.callee)
  return (
    value.kind === "outside" &&
    /^(prefect\.tasks?|builtins|functools\.(wraps|cache|lru_cache)|contextlib|abc)\b/u.test(value.path)
  )
}

function readDecorator(tools: Tools, decorator: FunctionSyntax["decorators"][number], environment: Environment) {
  try {
    return wrapperCall(tools, decorator, environment) ?? tools.evaluate(tools.session, decorator, environment)
  } catch (error) {
    if (error instanceof Undecided) return error
    throw error
  }
}

function flowOptions(tools: Tools, value: Value, environment: Environment): readonly LazyArgument[] | null {
  const call = unwrap(tools, value, environment)
  if (isFlow(call) || isFlowClass(call)) return []
  if (call.kind !== "call" || !isFlow(call.callee)) return null
  return call.args.filter((argument) => !isPlace(argument))
}

/** The one place of `flow(fn, *, name=…)`: for the function, or for nothing yet. */
function isPlace({ name, expression }: LazyArgument): boolean {
  if (name !== null) return false
  return expression === decoratedItself || (expression.kind === "constant" && expression.value === "None")
}

function isFlow(value: Value): boolean {
  return value.kind === "outside" && canonical(value.path) === "prefect.flow"
}

/** `@Flow` itself, which `@flow` calls: the same with nothing to say; with arguments it takes them by place. */
function isFlowClass(value: Value): boolean {
  return value.kind === "outside" && /^prefect\.(flows\.|main\.)?Flow$/u.test(value.path)
}

/** Flow unwraps these two itself. */
function isPlainWrapper(value: Value | Undecided): boolean {
  if (value instanceof Undecided || value.kind !== "outside") return false
  return value.path === "builtins.staticmethod" || value.path === "builtins.classmethod"
}

function notAFlow(message: string, at: Location): Found {
  return { kind: "problem", problem: { severity: "error", code: "not-a-flow", message, ...at } }
}

function notFound(scope: Scope, object: string): Found {
  const near = nearest(object, functionNames(scope))
  const hint = near === null ? "" : `; did you mean \`${near}\`?`
  const message = `${scope.path} doesn't define \`${object}\`${hint}`
  return { kind: "problem", problem: { severity: "error", code: "flow-not-found", message, file: scope.path } }
}

function functionNames(scope: Scope): string[] {
  return [...scope.bindings].flatMap(([name, bindings]) =>
    bindings.some((binding) => binding.kind === "function" && binding.syntax.decorators.length > 0) ? [name] : [],
  )
}
