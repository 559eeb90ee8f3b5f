import type { Json, JsonObject } from "../../core/json.ts"
import { isControlTag } from "../../core/mark.ts"
import type { Value } from "../../core/model.ts"
import type { Overrides } from "../../core/source.ts"
import type { Node } from "../../yaml/node.ts"
import { pythonText } from "../../yaml/scalar.ts"
import type { EntryReader } from "./reader.ts"
import { isOpen } from "./placeholders.ts"
import { inText } from "./template.ts"

const absent = { kind: "absent" } as const
const shownMax = 80

/**
 * Tags as `prefect deploy` makes them (`types: ListOfNonEmptyStrings`): Python's `str()` of each item, or each letter of
 * a lone text, blank ones left out; with a word where the author can't have meant that.
 */
export function readTags(entry: EntryReader, overrides: Overrides): Value<readonly string[]> {
  const written = entry.node("tags")
  if (!written && overrides.tags.length === 0) return absent
  const texts = written ? textsOf(entry, written) : []
  if (texts === null) {
    entry.find("wrong-type", "`tags` must be a list of texts", "tags")
    return absent
  }
  const tags = [...texts, ...overrides.tags].filter((tag) => tag.trim() !== "")
  const reserved = tags.find((tag) => isControlTag(tag) || tag.startsWith("gitops"))
  if (reserved !== undefined)
    entry.find("tag-reserved", `the tag "${reserved}" is Lockstep's own mark: take it out`, "tags")
  return { kind: "declared", value: [...new Set(tags)] }
}

/** null = Prefect refuses it. */
function textsOf(entry: EntryReader, written: Node): readonly string[] | null {
  const value = entry.resolve("tags", "plain")?.value ?? null
  if (written.kind === "list") return written.items.map((item, i) => textOf(entry, item, (value as readonly Json[])[i]))
  if (written.kind !== "scalar" || written.type !== "text") return null
  if (Array.isArray(value)) return value.map((item: Json) => scalarText(entry, item))
  return typeof value === "string" ? lettersOf(entry, value) : null
}

function lettersOf(entry: EntryReader, text: string): readonly string[] {
  if (text !== "" && !isOpen(text))
    entry.find("tag-unmeant", "`tags` is a text, and Prefect makes a tag of each of its letters: write a list", "tags")
  return Array.from(text)
}

function textOf(entry: EntryReader, item: Node, value: Json = null): string {
  if (item.kind === "scalar") return item.type === "text" ? scalarText(entry, value) : pythonText(item)
  const text = represent(entry, item, value)
  const message = `Prefect makes the one tag "${text.slice(0, shownMax)}" of this item: write each tag as an item of its own`
  entry.find("tag-unmeant", message, "tags")
  return text
}

/** Python's type of what is inside of a variable's list or mapping isn't known, so its `str()` isn't either. */
function scalarText(entry: EntryReader, value: Json): string {
  if (typeof value === "object" && value !== null)
    entry.find("wrong-type", "an item of `tags` is a placeholder for a list or a mapping: write the tags here", "tags")
  return inText(value)
}

/** As Python's `repr()`: numbers by what is written, since `1.0` isn't `1` there; texts with their placeholders resolved. */
function represent(entry: EntryReader, node: Node, value: Json): string {
  if (node.kind === "list") {
    const items = node.items.map((item, i) => represent(entry, item, (value as readonly Json[])[i] ?? null))
    return `[${items.join(", ")}]`
  }
  if (node.kind === "map") {
    const members = [...node.entries].map(
      ([key, member]) => `${quoted(key)}: ${represent(entry, member.value, (value as JsonObject)[key] ?? null)}`,
    )
    return `{${members.join(", ")}}`
  }
  if (node.type === "time") return quoted(pythonText(node))
  if (node.type !== "text") return pythonText(node)
  return typeof value === "string" ? quoted(value) : scalarText(entry, value)
}

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t" }

/** In single quotes, unless only those occur in it; what isn't printable as an escape. */
function quoted(text: string): string {
  const quote = text.includes("'") && !text.includes('"') ? '"' : "'"
  const escaped = text.replaceAll(/[\\\p{C}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu, (letter) => escapes[letter] ?? escape(letter))
  return quote + (quote === "'" ? escaped.replaceAll("'", "\\'") : escaped) + quote
}

function escape(letter: string): string {
  const code = (letter.codePointAt(0) ?? 0).toString(16)
  if (code.length <= 2) return `\\x${code.padStart(2, "0")}`
  return code.length <= 4 ? `\\u${code.padStart(4, "0")}` : `\\U${code.padStart(8, "0")}`
}
