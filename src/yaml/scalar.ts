import { canonicalJson } from "../core/json.ts"
import { Refused } from "./text-cursor.ts"
import { momentForm, readMoment } from "./moment.ts"
import type { Node, Scalar } from "./node.ts"

/**
 * What a plain scalar means to PyYAML's safe loader (YAML 1.1 with its own regular expressions), which is what reads
 * prefect.yaml. Differs from both YAML versions of other parsers: `y` stays a string, `1e3` too, `017` is octal.
 * @throws SyntaxError for what looks like a number, date or time and is none (`0x_`, `2024-02-30`), as PyYAML does
 */
export function plainScalar(text: string): Scalar {
  // Words of YAML 1.1 that PyYAML has no value for outside of keys.
  if (text === "=" || text === "<<") throw new SyntaxError(`${text} stands for no value`)
  if (/^(?:~|null|Null|NULL|)$/.test(text)) return { type: "null", value: null }
  if (/^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/.test(text)) return { type: "bool", value: true }
  if (/^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/.test(text)) return { type: "bool", value: false }
  if (integerForm.test(text)) return readInteger(text)
  if (floatForm.test(text)) return readFloat(text)
  if (momentForm.test(text)) return { type: "time", value: readMoment(text) }
  return { type: "text", value: text }
}

/** A scalar with a tag of YAML's own. @throws SyntaxError for another tag, or a text that isn't of that type */
export function taggedScalar(tag: string, text: string): Scalar {
  switch (tag) {
    case "tag:yaml.org,2002:str":
      return { type: "text", value: text }
    case "tag:yaml.org,2002:int":
      return readInteger(text)
    case "tag:yaml.org,2002:float":
      return readFloat(text)
    case "tag:yaml.org,2002:timestamp":
      return { type: "time", value: readMoment(text) }
    case "tag:yaml.org,2002:null":
      return { type: "null", value: null }
    case "tag:yaml.org,2002:bool":
      if (!/^(?:yes|no|true|false|on|off)$/i.test(text)) throw new SyntaxError("no boolean")
      return { type: "bool", value: /^(?:yes|true|on)$/i.test(text) }
    default:
      throw new SyntaxError(`the tag ${tag} isn't known`)
  }
}

const integerForm = /^[-+]?(?:0b[0-1_]+|0[0-7_]+|(?:0|[1-9][0-9_]*)|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/
const floatForm =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/
/** Python's own limit; longer ones take long, too. */
const digitsMax = 4300

/** Underlines mean nothing; of octal, hexadecimal, binary and sexagesimal digits the form decides. */
function readInteger(text: string): Scalar {
  const [, sign, digits = ""] = /^([-+]?)(.*)$/s.exec(text.replaceAll("_", "")) ?? []
  if (digits.length > digitsMax) throw new SyntaxError(`a number of more than ${digitsMax} digits`)
  if (!/^(?:0b[01]+|0[0-7]*|0x[0-9a-fA-F]+|[1-9]\d*(?::\d+)*)$/.test(digits)) throw new SyntaxError("no integer")
  const value = digits.includes(":") ? sexagesimal(digits) : BigInt(digits.replace(/^0(?=[0-7]+$)/, "0o"))
  return { type: "int", value: held(sign === "-" ? -value : value) }
}

function held(value: bigint): number | bigint {
  const safe = value >= BigInt(Number.MIN_SAFE_INTEGER) && value <= BigInt(Number.MAX_SAFE_INTEGER)
  return safe ? Number(value) : value
}

function sexagesimal(digits: string): bigint {
  return digits.split(":").reduce((sum, part) => sum * 60n + BigInt(part), 0n)
}

/** Infinities and NaN become null, as pydantic writes them. */
function readFloat(text: string): Scalar {
  const [, sign, digits = ""] = /^([-+]?)(.*)$/s.exec(text.replaceAll("_", "").toLowerCase()) ?? []
  if (/^\.?(?:inf|infinity|nan)$/.test(digits)) return { type: "float", value: null }
  const parts = digits.split(":")
  if (!parts.every((part) => /^(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/.test(part))) throw new SyntaxError("no number")
  const value = parts.reduce((sum, part) => sum * 60 + Number(part), 0)
  return { type: "float", value: Number.isFinite(value) ? (sign === "-" ? -value : value) : null }
}

/** The value as Python's `str()` writes it. */
export function pythonText({ type, value }: Scalar): string {
  if (typeof value === "number") return type === "float" ? floatText(value) : String(value)
  if (typeof value === "boolean") return value ? "True" : "False"
  return value === null ? "None" : String(value)
}

/** A float as Python writes it: `1.0`, and an exponent of two digits from 1e16 on and below 1e-4. */
function floatText(value: number): string {
  const size = Math.abs(value)
  if (size !== 0 && (size >= 1e16 || size < 1e-4)) {
    return value.toExponential().replace(/e([-+])(\d)$/, "e$10$2")
  }
  if (Object.is(value, -0)) return "-0.0"
  return Number.isInteger(value) ? `${value}.0` : String(value)
}

/**
 * A key's name as pydantic writes it, and what makes it equal to others: in Python 1, 1.0 and true are one key.
 * @throws Refused for a key that isn't a scalar, or is infinite
 */
export function jsonKey(key: Node): { readonly id: string; readonly name: string } {
  if (key.kind !== "scalar") throw new Refused("a key must be a plain value", key.at)
  const { type, value } = key
  if (type === "float" && value === null)
    throw new Refused("a key must be a text, a finite number, or true or false", key.at)
  if (type === "bool") return { id: `n${Number(value)}`, name: String(value) }
  const number = type === "int" || type === "float"
  return { id: number ? `n${canonicalJson(value)}` : `${type} ${String(value)}`, name: pythonText(key) }
}
