import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts"
import { isControlTag } from "../../core/mark.ts"
import type { ConcurrencyOptions, Schedule, Value } from "../../core/model.ts"
import type { Overrides } from "../../core/source.ts"
import { toJson } from "../yaml/dialect.ts"
import type { Node } from "../yaml/node.ts"
import { pythonText } from "../yaml/scalar.ts"
import { laxInteger } from "./lax.ts"
import type { EntryReader } from "./reader.ts"
import { readSchedule } from "./schedules.ts"
import { inText } from "./template.ts"

const absent = { kind: "absent" } as const

/** Tags as Python's `str()` writes them, blank ones left out; a lone text is refused, as Prefect takes its letters. */
export function readTags(entry: EntryReader, overrides: Overrides): Value<readonly string[]> {
  const written = entry.node("tags")
  if (!written && overrides.tags.length === 0) return absent
  const items = written ? tagItems(entry, written) : []
  if (!items || items.some((tag) => typeof tag === "object" && tag !== null)) {
    entry.find("wrong-type", "`tags` must be a list of texts", "tags")
    return absent
  }
  const tags = [...items.map((tag) => inText(tag)), ...overrides.tags].filter((tag) => tag.trim() !== "")
  const reserved = tags.find((tag) => isControlTag(tag) || tag.startsWith("gitops"))
  if (reserved !== undefined)
    entry.find("tag-reserved", `the tag "${reserved}" is Lockstep's own mark: take it out`, "tags")
  return { kind: "declared", value: [...new Set(tags)] }
}

/** null = no list, nor a placeholder for one. */
function tagItems(entry: EntryReader, written: Node): readonly Json[] | null {
  const value = written.kind === "list" ? written.items.map((item) => tagItem(item)) : toJson(written)
  const resolved = entry.resolveJson("tags", value, "plain").value
  return Array.isArray(resolved) ? resolved : null
}

/** `1.0` isn't the tag `1`, so what is no text is written while Python's type of it is known. */
function tagItem(item: Node): Json {
  return item.kind === "scalar" && item.type !== "text" ? pythonText(item) : toJson(item)
}

interface Concurrency {
  readonly concurrencyLimit: Value<number | null>
  readonly concurrencyOptions: Value<ConcurrencyOptions | null>
}

/**
 * `concurrency_limit: 3`, or a mapping with its strategy; both parts are fields of their own on the server. Prefect checks
 * the numbers before it resolves placeholders.
 */
export function readConcurrency(entry: EntryReader): Concurrency {
  const node = entry.node("concurrency_limit")
  if (!node) return { concurrencyLimit: absent, concurrencyOptions: absent }
  const written = toJson(node)
  if (isJsonObject(written)) return readConcurrencyMap(entry, written)
  return { concurrencyLimit: readLimit(entry, written), concurrencyOptions: absent }
}

function readConcurrencyMap(entry: EntryReader, written: JsonObject): Concurrency {
  const concurrencyLimit = readLimit(entry, written["limit"] ?? null)
  const strategy = entry.resolveJson("concurrency_limit", written["collision_strategy"] ?? null, "plain").value
  const refuse = (message: string): Concurrency => {
    entry.find("wrong-type", `\`concurrency_limit.${message}`, "concurrency_limit")
    return { concurrencyLimit, concurrencyOptions: absent }
  }
  if (strategy !== "ENQUEUE" && strategy !== "CANCEL_NEW")
    return refuse("collision_strategy` must be ENQUEUE or CANCEL_NEW")
  const grace = written["grace_period_seconds"] ?? null
  const seconds = grace === null ? null : (laxInteger(grace) ?? 0)
  if (seconds !== null && (seconds < 60 || seconds > 86_400)) {
    return refuse("grace_period_seconds` must be 60 to 86400")
  }
  const options = { collisionStrategy: strategy, gracePeriodSeconds: seconds }
  return { concurrencyLimit, concurrencyOptions: { kind: "declared", value: options } }
}

function readLimit(entry: EntryReader, written: Json): Value<number | null> {
  if (written === null) return { kind: "declared", value: null }
  const value = laxInteger(written)
  if (value !== null && value > 0) return { kind: "declared", value }
  const message = "`concurrency_limit` must be a whole number above 0, or { limit, collision_strategy }"
  entry.find("wrong-type", message, "concurrency_limit")
  return absent
}

/** `schedules:` or the older `schedule:`; an absent or null one, or an empty legacy one, leaves schedules unmanaged. */
export function readSchedules(entry: EntryReader): Value<readonly Schedule[]> {
  const [list, single] = [entry.node("schedules"), entry.node("schedule")]
  const legacy = single && !isEmpty(single) ? single : null
  if (legacy?.kind === "list" && legacy.items.length > 0) {
    entry.find("schedule-invalid", "`schedule` takes one mapping: call it `schedules` to give a list", "schedule")
    return absent
  }
  if (!list) return legacy ? collect(entry, [legacy], "schedule") : absent
  if (legacy) {
    entry.find("schedule-invalid", "`schedule` and `schedules` stand side by side: keep `schedules`", "schedule")
    return absent
  }
  if (list.kind === "scalar" && list.value === null) return absent
  if (list.kind === "list") return collect(entry, list.items, "schedules")
  entry.find("schedule-invalid", "`schedules` must be a list: begin each schedule with a dash", "schedules")
  return absent
}

/** What `prefect init` writes for no schedule. */
function isEmpty(node: Node): boolean {
  return node.kind === "scalar" ? node.value === null : node.kind === "map" && node.entries.size === 0
}

function collect(entry: EntryReader, items: readonly Node[], key: string): Value<readonly Schedule[]> {
  const read = items.map((item) => readSchedule(item, (value) => entry.resolveJson(key, value, "plain").value))
  for (const [index, reading] of read.entries()) {
    if (!("refusal" in reading)) continue
    const { refusal } = reading
    entry.find("schedule-invalid", items.length > 1 ? `schedule ${index + 1}: ${refusal}` : refusal, key)
  }
  const schedules = read.flatMap((reading) => ("schedule" in reading ? [reading.schedule] : []))
  const slugs = schedules.flatMap(({ slug }) => slug ?? [])
  const twice = new Set(slugs).size < slugs.length
  if (twice) entry.find("schedule-invalid", "two schedules have the same slug", key)
  return twice || schedules.length < items.length ? absent : { kind: "declared", value: schedules }
}
