import type { Location } from "../../core/model.ts"
import { bindArguments, type Slot, slotsOf } from "./arguments.ts"
import { attributesSetIn } from "../names/effects.ts"
import { attempt } from "./comprehension.ts"
import { dataclassSlots, isDataField } from "./dataclass.ts"
import { namesIn, partsOf } from "../grammar/subexpressions.ts"
import { bindingsIn, isInit, lineageOf } from "./lineage.ts"
import { localValue, type Tools } from "../names/names.ts"
import { locate, NotBound, Undecided } from "../names/session.ts"
import type { Expression, FunctionSyntax, Step } from "../grammar/syntax.ts"
import {
  type Ancestor,
  type ClassFact,
  type Environment,
  inClass,
  type Known,
  type Lazy,
  type LazyArgument,
  type Made,
  type Value,
} from "../names/python-value.ts"

/**
 * Attributes of instances: `Table("users").name`. A constructor is followed where it does nothing but set attributes and
 * call others, that of its base class among them; what those others do is searched for in the text (`effects.ts`).
 */

type Call = Extract<Value, { kind: "call" }>

interface Use {
  readonly name: string
  readonly at: Location
}

/** What an attribute of an instance holds. @throws `Undecided` where something else could have set it. */
export function instanceAttribute(tools: Tools, object: Call | Extract<Value, { kind: "self" }>, use: Use): Value {
  return attributeOf(tools, object.kind === "self" ? object.made : madeBy(tools, object, use), use)
}

function madeBy(tools: Tools, { callee, args, at }: Call, use: Use): Made {
  if (callee.kind !== "class") throw new Undecided(`the attribute \`${use.name}\` is only known when it runs`, use.at)
  const lineage = lineageOf(tools, callee.class)
  const files = lineage.map(({ fact }) => fact.scope.path)
  const paths = new Set([...files, at.file, use.at.file, tools.session.entry])
  const making: Making = { tools, lineage, attributes: new Map(), paths, at }
  construct(making, 0, args)
  refuseUnbound(tools, args)
  return making
}

/** Python looks at all arguments before it calls, also at those that leave nothing behind. */
function refuseUnbound(tools: Tools, args: readonly LazyArgument[]): void {
  for (const { expression, environment } of args) {
    for (const name of namesIn(expression)) {
      const value = attempt(tools, { kind: "name", name, at: expression.at }, environment)
      if (value instanceof NotBound) throw value
    }
  }
}

function attributeOf(tools: Tools, made: Made, use: Use): Value {
  const { name, at } = use
  return tools.session.within(at, null, () => {
    refuseOtherStores(tools, made, use)
    const constant = classValue(tools, made.lineage, use)
    const value = localValue(tools, made.attributes.get(name) ?? constant)
    if (isSettled(value)) return value
    throw new Undecided(`what \`${name}\` holds may be changed in place`, at)
  })
}

function refuseOtherStores(tools: Tools, { paths }: Made, { name, at }: Use): void {
  if (!/^(?!__)[A-Za-z_]\w*$/u.test(name)) throw new Undecided(`the attribute \`${name}\` isn't followed`, at)
  for (const path of paths) {
    const scope = tools.session.scope(path)
    if (typeof scope === "string") throw new Undecided(scope, at)
    const names = attributesSetIn(scope.syntax)
    const set = [name, "__init__", "__post_init__", "__class__", "__dict__"].find((each) => names.has(each))
    if (set !== undefined || scope.syntax.unseen.sets) {
      throw new Undecided(`${path} may set \`${set ?? name}\` elsewhere than in a plain constructor`, at)
    }
  }
}

/** What the class says of an attribute; unknown where it has none. A method, property or the like is refused. */
function classValue(tools: Tools, lineage: readonly Ancestor[], { name, at }: Use): Known {
  const values = lineage.flatMap(({ fact, dataclass }) => {
    const [first, ...more] = bindingsIn(fact, name)
    if (first === undefined) return []
    const expression = first.kind === "assign" || first.kind === "annotated" ? first.value : null
    const value = expression === null || more.length > 0 ? null : attempt(tools, expression, inClass(fact))
    const field = dataclass && value !== null && isDataField(value)
    if (value !== null && (field || value instanceof Undecided || isSettled(value))) return [value]
    throw new Undecided(`\`${fact.syntax.name}\` itself has an attribute \`${name}\``, locate(fact.scope, first.at))
  })
  return values[0] ?? new Undecided(`nothing sets \`${name}\` in a way that can be followed`, at)
}

/** What is no container of others, so that nothing can change it. */
function isSettled(value: Value): boolean {
  if (value.kind === "tuple") return value.items.every(isSettled)
  return ["none", "bool", "int", "float", "str", "bytes", "member"].includes(value.kind)
}

interface Making extends Made {
  readonly tools: Tools
  readonly lineage: readonly Ancestor[]
  readonly attributes: Map<string, Known | Lazy>
  readonly at: Location
}

/** Runs the first constructor from a class upwards. */
function construct(making: Making, from: number, given: readonly LazyArgument[]): void {
  const { tools } = making
  const level = making.lineage.findIndex(({ fact, dataclass }, index) => index >= from && (dataclass || hasInit(fact)))
  const ancestor = making.lineage[level]
  if (given.some(({ star }) => star !== "")) throw new Undecided("arguments with `*` aren't followed", making.at)
  if (ancestor === undefined) {
    if (given.length > 0) throw new Undecided("a class without constructor takes no arguments", making.at)
    return
  }
  const init = initOf(ancestor)
  if (init !== null) return runInit(making, { level, fact: ancestor.fact, init, given })
  const slots = dataclassSlots(tools, making.lineage.slice(level))
  const bound = bindArguments(slots, given) ?? refuseArguments(ancestor.fact, making.at)
  for (const { name } of slots) {
    const [argument] = bound.get(name) ?? []
    if (argument !== undefined) making.attributes.set(name, argument)
  }
}

function hasInit(fact: ClassFact): boolean {
  return bindingsIn(fact, "__init__").length > 0
}

interface Init {
  readonly syntax: FunctionSyntax
  readonly steps: readonly Step[]
  readonly self: string
}

/** The constructor that a class writes itself; null when it has none. */
function initOf({ fact }: Ancestor): Init | null {
  const [first, ...more] = bindingsIn(fact, "__init__")
  if (first === undefined) return null
  const plain = first.kind === "function" && first.decorators.length === 0 && more.length === 0
  const steps = plain ? first.steps : null
  const self = plain ? first.parameters[0] : undefined
  if (!plain || steps === null || self === undefined || self.star !== "") {
    throw new Undecided(
      `the constructor of \`${fact.syntax.name}\` does more than set attributes`,
      locate(fact.scope, first.at),
    )
  }
  return { syntax: first, steps, self: self.name }
}

function refuseArguments(fact: ClassFact, at: Location): never {
  throw new Undecided(`\`${fact.syntax.name}\` doesn't take these arguments`, at)
}

interface Run {
  readonly level: number
  readonly fact: ClassFact
  readonly init: Init
  readonly given: readonly LazyArgument[]
}

function runInit(making: Making, run: Run): void {
  const { fact, init } = run
  const method = {
    syntax: { ...init.syntax, parameters: init.syntax.parameters.slice(1) },
    scope: fact.scope,
    order: fact.order,
  }
  const slots = slotsOf(method).map((slot) => inBody(slot, fact))
  const bound = bindArguments(slots, run.given) ?? refuseArguments(fact, making.at)
  for (const step of init.steps) {
    const at = locate(fact.scope, step.at)
    making.tools.session.within(at, null, () => runStep(making, { ...run, slots, bound, at }, step))
  }
}

/** The defaults of a method are looked at in the body of its class. */
function inBody(slot: Slot, fact: ClassFact): Slot {
  return slot.default === null ? slot : { ...slot, default: { ...slot.default, environment: inClass(fact) } }
}

interface Frame extends Run {
  readonly slots: readonly Slot[]
  readonly bound: ReadonlyMap<string, readonly LazyArgument[]>
  readonly at: Location
}

function runStep(making: Making, frame: Frame, step: Step): void {
  const { fact, init } = frame
  if (step.kind === "set") {
    if (step.object !== init.self) return
    making.attributes.set(step.attribute, valueOf(making, frame, step.value))
  } else if (isInit(step.call)) {
    if (!isSuper(step.call, fact, init)) throw new Undecided("this call of a constructor isn't followed", frame.at)
    construct(
      making,
      frame.level + 1,
      step.call.args.flatMap((argument) => passedOn(making, frame, argument)),
    )
  }
}

/** Names outside of the constructor are looked up when it runs: so they must mean one thing only. */
function valueOf(making: Making, frame: Frame, expression: Expression): Known | Lazy {
  const { scope } = frame.fact
  const changing = namesIn(expression).find(
    (name) => name !== frame.init.self && !frame.bound.has(name) && (scope.bindings.get(name)?.length ?? 0) > 1,
  )
  if (changing !== undefined) {
    return new Undecided(`\`${changing}\` is bound more than once`, locate(scope, expression.at))
  }
  return { expression, environment: within(making, frame) }
}

/** The environment inside of a constructor. */
function within(making: Making, { fact, init, slots, bound, at }: Frame): Environment {
  const made: Made = { lineage: making.lineage, attributes: new Map(making.attributes), paths: making.paths }
  const locals = new Map<string, Known | Lazy>([[init.self, { kind: "self", made }]])
  for (const { name, star } of slots) {
    const [argument] = star === "" ? (bound.get(name) ?? []) : []
    locals.set(name, argument ?? new Undecided(`what \`${name}\` collects isn't followed`, at))
  }
  return { scope: fact.scope, before: Number.POSITIVE_INFINITY, hidden: new Set(), locals }
}

/** `super().__init__` and `super(Own, self).__init__`. */
function isSuper({ callee }: Extract<Expression, { kind: "call" }>, fact: ClassFact, { self }: Init): boolean {
  const object = callee.kind === "attribute" ? callee.object : null
  if (object?.kind !== "call" || object.callee.kind !== "name" || object.callee.name !== "super") return false
  if (fact.scope.bindings.has("super")) return false
  const names = object.args.map(({ value }) => (value.kind === "name" ? value.name : ""))
  return names.length === 0 || (names.length === 2 && names[0] === fact.syntax.name && names[1] === self)
}

/** An argument for the constructor above; `*args` and `**kwargs` are what this one has collected. */
function passedOn(
  making: Making,
  frame: Frame,
  { name, star, value }: Extract<Expression, { kind: "call" }>["args"][number],
): readonly LazyArgument[] {
  if (star === "") {
    const lazy = valueOf(making, frame, value)
    if (lazy instanceof Undecided) throw lazy
    return "expression" in lazy ? [{ name, star, ...lazy }] : []
  }
  const collected = value.kind === "name" ? frame.bound.get(star + value.name) : undefined
  if (collected === undefined || value.kind !== "name" || !isOnlyPassedOn(frame, value.name)) {
    throw new Undecided("arguments with `*` aren't followed", frame.at)
  }
  return collected
}

/** Whether a collecting parameter stands nowhere in the constructor but in its own line and after `*`. */
function isOnlyPassedOn({ init }: Frame, name: string): boolean {
  return init.steps.every((step) => {
    if (step.kind === "set") return !mayName(step.value, name)
    const others = step.call.args.filter(({ star, value }) => star === "" || value.kind !== "name")
    return [step.call.callee, ...others.map(({ value }) => value)].every((part) => !mayName(part, name))
  })
}

/** Code that can't be read may name anything. */
function mayName(expression: Expression, name: string): boolean {
  if (expression.kind === "opaque") return true
  if (expression.kind === "name") return expression.name === name
  return partsOf(expression).some((part) => mayName(part, name))
}
