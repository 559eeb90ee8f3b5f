import { canonicalJson, isJsonObject, type Json, type JsonObject } from "../../core/json.ts"
import type { Schedule, ScheduleSpec } from "../../core/model.ts"
import { toJson } from "../../yaml/dialect.ts"
import type { Node } from "../../yaml/node.ts"
import { advice } from "./keys.ts"
import { refuseCron } from "./cron.ts"
import { readAnchor, readDuration } from "./duration.ts"
import { laxBoolean } from "./lax.ts"
import { refuseRule } from "./rrule.ts"
import { isOpen } from "./placeholders.ts"
import { isTimezone } from "./timezone.ts"

type MapNode = Extract<Node, { kind: "map" }>

/** A schedule, or why Prefect would refuse it. */
export type ScheduleReading = { readonly schedule: Schedule } | { readonly refusal: string }

const kinds = ["cron", "interval", "rrule"] as const
const known = [...kinds, "timezone", "anchor_date", "active", "parameters", "slug", "replaces", "day_or"]
/** Words of Prefect 2 and of its API, with what takes their place. */
const gone: ReadonlyMap<string, string> = new Map(
  Object.entries({
    schedule: "cron, interval or rrule stands in the schedule itself",
    tz: "the key is `timezone`",
    time_zone: "the key is `timezone`",
    name: "the key is `slug`",
    paused: "the key is `active`",
    enabled: "the key is `active`",
    is_schedule_active: "the key is `active`",
    start_date: "the key is `anchor_date`",
    anchor: "the key is `anchor_date`",
    job_variables: "they are those of the deployment, below `work_pool:`",
    max_active_runs: "use concurrency_limit on the deployment",
    max_scheduled_runs: "it can't be set in prefect.yaml",
    catchup: "Prefect 3 has no catch-up",
    flow_run_name: "give it to the flow's decorator",
    description: "a schedule has none",
  }),
)

/**
 * One entry of `schedules:` (`cli/deploy/_models.py: RawScheduleConfig`). Prefect checks the types of what is written
 * before it resolves placeholders, and the schedule itself after. What a placeholder without a value stands for can't be wrong.
 */
export function readSchedule(node: Node, resolve: () => Json): ScheduleReading {
  const written = toJson(node)
  if (node.kind !== "map" || !isJsonObject(written))
    return { refusal: 'a schedule must be a mapping, such as { cron: "0 3 * * *" }' }
  const refusal = refuseShape(node, written)
  if (refusal !== null) return { refusal }
  const value = resolve() as JsonObject
  const spec = readSpec(value, kinds.find((kind) => isGiven(value[kind])) ?? "cron")
  if (typeof spec === "string") return { refusal: spec }
  const rest = readRest(value)
  return typeof rest === "string" ? { refusal: rest } : { schedule: { spec, ...rest } }
}

function isGiven(value: Json | undefined): boolean {
  return value !== undefined && value !== null
}

/** What is wrong before anything is resolved. */
function refuseShape(node: MapNode, written: JsonObject): string | null {
  const strange = Object.keys(written).find((key) => !known.includes(key))
  if (strange !== undefined) return strangeKey(strange)
  const given = kinds.filter((kind) => isGiven(written[kind]))
  if (given.length === 0) return "it needs one of cron, interval, or rrule"
  if (given.length > 1) return `it has ${given.join(" and ")}; only one may stand`
  const { parameters } = written
  if (parameters !== undefined && !isJsonObject(parameters)) return "parameters must be a mapping"
  if (typeof written["interval"] === "string" && written["interval"].includes("{{"))
    return "interval can't be a placeholder: Prefect reads it before it resolves them"
  const wrong = [...node.entries].find(([key, { value }]) => texts.has(key) && !isText(key, value, written))
  return wrong === undefined ? null : `${wrong[0]} must be a text; put it in quotes`
}

const texts = new Set(["cron", "rrule", "timezone", "anchor_date", "slug", "replaces"])
/** An unquoted date may stand as the anchor when nothing but the interval and its time zone is beside it. */
const besideDate = new Set(["interval", "anchor_date", "timezone"])

function isText(key: string, node: Node, written: JsonObject): boolean {
  if (node.kind !== "scalar") return false
  if (key === "anchor_date" && node.type === "time") return Object.keys(written).every((one) => besideDate.has(one))
  return node.type === "text" || node.type === "null"
}

function readSpec(value: JsonObject, kind: (typeof kinds)[number]): ScheduleSpec | string {
  const timezone = value["timezone"] ?? null
  const empty = timezone === "" && kind !== "rrule"
  if (timezone !== null && !empty && !isZone(timezone)) {
    return `timezone: ${shown(timezone)} is no time zone of the IANA database, such as Europe/Berlin`
  }
  if (kind !== "interval" && isGiven(value["anchor_date"])) return "anchor_date goes with interval only"
  switch (kind) {
    case "cron":
      return readCron(value, timezone)
    case "interval":
      return readInterval(value, timezone)
    case "rrule":
      return readRule(value["rrule"], timezone)
  }
}

function isZone(value: Json): value is string {
  return typeof value === "string" && (isOpen(value) || isTimezone(value))
}

function readCron(value: JsonObject, timezone: string | null): ScheduleSpec | string {
  const { cron } = value
  if (typeof cron !== "string") return "cron must be a text; put it in quotes"
  const refusal = isOpen(cron) ? null : refuseCron(cron)
  if (refusal !== null) return `cron: ${shown(cron)} isn't a cron expression: ${refusal}`
  const dayOr = isOpen(value["day_or"]) || laxBoolean(value["day_or"] ?? true)
  return dayOr === null ? "day_or must be true or false" : { kind: "cron", cron, timezone, dayOr }
}

function readInterval(value: JsonObject, timezone: string | null): ScheduleSpec | string {
  const seconds = readDuration(value["interval"] ?? null)
  if (seconds === null || seconds <= 0)
    return `interval: ${shown(value["interval"] ?? null)} must be seconds above 0, "PT1H", or "HH:MM:SS"`
  const written = value["anchor_date"] || null
  const anchor = typeof written === "string" ? readAnchor(written) : null
  if (written !== null && anchor === null && !isOpen(written)) {
    return `anchor_date: ${shown(written)} must be a date and time in ISO 8601, such as 2024-01-31T10:00:00Z`
  }
  return { kind: "interval", seconds, anchor, timezone }
}

function readRule(value: Json | undefined, timezone: string | null): ScheduleSpec | string {
  if (typeof value !== "string") return "rrule must be a text"
  if (isOpen(value)) return { kind: "rrule", rrule: value, timezone }
  const rule = asJsonRule(value) ?? { rrule: value, timezone: null }
  const strange = Object.keys(rule).find((key) => key !== "rrule" && key !== "timezone")
  if (strange !== undefined) return `rrule: Prefect refuses \`${strange}\` in its JSON form`
  const { rrule, timezone: inside = null } = rule
  if (typeof rrule !== "string") return "rrule: its JSON form needs the rule as `rrule`"
  if (inside !== null && !isZone(inside)) return "rrule: its timezone is none"
  const refusal = refuseRule(rrule)
  if (refusal !== null) return `rrule: ${shown(rrule)} isn't a recurrence rule of RFC 5545: ${refusal}`
  return { kind: "rrule", rrule, timezone: timezone ?? inside ?? "UTC" }
}

/** `rrule` may be a JSON text with the rule and its time zone. */
function asJsonRule(value: string): JsonObject | null {
  try {
    const parsed = JSON.parse(value) as Json
    return isJsonObject(parsed) ? parsed : null
  } catch {
    return null
  }
}

function readRest(value: JsonObject): Omit<Schedule, "spec"> | string {
  const slug = typeof value["slug"] === "string" && value["slug"] !== "" ? value["slug"] : null
  const active = value["active"] ?? null
  const flag = active === null ? null : laxBoolean(active)
  if (active !== null && flag === null && !isOpen(active)) return `active: ${shown(active)} must be true or false`
  // An empty mapping is none to Prefect.
  const parameters = value["parameters"] as JsonObject | undefined
  return { slug, active: flag, parameters: parameters && Object.keys(parameters).length > 0 ? parameters : null }
}

function shown(value: Json): string {
  return canonicalJson(value).slice(0, 80)
}

function strangeKey(key: string): string {
  return `Prefect refuses \`${key}\` in a schedule${advice(key, known, gone)}`
}
