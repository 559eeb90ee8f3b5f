import type { Value } from "./values.ts"

/** Bigger results than any default has; both bound the work. */
const integerBitsMax = 256
export const textCharactersMax = 100_000

/** Python's binary operators on plain values; null where the result isn't known. */
export function binary(operator: string, left: Value, right: Value): Value | null {
  if (left.kind === "int" && right.kind === "int") return integers(operator, left.value, right.value)
  if (isNumber(left) && isNumber(right)) return floats(operator, Number(left.value), Number(right.value))
  return operator === "+" ? concatenated(left, right) : null
}

function concatenated(left: Value, right: Value): Value | null {
  if (left.kind === "str" && right.kind === "str") {
    const value = left.value + right.value
    return value.length > textCharactersMax ? null : { kind: "str", value }
  }
  if (left.kind === "list" && right.kind === "list") return { kind: "list", items: [...left.items, ...right.items] }
  return left.kind === "tuple" && right.kind === "tuple"
    ? { kind: "tuple", items: [...left.items, ...right.items] }
    : null
}

export function unary(operator: string, operand: Value): Value | null {
  if (operand.kind === "bool" && operator === "not") return { kind: "bool", value: !operand.value }
  if (operand.kind === "int" && operator === "-") return { kind: "int", value: -operand.value }
  if (operand.kind === "float" && operator === "-") return { kind: "float", value: -operand.value }
  if (operand.kind === "int" && operator === "~") return { kind: "int", value: ~operand.value }
  return operator === "+" && isNumber(operand) ? operand : null
}

/** `str(value)` and `f"{value}"`, where JavaScript is sure to write the same text; null elsewhere. */
export function textOf(value: Value): string | null {
  if (value.kind === "str") return value.value
  if (value.kind === "int") return value.value.toString()
  if (value.kind === "bool") return value.value ? "True" : "False"
  return value.kind === "none" ? "None" : null
}

function isNumber(value: Value): value is Extract<Value, { kind: "int" | "float" }> {
  return value.kind === "int" || value.kind === "float"
}

function integers(operator: string, left: bigint, right: bigint): Value | null {
  if (operator === "/") return right === 0n ? null : floats("/", Number(left), Number(right))
  const value = integerResult(operator, left, right)
  if (value === null) return null
  const tooBig = value.toString(16).length * 4 > integerBitsMax
  return tooBig ? null : { kind: "int", value }
}

function integerResult(operator: string, left: bigint, right: bigint): bigint | null {
  const small = right >= 0n && right <= integerBitsMax
  const operate = integerOperations[operator]
  if (operate !== undefined) return operate(left, right)
  if (operator === "//") return right === 0n ? null : floorDivide(left, right)
  if (operator === "%") return right === 0n ? null : left - floorDivide(left, right) * right
  if (operator === "**") return small ? left ** right : null
  return operator === "<<" && small ? left << right : null
}

const integerOperations: Readonly<Record<string, (left: bigint, right: bigint) => bigint>> = {
  "+": (left, right) => left + right,
  "-": (left, right) => left - right,
  "*": (left, right) => left * right,
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
    default:
      return null
  }
}
