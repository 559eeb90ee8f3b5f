import t from "tap"
import type { Change, FieldDiff } from "../../src/core/change.ts"
import type { DesiredDeployment, DesiredFields } from "../../src/core/model.ts"
import { jsonText, presentPlan } from "../../src/server/present.ts"
import { live, plan } from "../observe/samples.ts"

const absent = { kind: "absent" } as const
const fields: DesiredFields = {
  description: absent,
  version: absent,
  tags: { kind: "declared", value: ["b", "a"] },
  paused: absent,
  entrypoint: { kind: "declared", value: "flow.py:flow" },
  parameters: { kind: "undecided", reason: "?" },
  parameterSchema: { kind: "derived", value: { type: "object", properties: {} } },
  enforceParameterSchema: absent,
  pullSteps: absent,
  workPool: absent,
  workQueue: absent,
  jobVariables: absent,
  concurrencyLimit: absent,
  concurrencyOptions: absent,
  schedules: absent,
  automations: absent,
}
const desired: DesiredDeployment = {
  key: live.key,
  flow: "flow",
  name: "prod",
  at: { file: "a/prefect.yaml", line: 12, column: 3 },
  fields,
  createWaits: null,
}
const present = (change: Change, showValues = false) =>
  presentPlan({ ...plan, changes: [change] }, { showValues, mask: (text) => text }).changes[0]
const update = (...diffs: FieldDiff[]): Change => ({
  action: "update",
  key: live.key,
  live,
  desired,
  diffs,
  write: { nameSchedules: [], removeSchedules: [], patch: { fields: {} }, wanted: {}, automations: [] },
  reason: "changed in Git",
  from: null,
  former: null,
})

await t.test("each kind of change says what, where and why", async (t) => {
  const place = { file: "a/prefect.yaml", line: 12 }
  const key = "flow/prod"
  t.strictSame(present({ action: "create", key: live.key, desired, tags: [], automations: [] }), {
    action: "create",
    key,
    id: null,
    ...place,
    fields: [
      { field: "tags", path: "", to: ["a", "b"] },
      { field: "entrypoint", path: "", to: "flow.py:flow" },
      { field: "parameter_openapi_schema", path: "", to: {} },
    ],
  })
  t.strictSame(present(update({ field: "workPool", path: "", live: "a", desired: "b" })), {
    action: "update",
    key,
    id: live.id,
    ...place,
    reason: "changed in Git",
    fields: [{ field: "work_pool_name", path: "", from: "a", to: "b" }],
  })
  t.strictSame(present({ action: "retire", key: live.key, live, reason: "gone from Git", vetoed: false }), {
    action: "retire",
    key,
    id: live.id,
    reason: "gone from Git",
    fields: [],
  })
  const at = { file: "a/prefect.yaml", line: 12 }
  t.strictSame(present({ action: "keep", key: live.key, live, at }), {
    action: "keep",
    key,
    id: live.id,
    ...at,
    fields: [],
  })
  t.strictSame(present({ action: "skip", key: live.key, live: null, code: "c", message: "m", diffs: [] }), {
    action: "skip",
    key,
    id: null,
    code: "c",
    message: "m",
    fields: [],
  })
})

await t.test("what only Prefect has under parameters and job variables is hidden, unless asked for", async (t) => {
  const hidden = "(hidden)"
  const table: [string, FieldDiff, unknown][] = [
    ["a parameter", { field: "parameters", path: "password", live: "p" }, hidden],
    ["a variable", { field: "jobVariables", path: "env.TOKEN", live: "p" }, hidden],
    ["a changed value", { field: "parameters", path: "n", live: 1, desired: 2 }, 1],
    ["a list with more", { field: "parameters", path: "l", live: ["a", "p"], desired: ["a"] }, ["a", hidden]],
    [
      "a map in a list",
      { field: "parameters", path: "l", live: [{ a: 1, b: "p" }, 2], desired: [{ a: 1 }] },
      [{ a: 1, b: hidden }, hidden],
    ],
    ["a map for a value", { field: "jobVariables", path: "env", live: { a: "p" }, desired: "x" }, hidden],
    ["another field", { field: "tags", path: "[1]", live: "p" }, "p"],
    ["a schedule's parameter", { field: "schedules", path: "[nightly].parameters.password", live: "p" }, hidden],
    [
      "a schedule's time",
      { field: "schedules", path: "[nightly].cron", live: "0 1 * * *", desired: "0 2 * * *" },
      "0 1 * * *",
    ],
    [
      "a schedule",
      {
        field: "schedules",
        path: "[nightly]",
        live: { kind: "cron", cron: "0 1 * * *", parameters: { password: "p" } },
      },
      { kind: "cron", cron: "0 1 * * *", parameters: hidden },
    ],
    ["what a trigger waits for", { field: "automations", path: "[x].trigger.expect[0]", live: "a" }, "a"],
    ["a trigger's parameter", { field: "automations", path: "[x].actions[0].parameters.password", live: "p" }, hidden],
    [
      "what a person made it do beside",
      { field: "automations", path: "[x].actions", live: [{ type: "a" }, { payload: "p" }], desired: [{ type: "a" }] },
      [{ type: "a" }, hidden],
    ],
    ["what it does when it fires", { field: "automations", path: "[x].reactions", live: { a: [{ b: "p" }] } }, hidden],
    [
      "an automation",
      {
        field: "automations",
        path: "[x]",
        live: { name: "x", actions: [{ payload: "p" }], reactions: { actions_on_trigger: [{ payload: "p" }] } },
      },
      { name: "x", actions: hidden, reactions: hidden },
    ],
  ]
  for (const [name, diff, expected] of table) {
    t.strictSame(present(update(diff))?.fields[0]?.from, expected, name)
    t.strictSame(present(update(diff), true)?.fields[0]?.from, diff.live, `${name}, shown`)
  }
})

await t.test("the JSON text is JSON, with big integers in full and secrets masked", async (t) => {
  const mask = (text: string) => text.replaceAll("status", "[secret]")
  const value = {
    status: "a status",
    n: 1,
    big: 2n ** 70n,
    list: [undefined, null, true],
    none: undefined,
    to: { status: 1 },
  }
  const text = jsonText(value, mask)
  t.equal(
    text,
    '{"status":"a [secret]","n":1,"big":1180591620717411303424,"list":[null,null,true],"to":{"[secret]":1}}',
  )
})
