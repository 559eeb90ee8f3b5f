import t from "tap"
import type { Json, JsonObject } from "../../src/core/json.ts"
import type { Automation } from "../../src/core/model.ts"
import { readTrigger } from "../../src/render/manifest/triggers.ts"
import { one } from "./desired.ts"

/** `triggers:` as pydantic reads them for `prefect deploy`; `test/manifests/` compares them with real ones. */

function read(trigger: Json): { readonly automation: Automation | undefined; readonly said: readonly string[] } {
  const { deployments, problems } = one({ triggers: [trigger] })
  const [deployment] = deployments.values()
  const automations = deployment?.fields.automations
  return {
    automation: automations?.kind === "declared" ? automations.value[0] : undefined,
    said: problems.map(({ code, message }) => `${code}: ${message}`),
  }
}

t.test("what Prefect fills in, converts and infers", async (t) => {
  const rows: readonly (readonly [string, JsonObject, JsonObject])[] = [
    ["nothing said", {}, { type: "event", posture: "Reactive", threshold: 1, within: 0, expect: [] }],
    ["a number as a text", { threshold: "2" }, { threshold: 2 }],
    ["seconds as text", { within: "PT1M" }, { within: 60 }],
    ["a Proactive one waits ten seconds at least", { posture: "Proactive" }, { within: 10 }],
    ["parts in order", { triggers: [{}] }, { type: "sequence", within: null, triggers: [{ type: "event" }] }],
    ["parts in any order", { triggers: [{}, {}], require: "2" }, { type: "compound", require: 2 }],
    [
      "a metric of Prefect Cloud",
      { posture: "Metric", metric: { name: "lateness", threshold: 1.5, operator: ">", range: "PT10M" } },
      { type: "metric", match: {}, metric: { range: 600, firing_for: 300 } },
    ],
  ]
  for (const [claim, trigger, expected] of rows) t.match(read(trigger).automation?.trigger, expected, claim)
  t.match(read({}).automation, { name: "d__automation_1", description: "", enabled: null })
  t.match(read({ name: "x", enabled: "no" }).automation, { name: "x", enabled: false })
})

t.test("one without a name is called by the deployment's as it is written", async (t) => {
  const build = [{ "prefect.deployments.steps.run_shell_script": { id: "git", script: "git rev-parse --short HEAD" } }]
  const named = one({ name: "a.py", triggers: [{}] })
  t.match([...named.deployments.values()][0]?.fields.automations, { value: [{ name: "a.py__automation_1" }] })
  const late = { name: "at-{{ git.stdout }}", triggers: [{ name: "x" }, {}] }
  t.match(one(late, { build }).problems, [{ code: "trigger-invalid", message: /name the trigger/ }])
  t.strictSame(one({ ...late, triggers: [{ name: "x" }] }, { build }).problems, [])
})

t.test("what Prefect refuses is told at its place", async (t) => {
  const rows: readonly (readonly [string, JsonObject, RegExp])[] = [
    ["a text where it compares numbers", { posture: "Proactive", within: "PT1M" }, /number of seconds/],
    ["too short for a Proactive one", { posture: "Proactive", within: 5 }, /at least 10/],
    ["no type", { type: null }, /type "null"/],
    ["half a number", { threshold: 1.5 }, /threshold must be a whole number/],
    ["nothing where a text belongs", { description: null }, /`description`/],
    ["nothing where a switch belongs", { enabled: null }, /`enabled`/],
    ["nothing where a time belongs", { schedule_after: null }, /`schedule_after`/],
    ["more than there are", { triggers: [{}], require: 2 }, /require must be between/],
    ["a metric without one", { type: "metric" }, /metric/],
    ["a metric over seconds", { type: "metric", metric: { name: "lateness", range: 5 } }, /metric\./],
    ["what Prefect drops", { job_variables: { env: { A: "{{ ctx.flow.name }}" } } }, /ctx\.flow\.name/],
    ["a part", { triggers: [{ expect: "x" }] }, /triggers\[0\]: expect/],
  ]
  for (const [claim, trigger, message] of rows) {
    const { automation, said } = read(trigger)
    t.match(said, [message], claim)
    t.strictSame([automation, said.length], [undefined, 1], claim)
  }
})

t.test("triggers stand in each other to a bounded depth", async (t) => {
  const nested = (depth: number): JsonObject =>
    depth === 0 ? { expect: ["a"] } : { type: "sequence", triggers: [nested(depth - 1)] }
  t.match(readTrigger(nested(9)), { trigger: { type: "sequence" } })
  t.match(readTrigger(nested(10)), { refusal: /more than 10 deep/ })
})
