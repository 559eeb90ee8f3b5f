import { canonicalJson, isJsonObject, type Json, type JsonObject } from "../core/json.ts"
import { parseYaml, toJson } from "./dialect.ts"
import { plainScalar } from "./scalar.ts"

/**
 * YAML as a careful person writes it, in block style, such that PyYAML's safe loader, and so `prefect deploy`, reads the
 * very values back: what could be taken for another type of YAML 1.1 (`yes`, `1:30`, `017`, dates) stands in quotes.
 */

/** Longer lists stand an item a line. */
const flowCharsMax = 80
const indentation = "  "

/** The members of a mapping, a key a line and what belongs to it indented below; nothing for an empty mapping. */
export function mappingLines(members: JsonObject): readonly string[] {
  return Object.entries(members).flatMap(([key, value]) => memberLines(scalarText(key), value))
}

/** Lines as a file has them: a text of several lines at its end needs the last line's end, too. */
export function fileText(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("")
}

/** Each item of a list behind a dash. */
function listLines(items: readonly Json[]): readonly string[] {
  return items.flatMap((item) => dashed(itemLines(item)))
}

/** Lines of one item, the first behind a dash. */
export function dashed(lines: readonly string[]): readonly string[] {
  return lines.map((line, i) => (i === 0 ? `- ${line}` : indented(line)))
}

/** A line one level deeper; an empty one has nothing to indent. */
export function indented(line: string): string {
  return line === "" ? line : indentation + line
}

/** Whether a mapping comes back as it is: some texts and numbers are beyond what YAML, or our reading of it, can hold. */
export function readsBack(members: JsonObject): boolean {
  if (Object.keys(members).length === 0) return true
  const { root } = parseYaml(fileText(mappingLines(members)))
  // As text, since two values that are equal to JSON may be different ones to Python.
  return root !== null && canonicalJson(toJson(root)) === canonicalJson(members)
}

function memberLines(key: string, value: Json): readonly string[] {
  if (typeof value === "string" && isBlock(value)) return blockLines(`${key}: `, value)
  const flow = flowText(value)
  if (flow !== null) return [`${key}: ${flow}`]
  return [`${key}:`, ...below(value).map((line) => indented(line))]
}

function itemLines(value: Json): readonly string[] {
  if (typeof value === "string" && isBlock(value)) return blockLines("", value)
  const flow = flowText(value)
  return flow === null ? below(value) : [flow]
}

function below(value: Json): readonly string[] {
  if (Array.isArray(value)) return listLines(value)
  return isJsonObject(value) ? mappingLines(value) : []
}

/** What stands on one line: scalars, what is empty, and short lists of scalars; null for the rest. */
function flowText(value: Json): string | null {
  if (isJsonObject(value)) return Object.keys(value).length === 0 ? "{}" : null
  if (!Array.isArray(value)) return scalarText(value)
  const items = value as readonly Json[]
  if (items.some((item) => typeof item === "object" && item !== null)) return null
  const text = `[${items.map((item) => flowItem(item)).join(", ")}]`
  return text.length <= flowCharsMax || items.length === 0 ? text : null
}

/** Commas, brackets, question marks and colons mean something inside of a list on one line. */
function flowItem(item: Json): string {
  return typeof item === "string" && !/^[\p{L}\p{N}_./@+= -]*$/u.test(item) ? quoted(item) : scalarText(item)
}

function scalarText(value: Json): string {
  if (typeof value === "string") return isPlain(value) ? value : quoted(value)
  return typeof value === "number" ? numberText(value) : canonicalJson(value)
}

/**
 * To PyYAML a number with an exponent is a float only with a dot and a sign: `1.0e+21`. Beyond 2^53 its digits would say
 * another number than the one that it is.
 */
function numberText(value: number): string {
  if (Number.isSafeInteger(value)) return canonicalJson(value)
  return (Number.isInteger(value) ? value.toExponential() : String(value)).replace(/^(-?\d+)e/, "$1.0e")
}

const plainForm =
  /^(?:\.{0,2}\/|[\p{L}_])(?:[\p{L}\p{N}_./@+=\-,;()'!?%&*$~^<>|{}[\]"]|:(?! |$)|(?<! )#|(?<! ) (?! |$))*$/u

function isPlain(text: string): boolean {
  return plainForm.test(text) && plainScalar(text).type === "text"
}

/** Whatever isn't plainly visible. */
const hiddenLetter = /[\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/u
const escapable = new RegExp(`["\\\\]|${hiddenLetter.source}`, "gu")
const escapes: Readonly<Record<string, string>> = { '"': '\\"', "\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r" }

function quoted(text: string): string {
  if (/["\\]/.test(text) && !text.includes("'") && !hiddenLetter.test(text)) return `'${text}'`
  return `"${text.replaceAll(escapable, (letter) => escapes[letter] ?? escaped(letter))}"`
}

function escaped(letter: string): string {
  const code = (letter.codePointAt(0) ?? 0).toString(16)
  if (code.length <= 2) return `\\x${code.padStart(2, "0")}`
  return code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\U${code.padStart(8, "0")}`
}

/** Several lines stand as they are, unless blanks at an end, or an indented first line, would make them hard to read. */
function isBlock(text: string): boolean {
  const lines = text.replace(/\n$/, "").split("\n")
  return lines.length > 1 && /^\S/.test(text) && lines.at(-1) !== "" && lines.every((line) => isBlockLine(line))
}

function isBlockLine(line: string): boolean {
  return !hiddenLetter.test(line) && !line.endsWith(" ")
}

function blockLines(before: string, text: string): readonly string[] {
  const lines = text.replace(/\n$/, "").split("\n")
  return [`${before}|${text.endsWith("\n") ? "" : "-"}`, ...lines.map((line) => indented(line))]
}
