import { digestOf } from "../../src/core/digest.ts"
import type { DeploymentCreate, DeploymentPatch, Write } from "../../src/core/change.ts"
import type { AutomationWrite, SchedulePatch } from "../../src/core/model.ts"
import type { Json } from "../../src/core/json.ts"
import { isControlTag } from "../../src/core/mark.ts"
import {
  deploymentKey,
  type DeploymentId,
  type LiveAutomation,
  type LiveDeployment,
  type LiveSchedule,
  type Schedule,
  type ScheduleSpec,
} from "../../src/core/model.ts"

/**
 * What Prefect's server makes of a write, as far as it matters for planning again: schedules are matched by slug, and
 * all of them replaced when one has none; tags are replaced; what isn't sent stays.
 */

/** The clock of the model server counts its writes, so that every one moves `updated` or an undeclared anchor. */
let writes = 0
function tick(): string {
  writes++
  return new Date(Date.UTC(2026, 10, 24, 13) + writes).toISOString()
}

/** Where a queue without its pool ends up. */
const legacyPool = "default-agent-pool"

export function created({ flow, name, fields, tags }: DeploymentCreate): LiveDeployment {
  const { schedules, ...given } = fields
  const rest = given.workQueue !== null && given.workPool === null ? { ...given, workPool: legacyPool } : given
  const bare = {
    id: `made-${flow}/${name}` as DeploymentId,
    key: deploymentKey(flow, name),
    flow,
    name,
    sharedLimit: null,
    limitId: null,
    updated: tick(),
  }
  const made = schedules.map((schedule) => stored({ ...schedule, slug: schedule.slug }))
  return withSchedules(
    { ...bare, allTags: tags, fields: { ...rest, ...peoples(tags), schedules: [], automations: [] } },
    made,
  )
}

export function written(live: LiveDeployment, write: Write): LiveDeployment {
  const named = write.nameSchedules.reduce((now, { id, ...patch }) => schedulePatched(now, id, patch), live)
  const rest = write.removeSchedules.reduce((now, id) => scheduleRemoved(now, id), named)
  return automated(patched(rest, write.patch), write.automations)
}

export function automated(live: LiveDeployment, writes: readonly AutomationWrite[]): LiveDeployment {
  const gone = new Set(writes.flatMap((write) => (write.kind === "make" ? [] : [write.live.id])))
  const kept = (live.fields.automations ?? []).filter(({ id }) => !gone.has(id))
  const made = writes.flatMap((write): readonly LiveAutomation[] => {
    if (write.kind === "remove") return []
    const at = tick()
    const { id, created: since } = write.kind === "replace" ? write.live : { id: `automation-${at}`, created: at }
    const enabled = write.automation.enabled ?? true
    const known = { id, key: live.key, created: since, updated: at, tags: write.tags, startsOnly: true }
    return [{ ...write.automation, ...known, enabled }]
  })
  return { ...live, fields: { ...live.fields, automations: [...kept, ...made] } }
}

export function patched(live: LiveDeployment, patch: DeploymentPatch): LiveDeployment {
  const { fields, tags = live.allTags, schedules = [] } = patch
  const infrastructure = "workQueue" in fields && !("workPool" in fields) ? { ...fields, workPool: legacyPool } : fields
  const next = {
    ...live,
    updated: tick(),
    allTags: tags,
    fields: { ...live.fields, ...infrastructure, ...peoples(tags) },
  }
  if (schedules.length === 0) return next
  const before = live.fields.schedules
  if (before.some(({ slug }) => slug === null)) {
    const made = schedules.map((one) => stored({ ...one, active: one.active ?? true }))
    return withSchedules(next, made)
  }
  const kept = before.map((one) => {
    const change = schedules.find(({ slug }) => slug === one.slug)
    return change ? changed(one, change) : one
  })
  const added = schedules.filter(({ slug }) => !before.some((one) => one.slug === slug))
  return withSchedules(next, [...kept, ...added.map((one) => stored({ ...one, active: one.active ?? true }))])
}

/** `updated` of the deployment doesn't follow the schedules' own routes. */
function schedulePatched(live: LiveDeployment, id: string, patch: SchedulePatch): LiveDeployment {
  return withSchedules(
    live,
    live.fields.schedules.map((one) => (one.id === id ? changed(one, patch) : one)),
  )
}

function scheduleRemoved(live: LiveDeployment, id: string): LiveDeployment {
  return withSchedules(
    live,
    live.fields.schedules.filter((one) => one.id !== id),
  )
}

export function withSchedules(
  live: Omit<LiveDeployment, "schedulesDigest">,
  schedules: readonly LiveSchedule[],
): LiveDeployment {
  const fields = { ...live.fields, schedules }
  return { ...live, fields, schedulesDigest: digestOf(schedules as unknown as Json) }
}

function changed(before: LiveSchedule, { slug, spec, active, parameters }: SchedulePatch): LiveSchedule {
  return { id: before.id, slug, spec: storedSpec(spec), active: active ?? before.active, parameters }
}

function stored({ slug, spec, active, parameters }: Schedule): LiveSchedule {
  const id = `schedule-${tick()}`
  return { id, slug, spec: storedSpec(spec), active: active ?? true, parameters: parameters ?? {} }
}

function storedSpec(spec: ScheduleSpec): ScheduleSpec {
  switch (spec.kind) {
    case "cron":
      return spec
    case "interval":
      return { ...spec, anchor: spec.anchor ?? tick(), timezone: spec.timezone ?? "UTC" }
    case "rrule":
      return {
        ...spec,
        rrule: spec.rrule.includes("DTSTART") ? spec.rrule : `DTSTART:20200101T000000\n${spec.rrule}`,
        timezone: spec.timezone ?? "UTC",
      }
  }
}

function peoples(tags: readonly string[]): { readonly tags: readonly string[] } {
  return { tags: tags.filter((tag) => !isControlTag(tag)) }
}
