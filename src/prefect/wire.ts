import { z } from "zod"
import { fieldNames, fieldOf } from "../core/fields.ts"
import type { Json } from "../core/json.ts"
import { PrefectError } from "../lib/errors.ts"

/**
 * What the server answers, as far as it is used: unknown fields are fine, missing ones are not. Names are Prefect's
 * (`server/schemas/responses.py`).
 */
const json = z.custom<Json>(() => true)
const jsonObject = z.record(z.string(), json)

const scheduleSpec = z.union([
  z.object({ cron: z.string(), timezone: z.string().nullish(), day_or: z.boolean().nullish() }),
  z.object({ interval: z.number(), anchor_date: z.string().nullish(), timezone: z.string().nullish() }),
  z.object({ rrule: z.string(), timezone: z.string().nullish() }),
])

const schedule = z.object({
  id: z.string(),
  slug: z.string().nullish(),
  active: z.boolean(),
  parameters: jsonObject.nullish(),
  schedule: scheduleSpec,
})

const limit = z.object({ id: z.string(), name: z.string(), limit: z.number() })

const shapes = { text: z.string(), boolean: z.boolean(), object: jsonObject, list: z.array(json) } as const

/** The fields that are what stands at their name; servers leave out what they don't know. */
const plain: Readonly<Record<string, z.ZodOptional<z.ZodNullable<z.ZodType<Json>>>>> = Object.fromEntries(
  fieldNames.flatMap((name) => {
    const { wire, type } = fieldOf(name)
    return type === null ? [] : [[wire, (shapes[type] as z.ZodType<Json>).nullish()]]
  }),
)

const deployment = z.object({
  ...plain,
  id: z.string(),
  updated: z.string().nullish(),
  created: z.string().nullish(),
  name: z.string(),
  flow_id: z.string(),
  paused: z.boolean(),
  tags: z.array(z.string()),
  schedules: z.array(schedule),
  work_pool_name: z.string().nullish(),
  work_queue_name: z.string().nullish(),
  concurrency_options: z
    .object({ collision_strategy: z.string(), grace_period_seconds: z.number().nullish() })
    .nullish(),
  global_concurrency_limit: limit.nullish(),
})

const automation = z.object({
  id: z.string(),
  created: z.string().nullish(),
  updated: z.string().nullish(),
  name: z.string(),
  description: z.string().nullish(),
  enabled: z.boolean(),
  tags: z.array(z.string()).nullish(),
  trigger: jsonObject,
  actions: z.array(json),
  actions_on_trigger: z.array(json).nullish(),
  actions_on_resolve: z.array(json).nullish(),
})

const flow = z.object({ id: z.string(), name: z.string() })
const variable = z.object({ name: z.string(), value: json })
const workPool = z.object({ id: z.string(), name: z.string(), default_queue_id: z.string().nullish() })
const workQueue = z.object({ id: z.string(), name: z.string(), work_pool_name: z.string().nullish() })

export const wire = {
  deployment,
  deployments: z.array(deployment),
  flow,
  flows: z.array(flow),
  workPools: z.array(workPool),
  workQueues: z.array(workQueue),
  limits: z.array(limit),
  count: z.number().int(),
  variable,
  variables: z.array(variable),
  automations: z.array(automation),
  runs: z.array(z.object({ id: z.string(), expected_start_time: z.string().nullish() })),
  version: z.string(),
  id: z.object({ id: z.string() }),
}
export type WireDeployment = z.infer<typeof deployment>
export type WireAutomation = z.infer<typeof automation>
export type WireLimit = z.infer<typeof limit>
export type WireQueue = z.infer<typeof workQueue>
export type WireSchedule = z.infer<typeof schedule>

/** @throws PrefectError `bad-answer` that names the first thing missing: an answer half understood is none. */
export function read<T>(schema: z.ZodType<T>, body: Json, route: string): T {
  const parsed = schema.safeParse(body)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const place = issue?.path.map(String).join(".") ?? ""
  throw new PrefectError(`Prefect's answer to ${route} can't be understood: ${place} ${issue?.message ?? ""}`, {
    kind: "transient",
    code: "bad-answer",
    status: null,
  })
}
