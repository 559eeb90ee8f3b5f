import { canonicalJson, isJsonObject, type Json, type JsonObject } from "../../core/json.ts"
import { pythonText } from "../../yaml/scalar.ts"
import {
  blockPrefix,
  looksLikeEnv,
  lookUp,
  output,
  placeholder,
  ruleFor,
  variablePrefix,
  type Context,
  type Found,
  type Names,
  type Origin,
} from "./placeholders.ts"
import type { Rule } from "./rules.ts"

export interface Resolved {
  readonly value: Json
  readonly problems: readonly (Complaint & { readonly path: Path })[]
  /** What of the build the value depends on. */
  readonly origins: readonly Origin[]
}
/** The way to a value inside of another: keys of mappings, and places in lists. */
export type Path = readonly (string | number)[]
interface Complaint {
  readonly rule: Rule
  readonly message: string
}
type Part = Omit<Resolved, "problems"> & { readonly problems: readonly Complaint[] }

const textCharsMax = 1_000_000
const tooLong: Complaint = { rule: "wrong-type", message: "its text is too long with its placeholders filled in" }

/** All placeholders of a value resolved, as `prefect deploy` would, but with an error where it drops things silently. */
export function resolveValue(value: Json, names: Names, context: Context, path: Path = []): Resolved {
  if (typeof value === "string") return placed(resolveText(value, names, context), path)
  if (Array.isArray(value)) {
    const items = value.map((item: Json, place) => {
      const dropped = droppedItem(item, names, context)
      return dropped ? placed(dropped, [...path, place]) : resolveValue(item, names, context, [...path, place])
    })
    return joined(
      items.map((item) => item.value),
      items,
    )
  }
  if (!isJsonObject(value)) return { value, problems: [], origins: [] }
  const reference = blockReference(value, context)
  if (reference !== null)
    return { value, problems: [{ rule: "block-in-parameters", message: reference, path }], origins: [] }
  const members = Object.entries(value).map(
    ([key, member]) => [key, resolveValue(member, names, context, [...path, key])] as const,
  )
  const result = Object.fromEntries(members.map(([key, member]) => [key, member.value]))
  return joined(
    result,
    members.map(([, member]) => member),
  )
}

function placed(part: Part, path: Path): Resolved {
  return { ...part, problems: part.problems.map((one) => ({ ...one, path })) }
}

/** `{ $ref: { block_document_id: … } }` stands for a block, which only the worker resolves; Prefect fails at other ones. */
function blockReference(value: JsonObject, context: Context): string | null {
  const reference = value["$ref"]
  if (reference === undefined || context === "pull") return null
  if (!isJsonObject(reference)) return "`$ref` stands for a block, and needs a mapping with block_document_id"
  if (context === "job" || context === "action" || !reference["block_document_id"]) return null
  return "`$ref` would reach the run as it stands: nothing resolves blocks here; read the block in the flow"
}

/**
 * Prefect drops an item of a list that is one placeholder when the environment doesn't know the name, before it asks the
 * steps; in pull steps, where it asks them at once, what they don't know.
 */
function droppedItem(item: Json, names: Names, context: Context): Part | null {
  const name = typeof item === "string" ? wholePlaceholder(item) : null
  if (name === null || name.startsWith("$") || name.startsWith(blockPrefix) || name.startsWith(variablePrefix))
    return null
  if (context === "pull" ? output(name, names, context).kind === "value" : names.env.has(name)) return null
  const message = `\`{{ ${name} }}\` alone as an item of a list is dropped by \`prefect deploy\`: write the value itself${looksLikeEnv(name) ? `, or add ${name} to the source's env` : ""}`
  return { value: item, problems: [{ rule: ruleFor(name), message }], origins: [] }
}

/** Names of the Prefect variables that a value refers to. */
export function variablesIn(value: Json, found: Set<string> = new Set()): ReadonlySet<string> {
  if (typeof value === "string") {
    for (const [, name = ""] of value.matchAll(placeholder))
      if (name.startsWith(variablePrefix)) found.add(name.slice(variablePrefix.length))
  } else if (Array.isArray(value)) for (const item of value as readonly Json[]) variablesIn(item, found)
  else if (isJsonObject(value)) for (const member of Object.values(value)) variablesIn(member, found)
  return found
}

function resolveText(text: string, names: Names, context: Context): Part {
  if (!text.includes("{{")) return { value: text, problems: [], origins: [] }
  const whole = wholePlaceholder(text)
  if (whole !== null) {
    const found = lookUp(whole, names, context)
    return {
      value: found.kind === "value" ? found.value : text,
      problems: problemsOf(found),
      origins: originsOf(found),
    }
  }
  const parts: Found[] = []
  let length = 0
  const value = text.slice(0, textCharsMax).replaceAll(placeholder, (written, name: string) => {
    if (length > textCharsMax) return ""
    const found = scalarOnly(name, lookUp(name, names, context))
    parts.push(found)
    const filled = found.kind === "value" ? inText(found.value) : written
    length += filled.length
    return filled
  })
  if (length > textCharsMax) return { value: text, problems: [tooLong], origins: [] }
  return {
    value,
    problems: parts.flatMap((part) => problemsOf(part)),
    origins: parts.flatMap((part) => originsOf(part)),
  }
}

/** The name when the text is one placeholder and nothing else. */
function wholePlaceholder(text: string): string | null {
  return new RegExp(`^${placeholder.source}$`, "u").exec(text)?.[1] ?? null
}

/** Inside of a text Python would write a list or a mapping in its own notation, which nobody means. */
function scalarOnly(name: string, found: Found): Found {
  if (found.kind !== "value" || typeof found.value !== "object" || found.value === null) return found
  const message = `\`{{ ${name} }}\` is a list or a mapping, which can't stand inside of a text`
  return { kind: "problem", rule: "wrong-type", message }
}

function joined(value: Json, parts: readonly Resolved[]): Resolved {
  return {
    value,
    problems: parts.flatMap(({ problems }) => problems),
    origins: parts.flatMap(({ origins }) => origins),
  }
}

function problemsOf(found: Found): readonly Complaint[] {
  return found.kind === "problem" ? [{ rule: found.rule, message: found.message }] : []
}

function originsOf(found: Found): readonly Origin[] {
  return found.kind === "value" && found.origin ? [found.origin] : []
}

/** As Python's `str()` makes it; a whole number counts as an integer, as JSON doesn't tell it from `1.0`. */
export function inText(value: Json): string {
  if (typeof value === "number") return pythonText({ type: Number.isSafeInteger(value) ? "int" : "float", value })
  if (typeof value === "object" && value !== null) return canonicalJson(value)
  return pythonText({ type: "text", value })
}
