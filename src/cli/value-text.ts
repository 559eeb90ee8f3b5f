import { hidden } from "../server/conceal.ts"
import { isJsonObject, type Json } from "../core/json.ts"
import { plain } from "./terminal.ts"

const valueCharsMax = 60
/** How much of what both have in common stands before the first difference of two long values. */
const contextChars = 12

/** A value as a person writes it: quoted only where it could be taken for something else. */
export function valueText(value: Json | undefined): string {
  return cut(fullText(value))
}

/** Both sides of a change; long values are cut around their first difference, not before it. */
export function changeText(from: Json | undefined, to: Json | undefined): string {
  const [before, after] = [fullText(from), fullText(to)]
  const start = before.length > valueCharsMax && after.length > valueCharsMax ? firstDifference(before, after) : 0
  const skipped = start > valueCharsMax / 2 ? start - contextChars : 0
  return `${cut(before, skipped)} → ${cut(after, skipped)}`
}

function fullText(value: Json | undefined): string {
  if (value === undefined) return "(none)"
  if (value === hidden) return hidden
  if (typeof value !== "string") return plain(jsonLine(value))
  if (/^[0-9a-f]{40}$/.test(value)) return value.slice(0, 7)
  return /^[A-Za-z_./][\w./:@+-]*$/.test(value) && !/^(?:true|false|null|none)$/i.test(value)
    ? value
    : plain(JSON.stringify(value))
}

/** One line, with a space where the eye wants one. */
function jsonLine(value: Json): string {
  if (typeof value === "bigint") return value.toString()
  if (Array.isArray(value)) return `[${value.map((item: Json) => jsonLine(item)).join(", ")}]`
  if (!isJsonObject(value)) return JSON.stringify(value)
  const members = Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${jsonLine(item)}`)
  return `{${members.join(", ")}}`
}

function cut(text: string, skipped = 0): string {
  const rest = skipped > 0 ? `…${text.slice(skipped)}` : text
  return rest.length > valueCharsMax ? `${rest.slice(0, valueCharsMax - 1)}…` : rest
}

function firstDifference(a: string, b: string): number {
  let same = 0
  while (same < a.length && a[same] === b[same]) same++
  return same
}
