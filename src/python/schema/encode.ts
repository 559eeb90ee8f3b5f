import type { Json, JsonObject } from "../../core/json.ts"
import type { Location } from "../../core/model.ts"
import { evaluate, evaluateLazy } from "../evaluate/evaluate.ts"
import { type Session, Undecided, Unwritable } from "../names/session.ts"
import { encodeDate, encodeDuration } from "../evaluate/datetimes.ts"
import { textCharactersMax, textOf } from "../evaluate/texts.ts"
import { canonical } from "../names/outside.ts"
import {
  type CallArgument,
  type ClassFact,
  type DictEntry,
  type FunctionFact,
  inHead,
  type LazyArgument,
  sameValue,
  type Value,
} from "../names/python-value.ts"

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
    const set = value.kind === "set" || value.kind === "frozenset"
    return { default: set ? sortedSet(tools, value.items, at) : encode(tools, value, at) }
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
  if (value.kind === "outside") throw new Undecided(`\`${value.path}\` isn't a value of this repository`, at)
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
  return fact.syntax.decorators.every((decorator) => {
    const value = evaluate(session, decorator, inHead(fact))
    const callee = value.kind === "call" ? value.callee : value
    return callee.kind === "outside" && ["prefect.task", "prefect.flow"].includes(canonical(callee.path))
  })
}

const asciiEnd = 0x80

/** Only a default that is itself a set is sorted by pydantic; what is in another value has no known order. */
function sortedSet(tools: EncodeTools, items: readonly Value[], at: Location): Json {
  const texts = items.flatMap((item) => (item.kind === "str" ? [item.value] : []))
  const numbers = items.flatMap((item) => (item.kind === "int" ? [item.value] : []))
  if (texts.length === items.length) return [...new Set(texts)].toSorted(comparePoints)
  if (numbers.length === items.length) {
    return [...new Set(numbers)].toSorted((a, b) => (a < b ? -1 : 1)).map((item) => encodeInteger(item))
  }
  return encodeSet(tools, items, at)
}

function encodeSet(tools: EncodeTools, items: readonly Value[], at: Location): Json {
  const [only, ...more] = items
  if (only === undefined) return []
  if (more.some((item) => !sameValue(item, only))) throw new Undecided("a set has no known order", at)
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
  // In Python `1`, `1.0` and `True` are one key, and the first of them names it.
  const numbers = entries.flatMap(({ key }) => (isNumeric(key) ? [key] : []))
  const mixed = numbers.some((key) =>
    numbers.some((other) => other.kind !== key.kind && Number(other.value) === Number(key.value)),
  )
  if (mixed) throw new Undecided("a dictionary with `1` and `True` or the like as keys isn't followed", at)
  const pairs = entries.map(({ key, value }): [string, Json] => [encodeKey(key, at), encode(tools, value, at)])
  return Object.fromEntries(pairs)
}

function isNumeric(value: Value): value is Extract<Value, { kind: "int" | "float" | "bool" }> {
  return value.kind === "int" || value.kind === "float" || value.kind === "bool"
}

function encodeKey(key: Value, at: Location): string {
  if (key.kind === "str" && key.value !== "__proto__") return key.value
  if (key.kind === "bool") return String(key.value)
  if (key.kind === "bytes") return encodeBytes(key.value, at)
  if (key.kind === "tuple") return key.items.map((item) => encodeKey(item, at)).join(",")
  const text = key.kind === "int" || key.kind === "float" || key.kind === "none" ? textOf(key) : null
  if (text === null || /\de/u.test(text)) throw new Undecided("a dictionary key of this kind isn't followed", at)
  return text
}

function encodeCall(tools: EncodeTools, call: Extract<Value, { kind: "call" }>): Json {
  const { callee, at } = call
  if (callee.kind === "class") return tools.dump(callee.class, call.args, at)
  const path = callee.kind === "outside" ? callee.path : ""
  const encoder = encoders.get(path)
  if (encoder === undefined)
    throw new Undecided(`the result of \`${path.replace("builtins.", "")}(...)\` isn't known`, at)
  const args = call.args.map((argument) => {
    if (argument.star !== "") throw new Undecided("arguments with `*` aren't followed", at)
    return { name: argument.name, value: asArgument(tools, evaluateLazy(tools.session, argument), at) }
  })
  const encoded = encoder(args)
  if (encoded === null) throw new Undecided(`these arguments of \`${path}\` aren't followed`, at)
  return encoded
}

/** A path in a path counts as its text. */
function asArgument(tools: EncodeTools, value: Value, at: Location): Value {
  if (value.kind !== "call" || value.callee.kind !== "outside" || value.callee.path !== "pathlib.Path") return value
  const text = encodeCall(tools, value)
  if (typeof text !== "string") throw new Undecided("this path isn't followed", at)
  return { kind: "str", value: text }
}

const encoders: ReadonlyMap<string, (args: readonly CallArgument[]) => string | null> = new Map(
  Object.entries({
    "datetime.date": (args) => encodeDate("date", args),
    "datetime.datetime": (args) => encodeDate("datetime", args),
    "datetime.time": (args) => encodeDate("time", args),
    "datetime.timedelta": (args) => encodeDuration(args),
    "pathlib.Path": encodePath,
    "uuid.UUID": encodeUuid,
    "decimal.Decimal": encodeDecimal,
    "pydantic.SecretStr": (args) => {
      const text = onlyText(args)
      return text === null ? null : text === "" ? "" : secret
    },
  }),
)
const secret = "**********"

function onlyText(args: readonly CallArgument[]): string | null {
  const [first] = args
  return args.length === 1 && first?.name === null && first.value.kind === "str" ? first.value.value : null
}

/** As `pathlib` joins and tidies a POSIX path. */
function encodePath(args: readonly CallArgument[]): string | null {
  let joined = ""
  for (const { name, value } of args) {
    if (name !== null || value.kind !== "str" || value.value.includes("\0")) return null
    joined = value.value.startsWith("/") ? value.value : `${joined}/${value.value}`
    if (joined.length > textCharactersMax) return null
  }
  const first = args.find(({ value }) => value.kind === "str" && value.value !== "")
  const absolute = args.some(({ value }) => value.kind === "str" && value.value.startsWith("/"))
  if (first === undefined) return "."
  const root = !absolute ? "" : /^\/\/(?!\/)/u.test(joined) ? "//" : "/"
  const parts = joined.split("/").filter((part) => part !== "" && part !== ".")
  return `${root}${parts.join("/")}` || "."
}

function encodeUuid(args: readonly CallArgument[]): string | null {
  const [first] = args
  if (args.length === 1 && first?.name === "int" && first.value.kind === "int") {
    const number = first.value.value
    return number < 0n || number >= 1n << 128n ? null : dashed(number.toString(16).padStart(32, "0"))
  }
  const digits =
    onlyText(args)
      ?.replace(/^urn:uuid:/u, "")
      .replaceAll(/^\{|\}$|-/gu, "")
      .toLowerCase() ?? ""
  return /^[0-9a-f]{32}$/u.test(digits) ? dashed(digits) : null
}

function dashed(digits: string): string {
  return digits.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/u, "$1-$2-$3-$4-$5")
}

function encodeDecimal(args: readonly CallArgument[]): string | null {
  const [first] = args
  if (args.length === 1 && first?.name === null && first.value.kind === "int") return first.value.value.toString()
  const text = onlyText(args)
  // Others may be written with an exponent.
  return text !== null && /^-?(0|[1-9]\d{0,15})(\.\d{1,6})?$/u.test(text) ? text : null
}
