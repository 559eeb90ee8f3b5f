import type { Json } from "../../core/json.ts"

/**
 * What a plain scalar means to PyYAML's safe loader (YAML 1.1 with its own regular expressions), which is what reads
 * prefect.yaml. Differs from both YAML versions of other parsers: `y` stays a string, `1e3` too, `017` is octal.
 * @throws SyntaxError for what looks like a number and has no digits (`0x_`), as PyYAML does
 */
export function plainScalar(text: string): Json {
  // Words of YAML 1.1 that PyYAML has no value for.
  if (text === "=" || text === "<<") throw new SyntaxError(`${text} stands for no value`)
  if (/^(?:~|null|Null|NULL|)$/.test(text)) return null
  if (/^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/.test(text)) return true
  if (/^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/.test(text)) return false
  for (const read of [integer, float, moment]) {
    const value = read(text)
    if (value !== undefined) return value
  }
  return text
}

/** Python's own limit; longer ones take long, too. */
const digitsMax = 4300

function integer(text: string): Json | undefined {
  const match = /^([-+]?)(0b[0-1_]+|0[0-7_]+|(?:0|[1-9][0-9_]*)|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/.exec(
    text,
  )
  if (!match) return undefined
  const digits = (match[2] ?? "").replaceAll("_", "")
  if (digits.length > digitsMax) throw new SyntaxError(`a number of more than ${digitsMax} digits`)
  const value = digits.includes(":") ? sexagesimal(digits) : BigInt(withBase(digits))
  const signed = match[1] === "-" ? -value : value
  return signed >= BigInt(Number.MIN_SAFE_INTEGER) && signed <= BigInt(Number.MAX_SAFE_INTEGER)
    ? Number(signed)
    : signed
}

function withBase(digits: string): string {
  return /^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits
}

function sexagesimal(digits: string): bigint {
  return digits.split(":").reduce((sum, part) => sum * 60n + BigInt(part), 0n)
}

function float(text: string): Json | undefined {
  // The server stores infinities and NaN as null.
  if (/^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/.test(text)) return null
  if (/^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*$/.test(text)) return sexagesimalFloat(text)
  const decimal = /^(?:[-+]?(?:[0-9][0-9_]*)\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?)$/
  return decimal.test(text) ? Number(text.replaceAll("_", "")) : undefined
}

function sexagesimalFloat(text: string): number {
  const sign = text.startsWith("-") ? -1 : 1
  const parts = text.replace(/^[-+]/, "").replaceAll("_", "").split(":")
  return sign * parts.reduce((sum, part) => sum * 60 + Number(part), 0)
}

/** Dates and times become ISO text, as Prefect's JSON has them. */
function moment(text: string): Json | undefined {
  const date = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text)
  if (date) return text
  const match =
    /^(\d{4})-(\d\d?)-(\d\d?)(?:[Tt]|[ \t]+)(\d\d?):(\d\d):(\d\d)(?:\.(\d*))?(?:[ \t]*(Z|([-+])(\d\d?)(?::?(\d\d))?))?$/.exec(
      text,
    )
  if (!match) return undefined
  const [, year, month, day, hour, minute, second, fraction, zone, sign, zoneHour, zoneMinute] = match
  const micro = fraction && Number(fraction) > 0 ? `.${fraction.slice(0, 6).padEnd(6, "0")}` : ""
  const offset = zone === undefined ? "" : zone === "Z" ? "+00:00" : `${sign}${pad(zoneHour)}:${pad(zoneMinute)}`
  return `${year}-${pad(month)}-${pad(day)}T${pad(hour)}:${minute}:${second}${micro}${offset}`
}

function pad(part: string | undefined): string {
  return (part ?? "0").padStart(2, "0")
}
