import { canonicalJson, isJsonObject, type Json, type JsonObject } from "../../core/json.ts"
import type { Schedule, ScheduleSpec } from "../../core/model.ts"
import { nearest } from "../../core/nearest.ts"

/** A schedule, or why Prefect would refuse it. */
export type ScheduleReading =
  | { readonly schedule: Schedule }
  | { readonly refusal: string }
  | { readonly nothing: true }

const kinds = ["cron", "interval", "rrule"] as const
const known = [...kinds, "timezone", "anchor_date", "active", "parameters", "slug", "replaces", "day_or"]
/** Words of generators for Prefect 2, with what takes their place. */
const gone: Readonly<Record<string, string>> = {
  max_active_runs: "use concurrency_limit on the deployment",
  max_scheduled_runs: "it can't be set in prefect.yaml",
  catchup: "Prefect 3 has no catch-up",
  flow_run_name: "give it to the flow's decorator",
  description: "a schedule has none",
}

/** One entry of `schedules:` (`cli/deploy/_models.py: RawScheduleConfig`), placeholders already resolved. */
export function readSchedule(value: Json): ScheduleReading {
  if (!isJsonObject(value)) return { refusal: 'a schedule must be a mapping, such as { cron: "0 3 * * *" }' }
  if (Object.keys(value).length === 0) return { nothing: true }
  const strange = Object.keys(value).find((key) => !known.includes(key))
  if (strange !== undefined) return { refusal: strangeKey(strange) }
  const given = kinds.filter((kind) => value[kind] !== undefined && value[kind] !== null)
  if (given.length !== 1) {
    return {
      refusal:
        given.length === 0
          ? "it needs one of cron, interval, or rrule"
          : `it has ${given.join(" and ")}; only one may stand`,
    }
  }
  const spec = readSpec(value, given[0] as (typeof kinds)[number])
  if (typeof spec === "string") return { refusal: spec }
  const rest = readRest(value)
  return typeof rest === "string" ? { refusal: rest } : { schedule: { spec, ...rest } }
}

function readSpec(value: JsonObject, kind: (typeof kinds)[number]): ScheduleSpec | string {
  const timezone = value["timezone"] ?? null
  if (timezone !== null && (typeof timezone !== "string" || !isTimezone(timezone))) {
    return `timezone: ${shown(timezone)} is no time zone of the IANA database, such as Europe/Berlin`
  }
  if (kind !== "interval" && value["anchor_date"] != null) return "anchor_date goes with interval only"
  switch (kind) {
    case "cron":
      return readCron(value, timezone)
    case "interval":
      return readInterval(value, timezone)
    case "rrule":
      return readRule(value["rrule"], timezone)
  }
}

function readCron(value: JsonObject, timezone: string | null): ScheduleSpec | string {
  const { cron } = value
  if (typeof cron !== "string") return "cron must be a text; put it in quotes"
  const parts = cron.trim().split(/\s+/)
  if (!cron.trim().startsWith("@") && parts.length !== 5 && parts.length !== 6) {
    return `cron: "${cron}" has ${parts.length} parts; it needs minute, hour, day, month and weekday`
  }
  if (parts.some((part) => !/^[@\w*,/\-#?]+$/.test(part))) return `cron: "${cron}" isn't a cron expression`
  const dayOr = asBoolean(value["day_or"] ?? true)
  return dayOr === null ? "day_or must be true or false" : { kind: "cron", cron, timezone, dayOr }
}

function readInterval(value: JsonObject, timezone: string | null): ScheduleSpec | string {
  const seconds = readDuration(value["interval"] ?? null)
  if (seconds === null || seconds <= 0)
    return `interval: ${shown(value["interval"] ?? null)} must be seconds above 0, "PT1H", or "HH:MM:SS"`
  const anchor = value["anchor_date"] ?? null
  if (anchor !== null && (typeof anchor !== "string" || !/^\d{4}-\d\d-\d\d/.test(anchor))) {
    return `anchor_date: ${shown(anchor)} must be a date and time in ISO 8601`
  }
  return { kind: "interval", seconds, anchor, timezone }
}

/** Seconds; null when it isn't a duration that Prefect reads. */
export function readDuration(value: Json): number | null {
  if (typeof value === "number") return value
  if (typeof value !== "string") return null
  const clock = /^(\d+):(\d\d):(\d\d(?:\.\d+)?)$/.exec(value)
  if (clock) return Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3])
  const iso = /^P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/.exec(value)
  if (!iso || value === "P" || value.endsWith("T")) return null
  const [weeks, days, hours, minutes, seconds] = iso.slice(1).map((part) => Number(part ?? 0)) as [
    number,
    number,
    number,
    number,
    number,
  ]
  return (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds
}

function readRule(value: Json | undefined, timezone: string | null): ScheduleSpec | string {
  if (typeof value !== "string") return "rrule must be a text"
  const rule = asJsonRule(value) ?? { rrule: value, timezone }
  if (!/FREQ=(YEARLY|MONTHLY|WEEKLY|DAILY|HOURLY|MINUTELY|SECONDLY)/.test(rule.rrule) && !/RDATE/.test(rule.rrule)) {
    return `rrule: "${value.slice(0, 80)}" isn't a recurrence rule of RFC 5545`
  }
  return { kind: "rrule", rrule: rule.rrule, timezone: timezone ?? rule.timezone ?? "UTC" }
}

/** `rrule` may be a JSON text with the rule and its time zone. */
function asJsonRule(value: string): { rrule: string; timezone: string | null } | null {
  if (!value.trim().startsWith("{")) return null
  try {
    const parsed = JSON.parse(value) as Json
    if (!isJsonObject(parsed) || typeof parsed["rrule"] !== "string") return null
    return { rrule: parsed["rrule"], timezone: typeof parsed["timezone"] === "string" ? parsed["timezone"] : null }
  } catch {
    return null
  }
}

function readRest(value: JsonObject): Omit<Schedule, "spec"> | string {
  const slug = value["slug"] ?? null
  if (slug !== null && typeof slug !== "string") return "slug must be a text"
  const active = value["active"] ?? null
  const flag = active === null ? null : asBoolean(active)
  if (active !== null && flag === null) return `active: ${shown(active)} must be true or false`
  const parameters = value["parameters"] ?? null
  if (parameters !== null && !isJsonObject(parameters)) return "parameters must be a mapping"
  return { slug, active: flag, parameters }
}

/** As pydantic reads a boolean: texts from templates count too. */
function asBoolean(value: Json): boolean | null {
  if (typeof value === "boolean") return value
  const text = typeof value === "object" ? "" : String(value).toLowerCase()
  if (["true", "yes", "on", "1", "t", "y"].includes(text)) return true
  return ["false", "no", "off", "0", "f", "n"].includes(text) ? false : null
}

function shown(value: Json): string {
  return canonicalJson(value).slice(0, 80)
}

/** Making a formatter takes longer than reading the whole schedule, and there are few time zones in use. */
const timezones = new Map<string, boolean>()
const timezonesMax = 1_000

function isTimezone(name: string): boolean {
  const known = timezones.get(name)
  if (known !== undefined) return known
  if (timezones.size >= timezonesMax) timezones.clear()
  const isOne = canFormat(name)
  timezones.set(name, isOne)
  return isOne
}

function canFormat(timeZone: string): boolean {
  try {
    return new Intl.DateTimeFormat("en", { timeZone }).format(0) !== ""
  } catch {
    return false
  }
}

function strangeKey(key: string): string {
  const hint = gone[key]
  if (hint) return `Prefect refuses \`${key}\` in a schedule: ${hint}`
  const guess = nearest(key, known)
  return `Prefect refuses \`${key}\` in a schedule${guess ? `: did you mean \`${guess}\`?` : ""}`
}
