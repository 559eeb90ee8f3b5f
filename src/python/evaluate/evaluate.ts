import type { Location } from "../../core/model.ts"
import { environmentValue, isEnvironment, readsEnvironment, variableOf } from "./environment.ts"
import { binary, unary } from "./arithmetic.ts"
import { callBuiltin, callMethod, isBuiltinCall, isContainer } from "./calls.ts"
import { compared } from "./compare.ts"
import { isLiteral, literalValue } from "./constants.ts"
import { attempt, comprehend, elements, walked } from "./comprehension.ts"
import { instanceAttribute } from "./constructor.ts"
import { enumMember } from "./enums.ts"
import { callMapping, isMapping, isMappingMethod, mappingOf, valueAt } from "./mapping.ts"
import { attributeOf, nameValue } from "../names/names.ts"
import { classConstant } from "./class-constant.ts"
import { locate, type Session, Undecided } from "../names/session.ts"
import type { Argument, Expression, Of } from "../grammar/syntax.ts"
import { sizeOf } from "./size.ts"
import { convertAndFormat, textCharactersMax, textOf } from "./texts.ts"
import {
  type CallArgument,
  type Environment,
  type Lazy,
  type LazyArgument,
  type PartialEntry,
  type Value,
} from "../names/python-value.ts"

/** What an expression comes to, as far as the text alone can tell. @throws `Undecided` where it can't. */
export function evaluate(session: Session, expression: Expression, environment: Environment): Value {
  const at = locate(environment.scope, expression.at)
  return session.within(at, null, () => {
    const value = evaluateStep(session, expression, environment)
    session.hold(sizeOf(value), at)
    return value
  })
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
  if (isBuiltText(expression)) return builtText(session, expression, environment)
  if (isUnreadable(expression)) throw new Undecided(`it is ${whatOf(expression)}, which is only known when it runs`, at)
  if (isOperation(expression)) return operation(session, expression, environment)
  switch (expression.kind) {
    case "name":
      return nameValue({ session, evaluate }, expression.name, { environment, at })
    case "attribute":
      return attribute(session, expression, environment)
    case "subscript":
      return subscript(session, expression, environment)
    case "call":
      return call(session, expression, environment)
    case "dict":
      return dict(session, expression, environment)
    case "comprehension":
      return comprehend({ session, evaluate }, expression, environment)
  }
}

function isUnreadable(expression: Expression): expression is Of<"opaque" | "starred"> {
  return expression.kind === "opaque" || expression.kind === "starred"
}

function whatOf(expression: Of<"opaque" | "starred">): string {
  return expression.kind === "opaque" ? expression.what : "an unpacked value"
}

function isSequence(expression: Expression): expression is Of<"list" | "tuple" | "set"> {
  return ["list", "tuple", "set"].includes(expression.kind)
}

function known(value: Value | null, at: Location): Value {
  if (value === null) throw new Undecided("the result of this operation isn't known without running it", at)
  return value
}

function attribute(session: Session, expression: Of<"attribute">, environment: Environment): Value {
  const at = locate(environment.scope, expression.at)
  const object = evaluate(session, expression.object, environment)
  const tools = { session, evaluate }
  if (object.kind === "outside" || object.kind === "module") {
    return attributeOf(tools, object, { name: expression.name, at, environment })
  }
  if (object.kind === "class") {
    return (
      enumMember(tools, object.class, expression.name) ??
      classConstant({ session, evaluate }, object, { expression, environment })
    )
  }
  if (object.kind === "member" && expression.name === "value") return object.value
  if (object.kind === "member" && expression.name === "name") return { kind: "str", value: object.name }
  if (object.kind === "self" || object.kind === "call") {
    return instanceAttribute(tools, object, { name: expression.name, at })
  }
  if (hasMethod(object, expression.name)) return { kind: "method", object, name: expression.name }
  throw new Undecided(`the attribute \`${expression.name}\` is only known when it runs`, at)
}

function hasMethod(object: Value, name: string): boolean {
  if (object.kind === "function") return name === "with_options"
  return object.kind === "str" || (isMapping(object) && isMappingMethod(name))
}

function subscript(session: Session, expression: Of<"subscript">, environment: Environment): Value {
  const at = locate(environment.scope, expression.at)
  const object = evaluate(session, expression.object, environment)
  const [first] = expression.items
  if (first !== undefined && isEnvironment(object)) {
    return environmentValue(session, evaluate(session, first, environment), at)
  }
  if (["outside", "class", "generic", "union"].includes(object.kind)) {
    return {
      kind: "generic",
      origin: object,
      args: expression.items.map((item) => ({ expression: item, environment })),
    }
  }
  if (first === undefined || expression.items.length > 1) throw new Undecided("this subscript isn't followed", at)
  const key = evaluate(session, first, environment)
  const found = itemAt(object, key)
  if (found === null) throw new Undecided("this item is only known when it runs", at)
  return found
}

function itemAt(object: Value, key: Value): Value | null {
  if (isMapping(object)) return valueAt(object, key)
  if ((object.kind === "list" || object.kind === "tuple") && key.kind === "int") {
    return object.items.at(Number(key.value)) ?? null
  }
  return null
}

function join(session: Session, expression: Of<"joined">, environment: Environment): Value {
  const at = locate(environment.scope, expression.at)
  let value = ""
  for (const part of expression.parts) {
    const text = textOf(evaluate(session, part, environment))
    if (text === null)
      throw new Undecided("a part of this text is only known when it runs", locate(environment.scope, part.at))
    value += text
    if (value.length > textCharactersMax) throw new Undecided("this text is too long to follow", at)
  }
  return { kind: "str", value }
}

function isBuiltText(expression: Expression): expression is Of<"joined" | "formatted"> {
  return expression.kind === "joined" || expression.kind === "formatted"
}

function builtText(session: Session, expression: Of<"joined" | "formatted">, environment: Environment): Value {
  return expression.kind === "joined"
    ? join(session, expression, environment)
    : format(session, expression, environment)
}

function format(session: Session, expression: Of<"formatted">, environment: Environment): Value {
  const value = evaluate(session, expression.value, environment)
  const text = convertAndFormat(value, expression.conversion, expression.spec)
  return known(text === null ? null : { kind: "str", value: text }, locate(environment.scope, expression.at))
}

/** A value that isn't known hides neither the keys nor the other values. */
function dict(session: Session, expression: Of<"dict">, environment: Environment): Value {
  const entries: PartialEntry[] = []
  for (const entry of expression.entries) {
    entries.push(...entriesOf(session, entry, environment))
    if (entries.length > entriesMax)
      throw new Undecided("this dictionary is too long to follow", locate(environment.scope, expression.at))
  }
  return mappingOf(entries)
}

function entriesOf(
  session: Session,
  { key, value }: Of<"dict">["entries"][number],
  environment: Environment,
): readonly PartialEntry[] {
  if (key !== null)
    return [{ key: evaluate(session, key, environment), value: attempt({ session, evaluate }, value, environment) }]
  const read = evaluate(session, value, environment)
  if (isMapping(read)) return read.entries
  throw new Undecided("what `**` adds to this dictionary isn't known", locate(environment.scope, value.at))
}

const entriesMax = 10_000

type Operation = Of<"unary" | "binary" | "compare">

function isOperation(expression: Expression): expression is Operation {
  return ["unary", "binary", "compare"].includes(expression.kind)
}

function operation(session: Session, expression: Operation, environment: Environment): Value {
  const at = locate(environment.scope, expression.at)
  if (expression.kind === "unary") {
    return known(unary(expression.operator, evaluate(session, expression.operand, environment)), at)
  }
  const left = evaluate(session, expression.left, environment)
  const right = evaluate(session, expression.right, environment)
  if (expression.kind === "compare") return comparison(expression.operator, [left, right], at)
  if (expression.operator === "|" && (isTypeLike(left) || isTypeLike(right))) {
    return { kind: "union", members: [left, right] }
  }
  if (expression.operator === "/" && isPath(left)) {
    const argument = { name: null, star: "", expression: expression.right, environment } as const
    return { ...left, args: [...left.args, argument] }
  }
  return known(binary(expression.operator, left, right), at)
}

function comparison(operator: string, [left, right]: readonly [Value, Value], at: Location): Value {
  const result = compared(operator, left, right)
  return known(result === null ? null : { kind: "bool", value: result }, at)
}

/** `Path("a") / "b"` is `Path("a", "b")`. */
function isPath(value: Value): value is Extract<Value, { kind: "call" }> {
  return value.kind === "call" && value.callee.kind === "outside" && value.callee.path === "pathlib.Path"
}

function isTypeLike(value: Value): boolean {
  return ["outside", "class", "generic", "union", "call"].includes(value.kind)
}

function call(session: Session, expression: Of<"call">, environment: Environment): Value {
  const at = locate(environment.scope, expression.at)
  const callee = evaluate(session, expression.callee, environment)
  const args = expression.args.map((argument) => lazyArgument(argument, environment))
  if (callee.kind === "method" && callee.object.kind !== "function")
    return known(callKnown(callee, valuesOf(session, args)), at)
  if (!["outside", "class", "call", "method"].includes(callee.kind)) {
    throw new Undecided("the result of this call is only known when it runs", at)
  }
  if (callee.kind === "outside" && readsEnvironment(callee.path)) {
    return environmentValue(session, variableOf(valuesOf(session, args)), at)
  }
  const own = callee.kind === "outside" && isBuiltinCall(callee.path)
  const result = own ? callBuiltin(callee.path, builtinArguments(session, callee.path, args)) : null
  return result ?? { kind: "call", callee, args, at }
}

function lazyArgument(argument: Argument, environment: Environment): LazyArgument {
  return { name: argument.name, star: argument.star, expression: argument.value, environment }
}

function callKnown(callee: Extract<Value, { kind: "method" }>, args: readonly CallArgument[]): Value | null {
  const { object, name } = callee
  return isMapping(object) ? callMapping(object, name, args) : callMethod(callee, args)
}

/** `list(range(3))`: only a container walks through what it is given, to all others that is a range. */
function builtinArguments(session: Session, path: string, args: readonly LazyArgument[]): readonly CallArgument[] {
  if (!isContainer(path)) return valuesOf(session, args)
  const tools = { session, evaluate }
  return args.map((argument) => {
    const { expression, environment } = argument
    if (expression.kind === "comprehension" && expression.of === "generator" && isPlace(argument)) {
      return { name: null, value: { kind: "list", items: elements(tools, expression, environment) } }
    }
    const [plain] = valuesOf(session, [argument])
    const value = plain?.value ?? { kind: "none" }
    const items = isPlace(argument) ? walked(tools, value, locateLazy(argument)) : null
    return { name: argument.name, value: items ?? value }
  })
}

function isPlace({ name, star }: LazyArgument): boolean {
  return name === null && star === ""
}

/** Plain arguments of a call that is worked out here. */
function valuesOf(session: Session, args: readonly LazyArgument[]): readonly CallArgument[] {
  return args.map((argument) => {
    if (argument.star !== "") throw new Undecided("arguments with `*` aren't followed", locateLazy(argument))
    return { name: argument.name, value: evaluateLazy(session, argument) }
  })
}
