import t from "tap"
import { fieldNames, fieldOf, fields } from "../../src/core/fields.ts"
import type { JsonObject } from "../../src/core/json.ts"
import type { DeploymentFields, FieldName } from "../../src/core/model.ts"
import { cron, interval, liveSchedule, rrule, schedule } from "./builders.ts"

type Row<F extends FieldName> = readonly [
  claim: string,
  desired: DeploymentFields[F],
  live: DeploymentFields[F],
  equal: boolean,
]

function compare<F extends FieldName>(name: F, rows: readonly Row<F>[]): void {
  t.test(`${name} is compared by meaning`, async (t) => {
    for (const [claim, desired, live, expected] of rows) t.equal(fieldOf(name).equal(desired, live), expected, claim)
  })
}

compare("description", [
  ["the same text", "Nightly load", "Nightly load", true],
  ["another text", "Nightly load", "Weekly load", false],
  ["none and empty", null, "", true],
  ["empty and none", "", null, true],
  ['none and the "None" that prefect deploy stores', null, "None", true],
  ['empty and that "None"', "", "None", true],
  ['a declared "None" and none', "None", null, false],
  ["outer white space counts", "a", "a ", false],
])

compare("version", [
  ["the same", "1.0", "1.0", true],
  ["another", "1.0", "1", false],
  ["none and a text", null, "1", false],
])

compare("tags", [
  ["order doesn't matter", ["a", "b"], ["b", "a"], true],
  ["repetition doesn't matter", ["a", "a"], ["a"], true],
  ["a further tag does", ["a"], ["a", "b"], false],
  ["declared empty against some", [], ["a"], false],
  ["case matters", ["a"], ["A"], false],
])

compare("entrypoint", [
  ["verbatim", "flow.py:f", "flow.py:f", true],
  ["a leading ./ is another text", "./flow.py:f", "flow.py:f", false],
])

compare("parameters", [
  ["key order doesn't matter", { a: 1, b: 2 }, { b: 2, a: 1 }, true],
  ["1 is 1.0", { a: 1 }, { a: 1.0 }, true],
  ["a big integer by its value", { a: 2n ** 60n }, { a: 2n ** 60n }, true],
  ["list order matters", { a: [1, 2] }, { a: [2, 1] }, false],
  ["null is no missing key", { a: null }, {}, false],
  ["a number is no text", { a: 1 }, { a: "1" }, false],
])

compare("enforceParameterSchema", [
  ["the same", true, true, true],
  ["another", false, true, false],
])

compare("pullSteps", [
  ["key order doesn't matter", [{ x: { a: 1, b: 2 } }], [{ x: { b: 2, a: 1 } }], true],
  ["the order of steps does", [{ x: {} }, { y: {} }], [{ y: {} }, { x: {} }], false],
  ["none and empty are one", [], [], true],
])

compare("jobVariables", [
  ["deep and whatever the key order", { env: { A: "1", B: "2" } }, { env: { B: "2", A: "1" } }, true],
  ["a further variable of a person", { env: { A: "1" } }, { env: { A: "1" }, cpu: 1 }, false],
  ["empty is {env: {}}, which stands for it on older servers", {}, { env: {} }, true],
  ["{env: {}} is empty", { env: {} }, {}, true],
  ["an empty env beside others stays one", { cpu: 1 }, { cpu: 1, env: {} }, false],
])

compare("workPool", [
  ["exact", "k8s", "k8s", true],
  ["a deleted pool is a difference", "k8s", null, false],
])

compare("workQueue", [
  ["the default queue is null on both sides", null, null, true],
  ["a named queue", "fast", null, false],
])

compare("concurrencyLimit", [
  ["the same", 2, 2, true],
  ["none and some", null, 2, false],
])

compare("concurrencyOptions", [
  [
    "a grace that nobody gave",
    { collisionStrategy: "ENQUEUE", gracePeriodSeconds: null },
    { collisionStrategy: "ENQUEUE", gracePeriodSeconds: null },
    true,
  ],
  [
    "another strategy",
    { collisionStrategy: "ENQUEUE", gracePeriodSeconds: null },
    { collisionStrategy: "CANCEL_NEW", gracePeriodSeconds: null },
    false,
  ],
  [
    "a grace of a person",
    { collisionStrategy: "ENQUEUE", gracePeriodSeconds: null },
    { collisionStrategy: "ENQUEUE", gracePeriodSeconds: 90 },
    false,
  ],
  ["null is no object", null, { collisionStrategy: "ENQUEUE", gracePeriodSeconds: null }, false],
])

const anchor = "2026-01-01T00:00:00Z"
compare("schedules", [
  [
    "whatever their order",
    [schedule("a"), schedule("b", cron("1 * * * *"))],
    [liveSchedule("b", cron("1 * * * *")), liveSchedule("a")],
    true,
  ],
  ["an unnamed one meets a named one with the same spec", [schedule(null)], [liveSchedule("a")], true],
  ["a named one doesn't meet an unnamed one", [schedule("a")], [liveSchedule(null)], false],
  ["one that a person added", [schedule("a")], [liveSchedule("a"), liveSchedule("b", cron("1 * * * *"))], false],
  ["one that is missing", [schedule("a")], [], false],
  ["none and none", [], [], true],
  ["the same unnamed one twice needs two", [schedule(null), schedule(null)], [liveSchedule("a")], false],
  ["cron text after trimming", [schedule("a", cron(" 0 6 * * * "))], [liveSchedule("a")], true],
  ["cron text isn't rewritten", [schedule("a", cron("0 6 * * MON"))], [liveSchedule("a", cron("0 6 * * 1"))], false],
  ["no time zone is UTC", [schedule("a")], [liveSchedule("a", cron("0 6 * * *", "UTC"))], true],
  [
    "an empty time zone is UTC",
    [schedule("a", cron("0 6 * * *", "UTC"))],
    [liveSchedule("a", cron("0 6 * * *", ""))],
    true,
  ],
  ["another time zone", [schedule("a")], [liveSchedule("a", cron("0 6 * * *", "Europe/Berlin"))], false],
  [
    "day_or",
    [schedule("a")],
    [liveSchedule("a", { kind: "cron", cron: "0 6 * * *", timezone: null, dayOr: false })],
    false,
  ],
  ["an undeclared anchor is open", [schedule("a", interval(60))], [liveSchedule("a", interval(60, anchor))], true],
  [
    "a declared anchor is an instant, not a text",
    [schedule("a", interval(60, "2026-01-01T01:00:00+01:00"))],
    [liveSchedule("a", interval(60, anchor))],
    true,
  ],
  [
    "a declared anchor without an offset is UTC",
    [schedule("a", interval(60, "2026-01-01 00:00:00"))],
    [liveSchedule("a", interval(60, anchor))],
    true,
  ],
  [
    "a date as anchor is midnight UTC",
    [schedule("a", interval(60, "2026-01-01"))],
    [liveSchedule("a", interval(60, anchor))],
    true,
  ],
  [
    "another anchor",
    [schedule("a", interval(60, "2026-01-01T00:00:01Z"))],
    [liveSchedule("a", interval(60, anchor))],
    false,
  ],
  [
    "intervals to the microsecond",
    [schedule("a", interval(0.1 + 0.2))],
    [liveSchedule("a", interval(0.3, anchor))],
    true,
  ],
  ["another interval", [schedule("a", interval(60))], [liveSchedule("a", interval(61, anchor))], false],
  [
    "the DTSTART that the server puts before a rule",
    [schedule("a", rrule("FREQ=DAILY"))],
    [liveSchedule("a", rrule("DTSTART:20200101T000000\nFREQ=DAILY", "UTC"))],
    true,
  ],
  [
    "a declared DTSTART is compared",
    [schedule("a", rrule("DTSTART:20240101T090000\nFREQ=DAILY"))],
    [liveSchedule("a", rrule("DTSTART:20240101T100000\nFREQ=DAILY"))],
    false,
  ],
  [
    "a declared DTSTART that is live",
    [schedule("a", rrule("DTSTART:20240101T090000\nFREQ=DAILY"))],
    [liveSchedule("a", rrule("DTSTART:20240101T090000\nFREQ=DAILY", "UTC"))],
    true,
  ],
  ["another rule", [schedule("a", rrule("FREQ=DAILY"))], [liveSchedule("a", rrule("FREQ=WEEKLY"))], false],
  ["another kind of schedule", [schedule("a", interval(60))], [liveSchedule("a")], false],
  ["undeclared active is open", [schedule("a")], [liveSchedule("a", cron(), { active: false })], true],
  [
    "declared active isn't",
    [schedule("a", cron(), { active: true })],
    [liveSchedule("a", cron(), { active: false })],
    false,
  ],
  ["undeclared parameters are open", [schedule("a")], [liveSchedule("a", cron(), { parameters: { x: 1 } })], true],
  [
    "declared parameters aren't",
    [schedule("a", cron(), { parameters: {} })],
    [liveSchedule("a", cron(), { parameters: { x: 1 } })],
    false,
  ],
])

const schema: JsonObject = {
  title: "Parameters",
  type: "object",
  properties: { x: { title: "x", type: "integer", position: 0 } },
  required: ["x"],
}
const empties: readonly JsonObject[] = [
  {},
  { type: "object", properties: {} },
  { title: "Parameters", type: "object", properties: {}, required: [], definitions: {} },
  { type: "object" },
]

compare("parameterSchema", [
  ...empties.flatMap((a, i) => empties.map((b, j) => [`empty form ${i} is empty form ${j}`, a, b, true] as const)),
  ["a title is no difference", schema, { ...schema, title: "Other" }, true],
  [
    "what another pydantic adds is no difference",
    schema,
    { ...schema, $schema: "x", properties: { x: { type: "integer", position: 0, examples: [1] } } },
    true,
  ],
  ["key order is no difference", schema, Object.fromEntries(Object.entries(schema).toReversed()), true],
  [
    "required: [] is none",
    { ...schema, required: [] },
    { type: "object", properties: schema["properties"] ?? {} },
    true,
  ],
  [
    "the order of required is no difference",
    { ...schema, required: ["x", "y"] },
    { ...schema, required: ["y", "x"] },
    true,
  ],
  ["required is one", schema, { ...schema, required: [] }, false],
  ["a type is one", schema, { ...schema, properties: { x: { type: "string", position: 0 } } }, false],
  ["a default is one", schema, { ...schema, properties: { x: { type: "integer", position: 0, default: 1 } } }, false],
  [
    "a further parameter is one",
    schema,
    { ...schema, properties: { x: { type: "integer", position: 0 }, y: {} } },
    false,
  ],
  [
    "an enum is one",
    { ...schema, properties: { x: { enum: ["a", "b"] } } },
    { ...schema, properties: { x: { enum: ["a"] } } },
    false,
  ],
  [
    "a reference is one",
    { ...schema, properties: { x: { $ref: "#/definitions/A" } } },
    { ...schema, properties: { x: { $ref: "#/definitions/B" } } },
    false,
  ],
  [
    "a definition is one, below its title",
    { ...schema, definitions: { A: { title: "A", type: "object", properties: { y: { type: "string" } } } } },
    { ...schema, definitions: { A: { title: "A", type: "object", properties: { y: { type: "integer" } } } } },
    false,
  ],
  [
    "a parameter may be called like a word of JSON Schema",
    { ...schema, properties: { title: { type: "integer" } } },
    { ...schema, properties: { title: { type: "string" } } },
    false,
  ],
  [
    "a default is compared as it is, titles in it included",
    { ...schema, properties: { x: { default: { title: "a" } } } },
    { ...schema, properties: { x: { default: { title: "b" } } } },
    false,
  ],
])

t.test("the canonical form is canonical: of itself it is the same again", async (t) => {
  const canonical = fields.parameterSchema.canonical(schema) as JsonObject
  t.strictSame(fields.parameterSchema.canonical(canonical), canonical)
  t.strictSame(fields.tags.canonical(["b", "a", "b"]), ["a", "b"])
})

t.test("letters never change their meaning", async (t) => {
  const table = Object.fromEntries(fieldNames.map((name) => [fields[name].letter, fields[name].wire]))
  t.strictSame(table, {
    d: "description",
    v: "version",
    t: "tags",
    p: "paused",
    e: "entrypoint",
    a: "parameters",
    s: "parameter_openapi_schema",
    n: "enforce_parameter_schema",
    l: "pull_steps",
    w: "work_pool_name",
    q: "work_queue_name",
    j: "job_variables",
    c: "concurrency_limit",
    o: "concurrency_options",
    h: "schedules",
    g: "triggers",
  })
})
