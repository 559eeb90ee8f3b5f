import { callTextMethod, textOf } from "./texts.ts"
import type { CallArgument, Value } from "../names/python-value.ts"

/** What a call of one of Python's own functions gives, known from plain arguments; null where it isn't. */
export function callBuiltin(path: string, args: readonly CallArgument[]): Value | null {
  const kind = containers.get(path)
  if (kind === "dict") return dictOf(args)
  const [first, ...more] = args
  if (more.length > 0 || (first !== undefined && first.name !== null)) return null
  if (kind !== undefined) return containerOf(kind, first?.value ?? null)
  return first === undefined ? null : (builtins.get(path)?.(first.value) ?? null)
}

/** Whether `callBuiltin` may know the result: only then the arguments are looked at. */
export function isBuiltinCall(path: string): boolean {
  return containers.has(path) || builtins.has(path)
}

export function isContainer(path: string): boolean {
  return containers.has(path)
}

const rangeItemsMax = 1_000n

/** The numbers of `range(...)`; null when it has too many, or isn't given plain numbers. */
export function rangeOf(args: readonly CallArgument[]): Value | null {
  const numbers = args.flatMap(({ name, value }) => (name === null && value.kind === "int" ? [value.value] : []))
  const [first, second, step = 1n, ...more] = numbers
  if (first === undefined || numbers.length < args.length || more.length > 0 || step === 0n) return null
  const [start, stop] = second === undefined ? [0n, first] : [first, second]
  const length = (stop - start + step - (step > 0n ? 1n : -1n)) / step
  if (length > rangeItemsMax) return null
  const items = Array.from({ length: Math.max(0, Number(length)) }, (_, i) => start + BigInt(i) * step)
  return { kind: "tuple", items: items.map((value) => ({ kind: "int", value })) }
}

/** `"a-b".replace("-", "_")` and its like. */
export function callMethod(method: Extract<Value, { kind: "method" }>, args: readonly CallArgument[]): Value | null {
  return method.object.kind === "str" ? callTextMethod(method.object.value, method.name, args) : null
}

type Container = "list" | "tuple" | "set" | "frozenset"

const containers: ReadonlyMap<string, Container | "dict"> = new Map(
  Object.entries({
    "builtins.list": "list",
    "builtins.tuple": "tuple",
    "builtins.set": "set",
    "builtins.frozenset": "frozenset",
    "builtins.dict": "dict",
  }),
)

const builtins: ReadonlyMap<string, (value: Value) => Value | null> = new Map(
  Object.entries({
    "builtins.str": (value) => {
      const text = textOf(value)
      return text === null ? null : { kind: "str", value: text }
    },
    "builtins.int": toInteger,
    "builtins.float": toFloat,
    "builtins.abs": (value) => {
      if (value.kind === "int") return { kind: "int", value: value.value < 0n ? -value.value : value.value }
      return value.kind === "float" ? { kind: "float", value: Math.abs(value.value) } : null
    },
    "builtins.len": (value) => {
      if (value.kind === "str") return { kind: "int", value: BigInt(Array.from(value.value).length) }
      const ordered = value.kind === "list" || value.kind === "tuple"
      return ordered ? { kind: "int", value: BigInt(value.items.length) } : null
    },
  }),
)

function toInteger(value: Value): Value | null {
  if (value.kind === "int") return value
  if (value.kind === "bool") return { kind: "int", value: value.value ? 1n : 0n }
  if (value.kind === "float") {
    return Number.isFinite(value.value) ? { kind: "int", value: BigInt(Math.trunc(value.value)) } : null
  }
  return value.kind === "str" && /^-?\d{1,50}$/u.test(value.value) ? { kind: "int", value: BigInt(value.value) } : null
}

function toFloat(value: Value): Value | null {
  if (value.kind === "float") return value
  if (value.kind === "int" && Number.isSafeInteger(Number(value.value))) {
    return { kind: "float", value: Number(value.value) }
  }
  const plain = value.kind === "str" && /^-?\d{1,15}(\.\d{1,15})?$/u.test(value.value)
  return plain ? { kind: "float", value: Number(value.value) } : null
}

function containerOf(kind: Container, source: Value | null): Value | null {
  if (source === null) return { kind, items: [] }
  // The order in which a set is walked isn't known.
  return source.kind === "list" || source.kind === "tuple" ? { kind, items: source.items } : null
}

function dictOf(args: readonly CallArgument[]): Value | null {
  const entries = args.map(({ name, value }) =>
    name === null ? null : { key: { kind: "str", value: name } as const, value },
  )
  return entries.every((entry) => entry !== null) ? { kind: "dict", entries } : null
}
