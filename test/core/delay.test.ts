import fc from "fast-check"
import t from "tap"
import type { ChangeResult } from "../../src/core/change.ts"
import { backoffMs, isUnfinished, jitter, nextDelayMs } from "../../src/core/delay.ts"
import type { Failure, Outcome } from "../../src/core/outcome.ts"
import { changeOf, declared } from "./builders.ts"

type Shown = Pick<Outcome, "kind" | "failure" | "results" | "againMs">
const minute = 60_000
const change = changeOf({ declared: [declared("etl/a")] })
const dropped: ChangeResult = { change, result: "dropped", message: "m" }
const refused = (transient: boolean): ChangeResult => ({
  change,
  result: "failed",
  transient,
  problem: { severity: "error", code: "c", message: "m" },
})
const failure = (stage: Failure["stage"], retryAfterMs: number | null = null): Shown => ({
  kind: "failed",
  failure: { stage, kind: "transient", code: "c", message: "m", retryAfterMs },
  results: [],
  againMs: null,
})
const good: Shown = { kind: "converged", failure: null, results: [], againMs: null }

t.test("a turn that came to its end is repeated after the interval, a tenth more or less", async (t) => {
  for (const kind of ["converged", "held", "degraded", "suspended"] as const) {
    t.strictSame(
      [0, 0.5, 1].map((chance) => nextDelayMs({ ...good, kind }, 0, minute, chance)),
      [54_000, 60_000, 66_000],
      kind,
    )
  }
})

t.test("what was left undone is tried again sooner, but never later than the interval", async (t) => {
  const unfinished = { ...good, results: [dropped] }
  t.equal(nextDelayMs(unfinished, 1, minute, 0.5), 5_000)
  t.equal(nextDelayMs(unfinished, 12, minute, 0.5), 60_000)
  t.equal(isUnfinished({ results: [refused(true)] }), true)
  t.equal(isUnfinished({ results: [refused(false)] }), false)
  t.equal(isUnfinished({ results: [] }), false)
})

t.test("what may be ready sooner outside is looked at sooner, and nothing is looked at later for it", async (t) => {
  t.equal(nextDelayMs({ ...good, againMs: 5_000 }, 0, minute, 0.5), 5_000)
  t.equal(nextDelayMs({ ...good, againMs: 180_000 }, 0, minute, 0.5), minute)
})

t.test("only Git's own trouble slows the polling down", async (t) => {
  t.equal(nextDelayMs(failure("git"), 20, minute, 0.5), 300_000)
  t.equal(nextDelayMs(failure("prefect"), 20, minute, 0.5), 60_000)
  t.equal(nextDelayMs(failure("other"), 20, minute, 0.5), 60_000)
})

t.test("a server that asks for time gets it, up to ten minutes", async (t) => {
  t.equal(nextDelayMs(failure("prefect", 90_000), 1, minute, 0), 90_000)
  t.equal(nextDelayMs(failure("git", 86_400_000), 1, minute, 0), 600_000)
})

t.test("the backoff rises to ten minutes and never becomes a spin", async (t) => {
  t.strictSame(
    [0, 1, 2, 5, 6, 7, 8, 1000].map((failures) => backoffMs(failures, 1)),
    [5_000, 10_000, 20_000, 160_000, 320_000, 600_000, 600_000, 600_000],
  )
  t.equal(backoffMs(5, 0), 1_000)
})

t.test("whatever happens, there is a next time within bounds", async () => {
  const outcomes = fc.constantFrom(good, failure("git"), failure("prefect", 1e12), { ...good, results: [dropped] })
  fc.assert(
    fc.property(
      outcomes,
      fc.nat(),
      fc.integer({ min: 1_000, max: 86_400_000 }),
      fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      (outcome, failures, interval, chance) => {
        const delay = nextDelayMs(outcome, failures, interval, chance)
        return delay >= 900 && delay <= Math.max(600_000, jitter(interval, 1))
      },
    ),
  )
})
