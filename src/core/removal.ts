import type { Change } from "./change.ts"
import { instantMs, instantText } from "./instant.ts"
import { readPruneTag } from "./mark.ts"
import { likeness } from "./likeness.ts"
import type { Desired, DesiredDeployment, DeploymentKey, Instant, LiveDeployment, SourceName } from "./model.ts"
import type { Obstacles } from "./obstacles.ts"
import type { ProblemCode } from "./problems.ts"
import type { Source } from "./source.ts"

/** What removal depends on beside the rest of a plan's input. */
export interface RemovalFacts {
  /** The server's clock: a grace counts from the server's `updated`, never from a deadline of ours. */
  readonly serverNow: Instant
  /** What stands in the way of deleting a retired deployment, by key; only read once its grace is over. */
  readonly obstacles: ReadonlyMap<DeploymentKey, Obstacles>
  /** Something of this source was refused by Prefect, so the picture isn't whole. */
  readonly refused: boolean
}

/** Codes of what is skipped because Git no longer has it: why it stays, or for how long. */
export const orphanCodes: ReadonlySet<string> = new Set([
  "orphan-unsure",
  "opted-out",
  "removal-off",
  "claimed",
  "claimed-by",
  "in-grace",
  "waiting-for-run",
  "create-waits",
] satisfies ProblemCode[])

export interface Claim {
  readonly source: SourceName
  readonly canTake: boolean
  /** It could, but a person has to confirm it there. */
  readonly isAsked: boolean
}

interface RemovalInput {
  readonly source: Source
  readonly desired: Desired
  /** Owned, and neither declared nor in the hands-off set. */
  readonly orphans: readonly LiveDeployment[]
  /** Sources of this workspace that declare a key. */
  readonly claims: (key: DeploymentKey) => readonly Claim[]
  readonly facts: RemovalFacts
  /** Declared, but they can't be created yet. */
  readonly waiting: readonly DesiredDeployment[]
}

/**
 * Decides about what Git no longer has. Only a complete Desired can say so: anything less proves nothing. First a pause
 * (retire), after the grace a deletion (prune); a person's un-pausing in between is a veto.
 */
export function planRemovals(input: RemovalInput): readonly Change[] {
  return input.orphans.map((live) => decide(input, live))
}

function decide(input: RemovalInput, live: LiveDeployment): Change {
  const tag = readPruneTag(live.allTags)
  const isUnsure = input.desired.kind === "partial" || input.facts.refused
  const claimed = isUnsure ? null : decideClaimed(input, live)
  if (claimed) return claimed
  if (tag === "never") return leave(live, "opted-out", "no longer in Git; gitops-prune=never keeps it")
  if (isUnsure) {
    return leave(
      live,
      "orphan-unsure",
      "not in Git as far as it could be read; nothing is removed until all of it can be",
    )
  }
  if (input.source.policy.prune.mode === "off")
    return leave(live, "removal-off", "no longer in Git; prune.mode: off keeps it")
  const elsewhere = decideReplaced(input, live)
  if (elsewhere) return elsewhere
  if (tag === "pending" || tag === "pending-paused") return decideRetired(input, live)
  const reason = tag === "vetoed" ? "no longer in Git; its removal was vetoed by un-pausing it" : "no longer in Git"
  return { action: "retire", key: live.key, live, reason, vetoed: tag === "vetoed" }
}

/** What another source declares doesn't go. */
function decideClaimed(input: RemovalInput, live: LiveDeployment): Change | null {
  const claims = input.claims(live.key)
  const claim = claims.find(({ canTake }) => canTake) ?? claims[0]
  if (claim?.canTake) return leave(live, "claimed", `no longer in Git here; source ${claim.source} takes it over`)
  if (claim?.isAsked) {
    const message = `source ${claim.source}, of another repository or ref, declares it and takes it over once that is confirmed there`
    return leave(live, "claimed-by", message)
  }
  return claim ? leave(live, "claimed-by", `source ${claim.source} declares it but can't take it over now`) : null
}

/** Nor does what another entry is about to stand in for. */
function decideReplaced(input: RemovalInput, live: LiveDeployment): Change | null {
  const successor = input.waiting.find((desired) => likeness(live, desired) > 0)
  if (!successor) return null
  return leave(live, "create-waits", `no longer in Git, but ${successor.key} can't take its place yet`)
}

function decideRetired({ source, facts }: RemovalInput, live: LiveDeployment): Change {
  if (!live.fields.paused) {
    return { action: "retire", key: live.key, live, reason: "un-paused during its grace", vetoed: true }
  }
  const { graceMs } = source.policy.prune
  const endsMs = instantMs(live.updated) + graceMs
  // The server's clock is known to a second only, so "no grace" isn't left to a comparison.
  if (graceMs > 0 && instantMs(facts.serverNow) < endsMs) {
    return leave(live, "in-grace", `retired; deleted after ${instantText(endsMs)} unless Git has it again`)
  }
  const obstacles = facts.obstacles.get(live.key)
  const waiting = obstacles && obstacles.activeRuns > 0 && instantMs(facts.serverNow) < endsMs + runWaitMs
  if (waiting) return leave(live, "waiting-for-run", `retired; waits for ${obstacles.activeRuns} active run(s) to end`)
  return {
    action: "prune",
    key: live.key,
    live,
    reason: "no longer in Git, grace over",
    ...(obstacles && { obstacles }),
  }
}

/** How long a deletion waits for runs that are still active; after that a person decides. */
const runWaitMs = 86_400_000

function leave(live: LiveDeployment, code: string, message: string): Change {
  return { action: "skip", key: live.key, live, code, message, diffs: [] }
}
