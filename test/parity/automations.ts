import { isJsonObject, type Json, type JsonObject } from "../../src/core/json.ts"
import { isControlTag } from "../../src/core/mark.ts"

/** Automations as `POST /automations/filter` gives them, as far as they act on one deployment; without what is only ids. */
export function automationsOf(rows: readonly JsonObject[], deployment: string): readonly Json[] {
  const own = rows.filter((row) =>
    (row["actions"] as readonly JsonObject[]).some((action) => action["deployment_id"] === deployment),
  )
  return own.map((row) => comparable(row)).toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
}

function comparable(row: JsonObject): Json {
  const { name, description, enabled, trigger, actions, actions_on_trigger, actions_on_resolve } = row
  const tags = ((row["tags"] ?? []) as readonly string[]).filter((tag) => !isControlTag(tag))
  const all = { name, description, enabled, trigger, actions, actions_on_trigger, actions_on_resolve, tags }
  return withoutIds(all as JsonObject)
}

/** Sets of texts come in any order. */
const sets = new Set(["after", "expect", "for_each"])

function withoutIds(value: Json, key = ""): Json {
  if (Array.isArray(value)) {
    const items = (value as readonly Json[]).map((item) => withoutIds(item))
    return sets.has(key) ? items.map(String).toSorted() : items
  }
  if (!isJsonObject(value)) return value
  const members = Object.entries(value).filter(([name]) => name !== "id" && name !== "deployment_id")
  return Object.fromEntries(members.map(([name, member]) => [name, withoutIds(member, name)]))
}
