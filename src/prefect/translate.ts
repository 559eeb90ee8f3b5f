import { createHash } from "node:crypto"
import type { DeploymentCreate, DeploymentPatch, SchedulePatch } from "../core/change.ts"
import { canonicalJson, type Json, type JsonObject } from "../core/json.ts"
import { isControlTag } from "../core/mark.ts"
import { deploymentKey } from "../core/model.ts"
import type {
  ConcurrencyOptions,
  DeploymentFields,
  DeploymentId,
  LiveDeployment,
  LiveFields,
  LiveSchedule,
  Schedule,
  ScheduleSpec,
} from "../core/model.ts"
import type { Capabilities } from "./capabilities.ts"
import type { WireDeployment, WireSchedule } from "./wire.ts"

/** Wire to model and back: the one place where Prefect's names and shapes become ours. */
export function toLive(
  wire: WireDeployment,
  flow: string,
  defaultQueue: string | null,
  automations: (live: Pick<LiveDeployment, "id" | "key">) => LiveFields["automations"],
): LiveDeployment {
  const id = wire.id as DeploymentId
  const key = deploymentKey(flow, wire.name)
  const limit = wire.global_concurrency_limit ?? null
  const own = limit?.name === `deployment:${wire.id}`
  return {
    id,
    key,
    flow,
    name: wire.name,
    updated: wire.updated ?? wire.created ?? "",
    allTags: wire.tags,
    schedulesDigest: digestOf(wire.schedules),
    sharedLimit: limit && !own ? limit.name : null,
    fields: {
      tags: wire.tags.filter((tag) => !isControlTag(tag)),
      paused: wire.paused,
      ...toTexts(wire),
      ...toParameters(wire),
      ...toInfrastructure(wire, defaultQueue),
      concurrencyLimit: limit && own ? limit.limit : null,
      concurrencyOptions: toOptions(wire.concurrency_options ?? null),
      schedules: wire.schedules.map((schedule) => toSchedule(schedule)),
      automations: automations({ id, key }),
    },
  }
}

function toTexts(wire: WireDeployment): Pick<DeploymentFields, "description" | "version" | "entrypoint" | "pullSteps"> {
  return {
    description: wire.description ?? null,
    version: wire.version ?? null,
    entrypoint: wire.entrypoint ?? null,
    pullSteps: wire.pull_steps ?? [],
  }
}

function toParameters(
  wire: WireDeployment,
): Pick<DeploymentFields, "parameters" | "parameterSchema" | "enforceParameterSchema"> {
  return {
    parameters: wire.parameters ?? {},
    parameterSchema: wire.parameter_openapi_schema ?? {},
    enforceParameterSchema: wire.enforce_parameter_schema ?? true,
  }
}

function toInfrastructure(
  wire: WireDeployment,
  defaultQueue: string | null,
): Pick<DeploymentFields, "workPool" | "workQueue" | "jobVariables"> {
  return {
    workPool: wire.work_pool_name ?? null,
    workQueue: wire.work_queue_name === defaultQueue ? null : (wire.work_queue_name ?? null),
    jobVariables: wire.job_variables ?? {},
  }
}

/** A new deployment, in words that this server knows. */
export function createBody(create: DeploymentCreate, flowId: string, server: Capabilities): JsonObject {
  const { schedules, ...fields } = create.fields
  // The schema is sent even if empty: older servers store null otherwise, and refuse each PATCH from then on (409).
  const { concurrencyLimit, ...rest } = fields
  return {
    name: create.name,
    flow_id: flowId,
    ...fieldsBody(rest, server),
    ...(concurrencyLimit !== null && { concurrency_limit: concurrencyLimit }),
    tags: [...create.tags],
    schedules: schedules.map((schedule) => scheduleBody(schedule)),
  }
}

export function patchBody(patch: DeploymentPatch, server: Capabilities): JsonObject {
  return {
    ...fieldsBody(patch.fields, server),
    ...(patch.tags && { tags: [...patch.tags] }),
    ...(patch.schedules && { schedules: patch.schedules.map((schedule) => schedulePatchBody(schedule)) }),
  }
}

/** A schedule's own route resets `parameters` unless they are sent. */
export function schedulePatchBody({ slug, spec, active, parameters }: SchedulePatch): JsonObject {
  return { slug, schedule: specBody(spec), ...(active !== undefined && { active }), parameters }
}

function scheduleBody({ slug, spec, active, parameters }: Schedule): JsonObject {
  return {
    schedule: specBody(spec),
    active: active ?? true,
    parameters: parameters ?? {},
    ...(slug !== null && { slug }),
  }
}

type Sent = DeploymentPatch["fields"]

function fieldsBody(fields: Sent, server: Capabilities): JsonObject {
  const body: Record<string, Json> = {}
  for (const [name, value] of Object.entries(fields)) Object.assign(body, fieldBody(name as keyof Sent, value, server))
  return body
}

const wireNames = {
  description: "description",
  version: "version",
  paused: "paused",
  entrypoint: "entrypoint",
  parameters: "parameters",
  parameterSchema: "parameter_openapi_schema",
  enforceParameterSchema: "enforce_parameter_schema",
  pullSteps: "pull_steps",
  workPool: "work_pool_name",
  workQueue: "work_queue_name",
  jobVariables: "job_variables",
  concurrencyLimit: "concurrency_limit",
  concurrencyOptions: "concurrency_options",
} as const satisfies Record<keyof Sent, string>

function fieldBody(name: keyof Sent, value: unknown, server: Capabilities): JsonObject {
  const key = wireNames[name]
  // A pool without a queue means its default one; an explicit null is refused by old servers.
  if (name === "workQueue" && value === null) return {}
  if (name === "concurrencyOptions") return { [key]: optionsBody(value as ConcurrencyOptions | null, server) }
  const empty = name === "jobVariables" && Object.keys(value as JsonObject).length === 0
  // Older servers ignore an empty object, so there a harmless one takes the place of what must go.
  return { [key]: empty && !server.emptiesJobVariables ? { env: {} } : (value as Json) }
}

function optionsBody(options: ConcurrencyOptions | null, server: Capabilities): Json {
  if (!options) return null
  const { collisionStrategy, gracePeriodSeconds } = options
  const grace = gracePeriodSeconds !== null && server.gracePeriod
  return { collision_strategy: collisionStrategy, ...(grace && { grace_period_seconds: gracePeriodSeconds }) }
}

function specBody(spec: ScheduleSpec): JsonObject {
  switch (spec.kind) {
    case "cron":
      return { cron: spec.cron, timezone: spec.timezone, day_or: spec.dayOr }
    case "interval": {
      const { seconds, anchor, timezone } = spec
      return {
        interval: seconds,
        ...(anchor !== null && { anchor_date: anchor }),
        ...(timezone !== null && { timezone }),
      }
    }
    case "rrule":
      return { rrule: spec.rrule, ...(spec.timezone !== null && { timezone: spec.timezone }) }
  }
}

function toSchedule({ id, slug, active, parameters, schedule }: WireSchedule): LiveSchedule {
  return { id, slug: slug ?? null, active, parameters: parameters ?? {}, spec: toSpec(schedule) }
}

function toSpec(wire: WireSchedule["schedule"]): ScheduleSpec {
  const timezone = wire.timezone ?? null
  if ("cron" in wire) return { kind: "cron", cron: wire.cron, timezone, dayOr: wire.day_or ?? true }
  if ("rrule" in wire) return { kind: "rrule", rrule: wire.rrule, timezone }
  return { kind: "interval", seconds: wire.interval, anchor: wire.anchor_date ?? null, timezone }
}

function toOptions(wire: WireDeployment["concurrency_options"] | null): ConcurrencyOptions | null {
  if (!wire) return null
  return { collisionStrategy: wire.collision_strategy, gracePeriodSeconds: wire.grace_period_seconds ?? null }
}

/** Over all of the schedules, in an order of their own: the server gives them by `updated`. */
function digestOf(schedules: readonly WireSchedule[]): string {
  const texts = schedules.map((schedule) => canonicalJson(schedule as unknown as Json)).toSorted()
  return createHash("sha256").update(texts.join("\n")).digest("hex")
}
