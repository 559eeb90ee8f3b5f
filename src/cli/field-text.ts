import { isJsonObject, type Json, type JsonObject } from "../core/json.ts"
import type { PublicField } from "../server/present.ts"
import { schemaLines } from "./schema-text.ts"
import { plainLine } from "./terminal.ts"
import { changeText, valueText } from "./value-text.ts"

/** What a change does to the fields, a line each. */
export function fieldLines(fields: readonly PublicField[]): readonly string[] {
  const groups = Map.groupBy(fields, ({ field }) => field)
  return [...groups].flatMap(([name, group]) => {
    if (name === "parameter_openapi_schema") return schemaLines(group).map((line) => `${name}${line}`)
    if (name === "tags") return [tagLine(group)]
    if (name === "triggers") return group.map((field) => triggerLine(field))
    return group.map((field) => (name === "schedules" ? scheduleLine(field) : plainField(field)))
  })
}

/** What people want to know of a new deployment; what follows from the code, and long texts, stay out. */
const toldAtCreation = [
  "entrypoint",
  "work_pool_name",
  "work_queue_name",
  "paused",
  "concurrency_limit",
  "schedules",
  "triggers",
  "parameters",
  "job_variables",
  "tags",
  "version",
]

export function createdLines(fields: readonly PublicField[]): readonly string[] {
  const byName = new Map(fields.map((field) => [field.field, field.to]))
  return toldAtCreation.flatMap((name) => createdField(name, byName.get(name)))
}

function createdField(name: string, value: Json | undefined): readonly string[] {
  if (value === undefined || value === null || value === false) return []
  if (name === "schedules" && Array.isArray(value)) return value.map((schedule: Json) => createdSchedule(schedule))
  if (name === "triggers" && Array.isArray(value)) return value.map((one: Json) => createdTrigger(one))
  if (name === "tags" && Array.isArray(value))
    return value.length > 0 ? [`tags: ${plainLine(value.map(String).join(", "))}`] : []
  return isJsonObject(value) ? memberLines(name, value) : [`${name}: ${valueText(value)}`]
}

/** As deep as it goes, in the words in which a later difference is told. */
function memberLines(path: string, value: JsonObject): readonly string[] {
  return Object.entries(value).flatMap(([key, item]) => {
    const below = `${path}.${plainLine(key)}`
    const isMap = isJsonObject(item) && Object.keys(item).length > 0
    return isMap ? memberLines(below, item) : [`${below}: ${valueText(item)}`]
  })
}

function createdSchedule(schedule: Json): string {
  if (!isJsonObject(schedule)) return "schedules: ?"
  const { slug } = schedule
  return plainLine(`schedules${typeof slug === "string" ? `[${slug}]` : ""}: ${scheduleText(schedule)}`)
}

function plainField({ field, path, from, to }: PublicField): string {
  return `${title(field, path)}: ${changeText(from, to)}`
}

/** `pull_steps[0].git_clone.branch`: the module of a step is noise. */
function title(field: string, path: string): string {
  const below = path === "" || path.startsWith("[") ? path : `.${path}`
  return plainLine(field + below.replace(/\.prefect\.deployments\.steps\.|\.prefect\.projects\.steps\./, "."))
}

function scheduleLine(field: PublicField): string {
  const { path, from, to } = field
  const whole = /^\[[^\]]*\]$/.test(path)
  if (!whole || (from !== undefined && to !== undefined)) return plainField(field)
  const schedule = to ?? from
  const text = isJsonObject(schedule) ? scheduleText(schedule) : ""
  return plainLine(`schedules${path}: ${to === undefined ? "removed" : "added"}, ${text}`)
}

/** When it fires, in few words. */
function scheduleText(schedule: JsonObject): string {
  const { cron, seconds, rrule, timezone, active, parameters } = schedule
  const when =
    cron === undefined
      ? seconds === undefined
        ? `rrule ${valueText(rrule)}`
        : `every ${valueText(seconds)} s`
      : `cron ${valueText(cron)}`
  const zone = typeof timezone === "string" && timezone !== "" ? ` ${timezone}` : ""
  const given = isJsonObject(parameters) && Object.keys(parameters).length > 0
  return plainLine(
    [
      `${when}${zone}`,
      ...(active === false ? ["inactive"] : []),
      ...(given ? [`parameters ${valueText(parameters)}`] : []),
    ].join(", "),
  )
}

function createdTrigger(automation: Json): string {
  if (!isJsonObject(automation)) return "triggers: ?"
  return plainLine(`triggers[${valueText(automation["name"])}]: ${triggerText(automation["trigger"])}`)
}

function triggerLine(field: PublicField): string {
  const { path, from, to } = field
  const whole = /^\[[^\]]*\]$/.test(path) && (from === undefined || to === undefined)
  const automation = to ?? from
  if (!whole || !isJsonObject(automation)) return plainField(field)
  return plainLine(`triggers${path}: ${to === undefined ? "removed" : "added"}, ${triggerText(automation["trigger"])}`)
}

/** What it waits for, in few words. */
function triggerText(trigger: Json | undefined): string {
  if (!isJsonObject(trigger)) return "?"
  const { type, expect, posture, triggers } = trigger
  if (Array.isArray(triggers)) return `${valueText(type)} of ${triggers.length} triggers`
  const events = Array.isArray(expect) ? expect.map(String).join(", ") : "any event"
  return posture === "Proactive" ? `absence of ${events}` : `on ${events}`
}

/** Tags have no order, so a change of them is what comes and what goes. */
function tagLine(fields: readonly PublicField[]): string {
  const all = (side: "from" | "to"): readonly string[] =>
    fields.flatMap(({ [side]: value }) => {
      if (value === undefined) return []
      return Array.isArray(value) ? value.map(String) : [valueText(value)]
    })
  const [before, after] = [all("from"), all("to")]
  const added = after.filter((tag) => !before.includes(tag)).map((tag) => `+${tag}`)
  const removed = before.filter((tag) => !after.includes(tag)).map((tag) => `-${tag}`)
  return plainLine(`tags: ${[...added, ...removed].join(" ")}`)
}
