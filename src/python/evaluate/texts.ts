import type { Value } from "../names/python-value.ts"

const widthMax = 1_000
/** Longer texts than any default has; bounds what they can be made of. */
export const textCharactersMax = 100_000
const exactMax = 1e15

/** `str(value)` and `f"{value}"`; null where it isn't sure to be the same text in every Python. */
export function textOf(value: Value): string | null {
  if (value.kind === "str") return value.value
  if (value.kind === "int") return value.value.toString()
  if (value.kind === "float") return floatText(value.value)
  if (value.kind === "bool") return value.value ? "True" : "False"
  return value.kind === "none" ? "None" : null
}

/** `repr(value)`; of texts only those that need no escapes. */
function reprOf(value: Value): string | null {
  if (value.kind !== "str") return textOf(value)
  if (!/^[ -~]*$/u.test(value.value) || value.value.includes("\\")) return null
  const quote = value.value.includes("'") && !value.value.includes('"') ? '"' : "'"
  return value.value.includes(quote) ? null : `${quote}${value.value}${quote}`
}

const specForm =
  /^(?:(?<fill>.)?(?<align>[<>^]))?(?<zero>0)?(?<width>\d+)?(?<comma>,)?(?:\.(?<digits>\d{1,2}))?(?<type>[sdf])?$/u

/** `format(value, spec)` for texts, whole numbers and floats with a fixed number of digits; null for the rest. */
function formatValue(value: Value, spec: string): string | null {
  if (spec === "") return textOf(value)
  const parts = specForm.exec(spec)?.groups
  if (parts === undefined) return null
  const width = Number(parts["width"] ?? 0)
  if (width > widthMax) return null
  const isText = value.kind === "str"
  const body = isText ? formatText(value.value, parts) : formatNumber(value, parts)
  if (body === null) return null
  if (parts["zero"] === undefined) return pad(body, width, parts, isText ? "<" : ">")
  return isText || !isPlainZero(parts) ? null : padZeros(body, width)
}

function isPlainZero(parts: Parts): boolean {
  return parts["align"] === undefined && parts["comma"] === undefined
}

type Parts = Readonly<Record<string, string | undefined>>

function formatText(text: string, parts: Parts): string | null {
  if (parts["comma"] !== undefined || !["s", undefined].includes(parts["type"])) return null
  const { digits } = parts
  return digits === undefined ? text : Array.from(text).slice(0, Number(digits)).join("")
}

function formatNumber(value: Value, parts: Parts): string | null {
  const { type, digits, comma } = parts
  if (value.kind === "int" && type !== "f") {
    if (digits !== undefined || type === "s") return null
    return comma === undefined ? value.value.toString() : grouped(value.value.toString())
  }
  if (value.kind !== "int" && value.kind !== "float") return null
  const fixed = type === "f" ? toFixed(Number(value.value), Number(digits ?? 6)) : null
  return fixed === null || comma === undefined ? fixed : grouped(fixed)
}

/** Digits after the point; null for a tie, which Python rounds to the even neighbour, and for very large numbers. */
function toFixed(value: number, digits: number): string | null {
  const scaled = Math.abs(value) * 10 ** digits
  if (scaled > exactMax || scaled % 1 === 0.5 || Object.is(value, -0)) return null
  const text = value.toFixed(digits)
  return /^-[0.]*$/u.test(text) ? null : text
}

function grouped(text: string): string {
  const [whole = "", ...rest] = text.split(".")
  return [whole.replaceAll(/\B(?=(\d{3})+(?!\d))/gu, ","), ...rest].join(".")
}

function padZeros(text: string, width: number): string {
  const sign = text.startsWith("-") ? "-" : ""
  return sign + text.slice(sign.length).padStart(width - sign.length, "0")
}

function pad(text: string, width: number, parts: Parts, usual: string): string {
  const [fill, align] = [parts["fill"] ?? " ", parts["align"] ?? usual]
  const missing = Math.max(0, width - Array.from(text).length)
  const before = align === ">" ? missing : align === "^" ? Math.floor(missing / 2) : 0
  return fill.repeat(before) + text + fill.repeat(missing - before)
}

/** Python's shortest form of a float: exponents start at 16 digits and below 0.0001, and have two digits. */
function floatText(value: number): string {
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-4 || size >= 1e16)) {
    return value.toExponential().replace(/e([+-])(\d)$/u, "e$10$2")
  }
  if (Object.is(value, -0)) return "-0.0"
  return Number.isInteger(value) ? `${value}.0` : String(value)
}

/** Methods of texts that need no more than the text and plain arguments; null where the result isn't sure. */
export function callTextMethod(text: string, name: string, args: readonly TextArgument[]): Value | null {
  if (name === "format") return toText(formatted(text, args))
  const [first] = args
  if (name === "join") return args.length === 1 && first?.name === null ? joined(text, first.value) : null
  const texts = args.map(({ name: keyword, value }) => (keyword === null && value.kind === "str" ? value.value : null))
  return texts.every((each) => each !== null) ? callWithTexts(text, name, texts) : null
}

function callWithTexts(text: string, name: string, args: readonly string[]): Value | null {
  const [first, second] = args
  if (first === undefined) return isAscii(text) ? toText(plainMethods.get(name)?.(text) ?? null) : null
  if (second === undefined) return affixMethods.get(name)?.(text, first) ?? null
  if (name !== "replace" || args.length > 2 || first === "") return null
  const length = text.length + (text.split(first).length - 1) * (second.length - first.length)
  return length > textCharactersMax ? null : toText(text.replaceAll(first, () => second))
}

export interface TextArgument {
  readonly name: string | null
  readonly value: Value
}

const spaces = String.raw`[\t-\r\u001C-\u0020]+`
/** Only of ASCII texts: beyond, the two languages may have other tables of letters. */
const plainMethods: ReadonlyMap<string, (text: string) => string> = new Map(
  Object.entries({
    lower: (text) => text.toLowerCase(),
    upper: (text) => text.toUpperCase(),
    strip: (text) => text.replace(new RegExp(`^${spaces}`, "u"), "").replace(new RegExp(`${spaces}$`, "u"), ""),
    lstrip: (text) => text.replace(new RegExp(`^${spaces}`, "u"), ""),
    rstrip: (text) => text.replace(new RegExp(`${spaces}$`, "u"), ""),
    capitalize: (text) => text.slice(0, 1).toUpperCase() + text.slice(1).toLowerCase(),
    title: (text) =>
      text
        .toLowerCase()
        .replaceAll(/(^|[^a-z])([a-z])/gu, (_, before: string, letter: string) => before + letter.toUpperCase()),
  }),
)
const affixMethods: ReadonlyMap<string, (text: string, affix: string) => Value> = new Map(
  Object.entries({
    removeprefix: (text, affix) => ({ kind: "str", value: text.startsWith(affix) ? text.slice(affix.length) : text }),
    removesuffix: (text, affix) => ({
      kind: "str",
      value: affix !== "" && text.endsWith(affix) ? text.slice(0, -affix.length) : text,
    }),
    startswith: (text, affix) => ({ kind: "bool", value: text.startsWith(affix) }),
    endswith: (text, affix) => ({ kind: "bool", value: text.endsWith(affix) }),
  }),
)

function isAscii(text: string): boolean {
  return /^[\0-\u007F]*$/u.test(text)
}

function toText(value: string | null): Value | null {
  return value === null ? null : { kind: "str", value }
}

function joined(separator: string, items: Value | undefined): Value | null {
  if (items?.kind !== "list" && items?.kind !== "tuple") return null
  const texts = items.items.map((item) => (item.kind === "str" ? item.value : null))
  const length = texts.reduce((sum, text) => sum + separator.length + (text?.length ?? 0), 0)
  return texts.includes(null) || length > textCharactersMax ? null : { kind: "str", value: texts.join(separator) }
}

/** `"{} {name:>3}".format(...)`. */
function formatted(template: string, args: readonly TextArgument[]): string | null {
  const positional = args.filter((argument) => argument.name === null)
  let next = 0
  return replaceOrNull(template, /\{\{|\}\}|\{(\w*)(?:!([rs]))?(?::([^{}]*))?\}|[{}]/gu, ([whole, name, how, spec]) => {
    if (whole === "{{" || whole === "}}") return whole.slice(1)
    if (name === undefined || /^\d/u.test(name)) return null
    const argument = name === "" ? positional[next] : args.find((each) => each.name === name)
    if (name === "") next += 1
    return argument === undefined ? null : convertAndFormat(argument.value, how ?? "", spec ?? "")
  })
}

/** One `{value!conversion:spec}` of an f-string or of `format`. */
export function convertAndFormat(value: Value, conversion: string, spec: string): string | null {
  if (conversion === "") return formatValue(value, spec)
  const text = conversion === "r" ? reprOf(value) : conversion === "s" ? textOf(value) : null
  return text === null ? null : formatValue({ kind: "str", value: text }, spec)
}

/** `"%s-%d" % (a, b)` with the plain conversions. */
export function percentFormat(template: string, operand: Value): string | null {
  if (operand.kind === "dict") return null
  const values = operand.kind === "tuple" ? operand.items : [operand]
  let next = 0
  const text = replaceOrNull(template, /%(.?)/gsu, ([, code]) => {
    if (code === "%") return "%"
    const value = values[next]
    next += 1
    if (value === undefined) return null
    if (code === "d") return value.kind === "int" ? value.value.toString() : null
    return code === "s" ? textOf(value) : code === "r" ? reprOf(value) : null
  })
  return next === values.length ? text : null
}

function replaceOrNull(
  text: string,
  pattern: RegExp,
  replace: (match: readonly [string, ...(string | undefined)[]]) => string | null,
): string | null {
  let left = textCharactersMax
  const replaced = text.replaceAll(pattern, (whole: string, ...groups: (string | undefined)[]) => {
    const part = left < 0 ? null : replace([whole, ...groups])
    left = part === null ? -1 : left - part.length
    return left < 0 ? "" : (part ?? "")
  })
  return left < 0 || replaced.length > textCharactersMax ? null : replaced
}
