import type { Change, ChangeResult, FieldDiff, Plan } from "../core/change.ts"
import { fieldOf, fieldNames, fieldTitle } from "../core/fields.ts"
import { isJsonObject, type Json } from "../core/json.ts"
import type { DesiredDeployment, Location, Problem, SourceName } from "../core/model.ts"
import type { SourceStatus } from "../core/status.ts"
import { cleanText } from "../observe/clean.ts"
import type { HistoryEntry } from "../observe/history.ts"

/** The public form of a plan. Names of fields are Prefect's, because that is where a person looks them up. */
export interface PublicPlan {
  readonly source: SourceName
  readonly revision: string
  readonly owned: number
  readonly changes: readonly PublicChange[]
  readonly problems: readonly Problem[]
}
export interface PublicChange {
  readonly action: Change["action"]
  readonly key: string
  /** What the turn came to with it; absent when it wasn't tried: held, or nothing to write. */
  readonly result?: ChangeResult["result"]
  readonly id: string | null
  readonly file?: string
  readonly line?: number
  readonly reason?: string
  readonly code?: string
  readonly message?: string
  readonly fields: readonly PublicField[]
}
export interface PublicField {
  readonly field: string
  readonly path: string
  /** Absent = there is no such value on that side. */
  readonly from?: Json
  readonly to?: Json
}

type Mask = (text: string) => string

export const hidden = "(hidden)"
const problemsMax = 1000
const victimsMax = 1000

interface PlanView {
  /** Shows what only Prefect has under parameters and variables. */
  readonly showValues: boolean
  readonly results?: readonly ChangeResult[]
}

/** A plan for people and programs outside, with what became of it where that is known. */
export function presentPlan(plan: Plan, { showValues, results = [] }: PlanView): PublicPlan {
  const { source, revision, owned, problems } = plan
  const ended = new Map(results.map(({ change, result }) => [change, result]))
  const changes = plan.changes.map((change) => {
    const result = ended.get(change)
    return { ...presentChange(change, showValues), ...(result && { result }) }
  })
  return { source, revision, owned, changes, problems }
}

/** A status with its texts clean and its lists bounded. */
export function presentStatus(status: SourceStatus, mask: Mask): SourceStatus {
  const clean = (text: string) => cleanText(text, mask)
  const { failure, hold, problems } = status
  return {
    ...status,
    failure: failure && { ...failure, message: clean(failure.message) },
    ...(hold && {
      hold: {
        ...hold,
        reasons: hold.reasons.map(({ code, message }) => ({ code, message: clean(message) })),
        victims: hold.victims.slice(0, victimsMax),
      },
    }),
    problems: problems.slice(0, problemsMax).map((problem) => ({ ...problem, message: clean(problem.message) })),
  }
}

export function presentHistory(history: readonly HistoryEntry[], mask: Mask): readonly HistoryEntry[] {
  return history.map((entry) => ({
    ...entry,
    failure: entry.failure && { ...entry.failure, message: cleanText(entry.failure.message, mask) },
  }))
}

/** JSON text with every string in it masked; integers beyond a double are written in full. */
export function jsonText(value: unknown, mask: Mask, keysAreOurs = true): string {
  if (typeof value === "bigint") return value.toString()
  if (typeof value === "string") return JSON.stringify(mask(value))
  if (Array.isArray(value)) return `[${value.map((item: unknown) => jsonText(item ?? null, mask, keysAreOurs)).join()}]`
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "null"
  const members = Object.entries(value).filter(([, item]) => item !== undefined)
  const texts = members.map(([key, item]) => {
    // A secret that happens to be the word `status` must not rename our keys; below these two, keys are foreign.
    const below = keysAreOurs && key !== "from" && key !== "to"
    return `${JSON.stringify(keysAreOurs ? key : mask(key))}:${jsonText(item, mask, below)}`
  })
  return `{${texts.join()}}`
}

function presentChange(change: Change, showValues: boolean): PublicChange {
  const { action, key } = change
  switch (change.action) {
    case "create":
      return { action, key, id: null, ...placeOf(change.desired.at), fields: createdFields(change.desired) }
    case "update":
    case "adopt":
    case "restore": {
      const { live, desired, reason, diffs } = change
      return { action, key, id: live.id, ...placeOf(desired.at), reason, fields: presentDiffs(diffs, showValues) }
    }
    case "retire":
    case "prune":
      return { action, key, id: change.live.id, reason: change.reason, fields: [] }
    case "keep":
      return { action, key, id: change.live.id, ...placeOf(change.at), fields: [] }
    case "skip": {
      const { live, code, message, diffs } = change
      return { action, key, id: live?.id ?? null, code, message, fields: presentDiffs(diffs, showValues) }
    }
  }
}

function placeOf({ file, line }: Location): Pick<PublicChange, "file" | "line"> {
  return { file, ...(line !== undefined && { line }) }
}

function createdFields(desired: DesiredDeployment): readonly PublicField[] {
  return fieldNames.flatMap((name) => {
    const value = desired.fields[name]
    if (value.kind !== "declared" && value.kind !== "derived") return []
    const canonical = fieldOf(name).canonical as (of: unknown) => Json
    return [{ field: fieldTitle(name), path: "", to: canonical(value.value) }]
  })
}

function presentDiffs(diffs: readonly FieldDiff[], showValues: boolean): readonly PublicField[] {
  return diffs.map((diff) => {
    const { field, path, live, desired } = diff
    const from = live === undefined || showValues ? live : hideLiveOnly(diff, live)
    return {
      field: fieldTitle(field),
      path,
      ...(from !== undefined && { from }),
      ...(desired !== undefined && { to: desired }),
    }
  })
}

/** People put passwords there by hand, where they are in no file and under no secret's name. */
function hideLiveOnly({ field, path, desired }: FieldDiff, live: Json): Json {
  if (field === "parameters" || field === "jobVariables") return withoutLiveOnly(live, desired)
  if (field === "automations") return hideActions(path, live, desired)
  if (field !== "schedules") return live
  if (/\]\.parameters(?:[.[]|$)/.test(path)) return withoutLiveOnly(live, desired)
  if (!isJsonObject(live) || !isJsonObject(live["parameters"])) return live
  const wanted = isJsonObject(desired) ? desired["parameters"] : undefined
  return { ...live, parameters: withoutLiveOnly(live["parameters"], wanted) }
}

/** What a person gave an automation to do (parameters, a webhook's payload) is below these. */
const doings = ["actions", "reactions"] as const

function hideActions(path: string, live: Json, desired: Json | undefined): Json {
  if (/\]\.(?:actions|reactions)(?:[.[]|$)/.test(path)) return withoutLiveOnly(live, desired)
  if (!isJsonObject(live)) return live
  const wanted = isJsonObject(desired) ? desired : {}
  const hiding = doings.filter((word) => live[word] !== undefined)
  return {
    ...live,
    ...Object.fromEntries(hiding.map((word) => [word, withoutLiveOnly(live[word] ?? null, wanted[word])])),
  }
}

function withoutLiveOnly(live: Json, desired: Json | undefined): Json {
  if (desired === undefined) return hidden
  if (Array.isArray(live) && Array.isArray(desired))
    return live.map((item: Json, i) => withoutLiveOnly(item, desired[i] as Json | undefined))
  // A single value in place of a map or a list: nothing in Git corresponds to what is inside.
  if (typeof live === "object" && live !== null && !isJsonObject(desired)) return hidden
  if (!isJsonObject(live) || !isJsonObject(desired)) return live
  return Object.fromEntries(Object.entries(live).map(([key, item]) => [key, withoutLiveOnly(item, desired[key])]))
}
