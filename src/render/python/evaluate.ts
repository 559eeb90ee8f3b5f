import type { Location } from "../../core/model.ts"
import { binary, textCharactersMax, textOf, unary } from "./arithmetic.ts"
import { enumMember } from "./enums.ts"
import { attributeOf, nameValue } from "./names.ts"
import { locate, type Session, Undecided } from "./session.ts"
import type { Argument, Expression } from "./syntax.ts"
import { callTextMethod, isTextMethod } from "./text-method.ts"
import { type Environment, inClass, type Lazy, type LazyArgument, sameValue, type Value } from "./values.ts"

/** What an expression comes to, as far as the text alone can tell. @throws `Undecided` where it can't. */
export function evaluate(session: Session, expression: Expression, environment: Environment): Value {
  const at = locate(environment.scope, expression.at)
  return session.within(at, null, () => evaluateStep(session, expression, environment))
}

export function evaluateLazy(session: Session, lazy: Lazy): Value {
  return evaluate(session, lazy.expression, lazy.environment)
}

/** Where a lazy expression stands. */
export function locateLazy(lazy: Lazy): Location {
  return locate(lazy.environment.scope, lazy.expression.at)
}

function evaluateStep(session: Session, expression: Expression, environment: Environment): Value {
  const at = locate(environment.scope, expression.at)
  if (isLiteral(expression)) return literalValue(expression)
  if (isSequence(expression)) {
    return { kind: expression.kind, items: expression.items.map((item) => evaluate(session, item, environment)) }
  }
  switch (expression.kind) {
    case "name":
      return nameValue({ session, evaluate }, expression.name, { environment, at })
    case "attribute":
      return attribute(session, expression, environment)
    case "subscript":
      return subscript(session, expression, environment)
    case "call":
      return call(session, expression, environment)
    case "joined":
      return join(session, expression, environment)
    case "dict":
      return dict(session, expression, environment)
    case "binary":
      return operation(session, expression, environment)
    case "unary":
      return known(unary(expression.operator, evaluate(session, expression.operand, environment)), at)
    case "opaque":
      throw new Undecided(`it is ${expression.what}, which is only known when it runs`, at)
  }
}

function isSequence(expression: Expression): expression is Of<"list" | "tuple" | "set"> {
  return ["list", "tuple", "set"].includes(expression.kind)
}

type Literal = Of<"string" | "bytes" | "int" | "float" | "constant">

function isLiteral(expression: Expression): expression is Literal {
  return ["string", "bytes", "int", "float", "constant"].includes(expression.kind)
}

function literalValue(expression: Literal): Value {
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

function known(value: Value | null, at: Location): Value {
  if (value === null) throw new Undecided("the result of this operation isn't known without running it", at)
  return value
}

type Of<Kind extends Expression["kind"]> = Extract<Expression, { readonly kind: Kind }>

function attribute(session: Session, expression: Of<"attribute">, environment: Environment): Value {
  const at = locate(environment.scope, expression.at)
  const object = evaluate(session, expression.object, environment)
  const tools = { session, evaluate }
  if (object.kind === "outside" || object.kind === "module") {
    return attributeOf(tools, object, { name: expression.name, at })
  }
  if (object.kind === "class") {
    return enumMember(tools, object.class, expression.name) ?? classConstant(session, object, expression)
  }
  if (object.kind === "member" && expression.name === "value") return object.value
  if (object.kind === "member" && expression.name === "name") return { kind: "str", value: object.name }
  throw new Undecided(`the attribute \`${expression.name}\` is only known when it runs`, at)
}

/** `Settings.RETRIES`: a plain assignment in the body of a class without bases, decorators or metaclass. */
function classConstant(session: Session, owner: Extract<Value, { kind: "class" }>, expression: Of<"attribute">): Value {
  const { syntax, scope } = owner.class
  const at = locate(scope, syntax.at)
  const values = syntax.body.flatMap((statement) =>
    statement.kind === "assign" && statement.names.includes(expression.name)
      ? [statement.value]
      : statement.kind === "annotated" && statement.name === expression.name && statement.value !== null
        ? [statement.value]
        : [],
  )
  const value = values[0]
  const unusual =
    syntax.bases.length > 0 ||
    syntax.decorators.length > 0 ||
    values.length > 1 ||
    syntax.body.some((statement) => ["block", "binds", "passes", "broken"].includes(statement.kind))
  if (value === undefined || unusual) {
    throw new Undecided(`\`${syntax.name}.${expression.name}\` isn't a plain constant of that class`, at)
  }
  const key = `${scope.path}:${owner.class.order}.${expression.name}`
  return session.within(at, key, () => evaluate(session, value, inClass(owner.class)))
}

function subscript(session: Session, expression: Of<"subscript">, environment: Environment): Value {
  const at = locate(environment.scope, expression.at)
  const object = evaluate(session, expression.object, environment)
  if (["outside", "class", "generic", "union"].includes(object.kind)) {
    return {
      kind: "generic",
      origin: object,
      args: expression.items.map((item) => ({ expression: item, environment })),
    }
  }
  const index = expression.items[0]
  if (index === undefined || expression.items.length > 1) throw new Undecided("this subscript isn't followed", at)
  const key = evaluate(session, index, environment)
  const found = itemAt(object, key)
  if (found === null) throw new Undecided("this item is only known when it runs", at)
  return found
}

function itemAt(object: Value, key: Value): Value | null {
  if (object.kind === "dict") return object.entries.findLast((entry) => sameValue(entry.key, key))?.value ?? null
  if ((object.kind === "list" || object.kind === "tuple") && key.kind === "int") {
    return object.items.at(Number(key.value)) ?? null
  }
  return null
}

function join(session: Session, expression: Of<"joined">, environment: Environment): Value {
  const at = locate(environment.scope, expression.at)
  const texts = expression.parts.map((part) => {
    const text = textOf(evaluate(session, part, environment))
    if (text === null)
      throw new Undecided("a part of this text is only known when it runs", locate(environment.scope, part.at))
    return text
  })
  const value = texts.join("")
  if (value.length > textCharactersMax) throw new Undecided("this text is too long to follow", at)
  return { kind: "str", value }
}

function dict(session: Session, expression: Of<"dict">, environment: Environment): Value {
  const entries = expression.entries.map(({ key, value }) => ({
    key: evaluate(session, key, environment),
    value: evaluate(session, value, environment),
  }))
  return { kind: "dict", entries }
}

function operation(session: Session, expression: Of<"binary">, environment: Environment): Value {
  const left = evaluate(session, expression.left, environment)
  const right = evaluate(session, expression.right, environment)
  if (expression.operator === "|" && (isTypeLike(left) || isTypeLike(right))) {
    return { kind: "union", members: [left, right] }
  }
  return known(binary(expression.operator, left, right), locate(environment.scope, expression.at))
}

function isTypeLike(value: Value): boolean {
  return ["outside", "class", "generic", "union", "call"].includes(value.kind)
}

function call(session: Session, expression: Of<"call">, environment: Environment): Value {
  const at = locate(environment.scope, expression.at)
  const text = textMethod(session, expression, environment)
  if (text !== null) return { kind: "str", value: text }
  const callee = evaluate(session, expression.callee, environment)
  if (callee.kind !== "outside" && callee.kind !== "class" && callee.kind !== "call") {
    throw new Undecided("the result of this call is only known when it runs", at)
  }
  const args = expression.args.map((argument) => lazyArgument(argument, environment))
  const container = callee.kind === "outside" ? containerOf(session, callee.path, args) : null
  return container ?? { kind: "call", callee, args, at }
}

/** `NAME.upper()` and its like; null when it is no method of a text, or none that is followed. */
function textMethod(session: Session, { callee, args }: Of<"call">, environment: Environment): string | null {
  if (callee.kind !== "attribute" || !isTextMethod(callee.name)) return null
  const object = evaluate(session, callee.object, environment)
  if (object.kind !== "str" || args.some(({ name, star }) => name !== null || star !== "")) return null
  return callTextMethod(
    object.value,
    callee.name,
    args.map(({ value }) => evaluate(session, value, environment)),
  )
}

function lazyArgument(argument: Argument, environment: Environment): LazyArgument {
  return { name: argument.name, star: argument.star, expression: argument.value, environment }
}

/** `tuple([...])`, `list(...)`, `set(...)`, `dict(a=1)` and the empty ones. */
function containerOf(session: Session, path: string, args: readonly LazyArgument[]): Value | null {
  const kind = containers[path]
  if (kind === undefined || args.some((argument) => argument.star !== "")) return null
  if (kind === "dict") return dictOf(session, args)
  const first = args[0]
  if (first === undefined) return { kind, items: [] }
  if (args.length > 1 || first.name !== null) return null
  const source = evaluateLazy(session, first)
  const counted = source.kind === "call" ? rangeItems(session, source) : null
  if (counted !== null) return { kind, items: counted }
  // The order in which a set is walked isn't known.
  return source.kind === "list" || source.kind === "tuple" ? { kind, items: source.items } : null
}

const rangeItemsMax = 1_000n

/** The numbers of `range(...)`; null when it is something else. */
function rangeItems(session: Session, { callee, args }: Extract<Value, { kind: "call" }>): readonly Value[] | null {
  if (callee.kind !== "outside" || callee.path !== "builtins.range") return null
  if (args.length > 3 || args.some(({ name, star }) => name !== null || star !== "")) return null
  const numbers = args.map((argument) => evaluateLazy(session, argument))
  const known = numbers.flatMap((number) => (number.kind === "int" ? [number.value] : []))
  return known.length < numbers.length ? null : countedItems(known)
}

function countedItems([first, second, step = 1n]: readonly bigint[]): readonly Value[] | null {
  if (first === undefined || step === 0n) return null
  const [start, stop] = second === undefined ? [0n, first] : [first, second]
  const length = (stop - start + step - (step > 0n ? 1n : -1n)) / step
  if (length > rangeItemsMax) return null
  const items = Array.from({ length: Math.max(0, Number(length)) }, (_, i) => start + BigInt(i) * step)
  return items.map((value) => ({ kind: "int", value }))
}

const containers: Readonly<Record<string, "list" | "tuple" | "set" | "frozenset" | "dict">> = {
  "builtins.list": "list",
  "builtins.tuple": "tuple",
  "builtins.set": "set",
  "builtins.frozenset": "frozenset",
  "builtins.dict": "dict",
}

function dictOf(session: Session, args: readonly LazyArgument[]): Value | null {
  const entries = args.map((argument) =>
    argument.name === null
      ? null
      : { key: { kind: "str", value: argument.name } as const, value: evaluateLazy(session, argument) },
  )
  return entries.every((entry) => entry !== null) ? { kind: "dict", entries } : null
}
