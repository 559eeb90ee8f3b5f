import type { Revision } from "./model.ts"
import type { Ref } from "./source.ts"
import type { SourceStatus } from "./status.ts"

/** A ref that a webhook says has moved. */
export interface Push {
  /** Full name, such as `refs/heads/main`. */
  readonly ref: string
  /** null where the ref is new, or the delivery doesn't tell. */
  readonly before: Revision | null
  readonly after: Revision
  /** Short name of the branch that HEAD stands for; null = the delivery doesn't tell. */
  readonly defaultBranch: string | null
}

/** A commit that a source's ref is said to be at, and that its polls don't show yet. */
export interface Awaited {
  readonly commit: Revision
  /** Where the ref stood before: any other commit there means that it has moved on. */
  readonly older: readonly Revision[]
}

/** Replicas lag by seconds. Later than that the interval is good enough: who names a commit may be wrong about it. */
const looksAfterMs = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000]
const olderMax = 20

/** When to look again for a commit that isn't there after so many further looks; null = the interval will do. */
export function lookAgainMs(tries: number): number | null {
  return looksAfterMs[tries] ?? null
}

/** The same for somebody who waits: as long as they do, the longest delay goes on. */
export function lookAgainWhileWaitedMs(tries: number): number {
  return looksAfterMs[Math.min(tries, looksAfterMs.length - 1)] ?? 0
}

export function isPushTo(ref: Ref, { ref: pushed, defaultBranch }: Push): boolean {
  switch (ref.kind) {
    case "branch":
      return pushed === `refs/heads/${ref.name}`
    case "tag":
      return pushed === `refs/tags/${ref.name}`
    case "name":
      return pushed === ref.name
    case "head":
      return defaultBranch === null ? pushed.startsWith("refs/heads/") : pushed === `refs/heads/${defaultBranch}`
    case "commit":
      return false
  }
}

/** What is waited for after a push; what was waited for before it is older than it. null = it is there already. */
export function awaitedAfter(push: Push, before: Awaited | null, observed: Revision | null): Awaited | null {
  if (observed === push.after) return null
  const known = [...(before ? [...before.older, before.commit] : []), push.before, observed]
  const older = known.flatMap((one) => (one === null || one === push.after ? [] : [one]))
  return { commit: push.after, older: [...new Set(older)].slice(-olderMax) }
}

export function isThere({ commit, older }: Awaited, observed: Revision | null): boolean {
  return observed === commit || (observed !== null && !older.includes(observed))
}

/** Whether a turn has worked with this very commit: one that is listed and not given yet is not there. */
export function showsCommit({ revision, failure }: SourceStatus, commit: Revision): boolean {
  return revision.observed === commit && failure?.code !== "revision-not-yet"
}
