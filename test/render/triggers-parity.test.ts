import { execFileSync } from "node:child_process"
import t from "tap"
import { automationsEqual } from "../../src/core/automation.ts"
import type { Json, JsonObject } from "../../src/core/json.ts"
import { readTrigger } from "../../src/render/manifest/triggers.ts"
import { automation, liveAutomation, me } from "../core/builders.ts"
import { Dice } from "../support/dice.ts"

/** Triggers through what Prefect reads them with, and through our own reading. */
const dice = new Dice(23)

const values: Readonly<Record<string, readonly Json[]>> = {
  type: ["event", "event", "compound", "sequence", "metric", "zebra", "constructor", "__proto__", 1, null],
  posture: ["Reactive", "Proactive", "Proactive", "Metric", "reactive"],
  expect: [["a"], ["b", "a", "b"], [], "a", [1], null],
  after: [["a"], [], {}],
  for_each: [["prefect.resource.id"], ["b", "a"]],
  match: [{}, { a: "x" }, { a: ["x", "y"] }, { a: 1 }, [], { a: [1] }],
  match_related: [{}, { a: "x" }, [{ a: "x" }, { b: ["y"] }], [], "x"],
  threshold: [1, 5, 0, -1, "3", 2.5, null],
  within: [0, 5, 10, 60.5, "PT1H", "00:01:00", -1, "banana", null],
  require: ["any", "all", 1, 2, 0, "most", "1"],
  metric: [
    { name: "successes", threshold: 0.5, operator: "<" },
    { name: "lateness", threshold: 3, operator: ">=", range: 600, firing_for: "PT10M" },
    { name: "duration", threshold: 3, operator: ">", range: 60 },
    { name: "other", threshold: 3, operator: ">" },
    { name: "duration", operator: ">" },
    null,
  ],
  bogus: [1],
}

function some(depth: number): JsonObject {
  const words = Object.keys(values).filter((word) => dice.oneIn(word === "bogus" || word === "metric" ? 8 : 3))
  const trigger = Object.fromEntries(words.map((word) => [word, dice.pick(values[word] ?? [])]))
  return depth > 0 && trigger["posture"] !== "Metric" && dice.oneIn(3)
    ? { ...trigger, triggers: dice.some(0, 3, () => some(depth - 1)) }
    : trigger
}

/** A window that ends before it begins, which Prefect takes where several triggers are meant. */
const onPurpose = /within must be seconds/

const fixed: readonly JsonObject[] = [
  {},
  { posture: "Proactive" },
  { posture: "Proactive", within: 9.5 },
  { posture: "Metric", metric: { name: "successes", threshold: 0.5, operator: "<" } },
  { type: "metric", metric: { name: "successes", threshold: 1, operator: "<" }, match: { a: "b" } },
  { type: "compound", require: "all", triggers: [{ expect: ["a"] }, { expect: ["b"] }], within: 5 },
  { type: "compound", require: "any", triggers: [] },
  { type: "sequence", triggers: [{ type: "sequence", triggers: [{ expect: ["a"] }] }] },
]
const given = [...fixed, ...Array.from({ length: 4_000 }, () => some(2))]

t.test("triggers are taken, filled in and refused as Prefect does it", async (t) => {
  const python = ".cache/prefect-3.8.8/bin/python"
  const input = JSON.stringify(given)
  const text = execFileSync(python, ["test/render/triggers.py"], { input, encoding: "utf8", maxBuffer: 2 ** 26 })
  const theirs = JSON.parse(text) as readonly (JsonObject | null)[]
  const differing = given.flatMap((spec, index) => {
    const [ours, truth] = [readTrigger(spec), theirs[index] ?? null]
    if ("refusal" in ours && onPurpose.test(ours.refusal)) return []
    if ("open" in ours) return [[spec, ours, truth]]
    if ("refusal" in ours || truth === null) return "refusal" in ours === (truth === null) ? [] : [[spec, ours, truth]]
    const stored = liveAutomation("etl/a", "x", { owner: me, trigger: truth })
    return automationsEqual([automation("x", { trigger: ours.trigger })], [stored]) ? [] : [[spec, ours, truth]]
  })
  t.strictSame(differing.slice(0, 12), [])
  t.ok(theirs.filter((one) => one !== null).length > 300, "enough of them are taken")
})

t.test("triggers stand in each other to a bounded depth", async (t) => {
  const nested = (depth: number): JsonObject =>
    depth === 0 ? { expect: ["a"] } : { type: "sequence", triggers: [nested(depth - 1)] }
  t.match(readTrigger(nested(9)), { trigger: { type: "sequence" } })
  t.match(readTrigger(nested(10)), { refusal: /more than 10 deep/ })
})
