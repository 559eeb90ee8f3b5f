import t from "tap"
import type { Change, Plan } from "../../src/core/change.ts"
import { guardPlan, type GuardInput, type Verdict } from "../../src/core/guard.ts"
import type { Json } from "../../src/core/json.ts"
import type { LiveDeployment } from "../../src/core/model.ts"
import { ownerTag, readMark } from "../../src/core/mark.ts"
import { planChanges } from "../../src/core/plan.ts"
import type { Sibling } from "../../src/core/plan-input.ts"
import { emptyRecord, selectionDigest } from "../../src/core/record.ts"
import type { Source } from "../../src/core/source.ts"
import { leaversIn } from "../../src/reconcile/owners.ts"
import {
  cron,
  declared,
  inputOf,
  live,
  liveSchedule,
  noon,
  other,
  key,
  owned,
  planOf,
  schedule,
  siblingOf,
  sourceOf,
  them,
  type World,
} from "./builders.ts"

function guard(world: World, more: Partial<GuardInput> = {}, planned: Plan = planOf(world)): Verdict {
  return guardPlan({
    plan: planned,
    source: sourceOf(world.policy),
    declared: (world.declared ?? []).length,
    owned: (world.live ?? []).filter((one) => readMark(one.allTags, one.key).kind === "owned"),
    sourceChanged: false,
    siblingUnknown: false,
    firstLook: false,
    otherVersion: null,
    superseded: null,
    letGo: new Set(),
    leavers: new Map(),
    confirmed: null,
    previous: null,
    now: noon,
    ...more,
  })
}

const codes = ({ hold }: Verdict) => hold?.reasons.map(({ code }) => code) ?? []
const actions = (changes: readonly Change[]) => changes.map(({ key, action }) => `${action} ${key}`)
const many = (count: number, make: (name: string) => LiveDeployment) =>
  Array.from({ length: count }, (_, i) => make(`etl/d${String(i).padStart(3, "0")}`))
const kept = declared("etl/kept")
const keptLive = owned("etl/kept")

t.test("what needs no person's word goes through", async (t) => {
  const verdict = guard({ declared: [declared("etl/a"), kept], live: [owned("etl/gone"), keptLive] })
  t.strictSame(actions(verdict.allowed), ["create etl/a", "retire etl/gone", "keep etl/kept"])
  t.equal(verdict.hold, null)
})

t.test("adopt: same takes silently what only lacks the mark, and holds what differs", async (t) => {
  const world = {
    declared: [declared("etl/a", { description: "new" }), declared("etl/b"), declared("etl/c")],
    live: [live("etl/a"), live("etl/b")],
  }
  const verdict = guard(world)
  t.strictSame(codes(verdict), ["adopt-differs"])
  t.strictSame(verdict.hold?.victims, [{ kind: "deployment", key: "etl/a", id: "id-of-etl/a" }])
  t.strictSame(actions(verdict.allowed), ["adopt etl/b", "create etl/c"])
  t.strictSame(codes(guard({ ...world, policy: { adopt: "unowned" } })), [])
})

t.test("a hand-over within one url and ref needs no confirmation, whatever differs; any other does", async (t) => {
  const world = {
    declared: [declared("etl/a", { description: "new" })],
    live: [owned("etl/a", { paused: true }, { owner: them, tags: ["gitops-prune=pending"] })],
  }
  const from = (source: Partial<Source>, mine: Partial<Source> = {}) => {
    const siblings = new Map([[other, siblingOf([], { source: sourceOf({}, { name: other, ...source }) })]])
    return codes(guard(world, {}, planOf(world, { siblings, source: sourceOf({}, mine) })))
  }
  t.strictSame(from({}), [])
  t.strictSame(from({ ref: { kind: "branch", name: "dev" } }), ["hand-over"], "another ref is another hand")
  const remote = { url: "https://git.example.com/theirs.git", credentials: null, caFile: null }
  t.strictSame(from({ remote }), ["hand-over"], "another repository")
  t.strictSame(from({ remote }, { handOverFrom: [other] }), [], "unless the taker says so")
  t.strictSame(from({ remote }, { formerly: [other] }), [], "or that it is its own former name")
  const record = (more: object) => ({ records: new Map([[ownerTag(them), { ...emptyRecord, ...more }]]) })
  const place = { url: "https://git.example.com/etl.git", ref: "branch main" }
  t.strictSame(codes(guard(world, {}, planOf(world, record(place)))), [], "another daemon's, of the same place")
  t.strictSame(codes(guard(world, {}, planOf(world, record({ ...place, ref: "HEAD" })))), ["hand-over"])
  t.strictSame(codes(guard(world, {}, planOf(world))), ["hand-over"], "nobody knows of where")
})

t.test("a confirmed hand-over goes on", async (t) => {
  const world = {
    declared: [declared("etl/a")],
    live: [owned("etl/a", { paused: true }, { owner: them, tags: ["gitops-prune=pending"] })],
  }
  const held = guard(world)
  t.match(held.hold, {
    reasons: [{ message: /^1 deployment would be taken over from other,.*handOverFrom: \[other\]$/ }],
  })
  t.strictSame(actions(guard(world, { confirmed: held.hold?.digest ?? "" }).allowed), ["adopt etl/a"])
})

t.test("taking over is a removal of the former owner: its guards count everything that leaves it", async (t) => {
  const names = Array.from({ length: 30 }, (_, i) => `etl/d${i}`)
  const place = { url: "https://git.example.com/etl.git", ref: "branch main" }
  const record = { ...emptyRecord, ...place, selection: selectionDigest(sourceOf()) }
  const from = (taken: number, gone: number, more: Partial<Source> = {}, sibling: Partial<Sibling> = {}) => {
    const theirs = names.map((name) => owned(name, {}, { owner: them }))
    const source = sourceOf({}, { name: other, ...more })
    const declares = names.slice(gone)
    const siblings = new Map([[other, siblingOf(declares, { source, record, ...sibling })]])
    const world = { declared: names.slice(0, taken).map((name) => declared(name)), live: theirs }
    const input = inputOf(world, { siblings })
    const plan = planChanges(input)
    return guard(world, { leavers: leaversIn(plan, input) }, plan)
  }
  t.strictSame(codes(from(6, 6)), [], "20 % of 30")
  t.strictSame(codes(from(7, 7)), ["budget"])
  t.strictSame(codes(from(1, 7)), ["budget"], "what isn't taken here leaves it too")
  t.strictSame(codes(from(30, 30)), ["empty", "budget"])
  t.strictSame(codes(from(1, 30)), ["empty", "budget"], "deployments: [] gives nothing away")
  t.strictSame(codes(from(1, 1, { ref: { kind: "head" } })), ["source-changed"], "and asks no further question")
  t.strictSame(codes(from(1, 1, {}, { record: null })), ["source-changed"], "nobody knows what it was")
  t.strictSame(codes(from(1, 1, { decommission: true })), ["decommission"])
  t.strictSame(
    codes(from(7, 7, {}, { letGo: new Set(names.slice(0, 1).map((name) => key(name))) })),
    [],
    "one was let go",
  )
  const held = from(7, 7)
  t.strictSame(held.allowed, [])
  t.match(held.hold, { release: ["confirm it on the source that loses them: lockstep status other"] })
  t.strictSame(codes(guardPlanAgain(held)), ["budget"], "no word on the taker's side releases it")
  function guardPlanAgain({ hold }: Verdict): Verdict {
    const again = from(7, 7)
    return { ...again, hold: again.hold?.digest === hold?.digest ? again.hold : null }
  }
})

t.test("the former owner shows it too, and a person's word there lets them go", async (t) => {
  const gone = many(7, owned)
  const world = { declared: [kept], live: [keptLive, ...gone] }
  const siblings = new Map([[other, siblingOf(gone.map((one) => one.key))]])
  const plan = planOf(world, { siblings })
  const held = guard(world, {}, plan)
  t.strictSame(codes(held), ["budget"])
  t.equal(held.hold?.victims.length, 7)
  const confirmed = guard(world, { confirmed: held.hold?.digest ?? "" }, plan)
  t.equal(confirmed.hold, null)
  t.strictSame(
    confirmed.letGo,
    gone.map((one) => one.key),
  )
  t.strictSame(codes(guard(world, { letGo: new Set(confirmed.letGo) }, plan)), [], "and it isn't asked again")
})

t.test("while the taker's person isn't sure, the former owner keeps it and says so", async (t) => {
  const world = { declared: [kept], live: [keptLive, owned("etl/gone")] }
  const source = sourceOf({}, { name: other, ref: { kind: "branch", name: "dev" } })
  const held = guard(world, {}, planOf(world, { siblings: new Map([[other, siblingOf(["etl/gone"], { source })]]) }))
  t.strictSame(codes(held), ["claimed-by"])
})

t.test("in the first look after a start, a sudden difference everywhere is held", async (t) => {
  const world = (differing: number, all: number): World => ({
    declared: many(all, owned).map(({ key }, i) => declared(key, { description: i < differing ? "new" : null })),
    live: many(all, owned),
  })
  t.strictSame(codes(guard(world(11, 50), { firstLook: true })), ["mass-update"])
  t.strictSame(codes(guard(world(10, 50), { firstLook: true })), [])
  t.strictSame(codes(guard(world(11, 50), { firstLook: false })), [])
  const held = guard(world(11, 50), { firstLook: true })
  t.equal(held.allowed.length, 39)
  t.equal(held.hold?.victims.length, 11)
})

t.test("another version than the one that wrote what is live is trusted no more than that", async (t) => {
  const otherVersion = { before: "0.1.0", now: "0.2.0" }
  const world = (differing: number): World => ({
    declared: many(50, owned).map(({ key }, i) => declared(key, { description: i < differing ? "new" : null })),
    live: many(50, owned),
  })
  t.strictSame(codes(guard(world(10), { otherVersion })), [])
  const held = guard(world(11), { otherVersion })
  t.strictSame(codes(held), ["mass-update"])
  t.match(held.hold?.reasons, [{ message: /^this is Lockstep 0\.2\.0, and 0\.1\.0 wrote before it, yet 11 of 50/ }])
  t.strictSame(codes(guard(world(11), { otherVersion: { ...otherVersion, before: null } })), ["mass-update"])
})

t.test("pull steps that another version makes otherwise are held, whatever their number", async (t) => {
  const clone = (more: object) => ({ "prefect.deployments.steps.git_clone": { repository: "https://x", ...more } })
  const change = (kind: "declared" | "derived", ...steps: readonly object[]): World => ({
    declared: [declared("etl/a", { pullSteps: { kind, value: steps as unknown as Json[] } }), kept],
    live: [owned("etl/a", { pullSteps: [clone({ commit_sha: "1" })] }, { letters: "l" }), keptLive],
  })
  const otherVersion = { before: "0.1.0", now: "0.2.0" }
  const moved = change("derived", clone({ commit_sha: "2" }))
  const rebuilt = change("derived", clone({ commit_sha: "1" }), {
    "prefect.deployments.steps.set_working_directory": {},
  })
  const held = guard(rebuilt, { otherVersion })
  t.strictSame(codes(held), ["mass-update"])
  t.strictSame(actions(held.allowed), ["keep etl/kept"])
  t.strictSame(codes(guard(moved, { otherVersion })), [], "only the commit")
  t.strictSame(codes(guard(change("declared", { x: {} }), { otherVersion })), [], "Git says them itself")
  t.strictSame(codes(guard(rebuilt, { firstLook: true })), [], "the same version: only Prefect or people changed it")
  t.strictSame(codes(guard(change("derived", clone({ branch: "main" })), { otherVersion })), ["mass-update"])
})

t.test("a hold is released by its digest, and only by that one", async (t) => {
  const world = { declared: [declared("etl/a", { description: "new" })], live: [live("etl/a")] }
  const held = guard(world)
  const digest = held.hold?.digest ?? ""
  t.match(digest, /^[0-9a-f]{12}$/)

  t.strictSame(codes(guard(world, { confirmed: "000000000000" })), ["adopt-differs"])
  const released = guard(world, { confirmed: digest })
  t.equal(released.hold, null)
  t.strictSame(released.released, ["adopt-differs"])
  t.strictSame(actions(released.allowed), ["adopt etl/a"])
})

t.test("a digest names reasons and victims: another victim is another hold", async (t) => {
  const world = { declared: [declared("etl/a", { description: "new" })], live: [live("etl/a")] }
  const digest = guard(world).hold?.digest ?? ""
  const more = {
    declared: [...world.declared, declared("etl/b", { description: "new" })],
    live: [...world.live, live("etl/b")],
  }
  t.strictSame(codes(guard(more, { confirmed: digest })), ["adopt-differs"])
  const again = { ...world, live: [live("etl/a", {}, { id: "re-created" as LiveDeployment["id"] })] }
  t.not(guard(again).hold?.digest, digest)
})

t.test("a hold keeps its beginning as long as it is the same", async (t) => {
  const world = { declared: [declared("etl/a", { description: "new" })], live: [live("etl/a")] }
  const before = guard(world, { now: "2026-11-24T09:00:00.000Z" }).hold
  t.equal(guard(world, { previous: before }).hold?.since, "2026-11-24T09:00:00.000Z")
  t.equal(guard(world, { previous: before && { ...before, digest: "other" } }).hold?.since, noon)
})

t.test("the budget is max(5, 20 %) with what is in its grace, and never more than the ceiling", async (t) => {
  const retired = (name: string) => owned(name, { paused: true }, { tags: ["gitops-prune=pending"] })
  const rows: readonly [string, number, number, number, World["policy"], readonly string[]][] = [
    ["five of six", 1, 5, 0, {}, []],
    ["six of seven", 1, 6, 0, {}, ["budget"]],
    ["20 % of 50", 40, 10, 0, {}, []],
    ["one more than 20 % of 50", 39, 11, 0, {}, ["budget"]],
    ["percent rounds down", 42, 7, 0, { prune: { max: 0, maxPercent: 15 } }, []],
    ["percent rounds down here", 41, 7, 0, { prune: { max: 0, maxPercent: 14 } }, ["budget"]],
    ["what is in its grace counts", 1, 3, 3, {}, ["budget"]],
    ["what is in its grace alone is no reason", 1, 0, 9, {}, []],
    ["the ceiling", 300, 26, 0, {}, ["budget"]],
    ["just the ceiling", 300, 25, 0, {}, []],
    ["everything needs a confirmation", 1, 1, 0, { prune: { max: 0, maxPercent: 0 } }, ["budget"]],
    ["mode: confirm", 100, 1, 0, { prune: { mode: "confirm" } }, ["budget"]],
  ]
  for (const [claim, keep, gone, grace, policy, expected] of rows) {
    const keeps = many(keep, owned)
    const world: World = {
      declared: keeps.map(({ key }) => declared(key)),
      live: [
        ...keeps,
        ...Array.from({ length: gone }, (_, i) => owned(`etl/gone${i}`)),
        ...Array.from({ length: grace }, (_, i) => retired(`etl/grace${i}`)),
      ],
      removal: { serverNow: "2026-11-24T10:00:01Z" },
      ...(policy && { policy }),
    }
    t.strictSame(codes(guard(world)), expected, claim)
  }
})

t.test("Git without any deployment is held, a Desired with only broken entries isn't that", async (t) => {
  const world = { live: [owned("etl/a")] }
  t.strictSame(codes(guard(world)), ["empty"])
  t.strictSame(codes(guard(world, { declared: 1 })), [])
})

t.test("a changed source holds what would go, and only that", async (t) => {
  const world = { declared: [kept, declared("etl/new")], live: [keptLive, owned("etl/gone")] }
  const verdict = guard(world, { sourceChanged: true })
  t.strictSame(codes(verdict), ["source-changed"])
  t.strictSame(actions(verdict.allowed), ["keep etl/kept", "create etl/new"])
  t.strictSame(codes(guard({ declared: [kept], live: [keptLive] }, { sourceChanged: true })), [])
})

t.test("an unread sibling holds a retirement, and no person's word releases it", async (t) => {
  const world = { declared: [kept], live: [keptLive, owned("etl/gone")] }
  const held = guard(world, { siblingUnknown: true })
  t.strictSame(codes(held), ["sibling-unknown"])
  const confirmed = guard(world, { siblingUnknown: true, confirmed: held.hold?.digest ?? "" })
  t.strictSame(codes(confirmed), ["sibling-unknown"])
  t.strictSame(actions(confirmed.allowed), ["keep etl/kept"])
})

t.test("an orphan that a sibling declares but can't take is shown as held", async (t) => {
  const world = { declared: [kept], live: [keptLive, owned("etl/gone")] }
  const siblings = new Map([[other, siblingOf(["etl/gone"], { canTake: false })]])
  const held = guard(world, {}, planOf(world, { siblings }))
  t.strictSame(codes(held), ["claimed-by"])
  t.strictSame(held.hold?.victims, [{ kind: "deployment", key: "etl/gone", id: "id-of-etl/gone" }])
})

t.test("a veto holds until a person confirms, and then it is retired again", async (t) => {
  const world = { declared: [kept], live: [keptLive, owned("etl/gone", {}, { tags: ["gitops-prune=pending"] })] }
  const held = guard(world)
  t.strictSame(codes(held), ["prune-vetoed"])
  t.strictSame(actions(guard(world, { confirmed: held.hold?.digest ?? "" }).allowed), [
    "retire etl/gone",
    "keep etl/kept",
  ])
})

t.test("what still uses a deployment holds its deletion", async (t) => {
  const world: World = {
    declared: [kept],
    live: [keptLive, owned("etl/gone", { paused: true }, { tags: ["gitops-prune=pending"] })],
  }
  const rows = [
    ["related-automation", { automations: ["page me"], manualRuns: 0, activeRuns: 0 }],
    ["manual-runs", { automations: [], manualRuns: 2, activeRuns: 0 }],
    ["active-runs", { automations: [], manualRuns: 0, activeRuns: 1 }],
  ] as const
  for (const [code, found] of rows) {
    const removal = { serverNow: "2026-12-24T10:00:00Z", obstacles: new Map([[key("etl/gone"), found]]) }
    const verdict = guard({ ...world, removal })
    t.strictSame(codes(verdict), [code], code)
    t.strictSame(actions(verdict.allowed), ["keep etl/kept"], code)
    const confirmed = guard({ ...world, removal }, { confirmed: verdict.hold?.digest ?? "" })
    t.strictSame(actions(confirmed.allowed), ["prune etl/gone", "keep etl/kept"], code)
  }
})

t.test("decommission retires all, once it is confirmed", async (t) => {
  const world = { live: [owned("etl/a"), owned("etl/b")] }
  const source = sourceOf({}, { decommission: true })
  const held = guard(world, { source })
  t.strictSame(codes(held), ["decommission"])
  const released = guard(world, { source, confirmed: held.hold?.digest ?? "" })
  t.strictSame(actions(released.allowed), ["retire etl/a", "retire etl/b"])
})

t.test("a renamed deployment never runs under both names", async (t) => {
  const running = { entrypoint: "flow.py:f", schedules: [liveSchedule("s")] }
  const wanted = { entrypoint: "flow.py:f", workPool: "pool" }
  const policy = { prune: { mode: "off" as const } }
  const world = (live: LiveDeployment, ...creates: readonly ReturnType<typeof declared>[]): World => ({
    declared: [kept, ...creates],
    live: [keptLive, live],
    policy,
  })
  const old = owned("etl/old", running)
  const likely = declared("etl/likely", { ...wanted, schedules: [schedule("s")], parameters: {} })
  const unlike = declared("etl/unlike", { ...wanted, schedules: [schedule("s", cron("9 9 * * *"))] })
  const stranger = declared("etl/stranger", { ...wanted, entrypoint: "other.py:g" })

  const held = guard(world(old, likely, unlike, stranger))
  t.strictSame(codes(held), ["would-run-twice"])
  t.strictSame(held.hold?.victims, [{ kind: "deployment", key: "etl/old", id: "id-of-etl/old" }])
  t.strictSame(
    actions(held.allowed).filter((line) => line.startsWith("create")),
    ["create etl/stranger", "create etl/unlike"],
    "it holds back just the create that matches best",
  )
  t.strictSame(codes(guard(world(old, stranger))), [], "another flow is no twin")
  t.strictSame(
    codes(guard(world(owned("etl/old", { ...running, paused: true }), likely))),
    [],
    "a paused one runs no more",
  )
  t.strictSame(
    codes(guard(world(owned("etl/old", { ...running, schedules: [] }), likely))),
    [],
    "nor one without a schedule",
  )
  t.strictSame(codes(guard({ ...world(old, likely), policy: {} })), [], "a removal that goes on holds nothing back")
})

t.test("a confirmation lets no deployment run twice whose twin still can't be retired", async (t) => {
  const old = owned("etl/old", { entrypoint: "flow.py:f", schedules: [liveSchedule("s")] })
  const world = { declared: [kept, declared("etl/new", { entrypoint: "flow.py:f" })], live: [keptLive, old] }
  const held = guard(world, { siblingUnknown: true })
  t.strictSame(codes(held), ["sibling-unknown", "would-run-twice"])
  const confirmed = guard(world, { siblingUnknown: true, confirmed: held.hold?.digest ?? "" })
  t.strictSame(actions(confirmed.allowed), ["keep etl/kept"])
})

t.test("an older daemon stands back: it writes nothing, names no victims, and can't be confirmed", async (t) => {
  const world = { declared: [declared("etl/a"), kept], live: [keptLive, owned("etl/gone")] }
  const verdict = guard(world, { superseded: "newer" })
  t.strictSame(codes(verdict), ["superseded"])
  t.strictSame(verdict.hold?.victims, [])
  t.strictSame(actions(verdict.allowed), ["keep etl/kept"])
  const confirmed = guard(world, { superseded: "newer", confirmed: verdict.hold?.digest ?? "" })
  t.strictSame(actions(confirmed.allowed), ["keep etl/kept"])
})

t.test("a guard only takes away: every change it allows is one of the plan", async (t) => {
  const world = { declared: [declared("etl/a")], live: [live("etl/a"), owned("etl/gone")] }
  const { changes } = planOf(world)
  t.ok(guard(world).allowed.every((change) => changes.some((one) => one.key === change.key)))
  t.equal(inputOf(world).source.policy.adopt, "same")
})
