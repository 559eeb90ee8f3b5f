/**
 * JSON as Python and Prefect know it: integers have no upper bound there, so one that a double can't hold is a bigint
 * here. NaN and infinities don't occur: Prefect's server stores them as null, and so does the YAML reader.
 */
export type Json = null | boolean | number | bigint | string | readonly Json[] | JsonObject
export interface JsonObject {
  readonly [key: string]: Json
}

/** Whether a value is a JSON object (not null, not an array). */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value)
}

/**
 * What tells an item of a list from its neighbours, as Kubernetes, Prefect and Compose write lists of maps: what it is
 * called, or the only key around a map. Null = nothing does: a single value, or a map of no name.
 */
export function itemName(item: Json): string | null {
  if (!isJsonObject(item)) return null
  const named = ["name", "key", "id", "type"].map((key) => item[key]).find((value) => typeof value === "string")
  if (named !== undefined) return named
  const [only, ...others] = Object.entries(item)
  return only && others.length === 0 && isJsonObject(only[1]) ? only[0] : null
}

/** Deep equality: key order never matters, numbers compare by value (`1` = `1.0` = `1n`), array order matters. */
export function jsonEqual(a: Json, b: Json): boolean {
  if (Array.isArray(a)) return Array.isArray(b) && a.length === b.length && a.every((item, i) => jsonEqual(item, b[i]))
  if (isJsonObject(a)) {
    if (!isJsonObject(b)) return false
    const keys = Object.keys(a)
    return (
      keys.length === Object.keys(b).length &&
      keys.every((key) => Object.hasOwn(b, key) && jsonEqual(a[key] as Json, b[key] as Json))
    )
  }
  // Loose equality between number and bigint is exact in JavaScript; nothing else may be compared loosely.
  if (isNumeric(a) && isNumeric(b)) return a == b
  return a === b
}

/** The one text of a value, whatever the order of its keys: for digests, never for people. */
export function canonicalJson(value: Json): string {
  // An integer has one text, however it is held: 1e21 and 10n ** 21n are the same one.
  if (typeof value === "bigint" || Number.isInteger(value)) return BigInt(value as bigint | number).toString()
  if (Array.isArray(value)) return `[${value.map((item: Json) => canonicalJson(item)).join(",")}]`
  if (!isJsonObject(value)) return JSON.stringify(value)
  const members = Object.keys(value)
    .toSorted()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] as Json)}`)
  return `{${members.join(",")}}`
}

/** Values, keys and characters that a value holds; counting ends beyond `max`. */
export function jsonSize(value: Json, max: number): number {
  if (typeof value === "string") return 1 + value.length
  if (typeof value !== "object" || value === null) return 1
  let size = 1
  const entries = Array.isArray(value) ? value.map((item: Json) => ["", item] as const) : Object.entries(value)
  for (const [key, member] of entries) {
    size += key.length + jsonSize(member, max - size)
    if (size > max) return size
  }
  return size
}

function isNumeric(value: Json): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint"
}
