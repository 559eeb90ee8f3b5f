import type { Difference } from "./difference.ts"
import type { Owner } from "./mark.ts"
import type { Obstacles } from "./obstacles.ts"
import type {
  AutomationWrite,
  DeploymentFields,
  DeploymentId,
  DeploymentKey,
  DesiredDeployment,
  FieldName,
  Instant,
  LiveDeployment,
  Location,
  Problem,
  Revision,
  SchedulePatch,
  SourceName,
  Wanted,
} from "./model.ts"

/** All decisions of one turn. A plan says what is true; `core/guard.ts` says how much of it is allowed today. */
export interface Plan {
  readonly source: SourceName
  readonly revision: Revision
  /** Sorted by key; one for each key that Git declares or this source owns. */
  readonly changes: readonly Change[]
  readonly problems: readonly Problem[]
  readonly owned: number
}

export type Action = "create" | "update" | "adopt" | "retire" | "restore" | "prune" | "keep" | "skip"

export type Change =
  | {
      readonly action: "create"
      readonly key: DeploymentKey
      readonly desired: DesiredDeployment
      readonly tags: readonly string[]
      readonly automations: readonly AutomationWrite[]
    }
  | {
      readonly action: "update" | "adopt" | "restore"
      readonly key: DeploymentKey
      readonly live: LiveDeployment
      readonly desired: DesiredDeployment
      readonly diffs: readonly FieldDiff[]
      readonly write: Write
      /** What a person reads behind the key: "changed in Git", "edited in Prefect", "taken over from NAME". */
      readonly reason: string
      /** Whose it was, for an adoption; null for the others. */
      readonly from: "unowned" | "hand-over" | null
      /** For a hand-over, and null for the others. */
      readonly former: Former | null
    }
  | {
      readonly action: "retire"
      readonly key: DeploymentKey
      readonly live: LiveDeployment
      readonly reason: string
      /** A person un-paused it during its grace: only another person's word retires it again. */
      readonly vetoed: boolean
    }
  | {
      readonly action: "prune"
      readonly key: DeploymentKey
      readonly live: LiveDeployment
      readonly reason: string
      /** What stands in the way; absent until it has been asked for. */
      readonly obstacles?: Obstacles
    }
  | { readonly action: "keep"; readonly key: DeploymentKey; readonly live: LiveDeployment; readonly at: Location }
  | {
      readonly action: "skip"
      readonly key: DeploymentKey
      readonly live: LiveDeployment | null
      /** A code of `core/problems.ts`. */
      readonly code: string
      readonly message: string
      readonly diffs: readonly FieldDiff[]
    }

/** Whose a deployment was that is handed over. */
export interface Former {
  readonly owner: Owner
  /** Of the same repository and ref, renamed, or listed in `handOverFrom`: no person is asked. */
  readonly freely: boolean
  /** It isn't retired yet, so its owner loses something. */
  readonly leaves: boolean
}

/** One difference of a field. */
export interface FieldDiff extends Difference {
  readonly field: FieldName
}

/**
 * What apply does to one existing deployment, in this order: name and remove schedules, remove automations, patch, make
 * and replace automations, re-read, reschedule. So the letter of `automations` stands as long as one of ours may be there.
 */
export interface Write {
  /** What must be live afterwards: apply compares it with what it reads back. */
  readonly wanted: Wanted
  /** Schedules that must get a slug first: without one the server replaces all schedules at the next PATCH. */
  readonly nameSchedules: readonly (SchedulePatch & { readonly id: string })[]
  readonly removeSchedules: readonly string[]
  readonly patch: DeploymentPatch
  readonly automations: readonly AutomationWrite[]
}

/** Present = sent. Everything for one deployment goes in one PATCH, because each PATCH re-makes its scheduled runs. */
export interface DeploymentPatch {
  readonly fields: Partial<Omit<DeploymentFields, "tags" | "schedules" | "automations">>
  /** All tags, control tags included. */
  readonly tags?: readonly string[]
  /** Added and changed schedules only; the server matches by slug and leaves the others. */
  readonly schedules?: readonly SchedulePatch[]
}

export interface DeploymentCreate {
  readonly flow: string
  readonly name: string
  readonly fields: Omit<DeploymentFields, "tags" | "automations">
  readonly tags: readonly string[]
}

/**
 * `dropped`: the resource wasn't as the plan expected any more, so nothing was written and the source looks again.
 * `failed` with a field: only that one, the others are as wanted.
 */
export type ChangeResult =
  | { readonly change: Change; readonly result: "done"; readonly id: DeploymentId; readonly at: Instant }
  | { readonly change: Change; readonly result: "dropped"; readonly message: string }
  | {
      readonly change: Change
      readonly result: "failed"
      readonly problem: Problem
      readonly transient: boolean
      readonly field?: FieldName
    }

/** Reasons that others look for: a difference that was made in Prefect counts as drift. */
export const reasons = {
  edited: "edited in Prefect",
  markRemoved: "its ownership tags were removed in Prefect",
} as const
