import { z } from "zod"
import { canonicalJson, isJsonObject, type Json, type JsonObject } from "../../core/json.ts"
import { readDuration } from "./duration.ts"
import { laxInteger } from "./lax.ts"
import { isOpen } from "./placeholders.ts"

/**
 * What a trigger waits for, with all that Prefect fills in (`events/schemas/automations.py`); keys that Prefect ignores
 * are dropped.
 */
export type TriggerReading =
  | { readonly trigger: JsonObject }
  | { readonly refusal: string }
  /** A placeholder without a value stands where that decides what the rest means. */
  | { readonly open: true }

const proactiveMinSeconds = 10
const metricMinSeconds = 300
const depthMax = 10

const duration = z.custom<Json>().transform((value, context) => {
  const seconds = readDuration(value)
  if (seconds !== null && seconds >= 0) return seconds
  context.addIssue({ code: "custom", message: 'must be seconds, "PT1H", or "HH:MM:SS"' })
  return z.NEVER
})
const wholeNumber = z.custom<Json>().transform((value, context) => {
  const number = laxInteger(value)
  if (number !== null) return number
  context.addIssue({ code: "custom", message: "must be a whole number" })
  return z.NEVER
})
const texts = z.array(z.string("must be a text"), "must be a list of texts")
const label = z.union([z.string(), texts], "must be a text or a list of texts")
const labels = z.record(z.string(), label, "must be a mapping of labels")

const resources = z.object({
  match: labels.default({}),
  match_related: z.union([labels, z.array(labels)], "must be a mapping of labels, or a list of them").default({}),
})

const event = resources
  .extend({
    after: texts.default([]),
    expect: texts.default([]),
    for_each: texts.default([]),
    posture: z.enum(["Reactive", "Proactive"], "must be Reactive or Proactive").default("Reactive"),
    threshold: wholeNumber.default(1),
    within: duration.default(0),
  })
  .transform((trigger, context) => {
    if (trigger.posture === "Reactive" || trigger.within >= proactiveMinSeconds) return trigger
    if (trigger.within === 0) return { ...trigger, within: proactiveMinSeconds }
    const message = `must be at least ${proactiveMinSeconds} seconds for a Proactive trigger`
    context.addIssue({ code: "custom", path: ["within"], message })
    return z.NEVER
  })

const mapping = z.custom<JsonObject>((part) => isJsonObject(part as Json), "must be a mapping")
const parts = z.array(mapping, "must be a list of mappings")
const sequence = z.object({ triggers: parts, within: duration.nullish().transform((value) => value ?? null) })
const compound = sequence
  .extend({ require: z.union([z.enum(["any", "all"]), wholeNumber], "must be any, all, or a number") })
  .refine(({ require, triggers }) => typeof require === "string" || (require >= 1 && require <= triggers.length), {
    path: ["require"],
    message: "must be between 1 and the number of triggers",
  })
const lookback = duration
  .refine((seconds) => seconds >= metricMinSeconds, `must be at least ${metricMinSeconds} seconds`)
  .default(metricMinSeconds)
const metric = resources.extend({
  posture: z.literal("Metric", "must be Metric").default("Metric"),
  metric: z.object(
    {
      name: z.enum(["lateness", "duration", "successes"], "must be lateness, duration, or successes"),
      threshold: z.number("must be a number"),
      operator: z.enum(["<", "<=", ">", ">="], "must be <, <=, >, or >="),
      range: lookback,
      firing_for: lookback,
    },
    "must be a mapping",
  ),
})
const kinds: ReadonlyMap<string, z.ZodType> = new Map(Object.entries({ event, sequence, compound, metric }))

export function readTrigger(value: JsonObject, depth = 0): TriggerReading {
  if (depth >= depthMax) return { refusal: `triggers stand more than ${depthMax} deep in each other` }
  if (isOpen(value["type"] ?? value["posture"])) return { open: true }
  const type = typeOf(value)
  const kind = kinds.get(type)
  if (!kind) return { refusal: `type "${type}" must be event, compound, sequence or metric` }
  if (type === "event" && waitsForText(value))
    return { refusal: "within of a Proactive trigger must be a number of seconds: Prefect fails at a text" }
  const parsed = kind.safeParse(value)
  if (!parsed.success) return refusalOf(value, parsed.error)
  return readParts({ type, ...(parsed.data as JsonObject) }, depth)
}

function readParts(trigger: JsonObject, depth: number): TriggerReading {
  if (trigger["type"] !== "compound" && trigger["type"] !== "sequence") return { trigger }
  const read: JsonObject[] = []
  for (const [i, part] of (trigger["triggers"] as readonly JsonObject[]).entries()) {
    const reading = readTrigger(part, depth + 1)
    if ("refusal" in reading) return { refusal: `triggers[${i}]: ${reading.refusal}` }
    if ("open" in reading) return reading
    read.push(reading.trigger)
  }
  return { trigger: { ...trigger, triggers: read } }
}

function waitsForText({ posture, within }: JsonObject): boolean {
  return posture === "Proactive" && typeof within === "string" && !isOpen(within)
}

/** What a placeholder without a value stands for can't be wrong. */
function refusalOf(value: JsonObject, { issues }: z.ZodError): TriggerReading {
  const wrong = issues.find(({ path }) => !isOpen(valueAt(value, path)))
  return wrong ? { refusal: tell(wrong) } : { open: true }
}

/** As Prefect tells them apart where `type` isn't given. */
function typeOf(value: JsonObject): string {
  const { type } = value
  if (type !== undefined) return typeof type === "string" ? type : canonicalJson(type)
  if (value["posture"] === "Metric") return "metric"
  if (value["triggers"] === undefined) return "event"
  return value["require"] === undefined ? "sequence" : "compound"
}

function valueAt(value: Json, path: readonly PropertyKey[]): Json {
  const [first, ...rest] = path
  if (first === undefined || typeof value !== "object" || value === null) return value
  return valueAt((value as Readonly<Record<PropertyKey, Json>>)[first] ?? null, rest)
}

function tell({ path, message }: z.core.$ZodIssue): string {
  return `${path.map(String).join(".")} ${message}`.trim()
}
