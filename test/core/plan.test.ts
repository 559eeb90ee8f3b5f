import t from "tap"
import { markTags, ownerTag } from "../../src/core/mark.ts"
import { emptyRecord, type SourceRecord } from "../../src/core/record.ts"
import type { Sibling } from "../../src/core/plan-input.ts"
import type { FieldName, Problem, SourceName } from "../../src/core/model.ts"
import type { Version } from "../../src/core/version.ts"
import {
  changeOf,
  declared,
  etl,
  key,
  live,
  liveSchedule,
  me,
  other,
  owned,
  planOf,
  pool,
  schedule,
  siblingOf,
  snapshotOf,
  sourceOf,
  cron,
  them,
  writeOf,
  type World,
} from "./builders.ts"

const a = key("etl/a")

function codesOf(world: World, more = {}): readonly string[] {
  return planOf(world, more).changes.map((change) => (change.action === "skip" ? change.code : change.action))
}

t.test("each key is decided by what Git says, what is live, and whose it is", async (t) => {
  const wanted = declared("etl/a", { description: "new" })
  const rows: readonly [string, World, string][] = [
    ["nothing there", { declared: [wanted] }, "create"],
    ["ours and as Git says", { declared: [wanted], live: [owned("etl/a", { description: "new" })] }, "keep"],
    ["ours and different", { declared: [wanted], live: [owned("etl/a")] }, "update"],
    [
      "ours and retired",
      { declared: [wanted], live: [owned("etl/a", { paused: true }, { tags: ["gitops-prune=pending"] })] },
      "restore",
    ],
    [
      "ours and its removal vetoed",
      { declared: [wanted], live: [owned("etl/a", { description: "new" }, { tags: ["gitops-prune=vetoed"] })] },
      "restore",
    ],
    ["ours and no longer in Git", { live: [owned("etl/a")] }, "retire"],
    ["nobody's, the same", { declared: [wanted], live: [live("etl/a", { description: "new" })] }, "adopt"],
    ["nobody's, different", { declared: [wanted], live: [live("etl/a")] }, "adopt"],
    [
      "nobody's, adopt: never",
      { declared: [wanted], live: [live("etl/a")], policy: { adopt: "never" } },
      "not-adopted",
    ],
    ["nobody's and not in Git", { live: [live("etl/a")] }, ""],
    ["an entry with a problem", { desired: { handsOff: new Set([a]) }, live: [owned("etl/a")] }, "entry-has-problem"],
    ["an entry with a problem that isn't live", { desired: { handsOff: new Set([a]) } }, "entry-has-problem"],
  ]
  for (const [claim, world, expected] of rows) t.strictSame(codesOf(world), expected ? [expected] : [], claim)
})

t.test("a create carries the mark with the letters of what Git declares, and no foreign control tag", async (t) => {
  const change = changeOf({ declared: [declared("etl/a", { tags: ["x"], description: "d" })] })
  t.match(change, { action: "create", tags: ["x", ...markTags(me, a, "td")] })
})

t.test("an update is the smallest patch, without tags when the mark is right", async (t) => {
  const wanted = declared("etl/a", { description: "new", version: "1" })
  const now = owned("etl/a", { version: "1", tags: ["mine"] }, { letters: "dv" })
  t.strictSame(writeOf(changeOf({ declared: [wanted], live: [now] })).patch, { fields: { description: "new" } })
})

t.test("added letters wait for the next write, and ride in it", async (t) => {
  const wanted = declared("etl/a", { description: "new" })
  const same = changeOf({ declared: [wanted], live: [owned("etl/a", { description: "new", tags: ["mine"] })] })
  t.equal(same.action, "keep")
  const different = changeOf({ declared: [wanted], live: [owned("etl/a", { tags: ["mine"] })] })
  t.strictSame(writeOf(different).patch, { fields: { description: "new" }, tags: ["mine", ...markTags(me, a, "d")] })
})

t.test("a dropped letter is written at once, with the reset of its field", async (t) => {
  const wanted = declared("etl/a", { description: "d" })
  const now = owned("etl/a", { description: "d", version: "1" }, { letters: "dv" })
  const change = changeOf({ declared: [wanted], live: [now] })
  t.equal(change.action, "update")
  t.strictSame(writeOf(change).patch, { fields: { version: null }, tags: markTags(me, a, "d") })
})

t.test("a dropped letter is written even if nothing else differs", async (t) => {
  const now = owned("etl/a", {}, { letters: "v" })
  const change = changeOf({ declared: [declared("etl/a")], live: [now] })
  t.equal(change.action, "update")
  t.strictSame(writeOf(change).patch, { fields: {}, tags: markTags(me, a, "") })
})

t.test("an undecided field is left alone and keeps its letter", async (t) => {
  const wanted = declared("etl/a", { jobVariables: { kind: "undecided", reason: "image" } })
  const now = owned("etl/a", { jobVariables: { image: "x" } }, { letters: "j" })
  t.equal(changeOf({ declared: [wanted], live: [now] }).action, "keep")
})

t.test("what is ignored is neither corrected nor reset", async (t) => {
  const policy = { ignore: ["paused", "job_variables.env", "schedules.*.active"] }
  const edited = {
    paused: true,
    jobVariables: { env: { A: "mine" }, cpu: 1 },
    schedules: [liveSchedule("s", cron(), { active: false })],
  }
  const wanted = declared("etl/a", {
    paused: false,
    jobVariables: { env: { A: "git" }, cpu: 1 },
    schedules: [schedule("s", cron(), { active: true })],
  })
  t.equal(changeOf({ declared: [wanted], live: [owned("etl/a", edited, { letters: "hjp" })], policy }).action, "keep")
  const gone = changeOf({ declared: [declared("etl/a")], live: [owned("etl/a", edited, { letters: "jp" })], policy })
  t.strictSame(writeOf(gone).patch.fields, {
    workPool: "pool",
    workQueue: null,
    jobVariables: { env: { A: "mine" } },
  })
})

t.test("tags of people are managed whole when Git declares tags, control tags never", async (t) => {
  const wanted = declared("etl/a", { tags: ["git"] })
  const now = owned("etl/a", { tags: ["person"] }, { letters: "t", tags: ["gitops-prune=never"] })
  t.strictSame(writeOf(changeOf({ declared: [wanted], live: [now] })).patch, {
    fields: {},
    tags: ["git", ...markTags(me, a, "t"), "gitops-prune=never"],
  })
})

t.test("a restore gives back what the retirement took, and takes its tag away", async (t) => {
  const rows: readonly [string, string, boolean, unknown][] = [
    ["it ran before", "pending", true, { paused: false }],
    ["it was paused before", "pending-paused", true, {}],
    ["a person un-paused it", "pending", false, {}],
    ["its removal was vetoed", "vetoed", false, {}],
  ]
  for (const [claim, tag, paused, fields] of rows) {
    const now = owned("etl/a", { paused }, { tags: [`gitops-prune=${tag}`] })
    t.strictSame(
      writeOf(changeOf({ declared: [declared("etl/a")], live: [now] })).patch,
      {
        fields,
        tags: markTags(me, a, ""),
      },
      claim,
    )
  }
})

t.test("a restore un-pauses only as Git says, where Git says it", async (t) => {
  const now = owned("etl/a", { paused: true }, { letters: "p", tags: ["gitops-prune=pending"] })
  const change = changeOf({ declared: [declared("etl/a", { paused: true })], live: [now] })
  t.strictSame(writeOf(change).patch, { fields: {}, tags: markTags(me, a, "p") })
})

t.test("an adoption writes the mark and what differs, and replaces a broken mark", async (t) => {
  const broken = live("etl/a", { tags: ["x"] }, { allTags: ["x", "managed-by=gitops", "gitops-mark=00000000.d"] })
  const change = changeOf({ declared: [declared("etl/a", { description: "new" })], live: [broken] })
  t.match(change, { action: "adopt", from: "unowned" })
  t.strictSame(writeOf(change).patch, { fields: { description: "new" }, tags: ["x", ...markTags(me, a, "d")] })
})

t.test("an adoption of what Git still says the same of names another writer", async (t) => {
  const change = changeOf({ declared: [declared("etl/a")], live: [live("etl/a")], drift: true })
  t.match(change, { action: "adopt", reason: "its ownership tags were removed in Prefect" })
})

const sibling = (more: Partial<Sibling> = {}) => siblingOf([], more)
const released = { by: "ada", since: "2026-11-24T09:00:00Z" }
const records = (record: Partial<SourceRecord>) => ({
  records: new Map([[ownerTag(them), { ...emptyRecord, ...record }]]),
})
const siblings = (more?: Partial<Sibling>) => ({ siblings: new Map([[other, sibling(more)]]) })

t.test("another owner's is taken only by the rules of a hand-over", async (t) => {
  const elsewhere = { installation: "staging", source: etl }
  const pending = { tags: ["gitops-prune=pending"] }
  const rows: readonly [string, World["live"], object, string][] = [
    [
      "its owner declares it",
      [owned("etl/a", {}, { owner: them })],
      siblings({ declares: new Set([a]) }),
      "owned-by-other",
    ],
    [
      "its owner isn't wholly known",
      [owned("etl/a", {}, { owner: them })],
      siblings({ complete: false }),
      "owned-by-other",
    ],
    ["its owner doesn't have it any more", [owned("etl/a", {}, { owner: them })], siblings(), "adopt"],
    [
      "its owner has it, but it is retired",
      [owned("etl/a", { paused: true }, { owner: them, ...pending })],
      siblings({ declares: new Set([a]) }),
      "adopt",
    ],
    ["its owner is of no configured source", [owned("etl/a", {}, { owner: them })], {}, "owned-by-other"],
    ["of none, and it was released", [owned("etl/a", {}, { owner: them })], records({ released }), "adopt"],
    ["of none, and has a record", [owned("etl/a", {}, { owner: them })], records({}), "owned-by-other"],
    ["it is another installation's", [owned("etl/a", {}, { owner: elsewhere })], siblings(), "owned-by-other"],
    [
      "it is another installation's and retired",
      [owned("etl/a", { paused: true }, { owner: elsewhere, ...pending })],
      {},
      "adopt",
    ],
    [
      "it is retired, and a person un-paused it",
      [owned("etl/a", {}, { owner: elsewhere, ...pending })],
      {},
      "owned-by-other",
    ],
    [
      "two owners",
      [live("etl/a", {}, { allTags: [...markTags(me, a, ""), ...markTags(them, a, "")] })],
      {},
      "mark-ambiguous",
    ],
  ]
  for (const [claim, live, more, expected] of rows) {
    t.strictSame(codesOf({ declared: [declared("etl/a")], ...(live && { live }) }, more), [expected], claim)
  }
})

t.test("a hand-over ignores adopt, undoes the retirement and puts our mark in the place of theirs", async (t) => {
  const now = owned("etl/a", { paused: true }, { owner: them, letters: "d", tags: ["gitops-prune=pending"] })
  const world = { declared: [declared("etl/a")], live: [now], policy: { adopt: "never" as const } }
  const change = changeOf(world, siblings())
  t.match(change, { action: "adopt", from: "hand-over", reason: "taken over from other" })
  t.strictSame(writeOf(change).patch, { fields: { paused: false }, tags: markTags(me, a, "") })
})

t.test("what a released source owned is adopted by policy only", async (t) => {
  const world = { declared: [declared("etl/a")], live: [owned("etl/a", {}, { owner: them })] }
  t.strictSame(codesOf({ ...world, policy: { adopt: "never" } }, records({ released })), ["not-adopted"])
})

t.test("what bears a former name of the source is its own, whoever has a record under that name", async (t) => {
  const source = sourceOf({ adopt: "never" }, { formerly: [other] })
  const world = { declared: [declared("etl/a")], live: [owned("etl/a", {}, { owner: them })] }
  t.strictSame(codesOf(world, { source, ...records({}) }), ["adopt"])
  const foreign = owned("etl/a", {}, { owner: { ...them, installation: "staging" } })
  t.strictSame(codesOf({ ...world, live: [foreign] }, { source }), ["owned-by-other"], "of this installation only")
})

t.test("what bears a former name, and Git doesn't have, is nobody's to remove", async (t) => {
  const source = sourceOf({}, { formerly: [other] })
  t.strictSame(codesOf({ live: [owned("etl/a", {}, { owner: them })] }, { source }), [])
})

t.test("conflicts are problems at the place in Git, with what to do", async (t) => {
  const world = { declared: [declared("etl/a")], live: [owned("etl/a", {}, { owner: them })] }
  t.strictSame(planOf(world, siblings({ declares: new Set([a]) })).problems, [
    {
      severity: "error",
      code: "owned-by-other",
      message:
        "source other (https://git.example.com/etl.git, branch main) owns it and declares it; remove it there first",
      key: a,
      file: "prefect.yaml",
      line: 3,
      column: 5,
    },
  ])
})

t.test("onDrift: report leaves what was edited in Prefect, and applies what comes from Git", async (t) => {
  const world = {
    declared: [declared("etl/a", { description: "new" })],
    live: [owned("etl/a")],
    policy: { onDrift: "report" as const },
  }
  t.match(changeOf({ ...world, drift: true }), {
    action: "skip",
    code: "drift-reported",
    diffs: [{ field: "description", live: null, desired: "new" }],
  })
  t.match(changeOf({ ...world, drift: false }), { action: "update", reason: "changed in Git" })
})

t.test("an update says who made the difference", async (t) => {
  const world = { declared: [declared("etl/a", { description: "new" })], live: [owned("etl/a")] }
  t.match(changeOf({ ...world, drift: true }), { action: "update", reason: "edited in Prefect" })
})

t.test("missing infrastructure is a problem, not a write", async (t) => {
  const rows: readonly [string, World, string][] = [
    ["no such pool, at creation", { declared: [declared("etl/a", { workPool: "gone" })] }, "work-pool-not-found"],
    [
      "no such pool, at an update",
      { declared: [declared("etl/a", { workPool: "gone" })], live: [owned("etl/a")] },
      "work-pool-not-found",
    ],
    [
      "a queue that is there",
      {
        declared: [declared("etl/a", { workPool: "pool", workQueue: "fast" })],
        pools: [pool("pool", ["default", "fast"])],
      },
      "create",
    ],
    ["no pool at all", { declared: [declared("etl/a", { workPool: null })] }, "create"],
  ]
  for (const [claim, world, expected] of rows) t.strictSame(codesOf(world), [expected], claim)
})

t.test("a queue that isn't there yet comes with the write, and that is said", async (t) => {
  const world = {
    declared: [declared("etl/a", { workPool: "pool", workQueue: "fast" })],
    pools: [pool("pool", ["default"])],
  }
  const { changes, problems } = planOf(world)
  t.match(changes, [{ action: "create" }])
  t.match(problems, [{ severity: "warning", code: "work-queue-not-found", message: /no queue "fast" yet/ }])
})

t.test("the default queue by its name is the default queue, also of a pool that Git leaves open", async (t) => {
  const pools = [pool("pool", ["main", "fast"])]
  for (const workPool of ["pool", undefined]) {
    const wanted = declared("etl/a", { workQueue: "main", ...(workPool && { workPool }) })
    t.equal(
      changeOf({ declared: [wanted], live: [owned("etl/a", {}, { letters: "qw" })], pools }).action,
      workPool ? "keep" : "update",
    )
    t.equal(changeOf({ declared: [wanted], live: [owned("etl/a", {}, { letters: "q" })], pools }).action, "keep")
  }
})

t.test("a create waits for what isn't verified; an existing one is updated all the same", async (t) => {
  const createWaits: Problem = { severity: "warning", code: "image-unverified", message: "not pushed yet" }
  const wanted = declared("etl/a", { description: "new" }, { createWaits })
  t.strictSame(codesOf({ declared: [wanted] }), ["image-unverified"])
  t.strictSame(codesOf({ declared: [wanted], live: [owned("etl/a")] }), ["update"])
  const world = { declared: [wanted] }
  t.equal(planOf(world).problems.length, 1)
  const told = { ...world, desired: { problems: [{ ...createWaits, key: a }] } }
  t.equal(planOf(told).problems.length, 1, "what reading has found isn't told twice")
})

t.test("a field in patience is left alone and told, the others are written", async (t) => {
  const problem: Problem = { severity: "warning", code: "unconvergeable", message: "it still differs", key: a }
  const patience = new Map([[a, new Map<FieldName | "*", Problem>([["version", problem]])]])
  const world = { declared: [declared("etl/a", { description: "new", version: "2" })], live: [owned("etl/a")] }
  t.match(writeOf(changeOf(world, { patience })).patch.fields, { description: "new" })
  t.notMatch(writeOf(changeOf(world, { patience })).patch.fields, { version: "2" })
  t.match(planOf(world, { patience }).problems, [
    { code: "unconvergeable", message: "version: it still differs", line: 3 },
  ])
})

t.test("a refused deployment is left alone until its time has come", async (t) => {
  const problem: Problem = { severity: "error", code: "refused", message: "parameters don't fit", key: a }
  const patience = new Map([[a, new Map<FieldName | "*", Problem>([["*", problem]])]])
  const plan = planOf({ declared: [declared("etl/a", { description: "new" })], live: [owned("etl/a")] }, { patience })
  t.match(plan.changes, [{ action: "skip", code: "refused" }])
  t.match(plan.problems, [{ severity: "error", code: "refused", message: "parameters don't fit" }])
  t.equal(plan.problems.length, 1)
})

t.test("a shared concurrency limit is never written through, and told", async (t) => {
  const now = { ...owned("etl/a", { concurrencyLimit: null }, { letters: "c" }), sharedLimit: "team" }
  const world = { declared: [declared("etl/a", { concurrencyLimit: 2 })], live: [now] }
  t.strictSame(codesOf(world), ["keep"])
  t.match(planOf(world).problems, [{ code: "shared-limit-attached" }])
  const dropped = changeOf({ declared: [declared("etl/a")], live: [now] })
  t.strictSame(writeOf(dropped).patch.fields, {}, "nor reset")
})

t.test("a grace period that the server can't keep is neither compared nor written, and told", async (t) => {
  const options = { collisionStrategy: "ENQUEUE", gracePeriodSeconds: 60 } as const
  const plan = (strategy: "ENQUEUE" | "CANCEL_NEW", server: Version) => {
    const now = owned("etl/a", { concurrencyOptions: { collisionStrategy: strategy, gracePeriodSeconds: null } })
    const world = { declared: [declared("etl/a", { concurrencyOptions: options })], live: [now] }
    return planOf(world, { snapshot: { ...snapshotOf([now]), server } })
  }
  const told = [{ severity: "warning", code: "grace-period-not-managed", message: /older than 3\.6\.6/ }]
  t.match(plan("ENQUEUE", [3, 6, 5]), { changes: [{ action: "keep" }], problems: told })
  const { changes, problems } = plan("CANCEL_NEW", [3, 6, 5])
  const written = { concurrencyOptions: { collisionStrategy: "ENQUEUE", gracePeriodSeconds: null } }
  t.match(changes, [{ action: "update", write: { patch: { fields: written } } }])
  t.match(problems, told)
  t.match(plan("ENQUEUE", [3, 6, 6]), { changes: [{ action: "update" }], problems: [] })
})

t.test("the plan is sorted by key and counts what is owned", async (t) => {
  const plan = planOf({
    declared: [declared("etl/c"), declared("etl/b")],
    live: [owned("etl/d"), owned("etl/c"), live("etl/a"), owned("etl/x", {}, { owner: them })],
  })
  t.strictSame(
    plan.changes.map((change) => [change.key, change.action]),
    [
      ["etl/b", "create"],
      ["etl/c", "keep"],
      ["etl/d", "retire"],
    ],
  )
  t.equal(plan.owned, 2)
})

t.test("an orphan goes only when nothing speaks against it", async (t) => {
  const day = 86_400_000
  const orphan = (tags: readonly string[] = [], paused = false) => [owned("etl/a", { paused }, { tags })]
  const pending = orphan(["gitops-prune=pending"], true)
  const obstacles = new Map([[a, { automations: [], manualRuns: 0, activeRuns: 1 }]])
  const after = (ms: number) => ({ serverNow: new Date(Date.parse("2026-11-24T10:00:00Z") + ms).toISOString() })
  const claims = (canTake: boolean) => siblings({ declares: new Set([a]), canTake })
  const rows: readonly [string, World, object, string][] = [
    ["gone from a whole Git", { live: orphan() }, {}, "retire"],
    ["Git isn't wholly known", { live: orphan(), desired: { kind: "partial" } }, {}, "orphan-unsure"],
    [
      "Git isn't wholly known, in its grace",
      { live: pending, desired: { kind: "partial" }, removal: after(2 * day) },
      {},
      "orphan-unsure",
    ],
    ["something of this source was refused", { live: orphan(), removal: { refused: true } }, {}, "orphan-unsure"],
    ["prune.mode: off", { live: orphan(), policy: { prune: { mode: "off" } } }, {}, "removal-off"],
    ["a person opted out", { live: orphan(["gitops-prune=never"]) }, {}, "opted-out"],
    ["another source takes it", { live: orphan() }, claims(true), "claimed"],
    ["another source has it but can't take it", { live: orphan() }, claims(false), "claimed-by"],
    ["just retired", { live: pending, removal: after(day - 1) }, {}, "in-grace"],
    ["its grace is over", { live: pending, removal: after(day) }, {}, "prune"],
    [
      "its grace is over, but a run isn't",
      { live: pending, removal: { ...after(day), obstacles } },
      {},
      "waiting-for-run",
    ],
    ["a run takes a day longer", { live: pending, removal: { ...after(2 * day), obstacles } }, {}, "prune"],
    [
      "its grace is over, but another source has it",
      { live: pending, removal: after(day) },
      claims(false),
      "claimed-by",
    ],
    ["un-paused in its grace", { live: orphan(["gitops-prune=pending"]), removal: after(day) }, {}, "retire"],
  ]
  for (const [claim, world, more, expected] of rows) t.strictSame(codesOf(world, more), [expected], claim)
})

t.test("un-pausing during the grace is a veto, and stays one", async (t) => {
  t.match(changeOf({ live: [owned("etl/a", {}, { tags: ["gitops-prune=pending"] })] }), {
    action: "retire",
    vetoed: true,
  })
  t.match(changeOf({ live: [owned("etl/a", {}, { tags: ["gitops-prune=vetoed"] })] }), {
    action: "retire",
    vetoed: true,
  })
  t.match(changeOf({ live: [owned("etl/a")] }), { action: "retire", vetoed: false })
})

t.test("a configured source that was never read owns what bears its mark", async (t) => {
  const unread = { siblings: new Map([["other" as SourceName, sibling({ complete: false, canTake: false })]]) }
  t.strictSame(codesOf({ declared: [declared("etl/a")], live: [owned("etl/a", {}, { owner: them })] }, unread), [
    "owned-by-other",
  ])
})
