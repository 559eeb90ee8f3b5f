import type { Json, JsonObject } from "../../core/json.ts"
import type { Location } from "../../core/model.ts"
import { evaluate, evaluateLazy } from "./evaluate.ts"
import { type Session, Undecided, Unwritable } from "./session.ts"
import { encodeDate, encodeDuration } from "./moments.ts"
import { canonical } from "./typing.ts"
import type { CallArgument, ClassFact, DictEntry, FunctionFact, LazyArgument, Value } from "./values.ts"

export interface EncodeTools {
  readonly session: Session
  /** How an instance of a class of the repository looks in JSON. */
  readonly dump: (fact: ClassFact, args: readonly LazyArgument[], at: Location) => Json
}

/** A default as pydantic writes it into a JSON schema; it goes by the value, not by the annotation. */
export function encode(tools: EncodeTools, value: Value, at: Location): Json {
  if (value.kind === "none") return null
  if (value.kind === "bool" || value.kind === "str") return value.value
  if (value.kind === "int") return encodeInteger(value.value)
  if (value.kind === "float") return encodeFloat(value.value, at)
  if (value.kind === "bytes") return encodeBytes(value.value, at)
  if (value.kind === "member") return encode(tools, value.value, at)
  return encodeCompound(tools, value, at)
}

/** The same as a `default` of a schema: nothing where pydantic leaves it out. */
export function encodeDefault(tools: EncodeTools, value: Value, at: Location): JsonObject {
  try {
    return { default: encode(tools, value, at) }
  } catch (error) {
    if (error instanceof Unwritable) return {}
    throw error
  }
}

function encodeCompound(tools: EncodeTools, value: Value, at: Location): Json {
  // What another decorator makes of a function or class isn't known.
  if (value.kind === "function" && isUnwritable(tools.session, value.function)) throw new Unwritable()
  if (value.kind === "class" && value.class.syntax.decorators.length === 0) throw new Unwritable()
  if (value.kind === "call") return encodeCall(tools, value)
  if (value.kind === "dict") return encodeDict(tools, value.entries, at)
  if ("items" in value) {
    const ordered = value.kind === "list" || value.kind === "tuple"
    return ordered ? value.items.map((item) => encode(tools, item, at)) : encodeSet(tools, value.items, at)
  }
  throw new Undecided("it is not a plain value", at)
}

function encodeFloat(value: number, at: Location): number {
  if (!Number.isFinite(value)) throw new Undecided("an infinite or undefined number has no JSON form", at)
  return value
}

/** JSON numbers stay numbers while a double holds them. */
function encodeInteger(value: bigint): number | bigint {
  return BigInt.asIntN(53, value) === value ? Number(value) : value
}

function encodeBytes(value: string, at: Location): string {
  const ascii = Array.from(value).every((character) => (character.codePointAt(0) ?? 0) < asciiEnd)
  if (!ascii) throw new Undecided("bytes beyond ASCII aren't followed", at)
  return value
}

/** A function as it stands, a task or a flow. */
function isUnwritable(session: Session, fact: FunctionFact): boolean {
  const environment = { scope: fact.scope, before: fact.order, hidden: new Set<string>() }
  return fact.syntax.decorators.every((decorator) => {
    const value = evaluate(session, decorator, environment)
    const callee = value.kind === "call" ? value.callee : value
    return callee.kind === "outside" && ["prefect.task", "prefect.flow"].includes(canonical(callee.path))
  })
}

const asciiEnd = 0x80

/** pydantic sorts what it can; only texts and integers are sorted alike here. */
function encodeSet(tools: EncodeTools, items: readonly Value[], at: Location): Json {
  const texts = items.flatMap((item) => (item.kind === "str" ? [item.value] : []))
  const numbers = items.flatMap((item) => (item.kind === "int" ? [item.value] : []))
  if (texts.length === items.length) return [...new Set(texts)].toSorted(comparePoints)
  if (numbers.length === items.length) {
    return [...new Set(numbers)].toSorted((a, b) => (a < b ? -1 : 1)).map((item) => encodeInteger(item))
  }
  const [only] = items
  if (only === undefined || items.length > 1) throw new Undecided("a set has no known order", at)
  return [encode(tools, only, at)]
}

/** Python compares texts by code point, JavaScript by UTF-16 unit. */
function comparePoints(a: string, b: string): number {
  const [left, right] = [Array.from(a), Array.from(b)]
  const differing = left.findIndex((character, index) => character !== right[index])
  if (differing === -1) return left.length - right.length
  return (left[differing]?.codePointAt(0) ?? -1) - (right[differing]?.codePointAt(0) ?? -1)
}

function encodeDict(tools: EncodeTools, entries: readonly DictEntry[], at: Location): JsonObject {
  const pairs = entries.map(({ key, value }): [string, Json] => [encodeKey(key, at), encode(tools, value, at)])
  return Object.fromEntries(pairs)
}

function encodeKey(key: Value, at: Location): string {
  if (key.kind === "str" && key.value !== "__proto__") return key.value
  if (key.kind === "int") return key.value.toString()
  throw new Undecided("a dictionary key that is neither a text nor a whole number isn't followed", at)
}

function encodeCall(tools: EncodeTools, call: Extract<Value, { kind: "call" }>): Json {
  const { callee, at } = call
  if (callee.kind === "class") return tools.dump(callee.class, call.args, at)
  const path = callee.kind === "outside" ? callee.path : ""
  const encoder = encoders[path]
  if (encoder === undefined)
    throw new Undecided(`the result of \`${path.replace("builtins.", "")}(...)\` isn't known`, at)
  const args = call.args.map((argument) => {
    if (argument.star !== "") throw new Undecided("arguments with `*` aren't followed", at)
    return { name: argument.name, value: evaluateLazy(tools.session, argument) }
  })
  const encoded = encoder(args)
  if (encoded === null) throw new Undecided(`these arguments of \`${path}\` aren't followed`, at)
  return encoded
}

const encoders: Readonly<Record<string, (args: readonly CallArgument[]) => string | null>> = {
  "datetime.date": (args) => encodeDate("date", args),
  "datetime.datetime": (args) => encodeDate("datetime", args),
  "datetime.time": (args) => encodeDate("time", args),
  "datetime.timedelta": (args) => encodeDuration(args),
  "pathlib.Path": (args) => onlyText(args, /^(?!\.\/)[^/\0]+(\/[^/\0]+)*$|^\/[^/\0]+(\/[^/\0]+)*$/u, (text) => text),
  "uuid.UUID": (args) => onlyText(args, uuid, (text) => text.toLowerCase()),
  "decimal.Decimal": (args) => onlyText(args, /^-?(0|[1-9]\d{0,15})(\.\d{1,15})?$/u, (text) => text),
}
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/iu

function onlyText(args: readonly CallArgument[], form: RegExp, write: (text: string) => string): string | null {
  const first = args[0]
  if (args.length !== 1 || first?.name !== null || first.value.kind !== "str") return null
  // `a/./b` and the like would be written another way.
  const plain = form.test(first.value.value) && !/(^|\/)\.(\/|$)/u.test(first.value.value)
  return plain ? write(first.value.value) : null
}
