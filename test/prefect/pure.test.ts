import fc from "fast-check"
import t from "tap"
import type { DeploymentFields } from "../../src/core/model.ts"
import { jsonEqual, type Json } from "../../src/core/json.ts"
import { reaches, type Version } from "../../src/core/version.ts"
import { Budget, Gate } from "../../src/prefect/budget.ts"
import { jsonText, parseJson } from "../../src/prefect/json-text.ts"
import { serverVersion } from "../../src/prefect/server-version.ts"
import { createBody, patchBody, schedulePatchBody, toLive } from "../../src/prefect/translate.ts"
import { wordsOf } from "../../src/prefect/answer.ts"
import { creation, signal } from "./client.ts"

const newest = null
const oldest = [3, 2, 0] as const

await t.test("a server says its version, and what it is too old for follows from that", (t) => {
  const table: readonly (readonly [string | null, Version | null, readonly boolean[]])[] = [
    ["3.2.0", [3, 2, 0], [false, false, false]],
    ["3.3.3", [3, 3, 3], [false, false, false]],
    ["3.3.4", [3, 3, 4], [false, false, true]],
    ["3.6.5", [3, 6, 5], [false, false, true]],
    ["3.6.6", [3, 6, 6], [false, true, true]],
    ["3.8.0", [3, 8, 0], [true, true, true]],
    ["3.8.8+dirty", [3, 8, 8], [true, true, true]],
    ["3.10.0rc1", [3, 10, 0], [true, true, true]],
    ["4.0.0", [4, 0, 0], [true, true, true]],
    ["main", null, [true, true, true]],
    [null, null, [true, true, true]],
  ]
  for (const [text, version, expected] of table) {
    const found = serverVersion(text)
    t.strictSame(found, version, String(text))
    const since = [
      [3, 8, 0],
      [3, 6, 6],
      [3, 3, 4],
    ] as const
    t.strictSame(
      since.map((wanted) => reaches(found, wanted)),
      expected,
      String(text),
    )
  }
  for (const version of ["3.1.99", "2.20.0", "0.15.3"]) {
    t.throws(() => serverVersion(version), { code: "server-too-old", kind: "stalled" }, version)
  }
  t.end()
})

await t.test("JSON keeps its integers exact on the way there and back", (t) => {
  for (const text of ["9007199254740993", "[-12345678901234567890,1]", '{"a":{"b":[18446744073709551616]}}']) {
    t.equal(jsonText(parseJson(`{"v":${text}}`)), `{"v":${text}}`)
  }
  t.strictSame(parseJson('["12345678901234567890", 1.5, 1e3, -0]'), ["12345678901234567890", 1.5, 1_000, -0])
  t.throws(() => parseJson("<html>"), SyntaxError)
  const { value } = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small" },
      fc.constant(null),
      fc.boolean(),
      fc.string(),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n }),
      fc.array(tie("value")),
      fc.dictionary(fc.string(), tie("value")),
    ),
  }))
  fc.assert(fc.property(value, (one) => jsonEqual(parseJson(jsonText({ one })), { one })))
  t.end()
})

await t.test("each field becomes Prefect's", (t) => {
  const table: readonly (readonly [Partial<Omit<DeploymentFields, "tags" | "schedules">>, object])[] = [
    [{}, {}],
    [
      { description: null, version: "1" },
      { description: null, version: "1" },
    ],
    [
      { paused: true, entrypoint: "a.py:b" },
      { paused: true, entrypoint: "a.py:b" },
    ],
    [
      { parameters: { a: 1 }, parameterSchema: {} },
      { parameters: { a: 1 }, parameter_openapi_schema: {} },
    ],
    [
      { enforceParameterSchema: false, pullSteps: [] },
      { enforce_parameter_schema: false, pull_steps: [] },
    ],
    [{ workPool: "p", workQueue: null }, { work_pool_name: "p" }],
    [
      { workPool: "p", workQueue: "q" },
      { work_pool_name: "p", work_queue_name: "q" },
    ],
    [{ jobVariables: {} }, { job_variables: {} }],
    [
      { concurrencyLimit: null, concurrencyOptions: null },
      { concurrency_limit: null, concurrency_options: null },
    ],
    [
      { concurrencyOptions: { collisionStrategy: "ENQUEUE", gracePeriodSeconds: 60 } },
      { concurrency_options: { collision_strategy: "ENQUEUE", grace_period_seconds: 60 } },
    ],
  ]
  for (const [fields, body] of table) t.strictSame(patchBody({ fields }, newest), body)
  t.end()
})

await t.test("an old server gets words that it knows", (t) => {
  const concurrencyOptions = { collisionStrategy: "ENQUEUE", gracePeriodSeconds: 60 }
  t.strictSame(patchBody({ fields: { jobVariables: {}, concurrencyOptions } }, oldest), {
    job_variables: { env: {} },
    concurrency_options: { collision_strategy: "ENQUEUE" },
  })
  t.end()
})

await t.test("schedules carry their parameters always, and their state only if it is meant", (t) => {
  const cron = { kind: "cron", cron: "* * * * *", timezone: null, dayOr: false } as const
  const body = { cron: "* * * * *", timezone: null, day_or: false }
  t.strictSame(schedulePatchBody({ slug: "s", spec: cron, parameters: {} }), {
    slug: "s",
    schedule: body,
    parameters: {},
  })
  const spec = { kind: "interval", seconds: 90, anchor: null, timezone: null } as const
  t.strictSame(schedulePatchBody({ slug: "s", spec, active: false, parameters: { a: 1 } }), {
    slug: "s",
    schedule: { interval: 90 },
    active: false,
    parameters: { a: 1 },
  })
  const rrule = { kind: "rrule", rrule: "FREQ=DAILY", timezone: "UTC" } as const
  const schedules = [{ slug: null, spec: rrule, active: null, parameters: null }]
  const created = createBody(creation("f", "n", { schedules }, ["t"]), "flow-id", newest)
  t.match(created, { name: "n", flow_id: "flow-id", tags: ["t"], parameter_openapi_schema: {} })
  t.strictSame(created["schedules"], [
    { schedule: { rrule: "FREQ=DAILY", timezone: "UTC" }, active: true, parameters: {} },
  ])
  t.notOk("concurrency_limit" in created)
  t.end()
})

const row = {
  id: "1",
  name: "n",
  flow_id: "2",
  paused: false,
  tags: ["a", "managed-by=gitops"],
  schedules: [],
  work_pool_name: "p",
  work_queue_name: "default",
}

await t.test("a live deployment's defaults, control tags and limits are told apart", (t) => {
  const live = toLive(row, "f", "default", () => null)
  t.strictSame([live.key, live.fields.tags, live.allTags], ["f/n", ["a"], row.tags])
  t.strictSame([live.fields.workQueue, toLive(row, "f", "other", () => null).fields.workQueue], [null, "default"])
  const limited = (name: string) => {
    const { fields, sharedLimit } = toLive(
      { ...row, global_concurrency_limit: { id: "limit", name, limit: 3 } },
      "f",
      null,
      () => null,
    )
    return [fields.concurrencyLimit, sharedLimit]
  }
  t.strictSame(
    [limited("deployment:1"), limited("deployment:2"), limited("db")],
    [
      [3, null],
      [null, "deployment:2"],
      [null, "db"],
    ],
  )
  t.end()
})

await t.test("the order of schedules says nothing, each of their values does", (t) => {
  const schedule = (id: string, active = true) => ({ id, active, schedule: { cron: "* * * * *" } })
  const digest = (...schedules: ReturnType<typeof schedule>[]) =>
    toLive({ ...row, schedules }, "f", null, () => null).schedulesDigest
  t.equal(digest(schedule("a"), schedule("b")), digest(schedule("b"), schedule("a")))
  t.not(digest(schedule("a")), digest(schedule("a", false)))
  t.not(digest(schedule("a")), digest(schedule("b")))
  t.end()
})

await t.test("the server's words are those meant for people, and cut", (t) => {
  const invalid = {
    exception_message: "Invalid request received.",
    exception_detail: [{ loc: ["body", "tags", 0], msg: "not a string", input: { password: "p" } }],
    request_body: { password: "p" },
  }
  t.equal(wordsOf(invalid), "Invalid request received.; tags.0: not a string")
  t.equal(wordsOf({ detail: "Work pool not found" }), "Work pool not found")
  t.equal(wordsOf({ detail: { secret: "p" } }), null)
  t.equal(wordsOf("text"), null)
  t.equal(wordsOf({ detail: "x".repeat(2_000_000) })?.length, 1024 * 1024)
  t.end()
})

await t.test("a burst of one second goes at once, and the rest at its pace", async (t) => {
  let now = 1_000_000
  const clock = { now: () => now, elapsed: () => now, random: () => 0, sleep: async (ms: number) => void (now += ms) }
  const budget = new Budget(10, clock)
  const started: number[] = []
  for (let n = 0; n < 15; n++) {
    await budget.take(signal)
    started.push(Math.round(now - 1_000_000))
  }
  t.strictSame(started, [...Array.from({ length: 11 }, () => 0), 100, 200, 300, 400])
})

await t.test("a gate lets in so many at a time, in order, and whoever gives up leaves the row", async (t) => {
  const gate = new Gate(1)
  const log: string[] = []
  const doors: (() => void)[] = []
  const enter = (name: string, until: AbortSignal) =>
    gate
      .through(async () => {
        log.push(name)
        await new Promise<void>((open) => doors.push(open))
      }, until)
      .catch(() => log.push(`${name} gave up`))
  const controller = new AbortController()
  const all = [enter("a", signal), enter("b", controller.signal), enter("c", signal), enter("d", signal)]
  controller.abort(new Error("enough"))
  await all[1]
  t.strictSame(log, ["a", "b gave up"])
  gate.width = 2
  await new Promise(setImmediate)
  t.strictSame(log, ["a", "b gave up", "c"])
  gate.width = 0
  t.equal(gate.width, 1)
  while (log.length < 4 || doors.length > 0) {
    doors.shift()?.()
    await new Promise(setImmediate)
  }
  await Promise.all(all)
  t.strictSame(log, ["a", "b gave up", "c", "d"])
})
