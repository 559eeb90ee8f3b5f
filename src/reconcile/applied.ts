import type { Change, ChangeResult } from "../core/change.ts"
import type { DeploymentId, FieldName, LiveDeployment } from "../core/model.ts"
import { isoTime, type Clock } from "../lib/clock.ts"

/** What one change came to, with what was read back afterwards. */
export interface Applied {
  readonly result: ChangeResult
  /** The resource after the write; null = gone, undefined = not touched or not known. */
  readonly live?: LiveDeployment | null
  /** Fields that a successful write left different. */
  readonly stillDiffers: readonly FieldName[]
}

export function done(change: Change, id: DeploymentId, clock: Clock): Applied {
  return { result: { change, result: "done", id, at: isoTime(clock.now()) }, stillDiffers: [] }
}

export function dropped(change: Change, message: string): Applied {
  return { result: { change, result: "dropped", message }, stillDiffers: [] }
}

export const changedMeanwhile = "it changed since it was looked at"

/** A write is decided for one very state; `updated` doesn't follow schedule edits, so their digest stands beside it. */
export function isAsExpected(now: LiveDeployment, expected: LiveDeployment): boolean {
  return now.updated === expected.updated && now.schedulesDigest === expected.schedulesDigest
}
