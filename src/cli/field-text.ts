import type { Shown } from "../core/field.ts"
import { fieldCalled } from "../core/fields.ts"
import { isJsonObject, type Json, type JsonObject } from "../core/json.ts"
import type { PublicField } from "../server/present.ts"
import { schemaLines } from "./schema-text.ts"
import { plainLine } from "./terminal.ts"
import { changeText, valueText } from "./value-text.ts"

/** What a change does to the fields, a line each. */
export function fieldLines(fields: readonly PublicField[]): readonly string[] {
  const groups = Map.groupBy(fields, ({ field }) => field)
  return [...groups].flatMap(([name, group]) => texts[fieldCalled(name)?.shown ?? "plain"].changed(name, group))
}

/** What people want to know of a new deployment; what follows from the code, and long texts, stay out. */
export function createdLines(fields: readonly PublicField[]): readonly string[] {
  return fields
    .flatMap(({ field, to }) => {
      const { told, shown } = fieldCalled(field) ?? { told: null, shown: "plain" as const }
      return told === null ? [] : [{ told, lines: createdField(field, shown, to) }]
    })
    .toSorted((a, b) => a.told - b.told)
    .flatMap(({ lines }) => lines)
}

function createdField(name: string, shown: Shown, value: Json | undefined): readonly string[] {
  if (value === undefined || value === null || value === false) return []
  if (Array.isArray(value)) return texts[shown].created(name, value)
  return isJsonObject(value) ? memberLines(name, value) : [`${name}: ${valueText(value)}`]
}

interface Texts {
  readonly changed: (name: string, group: readonly PublicField[]) => readonly string[]
  readonly created: (name: string, value: readonly Json[]) => readonly string[]
}

const plainTexts: Texts = {
  changed: (_name, group) => group.map((field) => plainField(field)),
  created: (name, value) => [`${name}: ${valueText(value)}`],
}

const texts: Readonly<Record<Shown, Texts>> = {
  plain: plainTexts,
  schema: { ...plainTexts, changed: (name, group) => schemaLines(group).map((line) => `${name}${line}`) },
  set: {
    changed: (name, group) => [setLine(name, group)],
    created: (name, value) => (value.length > 0 ? [`${name}: ${plainLine(value.map(String).join(", "))}`] : []),
  },
  schedules: {
    changed: (_name, group) => group.map((field) => scheduleLine(field)),
    created: (_name, value) => value.map((schedule) => createdSchedule(schedule)),
  },
  triggers: {
    changed: (_name, group) => group.map((field) => triggerLine(field)),
    created: (_name, value) => value.map((automation) => createdTrigger(automation)),
  },
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

/** A set has no order, so a change of it is what comes and what goes. */
function setLine(name: string, fields: readonly PublicField[]): string {
  const all = (side: "from" | "to"): readonly string[] =>
    fields.flatMap(({ [side]: value }) => {
      if (value === undefined) return []
      return Array.isArray(value) ? value.map(String) : [valueText(value)]
    })
  const [before, after] = [all("from"), all("to")]
  const added = after.filter((tag) => !before.includes(tag)).map((tag) => `+${tag}`)
  const removed = before.filter((tag) => !after.includes(tag)).map((tag) => `-${tag}`)
  return plainLine(`${name}: ${[...added, ...removed].join(" ")}`)
}
