import { isJsonObject, type Json, type JsonObject } from "../core/json.ts"
import type { EntryReader } from "./manifest/reader.ts"
import type { Path } from "./manifest/template.ts"
import type { FlowFacts } from "../python/reading.ts"
import type { Node } from "../yaml/node.ts"
import { pythonText } from "../yaml/scalar.ts"

/** More of them tell nobody more. */
const toldMax = 20

/**
 * Numbers that don't reach Prefect as they are written: a whole float is written without its `.0`, so a flow gets an
 * `int` (a parameter of a number's type becomes the same either way), and of infinities Prefect's server keeps nothing.
 */
export function warnOfInexact(flow: FlowFacts | null, reader: EntryReader): void {
  const schema = flow && (flow.schema.decided ? flow.schema.value : flow.looseSchema)
  const found = [
    ...inexact(reader.node("parameters"), ["parameters"], schema),
    ...["schedules", "triggers"].flatMap((list) => ofItems(list)),
    ...inexact(member(reader.node("schedule"), "parameters"), ["schedule", "parameters"], schema),
    ...inexact(member(reader.node("work_pool"), "job_variables"), ["work_pool", "job_variables"], null),
  ]
  for (const { path, message } of found.slice(0, toldMax)) reader.warn("number-inexact", message, path)

  function inexact(node: Node | undefined, path: Path, type: JsonObject | null): readonly Found[] {
    if (node?.kind === "list") return node.items.flatMap((item, i) => inexact(item, [...path, i], part(type, "items")))
    if (node?.kind === "map")
      return [...node.entries].flatMap(([key, { value }]) => inexact(value, [...path, key], part(type, key)))
    const message = node?.type === "float" ? messageOf(node, type) : null
    return message === null ? [] : [{ path, message: `\`${path.join(".")}\` ${message}` }]
  }

  function ofItems(list: string): readonly Found[] {
    const node = reader.node(list)
    const items = node?.kind === "list" ? node.items : []
    return items.flatMap((item, i) => inexact(member(item, "parameters"), [list, i, "parameters"], schema))
  }

  /** The schema of what stands at a key or in a list; null where it is open. */
  function part(type: JsonObject | null, key: string): JsonObject | null {
    for (const one of type ? choices(type) : []) {
      const { properties, additionalProperties, items } = one
      const below =
        key === "items" && items !== undefined ? items : isJsonObject(properties) ? properties[key] : undefined
      const found = below ?? additionalProperties
      if (isJsonObject(found)) return found
    }
    return null
  }

  function messageOf(node: Extract<Node, { kind: "scalar" }>, type: JsonObject | null): string | null {
    if (node.value === null) return "is infinite or no number: Prefect's server keeps null in its place"
    if (!Number.isSafeInteger(node.value) || (type && choices(type).every(isNumeric))) return null
    return `is ${pythonText(node)}, and reaches the flow as the whole number ${Number(node.value)}: write that, or a text`
  }

  /** The schema, or those that it is a choice of, with its references followed once. */
  function choices(type: JsonObject): readonly JsonObject[] {
    const several = Array.isArray(type["anyOf"]) ? (type["anyOf"] as readonly Json[]) : [type]
    return several.filter(isJsonObject).map(referred)
  }

  function referred(type: JsonObject): JsonObject {
    const name = typeof type["$ref"] === "string" ? (type["$ref"].split("/").at(-1) ?? "") : null
    const definitions = schema?.["definitions"]
    const target = name !== null && isJsonObject(definitions) ? definitions[name] : undefined
    return isJsonObject(target) ? target : type
  }
}

interface Found {
  readonly path: Path
  readonly message: string
}

function member(node: Node | undefined, key: string): Node | undefined {
  return node?.kind === "map" ? node.entries.get(key)?.value : undefined
}

function isNumeric({ type }: JsonObject): boolean {
  return type === "number" || type === "integer" || type === "null"
}
