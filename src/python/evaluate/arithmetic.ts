import { percentFormat, textCharactersMax } from "./texts.ts"
import type { Value } from "../names/python-value.ts"

/** Bigger results than any default has; both bound the work. */
const integerBitsMax = 256
const itemsMax = 10_000

/** Python's binary operators on plain values; null where the result isn't known. */
export function binary(operator: string, left: Value, right: Value): Value | null {
  if (left.kind === "int" && right.kind === "int") return integers(operator, left.value, right.value)
  if (isNumber(left) && isNumber(right)) return floats(operator, Number(left.value), Number(right.value))
  if (operator === "%" && left.kind === "str") return bounded(percentFormat(left.value, right))
  if (operator === "*") return left.kind === "int" ? repeated(right, left.value) : repeated(left, right)
  return operator === "+" ? concatenated(left, right) : null
}

function bounded(value: string | null): Value | null {
  return value === null || value.length > textCharactersMax ? null : { kind: "str", value }
}

/** `"ab" * 2` and `[0] * 3`. */
function repeated(value: Value, times: bigint | Value): Value | null {
  const count = typeof times === "bigint" ? times : times.kind === "int" ? times.value : null
  if (count === null) return null
  const least = count < 0n ? 0 : Number(count)
  if (value.kind === "str") {
    return value.value.length * least > textCharactersMax ? null : { kind: "str", value: value.value.repeat(least) }
  }
  if ((value.kind !== "list" && value.kind !== "tuple") || value.items.length * least > itemsMax) return null
  return { kind: value.kind, items: Array.from({ length: least }, () => value.items).flat() }
}

function concatenated(left: Value, right: Value): Value | null {
  if (left.kind === "str" && right.kind === "str") {
    const value = left.value + right.value
    return value.length > textCharactersMax ? null : { kind: "str", value }
  }
  const listed = left.kind === "list" || left.kind === "tuple"
  if (!listed || right.kind !== left.kind || left.items.length + right.items.length > itemsMax) return null
  return { kind: left.kind, items: [...left.items, ...right.items] }
}

export function unary(operator: string, operand: Value): Value | null {
  if (operand.kind === "bool" && operator === "not") return { kind: "bool", value: !operand.value }
  if (operand.kind === "int" && operator === "-") return { kind: "int", value: -operand.value }
  if (operand.kind === "float" && operator === "-") return { kind: "float", value: -operand.value }
  if (operand.kind === "int" && operator === "~") return { kind: "int", value: ~operand.value }
  return operator === "+" && isNumber(operand) ? operand : null
}

function isNumber(value: Value): value is Extract<Value, { kind: "int" | "float" }> {
  return value.kind === "int" || value.kind === "float"
}

function integers(operator: string, left: bigint, right: bigint): Value | null {
  if (operator === "/" || (operator === "**" && right < 0n)) return exactFloats(operator, left, right)
  const value = integerResult(operator, left, right)
  if (value === null) return null
  const tooBig = value.toString(16).length * 4 > integerBitsMax
  return tooBig ? null : { kind: "int", value }
}

/** Only of integers that a double holds. */
function exactFloats(operator: string, left: bigint, right: bigint): Value | null {
  const [a, b] = [Number(left), Number(right)]
  return Number.isSafeInteger(a) && Number.isSafeInteger(b) ? floats(operator, a, b) : null
}

function integerResult(operator: string, left: bigint, right: bigint): bigint | null {
  const small = right >= 0n && right <= integerBitsMax
  const operate = integerOperations[operator]
  if (operate !== undefined) return operate(left, right)
  if (operator === "//" || operator === "%") return right === 0n ? null : divided(operator, left, right)
  if (small && operator === ">>") return left >> right
  if (small && operator === "**") return left ** right
  return operator === "<<" && small ? left << right : null
}

function divided(operator: "//" | "%", left: bigint, right: bigint): bigint {
  const quotient = floorDivide(left, right)
  return operator === "//" ? quotient : left - quotient * right
}

const integerOperations: Readonly<Record<string, (left: bigint, right: bigint) => bigint>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
  "|": (left, right) => left | right,
  "&": (left, right) => left & right,
  "^": (left, right) => left ^ right,
}

/** Python rounds towards minus infinity, JavaScript towards zero. */
function floorDivide(left: bigint, right: bigint): bigint {
  const quotient = left / right
  return left % right !== 0n && left < 0n !== right < 0n ? quotient - 1n : quotient
}

function floats(operator: string, left: number, right: number): Value | null {
  const exact = Number.isFinite(left) && Number.isFinite(right)
  const value = exact ? floatResult(operator, left, right) : null
  return value === null || !Number.isFinite(value) ? null : { kind: "float", value }
}

function floatResult(operator: string, left: number, right: number): number | null {
  switch (operator) {
    case "+":
      return left + right
    case "-":
      return left - right
    case "*":
      return left * right
    case "/":
      return right === 0 ? null : left / right
    case "**":
      // A power of two is exact in both languages.
      return Math.abs(left) === 2 && Number.isInteger(right) && right < 0 ? left ** right : null
    default:
      return null
  }
}
