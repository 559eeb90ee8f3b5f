import { isJsonObject, type Json, type JsonObject } from "../core/json.ts"
import type { PublicField } from "../server/present.ts"
import { plainLine } from "./terminal.ts"
import { changeText, valueText } from "./value-text.ts"

/** A change of a parameter schema, by parameter, as what follows the field's name: a schema's own words help nobody. */
export function schemaLines(fields: readonly PublicField[]): readonly string[] {
  const properties = new Map<string, string[]>()
  const rest: string[] = []
  for (const field of fields.flatMap((one) => eachProperty(one))) {
    const [, name, word] = /^properties\.([^.[]+)(?:\.(.*))?$/.exec(field.path) ?? []
    if (name === undefined) rest.push(...otherText(field))
    else properties.set(name, [...(properties.get(name) ?? []), ...propertyText(word, field)])
  }
  const told = [...properties].flatMap(([name, texts]) => {
    // Positions move whenever a parameter before them comes or goes.
    const telling = texts.filter((text) => text !== "moved")
    return telling.length > 0 ? [`.${plainLine(name)}: ${telling.join(", ")}`] : []
  })
  const moved = [...properties.values()].some((texts) => texts.includes("moved"))
  return [...told, ...new Set(rest), ...(told.length === 0 && moved ? [": another order"] : [])]
}

/** `properties` as a whole, where one side had none, as one field for each. */
function eachProperty(field: PublicField): readonly PublicField[] {
  if (field.path !== "properties") return [field]
  return (["from", "to"] as const).flatMap((side) => {
    const all = field[side]
    return isJsonObject(all)
      ? Object.entries(all).map(([name, node]) => ({ field: field.field, path: `properties.${name}`, [side]: node }))
      : []
  })
}

function propertyText(word: string | undefined, { from, to }: PublicField): readonly string[] {
  if (word === undefined && from === undefined) return [`added (${typeText(to)})`]
  if (word === undefined && to === undefined) return ["removed"]
  if (word === undefined) return [`${typeText(from)} → ${typeText(to)}`]
  if (word === "position") return ["moved"]
  if (word === "description") return ["description changed"]
  return [`${word} ${changeText(from, to)}`]
}

function otherText({ path, from, to }: PublicField): readonly string[] {
  if (path === "type" || path === "title") return []
  if (path === "required") return [`: required ${names(from)} → ${names(to)}`]
  if (path.startsWith("required[")) return [`: required ${valueText(from)} → ${valueText(to)}`]
  if (path === "definitions") return [": types changed"]
  const [, definition] = /^definitions\.([^.[]+)/.exec(path) ?? []
  return [
    definition === undefined
      ? `: ${plainLine(path) || "all of it"} changed`
      : `: type ${plainLine(definition)} changed`,
  ]
}

function names(value: Json | undefined): string {
  return Array.isArray(value) && value.length > 0 ? plainLine(value.map(String).join(", ")) : "none"
}

function typeText(node: Json | undefined): string {
  if (!isJsonObject(node)) return "any type"
  const alternatives = node["anyOf"] ?? node["oneOf"]
  const type = Array.isArray(alternatives)
    ? alternatives.map((item: Json) => (isJsonObject(item) ? oneType(item) : "any type")).join(" or ")
    : oneType(node)
  return "default" in node ? `${type}, default ${valueText(node["default"])}` : type
}

function oneType(node: JsonObject): string {
  const { type, $ref: reference, format } = node
  if (typeof reference === "string") return plainLine(reference.slice(reference.lastIndexOf("/") + 1))
  if (typeof type !== "string") return "enum" in node || "const" in node ? "choice" : "any type"
  return plainLine(typeof format === "string" ? `${type} (${format})` : type)
}
