import { sameClass, type Value } from "../names/python-value.ts"

/** Python's comparisons of plain values; null where the result isn't known. */
export function compared(operator: string, left: Value, right: Value): boolean | null {
  switch (operator) {
    case "==":
      return equal(left, right)
    case "!=":
      return negated(equal(left, right))
    case "in":
      return contains(right, left)
    case "not in":
      return negated(contains(right, left))
    case "is":
      return isNone(left, right)
    case "is not":
      return negated(isNone(left, right))
    default:
      return ordered(operator, left, right)
  }
}

/** `==` where it is sure: between plain values, and between members of one enum. */
export function equal(left: Value, right: Value): boolean | null {
  if (left.kind === "member" && right.kind === "member" && sameClass(left.class, right.class)) {
    return left.name === right.name
  }
  if (isNumber(left) && isNumber(right)) return equalNumbers(left, right)
  if (!isPlain(left) || !isPlain(right)) return null
  return left.kind === right.kind && valueOf(left) === valueOf(right)
}

/** What `if` makes of a value; null where it isn't known. */
export function truth(value: Value): boolean | null {
  if (value.kind === "none") return false
  if (value.kind === "str" || value.kind === "bytes") return value.value !== ""
  if (isNumber(value)) return Number(value.value) !== 0
  if ("items" in value) return value.items.length > 0
  return value.kind === "dict" || value.kind === "partial" ? value.entries.length > 0 : null
}

function negated(value: boolean | null): boolean | null {
  return value === null ? null : !value
}

type Number_ = Extract<Value, { kind: "bool" | "int" | "float" }>

function isNumber(value: Value): value is Number_ {
  return value.kind === "bool" || value.kind === "int" || value.kind === "float"
}

/** `1 == 1.0 == True`; beyond what a double holds only whole numbers are compared. */
function equalNumbers(left: Number_, right: Number_): boolean | null {
  if (left.kind === "int" && right.kind === "int") return left.value === right.value
  const [a, b] = [Number(left.value), Number(right.value)]
  return isExact(a) && isExact(b) ? a === b : null
}

function isExact(value: number): boolean {
  return Math.abs(value) <= Number.MAX_SAFE_INTEGER
}

function isPlain(value: Value): value is Extract<Value, { kind: "none" | "str" | "bytes" }> | Number_ {
  return value.kind === "none" || value.kind === "str" || value.kind === "bytes" || isNumber(value)
}

function valueOf(value: Value): unknown {
  return "value" in value ? value.value : null
}

function contains(whole: Value, part: Value): boolean | null {
  if (whole.kind === "str") return part.kind === "str" ? whole.value.includes(part.value) : null
  const among = itemsOf(whole)?.map((item) => equal(item, part)) ?? [null]
  // Python stops at the first equal one, but asks an unknown one before it.
  if (among.includes(null)) return null
  return among.includes(true)
}

function itemsOf(whole: Value): readonly Value[] | null {
  if ("items" in whole) return whole.items
  if (whole.kind === "dict" || whole.kind === "partial") return whole.entries.map(({ key }) => key)
  return whole.kind === "view" && whole.of === "keys" ? whole.entries.map(({ key }) => key) : null
}

/** `x is None`; what else is one object isn't known. */
function isNone(left: Value, right: Value): boolean | null {
  const others = [left, right].filter((value) => value.kind !== "none")
  const [other] = others
  if (other === undefined) return true
  return others.length === 1 && (isPlain(other) || "items" in other || other.kind === "dict") ? false : null
}

const orders: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
}

function ordered(operator: string, left: Value, right: Value): boolean | null {
  const order = orders[operator]
  if (order === undefined || !isNumber(left) || !isNumber(right)) return null
  const [a, b] = [Number(left.value), Number(right.value)]
  return isExact(a) && isExact(b) ? order(a, b) : null
}
