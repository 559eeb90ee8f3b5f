import type { Change, ChangeResult, FieldDiff, Plan } from "../core/change.ts"
import { fieldOf, fieldNames, fieldTitle } from "../core/fields.ts"
import type { Json } from "../core/json.ts"
import type { DesiredDeployment, Location, Problem, SourceName } from "../core/model.ts"
import type { SourceStatus } from "../core/status.ts"
import { cleanText } from "../core/secret.ts"
import type { HistoryEntry } from "../observe/history.ts"
import { concealDiff, type Concealing, type Mask } from "./conceal.ts"

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

const problemsMax = 1000
const victimsMax = 1000

interface PlanView extends Concealing {
  readonly results?: readonly ChangeResult[]
}

/**
 * A plan for people and programs outside, with what became of it where that is known, and without secrets: API, text,
 * Markdown and JSON are all made of this one.
 */
export function presentPlan(plan: Plan, { results = [], ...how }: PlanView): PublicPlan {
  const { source, revision, owned } = plan
  const ended = new Map(results.map(({ change, result }) => [change, result]))
  const changes = plan.changes.map((change) => {
    const result = ended.get(change)
    return { ...masked(presentChange(change, how), how.mask), ...(result && { result }) }
  })
  const problems = plan.problems.map((problem) => ({ ...problem, message: how.mask(problem.message) }))
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
  return history.map((entry) => {
    if (entry.kind === "act" || entry.failure === null) return entry
    return { ...entry, failure: { ...entry.failure, message: cleanText(entry.failure.message, mask) } }
  })
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

/** A value from the config may have become part of a name. */
function masked(change: PublicChange, mask: Mask): PublicChange {
  const { key, file, reason, message } = change
  return {
    ...change,
    key: mask(key),
    ...(file !== undefined && { file: mask(file) }),
    ...(reason !== undefined && { reason: mask(reason) }),
    ...(message !== undefined && { message: mask(message) }),
  }
}

function presentChange(change: Change, how: Concealing): PublicChange {
  const { action, key } = change
  switch (change.action) {
    case "create":
      return { action, key, id: null, ...placeOf(change.desired.at), fields: createdFields(change.desired, how) }
    case "update":
    case "adopt":
    case "restore": {
      const { live, desired, reason, diffs } = change
      return { action, key, id: live.id, ...placeOf(desired.at), reason, fields: presentDiffs(diffs, how) }
    }
    case "retire":
    case "prune":
      return { action, key, id: change.live.id, reason: change.reason, fields: [] }
    case "keep":
      return { action, key, id: change.live.id, ...placeOf(change.at), fields: [] }
    case "skip": {
      const { live, code, message, diffs } = change
      return { action, key, id: live?.id ?? null, code, message, fields: presentDiffs(diffs, how) }
    }
  }
}

function placeOf({ file, line }: Location): Pick<PublicChange, "file" | "line"> {
  return { file, ...(line !== undefined && { line }) }
}

function createdFields(desired: DesiredDeployment, how: Concealing): readonly PublicField[] {
  return fieldNames.flatMap((name) => {
    const value = desired.fields[name]
    if (value.kind !== "declared" && value.kind !== "derived") return []
    const canonical = fieldOf(name).canonical as (of: unknown) => Json
    return presentDiffs([{ field: name, path: "", desired: canonical(value.value) }], how)
  })
}

function presentDiffs(diffs: readonly FieldDiff[], how: Concealing): readonly PublicField[] {
  return diffs.map((diff) => {
    const { field, path } = diff
    const { live, desired } = concealDiff(diff, how)
    return {
      field: fieldTitle(field),
      path: how.mask(path),
      ...(live !== undefined && { from: live }),
      ...(desired !== undefined && { to: desired }),
    }
  })
}
