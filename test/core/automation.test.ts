import t from "tap"
import {
  automationsEqual,
  automationsJson,
  strangersToLeave,
  planAutomations,
  planRetirement,
  planReturn,
  strangers,
} from "../../src/core/automation.ts"
import type { Change } from "../../src/core/change.ts"
import { markTags } from "../../src/core/mark.ts"
import type { Automation, LiveAutomation } from "../../src/core/model.ts"
import {
  automation,
  changeOf,
  declared,
  key,
  liveAutomation,
  me,
  owned,
  planOf,
  siblingOf,
  them,
  writeOf,
} from "./builders.ts"

const place = key("etl/a")
const plan = (desired: readonly Automation[], live: readonly LiveAutomation[]) =>
  planAutomations(desired, live, place, me).map((write) => [
    write.kind,
    write.kind === "make" ? write.automation.name : write.live.id,
  ])
const mine = (name: string, more: Partial<LiveAutomation> = {}) => liveAutomation(place, name, { owner: me, ...more })

t.test("what Prefect fills in, and the order of sets, is no difference", async (t) => {
  const written: Automation = automation("x", {
    trigger: { type: "event", expect: ["b", "a", "b"], match: { "prefect.resource.id": "x.*" } },
    actions: [{ type: "run-deployment", source: "selected", parameters: null, schedule_after: 0 }],
  })
  const stored = mine("x", {
    trigger: {
      type: "event",
      id: "7",
      match: { "prefect.resource.id": ["x.*"] },
      match_related: {},
      after: [],
      expect: ["a", "b"],
      for_each: [],
      posture: "Reactive",
      threshold: 1,
      within: 0,
    },
    actions: [{ type: "run-deployment", source: "selected", parameters: {}, job_variables: null, schedule_after: 0 }],
  })
  t.ok(automationsEqual([written], [stored]))
  t.strictSame(automationsJson([written]), automationsJson([{ ...stored, enabled: null }]))
  t.notOk(automationsEqual([written], [{ ...stored, trigger: { ...stored.trigger, threshold: 2 } }]))
  t.notOk(automationsEqual([written], [{ ...stored, reactions: { actions_on_trigger: [{ type: "do-nothing" }] } }]))
})

t.test("who is who", async (t) => {
  const x = automation("x")
  t.strictSame(plan([x], []), [["make", "x"]])
  t.strictSame(plan([x], [mine("x")]), [])
  t.strictSame(plan([x], [liveAutomation(place, "x")]), [["replace", "automation-x"]], "nobody's becomes ours")
  t.strictSame(plan([x], [liveAutomation(place, "x", { owner: them })]), [["replace", "automation-x"]], "handed over")
  t.strictSame(
    plan([x], [liveAutomation(place, "x", { startsOnly: false })]),
    [["make", "x"]],
    "it does more than ours",
  )
  t.strictSame(plan([x], [liveAutomation(place, "y")]), [["make", "x"]], "a person's stays")
  t.strictSame(plan([x], [mine("x", { name: "y" })]), [["replace", "automation-x"]], "ours, renamed by a person")
  t.strictSame(plan([x], [mine("x"), mine("x", { name: "y", id: "copy" })]), [], "a copy isn't ours")
  t.strictSame(plan([x], [mine("x"), mine("x", { id: "copy", created: "2027-01-01T00:00:00Z" })]), [])
  t.strictSame(plan([], [mine("x"), liveAutomation(place, "y")]), [["remove", "automation-x"]])
})

t.test("a person's own tags survive, and the switch is theirs unless Git says so", async (t) => {
  const off = mine("x", { enabled: false, description: "old", tags: ["team", ...mine("x").tags] })
  const [write] = planAutomations([automation("x")], [off], place, me)
  t.match(write, { kind: "replace", automation: { enabled: false } })
  t.ok(write?.kind === "replace" && write.tags.includes("team"))
  t.strictSame(plan([automation("x", { description: "old" })], [off]), [])
  t.match(planAutomations([automation("x", { enabled: true })], [off], place, me), [{ automation: { enabled: true } }])
})

t.test("a retirement switches off what runs, and gives back just that", async (t) => {
  const all = [mine("on"), mine("off", { enabled: false }), liveAutomation(place, "theirs")]
  const [write, ...others] = planRetirement(all)
  t.strictSame(others, [])
  t.match(write, { kind: "replace", live: { name: "on" }, automation: { enabled: false } })
  const retired = mine("on", { enabled: false, tags: write?.kind === "replace" ? write.tags : [] })
  t.ok(retired.tags.includes("gitops-prune=pending"))
  t.match(planReturn([retired, mine("off", { enabled: false })]), [
    { live: { name: "on" }, automation: { enabled: true }, tags: mine("on").tags },
  ])
  t.match(planAutomations([automation("on")], [retired], place, me), [{ automation: { enabled: true } }])
  t.strictSame(strangers(all), ["theirs"])
})

t.test("adopt decides about a person's automation that has the name but not the content", async (t) => {
  const theirs = liveAutomation(place, "x", { description: "by hand" })
  t.strictSame(strangersToLeave([automation("x")], [theirs], "same"), [theirs])
  const world = (adopt: "same" | "unowned") => ({
    declared: [declared("etl/a", { entrypoint: "flow.py:flow", automations: [automation("x")] })],
    live: [owned("etl/a", { automations: [theirs] }, { letters: "eg" })],
    policy: { adopt },
  })
  t.match(changeOf(world("same")), { action: "keep" })
  t.match(writeOf(changeOf(world("unowned"))).automations, [{ kind: "replace", live: { name: "x" } }])
})

t.test(
  "adopt: never leaves also the one that is as Git says, and a hand-over of its deployment takes none",
  async (t) => {
    const same = liveAutomation(place, "x")
    const differs = liveAutomation(place, "x", { description: "by hand" })
    const world = (theirs: LiveAutomation, owner = me) => ({
      declared: [declared("etl/a", { automations: [automation("x")] })],
      live: [owned("etl/a", { automations: [theirs] }, { owner, letters: "g" })],
      policy: { adopt: "never" as const },
    })
    t.match(planOf(world(same)), { changes: [{ action: "keep" }], problems: [{ code: "not-adopted" }] })
    const siblings = new Map([[them.source, siblingOf()]])
    const taken = changeOf(world(differs, them), { siblings })
    t.match(taken, { action: "adopt", from: "hand-over" })
    t.strictSame(writeOf(taken).automations, [])
  },
)

t.test("what the taker's Git leaves out is reset where the giver's had set it", async (t) => {
  const siblings = new Map([[them.source, siblingOf()]])
  const theirs = liveAutomation(place, "x", { owner: them })
  const live = [owned("etl/a", { automations: [theirs], version: "1" }, { owner: them, letters: "g" })]
  const write = writeOf(changeOf({ declared: [declared("etl/a")], live }, { siblings }))
  t.match(write.automations, [{ kind: "remove", live: { name: "x" } }])
  t.strictSame(write.patch.fields, {}, "what the giver's Git didn't set stays")
})

t.test("an automation that only lacks our mark is marked in a turn of its own", async (t) => {
  const change = changeOf({
    declared: [declared("etl/a", { automations: [automation("x")] })],
    live: [owned("etl/a", { automations: [liveAutomation(place, "x")] }, { letters: "g" })],
  })
  t.match(change, { action: "update", diffs: [] })
  t.match(writeOf(change).automations, [{ tags: markTags(me, key("etl/a/x"), "") }])
})

t.test("automations that weren't read are neither compared nor written", async (t) => {
  const change = changeOf({
    declared: [declared("etl/a", { description: "new", automations: [automation("x")] })],
    live: [owned("etl/a", { automations: null }, { letters: "g" })],
  })
  t.match(writeOf(change), { automations: [], patch: { fields: { description: "new" } } })
})

t.test(
  "automations of ours that Git leaves open, or that are ignored, stay as they are in a write of the rest",
  async (t) => {
    const live = [owned("etl/a", { automations: [mine("x")] }, { letters: "d" })]
    const open = changeOf({ declared: [declared("etl/a", { description: "new" })], live })
    t.match(writeOf(open), { automations: [], patch: { fields: { description: "new" } } })
    const ignored = changeOf({
      declared: [declared("etl/a", { description: "new", automations: [] })],
      live,
      policy: { ignore: ["triggers"] },
    })
    t.match(writeOf(ignored), { automations: [], patch: { fields: { description: "new" } } })
    t.strictSame([writeOf(open).automations, writeOf(ignored).automations], [[], []])
  },
)

t.test("the letter that they are found by stays as long as one of ours does", async (t) => {
  const withLetter = (automations: readonly LiveAutomation[] | null) => [
    owned("etl/a", { automations, description: "old" }, { letters: "dg" }),
  ]
  const said = [declared("etl/a", { description: "new" })]
  const lettersIn = (change: Change): string | undefined =>
    writeOf(change)
      .patch.tags?.find((tag) => tag.startsWith("gitops-mark="))
      ?.split(".")[1]
  const ignored = { policy: { ignore: ["triggers"] } }
  const kept = changeOf({ declared: said, live: withLetter([mine("x")]), ...ignored })
  t.strictSame([writeOf(kept).patch.tags, writeOf(kept).automations], [undefined, []], "no tag is written for it")
  const quiet = changeOf({
    declared: [declared("etl/a", { description: "old" })],
    live: withLetter([mine("x")]),
    ...ignored,
  })
  t.match(quiet, { action: "keep" }, "nor is anything written for its sake")
  const unread = changeOf({ declared: said, live: withLetter(null), ...ignored })
  t.equal(writeOf(unread).patch.tags, undefined, "what wasn't read may be there")
  const gone = changeOf({ declared: said, live: withLetter([]), ...ignored })
  t.equal(lettersIn(gone), "d", "a person deleted it: it is dropped with the next write")
  const managed = changeOf({ declared: said, live: withLetter([mine("x")]) })
  t.match(writeOf(managed).automations, [{ kind: "remove" }])
  t.equal(lettersIn(managed), "d", "and with its removal")
})
