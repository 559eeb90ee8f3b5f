import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts"
import { isControlTag } from "../../core/mark.ts"
import type { ConcurrencyOptions, Schedule, Value } from "../../core/model.ts"
import type { Overrides } from "../../core/source.ts"
import type { EntryReader } from "./reader.ts"
import { readSchedule } from "./schedules.ts"

const absent = { kind: "absent" } as const

/** Tags are texts; a single text counts as one tag, where Prefect would take its letters. */
export function readTags(entry: EntryReader, overrides: Overrides): Value<readonly string[]> {
  const value = entry.resolve("tags", "plain")?.value
  if ((value === undefined || value === null) && overrides.tags.length === 0)
    return value === null ? { kind: "declared", value: [] } : absent
  const list: readonly Json[] = Array.isArray(value) ? value : value === undefined || value === null ? [] : [value]
  if (list.some((tag) => typeof tag === "object" && tag !== null)) {
    entry.find("wrong-type", "`tags` must be a list of texts", "tags")
    return absent
  }
  const tags = [...list.map(String), ...overrides.tags].map((tag) => tag.trim()).filter((tag) => tag !== "")
  const reserved = tags.find((tag) => isControlTag(tag) || tag.startsWith("gitops"))
  if (reserved !== undefined)
    entry.find("tag-reserved", `the tag "${reserved}" is Lockstep's own mark: take it out`, "tags")
  return { kind: "declared", value: [...new Set(tags)] }
}

interface Concurrency {
  readonly concurrencyLimit: Value<number | null>
  readonly concurrencyOptions: Value<ConcurrencyOptions | null>
}

/** `concurrency_limit: 3`, or a mapping with its strategy; both parts are fields of their own on the server. */
export function readConcurrency(entry: EntryReader): Concurrency {
  const value = entry.resolve("concurrency_limit", "plain")?.value
  if (value === undefined) return { concurrencyLimit: absent, concurrencyOptions: absent }
  if (isJsonObject(value)) return readConcurrencyMap(entry, value)
  if (value === null || typeof value === "number") {
    return { concurrencyLimit: readLimit(entry, value), concurrencyOptions: absent }
  }
  entry.find(
    "wrong-type",
    "`concurrency_limit` must be a number, or { limit, collision_strategy }",
    "concurrency_limit",
  )
  return { concurrencyLimit: absent, concurrencyOptions: absent }
}

function readConcurrencyMap(entry: EntryReader, value: JsonObject): Concurrency {
  const { limit = null, collision_strategy: strategy, grace_period_seconds: grace = null } = value
  const concurrencyLimit = readLimit(entry, limit)
  const refuse = (message: string): Concurrency => {
    entry.find("wrong-type", `\`concurrency_limit.${message}`, "concurrency_limit")
    return { concurrencyLimit, concurrencyOptions: absent }
  }
  if (strategy !== "ENQUEUE" && strategy !== "CANCEL_NEW")
    return refuse("collision_strategy` must be ENQUEUE or CANCEL_NEW")
  if (grace !== null && !(typeof grace === "number" && grace >= 60 && grace <= 86_400)) {
    return refuse("grace_period_seconds` must be 60 to 86400")
  }
  const options = { collisionStrategy: strategy, gracePeriodSeconds: grace }
  return { concurrencyLimit, concurrencyOptions: { kind: "declared", value: options } }
}

function readLimit(entry: EntryReader, value: Json): Value<number | null> {
  if (value === null) return { kind: "declared", value }
  if (typeof value === "number" && Number.isInteger(value) && value > 0) return { kind: "declared", value }
  entry.find("wrong-type", "`concurrency_limit` must be a whole number above 0", "concurrency_limit")
  return absent
}

/** `schedules:` or the older `schedule:`; an absent, null or empty legacy one leaves schedules unmanaged. */
export function readSchedules(entry: EntryReader): Value<readonly Schedule[]> {
  const [list, single] = [entry.resolve("schedules", "plain")?.value, entry.resolve("schedule", "plain")?.value]
  if (list === undefined) return single === undefined || single === null ? absent : collect(entry, [single], "schedule")
  if (isJsonObject(single) && Object.keys(single).length > 0) {
    entry.find("schedule-invalid", "`schedule` and `schedules` stand side by side: keep `schedules`", "schedule")
    return absent
  }
  if (list === null) return absent
  if (Array.isArray(list)) return collect(entry, list, "schedules")
  entry.find("schedule-invalid", "`schedules` must be a list: begin each schedule with a dash", "schedules")
  return absent
}

function collect(entry: EntryReader, items: readonly Json[], key: string): Value<readonly Schedule[]> {
  const schedules: Schedule[] = []
  let refused = false
  for (const [index, item] of items.entries()) {
    const read = readSchedule(item)
    if ("schedule" in read) schedules.push(read.schedule)
    else if ("refusal" in read) {
      refused = true
      entry.find("schedule-invalid", items.length > 1 ? `schedule ${index + 1}: ${read.refusal}` : read.refusal, key)
    }
  }
  const slugs = schedules.flatMap(({ slug }) => slug ?? [])
  if (new Set(slugs).size < slugs.length) {
    refused = true
    entry.find("schedule-invalid", "two schedules have the same slug", key)
  }
  // The legacy form with nothing in it is what `prefect init` writes: it says nothing.
  if (refused || (key === "schedule" && schedules.length === 0)) return absent
  return { kind: "declared", value: schedules }
}
