import type { Outcome, Trigger } from "./outcome.ts"

const backoffBaseMs = 5_000
const backoffCapMs = 600_000
const jitterShare = 0.1

/** When to look again. Never "never": a cap, not an end. `chance` is uniform in [0, 1). */
export function nextDelayMs(
  outcome: Pick<Outcome, "kind" | "failure" | "results" | "againMs">,
  failures: number,
  intervalMs: number,
  chance: number,
): number {
  if (isUnfinished(outcome)) return Math.min(jitter(intervalMs, chance), backoffMs(failures, chance))
  if (outcome.kind !== "failed")
    return Math.min(jitter(intervalMs, chance), outcome.againMs ?? Number.POSITIVE_INFINITY)
  const asked = Math.min(outcome.failure?.retryAfterMs ?? 0, backoffCapMs)
  const backoff = backoffMs(failures, chance)
  // A new commit may be the cure, so only Git's own trouble may slow the polling below the source's interval.
  const delay = outcome.failure?.stage === "git" ? backoff : Math.min(backoff, jitter(intervalMs, chance))
  return Math.max(asked, delay)
}

/** Who only hints that a look may be worth it waits while the source rests; a person and the clock don't. */
export function mayInsist(trigger: Trigger): boolean {
  return trigger !== "drift" && trigger !== "webhook" && trigger !== "sibling"
}

/** Something was left undone that the next look may well do: a refused moment, a resource that had just changed. */
export function isUnfinished({ results }: Pick<Outcome, "results">): boolean {
  return results.some((one) => one.result === "dropped" || (one.result === "failed" && one.transient))
}

/** Both ways, so that sources with one interval drift apart instead of meeting. */
export function jitter(ms: number, chance: number): number {
  return ms * (1 - jitterShare + 2 * jitterShare * chance)
}

/** Full jitter: uniform below an exponentially rising bound; at least a second, so that a retry is never a spin. */
export function backoffMs(failures: number, chance: number): number {
  const bound = Math.min(backoffCapMs, backoffBaseMs * 2 ** Math.min(failures, 20))
  return Math.max(1_000, bound * chance)
}
