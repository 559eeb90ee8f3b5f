import { createHash } from "node:crypto"
import type { DeploymentCreate, DeploymentPatch } from "../core/change.ts"
import type { Sending } from "../core/field.ts"
import { fieldNames, fieldOf } from "../core/fields.ts"
import { canonicalJson, type Json, type JsonObject } from "../core/json.ts"
import { isControlTag } from "../core/mark.ts"
import { deploymentKey } from "../core/model.ts"
import type {
  ConcurrencyOptions,
  DeploymentId,
  FieldName,
  LiveDeployment,
  LiveFields,
  LiveSchedule,
  Schedule,
  SchedulePatch,
  ScheduleSpec,
} from "../core/model.ts"
import { reaches, type Version } from "../core/version.ts"
import type { WireDeployment, WireSchedule } from "./wire.ts"

/** What Prefect says of one deployment, with what else must be known to understand it. */
interface Answered {
  readonly wire: WireDeployment
  readonly key: Pick<LiveDeployment, "id" | "key">
  /** Of its work pool. */
  readonly defaultQueue: string | null
  readonly automations: (of: Pick<LiveDeployment, "id" | "key">) => LiveFields["automations"]
}

/** Wire to model and back: the one place where Prefect's names and shapes become ours. */
export function toLive(
  wire: WireDeployment,
  flow: string,
  defaultQueue: string | null,
  automations: Answered["automations"],
): LiveDeployment {
  const id = wire.id as DeploymentId
  const key = deploymentKey(flow, wire.name)
  const limit = wire.global_concurrency_limit ?? null
  return {
    id,
    key,
    flow,
    name: wire.name,
    updated: wire.updated ?? wire.created ?? "",
    allTags: wire.tags,
    schedulesDigest: digestOf(wire.schedules),
    sharedLimit: limit && !isOwn(limit, wire) ? limit.name : null,
    limitId: limit?.id ?? null,
    fields: toFields({ wire, key: { id, key }, defaultQueue, automations }),
  }
}

function toFields(answer: Answered): LiveFields {
  const values: Readonly<Record<string, unknown>> = answer.wire
  return Object.fromEntries(
    fieldNames.map((name) => {
      const understand = understood[name]
      const { wire, default: standard } = fieldOf(name)
      return [name, understand ? understand(answer) : (values[wire] ?? standard)]
    }),
  ) as unknown as LiveFields
}

/** Fields whose value here isn't what stands at their name. */
const understood: { readonly [F in FieldName]?: (answer: Answered) => LiveFields[F] } = {
  tags: ({ wire }) => wire.tags.filter((tag) => !isControlTag(tag)),
  workQueue: ({ wire, defaultQueue }) =>
    wire.work_queue_name === defaultQueue ? null : (wire.work_queue_name ?? null),
  concurrencyLimit: ({ wire }) => {
    const limit = wire.global_concurrency_limit ?? null
    return limit && isOwn(limit, wire) ? limit.limit : null
  },
  concurrencyOptions: ({ wire }) => toOptions(wire.concurrency_options ?? null),
  schedules: ({ wire }) => wire.schedules.map((schedule) => toSchedule(schedule)),
  automations: ({ key, automations }) => automations(key),
}

function isOwn(limit: { readonly name: string }, { id }: WireDeployment): boolean {
  return limit.name === `deployment:${id}`
}

/** A new deployment, in words that this server knows. */
export function createBody(create: DeploymentCreate, flowId: string, server: Version | null): JsonObject {
  return {
    name: create.name,
    flow_id: flowId,
    // The schema is sent even if empty: older servers store null otherwise, and refuse each PATCH from then on (409).
    ...fieldsBody(create.fields, { server, creating: true }),
    tags: [...create.tags],
    schedules: create.fields.schedules.map((schedule) => scheduleBody(schedule)),
  }
}

export function patchBody(patch: DeploymentPatch, server: Version | null): JsonObject {
  return {
    ...fieldsBody(patch.fields, { server, creating: false }),
    ...(patch.tags && { tags: [...patch.tags] }),
    ...(patch.schedules && { schedules: patch.schedules.map((schedule) => schedulePatchBody(schedule)) }),
  }
}

function fieldsBody(values: DeploymentPatch["fields"], to: Sending): JsonObject {
  const sent = Object.entries(values).flatMap(([name, value]) => {
    const { wire, place, since, send } = fieldOf(name as FieldName)
    const known = since === null || reaches(to.server, since.version) ? value : since.without(value)
    const body = place !== "body" || known === undefined ? undefined : send(known, to)
    return body === undefined ? [] : [[wire, body] as const]
  })
  return Object.fromEntries(sent)
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
