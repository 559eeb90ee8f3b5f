import t from "tap"
import { diffFields } from "../../src/core/drift.ts"
import type { LiveFields, Wanted } from "../../src/core/model.ts"
import { buildCreate, buildWrite, lettersOf, tagsAfter, withResets } from "../../src/core/write.ts"
import { bareFields, cron, declared, desiredFields, interval, live, liveSchedule, schedule } from "./builders.ts"

function patchFor(wanted: Wanted, now: Partial<LiveFields> = {}) {
  const one = live("etl/a", now)
  return buildWrite(wanted, one, diffFields(wanted, one.fields), null).patch
}

t.test("a patch has just what differs, and what must travel with it", async (t) => {
  const rows: readonly [string, Wanted, Partial<LiveFields>, ReturnType<typeof patchFor>["fields"]][] = [
    ["nothing", { description: "a", version: "1" }, { description: "a", version: "1" }, {}],
    ["one field", { description: "a", version: "1" }, { description: "b", version: "1" }, { description: "a" }],
    [
      "a queue takes its pool along as Git has it",
      { workPool: "pool", workQueue: "fast" },
      { workQueue: null },
      { workPool: "pool", workQueue: "fast" },
    ],
    [
      "or as it is live when Git leaves it open",
      { workQueue: "fast" },
      { workPool: "k8s" },
      { workPool: "k8s", workQueue: "fast" },
    ],
    [
      "a pool takes its queue along",
      { workPool: "k8s", workQueue: null },
      { workPool: "pool", workQueue: null },
      { workPool: "k8s", workQueue: null },
    ],
    [
      "a new pool leaves the old pool's queue behind",
      { workPool: "k8s" },
      { workPool: "pool", workQueue: "fast" },
      { workPool: "k8s", workQueue: null },
    ],
    [
      "job variables take pool and queue along, an open queue as it is",
      { workPool: "pool", jobVariables: { cpu: 2 } },
      { workQueue: "fast" },
      { workPool: "pool", workQueue: "fast", jobVariables: { cpu: 2 } },
    ],
    [
      "open job variables stay out",
      { workPool: "k8s" },
      { jobVariables: { cpu: 1 } },
      { workPool: "k8s", workQueue: null },
    ],
    [
      "a schema takes the parameters along that it is checked against",
      {
        parameterSchema: { type: "object", properties: { x: {} } },
        parameters: { x: 1 },
        enforceParameterSchema: true,
      },
      { parameters: { x: 1 } },
      {
        parameters: { x: 1 },
        parameterSchema: { type: "object", properties: { x: {} } },
        enforceParameterSchema: true,
      },
    ],
    [
      "but not parameters that Git leaves open",
      { parameterSchema: { type: "object", properties: { x: {} } } },
      { parameters: { y: 1 } },
      { parameterSchema: { type: "object", properties: { x: {} } } },
    ],
    [
      "declared empty is sent",
      { jobVariables: {}, workPool: "pool", workQueue: null },
      { jobVariables: { cpu: 1 } },
      { jobVariables: {}, workPool: "pool", workQueue: null },
    ],
  ]
  for (const [claim, wanted, now, expected] of rows) t.strictSame(patchFor(wanted, now).fields, expected, claim)
})

t.test("schedules and tags stand apart from the fields, and out of the body when they are right", async (t) => {
  const right = patchFor({ schedules: [schedule("a")], tags: ["x"] }, { schedules: [liveSchedule("a")], tags: ["x"] })
  t.strictSame(right, { fields: {} })
  const wrong = patchFor({ schedules: [schedule("a")] }, {})
  t.strictSame(wrong, { fields: {}, schedules: [{ slug: "a", spec: cron(), parameters: {} }] })
})

t.test("a removed schedule is no part of the body", async (t) => {
  const wanted = { schedules: [] }
  const one = live("etl/a", { schedules: [liveSchedule("a"), liveSchedule(null, interval(60))] })
  const write = buildWrite(wanted, one, diffFields(wanted, one.fields), null)
  t.strictSame(write, {
    wanted,
    nameSchedules: [],
    removeSchedules: ["id-of-a", "id-of-null"],
    patch: { fields: {} },
    automations: [],
  })
})

t.test("letters are those of declared and derived fields, and of undecided ones that had it", async (t) => {
  const desired = desiredFields({
    version: "1",
    description: { kind: "derived", value: "text" },
    tags: [],
    parameterSchema: { kind: "undecided", reason: "import" },
    jobVariables: { kind: "undecided", reason: "image" },
  })
  t.equal(lettersOf(desired, ""), "dtv")
  t.equal(lettersOf(desired, "sp"), "dstv")
})

t.test("a field that Git declared and doesn't any more gets its default once", async (t) => {
  const given = desiredFields({ version: "2", concurrencyLimit: { kind: "undecided", reason: "build" } })
  const reset = (letters: string) =>
    Object.entries(withResets(given, letters)).flatMap(([name, value]) =>
      value === given[name as keyof typeof given] || !("value" in value) ? [] : [[name, value.value]],
    )
  t.strictSame(Object.fromEntries(reset("dvtpanlqjcoh")), {
    description: null,
    tags: [],
    paused: false,
    parameters: {},
    enforceParameterSchema: true,
    pullSteps: [],
    workQueue: null,
    jobVariables: {},
    concurrencyOptions: null,
    schedules: [],
  })
  t.strictSame(reset("esw"), [], "an entrypoint, a schema and a pool have no default")
  t.strictSame(reset("z"), [], "a letter of a later version means nothing here")
  t.equal(withResets(given, "").version, given.version)
})

t.test("people's tags stay in order of their own, control tags stand behind", async (t) => {
  const now = live("etl/a", { tags: ["b", "a"] }, { allTags: ["b", "gitops-mark=old", "a", "gitops-prune=pending"] })
  t.strictSame(tagsAfter({}, now, ["managed-by=gitops"]), ["a", "b", "managed-by=gitops"])
  t.strictSame(tagsAfter({ tags: ["c", "c"] }, now, ["managed-by=gitops"]), ["c", "managed-by=gitops"])
  t.strictSame(tagsAfter({}, null, ["managed-by=gitops"]), ["managed-by=gitops"])
})

t.test("a create has what Git says, stand-ins for what is undecided, and defaults for the rest", async (t) => {
  const desired = declared("etl/a", {
    entrypoint: "flow.py:f",
    workPool: "k8s",
    parameters: { x: 1 },
    parameterSchema: { kind: "undecided", reason: "import", create: { type: "object" } },
    jobVariables: { kind: "undecided", reason: "image" },
    description: { kind: "derived", value: "text" },
    paused: true,
    tags: ["a"],
  })
  const { tags: _tags, automations: _automations, ...bare } = bareFields
  t.strictSame(buildCreate(desired, ["a", "mark"]), {
    flow: "etl",
    name: "a",
    tags: ["a", "mark"],
    fields: {
      ...bare,
      entrypoint: "flow.py:f",
      workPool: "k8s",
      parameters: { x: 1 },
      parameterSchema: { type: "object" },
      description: "text",
      paused: true,
    },
  })
})
