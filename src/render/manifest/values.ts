import { isJsonObject, type Json, type JsonObject } from "../../core/json.ts"
import type { ConcurrencyOptions, Schedule, Value } from "../../core/model.ts"
import { toJson } from "../../yaml/dialect.ts"
import type { Node } from "../../yaml/node.ts"
import { laxInteger } from "./lax.ts"
import type { EntryReader } from "./reader.ts"
import { readSchedule } from "./schedules.ts"
import { isOpen } from "./placeholders.ts"

const absent = { kind: "absent" } as const
/** Prefect has no limit; each costs its server as much as a deployment, and pairing them grows faster than their number. */
const schedulesMax = 1_000

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
  if (isOpen(strategy)) return { concurrencyLimit, concurrencyOptions: absent }
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
  const message = isOpen(written)
    ? "`concurrency_limit` can't be a placeholder, since Prefect reads it before it resolves any: write the whole number here"
    : "`concurrency_limit` must be a whole number above 0, or { limit, collision_strategy }"
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
  if (items.length > schedulesMax) {
    entry.find("schedule-invalid", `an entry has at most ${schedulesMax} schedules`, key)
    return absent
  }
  const read = items.map((item, index) => {
    const reading = readSchedule(item, () => entry.resolveItem(key, item, "plain").value)
    if ("refusal" in reading) {
      const { refusal } = reading
      entry.findAt("schedule-invalid", items.length > 1 ? `schedule ${index + 1}: ${refusal}` : refusal, item.at)
    }
    return reading
  })
  const schedules = read.flatMap((reading) => ("schedule" in reading ? [reading.schedule] : []))
  const slugs = schedules.flatMap(({ slug }) => slug ?? [])
  const twice = new Set(slugs).size < slugs.length
  if (twice) entry.find("schedule-invalid", "two schedules have the same slug", key)
  return twice || schedules.length < items.length ? absent : { kind: "declared", value: schedules }
}
