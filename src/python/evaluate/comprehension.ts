import type { Location } from "../../core/model.ts"
import { rangeOf } from "./calls.ts"
import { truth } from "./compare.ts"
import { enumMembers, enumMixin } from "./enums.ts"
import { isMapping, knownOrFail, mappingOf, type Pair, walkMapping } from "./mapping.ts"
import type { Tools } from "../names/names.ts"
import { locate, Undecided } from "../names/session.ts"
import type { Clause, Expression } from "../grammar/syntax.ts"
import type { Environment, Known, Lazy, PartialEntry, Value } from "../names/python-value.ts"

type Comprehension = Extract<Expression, { kind: "comprehension" }>

/** More than a person writes as a default; bounds what a loop in a loop makes. */
const itemsMax = 10_000

/** What a comprehension makes. @throws `Undecided` where it can't be known, and for a generator, which runs later. */
export function comprehend(tools: Tools, expression: Comprehension, environment: Environment): Value {
  const { of } = expression
  if (of === "generator") {
    throw new Undecided("a generator runs only where it is used", locate(environment.scope, expression.at))
  }
  if (of !== "dict") return { kind: of, items: elements(tools, expression, environment) }
  return mappingOf(rounds(tools, expression, environment).map((round) => entryOf(tools, expression, round)))
}

/** The elements of a list, of a set, or of a generator where it is used. */
export function elements(tools: Tools, expression: Comprehension, environment: Environment): readonly Value[] {
  return rounds(tools, expression, environment).map((round) => tools.evaluate(tools.session, expression.element, round))
}

function entryOf(tools: Tools, { key, element }: Comprehension, round: Environment): PartialEntry {
  return { key: tools.evaluate(tools.session, key ?? element, round), value: attempt(tools, element, round) }
}

/** The value of an expression, or why it isn't known. */
export function attempt(tools: Tools, expression: Expression, environment: Environment): Known {
  try {
    return tools.evaluate(tools.session, expression, environment)
  } catch (error) {
    if (error instanceof Undecided) return error
    throw error
  }
}

/** The environments in which the element is looked at, in order. */
function rounds(tools: Tools, expression: Comprehension, environment: Environment): readonly Environment[] {
  let all: readonly Environment[] = [environment]
  for (const clause of expression.clauses) {
    all = all.flatMap((outer) => roundsOf(tools, clause, outer))
    if (all.length > itemsMax) {
      throw new Undecided("this comprehension is too long to follow", locate(environment.scope, expression.at))
    }
  }
  return all
}

function roundsOf(tools: Tools, clause: Clause, outer: Environment): readonly Environment[] {
  const at = locate(outer.scope, clause.source.at)
  const items = walk(tools, tools.evaluate(tools.session, clause.source, outer), at)
  return items.flatMap((item) =>
    tools.session.within(at, null, () => {
      const locals = new Map([...(outer.locals ?? []), ...bind(clause.target, item, at)])
      const inner = { ...outer, locals }
      return clause.conditions.every((condition) => holds(tools, condition, inner)) ? [inner] : []
    }),
  )
}

function holds(tools: Tools, condition: Expression, environment: Environment): boolean {
  const value = truth(tools.evaluate(tools.session, condition, environment))
  if (value === null) {
    throw new Undecided("this condition is only known when it runs", locate(environment.scope, condition.at))
  }
  return value
}

function bind(
  target: Clause["target"],
  item: Known | Pair,
  at: Location,
): readonly (readonly [string, Known | Lazy])[] {
  if (typeof target === "string") return [[target, isPair(item) ? pairValue(item) : item]]
  const parts = isPair(item) ? item : partsOf(knownOrFail(item))
  if (parts?.length !== target.length) throw new Undecided("this item can't be taken apart", at)
  return target.flatMap((name, index) => {
    const part = parts[index]
    return part === undefined ? [] : [[name, part] as const]
  })
}

function isPair(item: Known | Pair): item is Pair {
  return Array.isArray(item)
}

function pairValue([key, value]: Pair): Known {
  return value instanceof Undecided ? value : { kind: "tuple", items: [key, value] }
}

function partsOf(value: Value): readonly Value[] | null {
  return value.kind === "tuple" || value.kind === "list" ? value.items : null
}

/** What a `for` walks through. @throws `Undecided` where the items or their order aren't known. */
function walk(tools: Tools, value: Value, at: Location): readonly (Known | Pair)[] {
  if (value.kind === "list" || value.kind === "tuple") return value.items
  if (isMapping(value) || value.kind === "view") return walkMapping(value, at)
  if (value.kind === "class") return walkEnum(tools, value, at)
  const range = rangeCall(tools, value)
  if (range?.kind === "tuple") return range.items
  throw new Undecided("what this loop walks through is only known when it runs", at)
}

/** What `list(value)` and its like walk through, where that is more than a list or tuple; null for all others. */
export function walked(tools: Tools, value: Value, at: Location): Value | null {
  if (!isMapping(value) && value.kind !== "view" && value.kind !== "class") return rangeCall(tools, value)
  const items = walk(tools, value, at).map((item) => knownOrFail(isPair(item) ? pairValue(item) : item))
  return { kind: "tuple", items }
}

/** `range(3)` is a range to all but who walks through it; null when it is none, or isn't given plain numbers. */
function rangeCall(tools: Tools, value: Value): Value | null {
  if (value.kind !== "call" || value.callee.kind !== "outside" || value.callee.path !== "builtins.range") return null
  const args = value.args.map(({ name, star, expression, environment }) => {
    const argument = tools.evaluate(tools.session, expression, environment)
    return star === "" ? { name, value: argument } : null
  })
  return args.every((argument) => argument !== null) ? rangeOf(args) : null
}

/** The members of an enum in order; which flags a loop over a `Flag` gives differs between versions. */
function walkEnum(tools: Tools, { class: fact }: Extract<Value, { kind: "class" }>, at: Location): readonly Value[] {
  const mixin = enumMixin(tools, fact)
  if (mixin === null || mixin === "Flag") throw new Undecided(`\`${fact.syntax.name}\` isn't walked through`, at)
  return enumMembers(tools, fact, mixin).flatMap(({ name, member }) => (name === member.name ? [member] : []))
}
