import { fieldNames, fields } from "../../core/fields.ts"
import { canonicalJson, jsonEqual, type Json, type JsonObject } from "../../core/json.ts"
import type { FieldName, LiveDeployment, LiveSchedule, ScheduleSpec } from "../../core/model.ts"
import { triggersOf } from "./triggers.ts"

/** Something about one deployment that a person should know before the manifest is taken. */
export interface Remark {
  /** A word of `export/codes.ts`, or of the rule that the manifest would break. */
  readonly code: string
  readonly message: string
}

/** One deployment on its way into a manifest: what of it the entry says. */
export interface Draft {
  /** As it is live, but with placeholders where secrets stood. */
  readonly live: LiveDeployment
  /** `bare`: only what is needed to find its flow. */
  readonly kind: "bare" | "whole"
  /** Whether the description is said here, because the flow says another one or none. */
  readonly description: boolean
  /** Whether the flow's name is said here, because nobody can read it in the flow. */
  readonly flowName: boolean
  /** Left out, and so unmanaged: the manifest can't say them as they are. */
  readonly unsaid: ReadonlySet<FieldName>
  readonly remarks: readonly Remark[]
}

/** Keys of an entry, and of its work pool, with the first field that each says; entries can do without these. */
export const fieldByKey: ReadonlyMap<string, FieldName> = new Map(
  fieldNames
    .flatMap((name) => {
      const key = keyOf(name)
      return key === null || fields[name].needed ? [] : [[key, name] as const]
    })
    .filter(([key], i, all) => all.findIndex(([other]) => other === key) === i),
)

/** The key, of the entry or of its work pool, that says a field; null = none does. */
export function keyOf(name: FieldName): string | null {
  return fields[name].key?.split(".").at(-1) ?? null
}

type Says = (draft: Draft) => JsonObject

/**
 * The keys that aren't simply what is live, in the order in which people write them, with the field that each says. What is
 * at its default isn't said: nobody would write it, and it can be edited in Prefect as before.
 */
const said: readonly (readonly [FieldName, Says])[] = [
  ["description", ({ live, description }) => (description ? { description: live.fields.description } : {})],
  [
    "entrypoint",
    ({ live, flowName }) => ({ entrypoint: live.fields.entrypoint, ...(flowName && { flow_name: live.flow }) }),
  ],
  ["version", ({ live }) => (isMade(live.fields.version) ? {} : { version: live.fields.version })],
  ["tags", ({ live }) => filled("tags", live.fields.tags)],
  ["parameters", ({ live }) => filled("parameters", live.fields.parameters)],
  ["enforceParameterSchema", (draft) => plain("enforceParameterSchema", draft)],
  ["workPool", (draft) => ({ work_pool: poolOf(draft) })],
  ["concurrencyLimit", ({ live }) => concurrencyOf(live)],
  ["paused", (draft) => plain("paused", draft)],
  ["schedules", ({ live }) => filled("schedules", schedulesOf(live.fields.schedules))],
  ["automations", ({ live }) => filled("triggers", triggersOf(live, writtenName(live)).triggers)],
]
/** Said within the key of another one. */
const within: readonly FieldName[] = ["workQueue", "jobVariables", "concurrencyOptions"]
const saidApart: ReadonlySet<FieldName> = new Set([...said.map(([name]) => name), ...within])

/** The entry of a deployment. */
export function entryOf(draft: Draft): JsonObject {
  const others = fieldNames.filter((name) => keyOf(name) !== null && !saidApart.has(name))
  const all: readonly (readonly [FieldName, Says])[] = [
    ...said,
    ...others.map((name) => [name, (one: Draft) => plain(name, one)] as const),
  ]
  const parts = all.filter(([name]) => !draft.unsaid.has(name)).map(([, says]) => says(draft))
  return Object.assign({ name: writtenName(draft.live) }, ...parts) as JsonObject
}

function plain(name: FieldName, { live }: Draft): JsonObject {
  const value = (live.fields[name] ?? null) as Json
  const key = keyOf(name)
  return key === null || jsonEqual(value, fields[name].default as Json) ? {} : { [key]: value }
}

/** As much as is needed to find the flow and to tell what it says by itself. */
export function bareEntryOf({ live }: Draft): JsonObject {
  const { entrypoint, workPool } = live.fields
  return { name: writtenName(live), entrypoint, flow_name: live.flow, work_pool: { name: workPool } }
}

/** `prefect deploy` takes a name that ends in `.py` for a file's, and leaves its stem. */
function writtenName({ name }: LiveDeployment): string {
  return name.endsWith(".py") ? `${name}.py` : name
}

/** None, or what `prefect deploy` takes where nobody says one: a commit, or a digest of the flow's file. */
function isMade(version: string | null): boolean {
  return !version || /^(?=.*[a-f])(?:[\da-f]{8}|[\da-f]{32}|[\da-f]{40})$/.test(version)
}

function filled(key: string, value: Json): JsonObject {
  return typeof value === "object" && value !== null && Object.keys(value).length > 0 ? { [key]: value } : {}
}

function poolOf({ live, unsaid }: Draft): JsonObject {
  const { workPool, workQueue, jobVariables } = live.fields
  return {
    name: workPool,
    ...(workQueue !== null && !unsaid.has("workQueue") && { work_queue_name: workQueue }),
    // What stands for none on servers that can't empty them.
    ...(!unsaid.has("jobVariables") &&
      canonicalJson(jobVariables) !== '{"env":{}}' &&
      filled("job_variables", jobVariables)),
  }
}

/** Nothing beside a shared limit, which no manifest can name. */
function concurrencyOf({
  fields: { concurrencyLimit: limit, concurrencyOptions: options },
  sharedLimit,
}: LiveDeployment) {
  if (sharedLimit !== null || (limit === null && !options)) return {}
  if (!options) return { concurrency_limit: limit }
  const { collisionStrategy, gracePeriodSeconds } = options
  return {
    concurrency_limit: {
      ...(limit !== null && { limit }),
      collision_strategy: collisionStrategy,
      ...(gracePeriodSeconds !== null && { grace_period_seconds: gracePeriodSeconds }),
    },
  }
}

/** The server gives them by their last edit, which says nothing. */
function schedulesOf(schedules: readonly LiveSchedule[]): readonly JsonObject[] {
  const entries = schedules.map(
    (schedule) => [`${schedule.slug ?? ""} ${canonicalJson(specOf(schedule.spec))}`, schedule] as const,
  )
  return entries
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { slug, spec, active, parameters }]) => ({
      ...specOf(spec),
      ...(slug !== null && { slug }),
      ...(!active && { active }),
      ...filled("parameters", parameters),
    }))
}

function specOf(spec: ScheduleSpec): JsonObject {
  switch (spec.kind) {
    case "cron": {
      const { cron, timezone, dayOr } = spec
      return { cron, ...(timezone && { timezone }), ...(!dayOr && { day_or: false }) }
    }
    case "interval": {
      const { seconds, anchor, timezone } = spec
      return { interval: seconds, ...(anchor !== null && { anchor_date: anchor }), ...zoneOf(timezone) }
    }
    case "rrule":
      return { rrule: spec.rrule.replace(standardStart, ""), ...zoneOf(spec.timezone) }
  }
}

/** What Prefect puts before a rule that has no start (`client/schemas/schedules.py`). */
const standardStart = /^DTSTART:20200101T000000\n(?!.*DTSTART)/s

/** UTC is what Prefect fills in. */
function zoneOf(timezone: string | null): JsonObject {
  return timezone && timezone !== "UTC" ? { timezone } : {}
}
