import fc from "fast-check"
import t from "tap"
import { concealPlan } from "../../src/server/conceal.ts"
import { planMarkdown } from "../../src/cli/plan-markdown.ts"
import { planText } from "../../src/cli/plan-text.ts"
import type { Json, JsonObject } from "../../src/core/json.ts"
import { presentPlan, type PublicPlan } from "../../src/server/present.ts"
import { declared, owned, planOf } from "../cli/plans.ts"

const secret = "hunter2hunter2"
const mask = (text: string): string => text.replaceAll("configured", "[secret]")

function planWith(field: string, path: string, from: Json, to: Json): PublicPlan {
  const fields = [{ field, path, from, to }]
  return {
    source: "analytics" as PublicPlan["source"],
    revision: "1".repeat(40),
    owned: 1,
    changes: [{ action: "update", key: "a/b", id: "1", fields }],
    problems: [],
  }
}

const cases: readonly (readonly [string, string, Json, Json])[] = [
  ["pull_steps", "[0].git_clone.access_token", "t-1", "(hidden)"],
  ["pull_steps", "[0].git_clone.access_token", "{{ prefect.blocks.secret.x }}", "{{ prefect.blocks.secret.x }}"],
  ["pull_steps", "[0].git_clone.access_token", "x{{ a }}", "(hidden)"],
  ["pull_steps", "[0].git_clone.branch", "main", "main"],
  [
    "pull_steps",
    "",
    [{ step: { credentials: { user: "u", pass: 1 } } }],
    [{ step: { credentials: { user: "(hidden)", pass: "(hidden)" } } }],
  ],
  ["job_variables", "env.DB_PASSWORD", "p", "(hidden)"],
  ["job_variables", "env", { API_KEY: "k", A: "b" }, { API_KEY: "(hidden)", A: "b" }],
  ["job_variables", "env.URL", "https://configured@x", "(hidden)"],
  ["job_variables", "env", { PGPASSWORD: "p", KEYBOARD: "b" }, { PGPASSWORD: "(hidden)", KEYBOARD: "b" }],
  ["parameters", "dbPassword", "p", "(hidden)"],
  ["parameters", "options.apiKey", "k", "(hidden)"],
  ["parameters", "max_tokens", 5, 5],
  ["parameters", "tokenizer", "x", "x"],
  ["parameters", "password", null, null],
  ["parameter_openapi_schema", "properties.password.type", "string", "string"],
]
for (const [field, path, value, shown] of cases) {
  t.test(`${field} ${path} ${JSON.stringify(value)} is shown as ${JSON.stringify(shown)}`, async (t) => {
    const { changes } = concealPlan(planWith(field, path, value, value), { showValues: false, mask })

    t.strictSame(changes[0]?.fields[0], { field, path, from: shown, to: shown })
  })
}

t.test("a configured secret is hidden in problems and values even when values are shown", async (t) => {
  const plan = planWith("parameters", "x", "configured", [{ y: "configured" }])
  const problems = [{ severity: "error" as const, code: "x", message: "says configured" }]

  t.notMatch(JSON.stringify(concealPlan({ ...plan, problems }, { showValues: true, mask })), "configured")
})

const json = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.constant(secret),
    fc.integer(),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "c"), tie("value"), { maxKeys: 3 }),
  ),
})).value
const map = fc.dictionary(fc.constantFrom("a", "b", "c"), json, { maxKeys: 3 }) as fc.Arbitrary<JsonObject>

t.test("what Git doesn't have at all under parameters and job variables is never shown", async (t) => {
  fc.assert(
    fc.property(map, map, (parameters, jobVariables) => {
      const wanted = declared("a/b", { parameters: {}, jobVariables: {} })
      const plan = planOf({
        declared: [wanted],
        live: [owned("analytics", "a/b", { parameters, jobVariables }, wanted)],
      })
      const shown = [
        planText(plan),
        planMarkdown(plan),
        JSON.stringify(concealPlan(presentPlan(plan, { showValues: false }), { showValues: false, mask })),
      ]
      return shown.every((text) => !text.includes(secret.slice(0, 8)))
    }),
    { numRuns: 200 },
  )
  t.pass()
})
