import t from "tap"
import { diffFields, wantedFields } from "../../src/core/drift.ts"
import type { LiveFields, Wanted } from "../../src/core/model.ts"
import { bareFields, cron, desiredFields, interval, liveSchedule, rrule, schedule } from "./builders.ts"

const liveFields = (fields: Partial<LiveFields>): LiveFields => ({
  ...bareFields,
  schedules: [],
  automations: [],
  ...fields,
})
const diff = (wanted: Wanted, live: Partial<LiveFields>) => diffFields(wanted, liveFields(live))

t.test("declared and derived fields are wanted, absent and undecided ones aren't", async (t) => {
  const desired = desiredFields({
    version: "1",
    description: { kind: "derived", value: null },
    workPool: { kind: "absent" },
    parameterSchema: { kind: "undecided", reason: "import", create: {} },
    tags: [],
  })
  t.strictSame(wantedFields(desired, null, []), { description: null, version: "1", tags: [] })
})

t.test("a difference names the deepest path and both sides", async (t) => {
  t.strictSame(
    diff({ jobVariables: { env: { A: "1", B: "2" }, cpu: 1 } }, { jobVariables: { env: { A: "0", C: "3" }, cpu: 1 } }),
    [
      { field: "jobVariables", path: "env.A", live: "0", desired: "1" },
      { field: "jobVariables", path: "env.B", desired: "2" },
      { field: "jobVariables", path: "env.C", live: "3" },
    ],
  )
  const steps = (branch: string) => [{ shell: { a: 1 } }, { git_clone: { branch } }]
  t.strictSame(diff({ pullSteps: steps("main") }, { pullSteps: steps("dev") }), [
    { field: "pullSteps", path: "[1].git_clone.branch", live: "dev", desired: "main" },
  ])
  t.strictSame(diff({ pullSteps: [{ a: 1 }] }, { pullSteps: [] }), [
    { field: "pullSteps", path: "", live: [], desired: [{ a: 1 }] },
  ])
  t.strictSame(diff({ description: "a" }, { description: null }), [
    { field: "description", path: "", live: null, desired: "a" },
  ])
})

t.test(
  "lists whose items aren't the same things differ as a whole, and so does a secret's name with its value",
  async (t) => {
    const env = (name: string, value: string) => ({ jobVariables: { env: [{ name, value }] } })
    const found = (...[wanted, live]: Parameters<typeof diff>) => diff(wanted, live).map(({ path }) => path)

    t.strictSame(found(env("STAGE", "a"), env("STAGE", "b")), ["env[0].value"])
    t.strictSame(found(env("STAGE", "a"), env("TOKEN", "b")), ["env"])
    t.strictSame(found(env("TOKEN", "a"), env("TOKEN", "b")), ["env"])
    t.strictSame(found({ jobVariables: { args: ["--a", "b"] } }, { jobVariables: { args: ["--a", "c"] } }), ["args"])
  },
)

t.test("what isn't wanted never differs", async (t) => {
  t.strictSame(diff({}, { description: "a person's", paused: true, version: "9" }), [])
})

t.test("schedules differ by name, and only in what Git says of them", async (t) => {
  const wanted = { schedules: [schedule("a", cron("0 7 * * *")), schedule("new", cron("1 1 * * *"))] }
  const found = diff(wanted, {
    schedules: [liveSchedule("a", cron(), { active: false }), liveSchedule("gone", cron("2 2 * * *"))],
  })
  t.strictSame(found, [
    { field: "schedules", path: "[a].cron", live: "0 6 * * *", desired: "0 7 * * *" },
    { field: "schedules", path: "[new]", desired: { kind: "cron", cron: "1 1 * * *", dayOr: true, slug: "new" } },
    {
      field: "schedules",
      path: "[gone]",
      live: { kind: "cron", cron: "2 2 * * *", dayOr: true, slug: "gone", active: true, parameters: {} },
    },
  ])
})

t.test("a difference in one part of a schedule doesn't show parts that mean the same", async (t) => {
  const rows = [
    [rrule("FREQ=DAILY", "UTC"), rrule("DTSTART:20200101T000000\nFREQ=DAILY", null)],
    [cron(" 0 6 * * *", "UTC"), cron("0 6 * * *", null)],
    [interval(60, "2026-01-01T01:00:00+01:00"), interval(60, "2026-01-01T00:00:00Z")],
  ] as const
  for (const [wanted, live] of rows) {
    const found = diff(
      { schedules: [schedule("a", wanted, { active: false })] },
      { schedules: [liveSchedule("a", live)] },
    )
    t.strictSame(found, [{ field: "schedules", path: "[a].active", live: true, desired: false }], wanted.kind)
  }
})

t.test("ignore takes a field out of what is wanted", async (t) => {
  const desired = desiredFields({ paused: true, jobVariables: { cpu: 1 }, version: "1" })
  t.strictSame(wantedFields(desired, liveFields({}), ["paused", "job_variables"]), { version: "1" })
})

t.test("an ignored part keeps the live value, present or not", async (t) => {
  const rows: readonly [string, string, Wanted, Partial<LiveFields>, Wanted][] = [
    [
      "a person's value stays",
      "job_variables.env.A",
      { jobVariables: { env: { A: "git", B: "git" } } },
      { jobVariables: { env: { A: "mine", B: "mine" } } },
      { jobVariables: { env: { A: "mine", B: "git" } } },
    ],
    [
      "a value that isn't live isn't written",
      "job_variables.env.A",
      { jobVariables: { env: { A: "git", B: "git" } } },
      { jobVariables: { env: { B: "mine" } } },
      { jobVariables: { env: { B: "git" } } },
    ],
    [
      "a value that only live has stays",
      "job_variables.env.A",
      { jobVariables: { env: { B: "git" } } },
      { jobVariables: { env: { A: "mine" } } },
      { jobVariables: { env: { A: "mine", B: "git" } } },
    ],
    [
      "also below something that Git doesn't have at all",
      "job_variables.env.A",
      { jobVariables: { cpu: 1 } },
      { jobVariables: { cpu: 2, env: { A: "mine", B: "mine" } } },
      { jobVariables: { cpu: 1, env: { A: "mine" } } },
    ],
    [
      "a star stands for every name",
      "job_variables.env.*",
      { jobVariables: { env: { A: "git" }, cpu: 1 } },
      { jobVariables: { env: { B: "mine" }, cpu: 2 } },
      { jobVariables: { env: { B: "mine" }, cpu: 1 } },
    ],
    [
      "a star in the middle too",
      "parameters.*.secret",
      { parameters: { a: { secret: 1, open: 1 }, b: { open: 1 } } },
      { parameters: { a: { secret: 2, open: 2 }, b: { secret: 2 } } },
      { parameters: { a: { secret: 2, open: 1 }, b: { secret: 2, open: 1 } } },
    ],
    [
      "parts have the names that people write",
      "concurrency_options.grace_period_seconds",
      { concurrencyOptions: { collisionStrategy: "ENQUEUE", gracePeriodSeconds: null } },
      { concurrencyOptions: { collisionStrategy: "CANCEL_NEW", gracePeriodSeconds: 90 } },
      { concurrencyOptions: { collisionStrategy: "ENQUEUE", gracePeriodSeconds: 90 } },
    ],
  ]
  for (const [claim, pattern, declared, live, expected] of rows) {
    t.strictSame(wantedFields(desiredFields(declared), liveFields(live), [pattern]), expected, claim)
  }
})

t.test("schedules.*.active leaves active open for all, a slug for one", async (t) => {
  const declared = desiredFields({
    schedules: [
      schedule("a", cron(), { active: true, parameters: { x: 1 } }),
      schedule(null, cron("1 1 * * *"), { active: true }),
    ],
  })
  const opened = (pattern: string) =>
    wantedFields(declared, liveFields({}), [pattern]).schedules?.map(({ active, parameters }) => [active, parameters])
  t.strictSame(opened("schedules.*.active"), [
    [null, { x: 1 }],
    [null, null],
  ])
  t.strictSame(opened("schedules.a.active"), [
    [null, { x: 1 }],
    [true, null],
  ])
  t.strictSame(opened("schedules.*.parameters"), [
    [true, null],
    [true, null],
  ])
})
