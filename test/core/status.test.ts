import t from "tap"
import type { ChangeResult } from "../../src/core/change.ts"
import type { Failure, Hold, Outcome, Pin, Suspend } from "../../src/core/outcome.ts"
import type { WorkspaceName } from "../../src/core/model.ts"
import { countDone, initialStatus, reduceStatus } from "../../src/core/status.ts"
import { changeOf, declared, etl, first, noon, owned, planOf, second } from "./builders.ts"

const workspace = "default" as WorkspaceName
const counts = { desired: 3, owned: 2, drifted: 0, problems: 0, conflicts: 0, held: 0, orphans: 0 }
const nothing = { desired: 0, owned: 0, drifted: 0, problems: 0, conflicts: 0, held: 0, orphans: 0 }
const converged: Outcome = {
  kind: "converged",
  source: etl,
  workspace,
  trigger: "interval",
  startedAt: noon,
  durationMs: 5,
  observed: first,
  observedAt: noon,
  applied: first,
  failure: null,
  plan: null,
  results: [],
  problems: [],
  hold: null,
  suspend: null,
  pin: null,
  againMs: null,
  counts,
}
const failure: Failure = { stage: "git", kind: "transient", code: "x", message: "away", retryAfterMs: null }
const failed: Outcome = {
  ...converged,
  kind: "failed",
  startedAt: "2026-11-24T13:00:00Z",
  observed: null,
  applied: null,
  failure,
  counts: nothing,
}
const hold: Hold = {
  reasons: [{ code: "budget", message: "m" }],
  victims: [],
  digest: "d",
  release: ["lockstep confirm etl d"],
  since: noon,
}
const suspend: Suspend = { reason: "r", by: "ann", since: noon, until: null }
const pin: Pin = { ...suspend, revision: second }
const suspended: Outcome = { ...converged, kind: "suspended", suspend, applied: null, counts: nothing }
const problem = { severity: "error", code: "c", message: "m" } as const
const before = reduceStatus(initialStatus(etl, workspace), converged)

t.test("a difference that apply: false leaves is drift", async (t) => {
  const plan = planOf({ declared: [declared("f/a", {})] })
  t.equal(reduceStatus(before, { ...converged, kind: "degraded", plan }).state, "drifted")
  const results = plan.changes.map((change): ChangeResult => ({
    change,
    result: "done",
    id: owned("f/a").id,
    at: noon,
  }))
  t.equal(reduceStatus(before, { ...converged, plan, results }).state, "synced", "done is no difference")
})

t.test("a source is unknown before its first turn", async (t) => {
  t.match(initialStatus(etl, workspace), {
    state: "unknown",
    lastTurn: null,
    revision: { observed: null, applied: null },
  })
})

t.test("the state is the first that fits", async (t) => {
  const change = changeOf({ declared: [declared("etl/a")] })
  const dropped: ChangeResult = { change, result: "dropped", message: "m" }
  const stalled: Failure = { ...failure, kind: "stalled" }
  const rows: readonly [string, Outcome, string][] = [
    ["synced", converged, "synced"],
    ["drifted", { ...converged, counts: { ...counts, drifted: 1 } }, "drifted"],
    ["an image that CI pushes is waited for", { ...converged, againMs: 5_000 }, "progressing"],
    ["progressing", { ...converged, results: [dropped], counts: { ...counts, drifted: 1 } }, "progressing"],
    [
      "an error beats progress",
      { ...converged, kind: "degraded", results: [dropped], problems: [problem] },
      "degraded",
    ],
    ["a warning is no error", { ...converged, problems: [{ ...problem, severity: "warning" }] }, "synced"],
    ["a failure that heals", failed, "degraded"],
    ["a hold beats an error", { ...converged, kind: "held", hold, problems: [problem] }, "held"],
    ["a failure that needs a person beats a hold", { ...failed, failure: stalled, hold }, "stalled"],
    ["a suspension beats all", { ...suspended, hold }, "suspended"],
  ]
  for (const [claim, outcome, state] of rows) t.equal(reduceStatus(before, outcome).state, state, claim)
})

t.test("a failed turn keeps what was known before", async (t) => {
  const held = reduceStatus(before, { ...converged, kind: "held", hold, pin, problems: [problem] })
  const after = reduceStatus(held, { ...failed, pin })
  t.strictSame(after.deployments, counts)
  t.strictSame(after.revision, { observed: first, applied: first })
  t.strictSame(after.hold, hold)
  t.strictSame(after.pin, pin)
  t.strictSame(after.problems, [problem])
  t.equal(after.lastSuccessAt, noon)
  t.strictSame(after.failure, failure)
  t.match(after.lastTurn, { outcome: "failed", startedAt: "2026-11-24T13:00:00Z" })
})

t.test("a suspended turn looks at nothing, so it keeps what was known before too", async (t) => {
  const held = reduceStatus(before, { ...converged, kind: "held", hold, problems: [problem] })
  const after = reduceStatus(held, suspended)
  t.strictSame(after.deployments, counts)
  t.strictSame(after.problems, [problem])
  t.strictSame(after.hold, hold)
  t.strictSame(after.suspend, suspend)
})

t.test("failures are counted until a turn comes to its end", async (t) => {
  const twice = reduceStatus(reduceStatus(before, failed), failed)
  t.equal(twice.consecutiveFailures, 2)
  t.equal(reduceStatus(twice, { ...converged, kind: "held", hold }).consecutiveFailures, 0)
  t.equal(reduceStatus(twice, converged).failure, null)
})

t.test("what is over is no longer shown", async (t) => {
  const held = reduceStatus(before, { ...converged, kind: "held", hold, suspend, pin })
  const after = reduceStatus(held, converged)
  t.notOk("hold" in after || "suspend" in after || "pin" in after)
  t.equal(after.state, "synced")
})

t.test("applied stays the last one that was whole, and only a converged turn is a success", async (t) => {
  const after = reduceStatus(before, {
    ...converged,
    kind: "degraded",
    observed: second,
    applied: null,
    startedAt: "later",
  })
  t.strictSame(after.revision, { observed: second, applied: first })
  t.equal(after.lastSuccessAt, noon)
})

t.test("changes count what was done; keeps and skips are done by deciding them", async (t) => {
  const plan = planOf({ declared: [declared("etl/a"), declared("etl/b")], live: [owned("etl/b"), owned("etl/c")] })
  const [create, , retire] = plan.changes
  if (!create || !retire) throw new Error("no such changes")
  const results: ChangeResult[] = [
    { change: create, result: "done", id: owned("etl/a").id, at: noon },
    { change: retire, result: "failed", problem, transient: true },
  ]
  t.strictSame(countDone({ plan, results }), {
    create: 1,
    update: 0,
    adopt: 0,
    retire: 0,
    restore: 0,
    prune: 0,
    keep: 1,
    skip: 0,
  })
})
