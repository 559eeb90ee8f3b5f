import fc from "fast-check"
import t from "tap"
import { planMarkdown } from "../../src/cli/plan-markdown.ts"
import { planText } from "../../src/cli/plan-text.ts"
import type { FieldDiff } from "../../src/core/change.ts"
import type { Json, JsonObject } from "../../src/core/json.ts"
import type { FieldName } from "../../src/core/model.ts"
import { concealDiff } from "../../src/server/conceal.ts"
import { presentPlan } from "../../src/server/present.ts"
import { declared, owned, planOf } from "../cli/plans.ts"

const secret = "hunter2hunter2"
const mask = (text: string): string => text.replaceAll("configured", "[secret]")
const how = { showValues: false, mask }

const named: readonly (readonly [FieldName, string, Json, Json])[] = [
  ["pullSteps", "[0].git_clone.access_token", "t-1", "(hidden)"],
  ["pullSteps", "[0].git_clone.access_token", "{{ prefect.blocks.secret.x }}", "{{ prefect.blocks.secret.x }}"],
  ["pullSteps", "[0].git_clone.access_token", "x{{ a }}", "(hidden)"],
  ["pullSteps", "[0].git_clone.branch", "main", "main"],
  [
    "pullSteps",
    "",
    [{ step: { credentials: { user: "u", pass: 1 } } }],
    [{ step: { credentials: { user: "(hidden)", pass: "(hidden)" } } }],
  ],
  ["jobVariables", "env.DB_PASSWORD", "p", "(hidden)"],
  ["jobVariables", "env", { API_KEY: "k", A: "b" }, { API_KEY: "(hidden)", A: "b" }],
  ["jobVariables", "env.URL", "https://configured@x", "(hidden)"],
  ["jobVariables", "env", { PGPASSWORD: "p", KEYBOARD: "b" }, { PGPASSWORD: "(hidden)", KEYBOARD: "b" }],
  ["parameters", "dbPassword", "p", "(hidden)"],
  ["parameters", "options.apiKey", "k", "(hidden)"],
  ["parameters", "max_tokens", 5, 5],
  ["parameters", "tokenizer", "x", "x"],
  ["parameters", "password", null, null],
  ["parameterSchema", "properties.password.type", "string", "string"],
  ["parameterSchema", "properties.password.default", "p", "(hidden)"],
  [
    "parameterSchema",
    "properties",
    { password: { title: "password", default: "p" } },
    { password: { title: "password", default: "(hidden)" } },
  ],
  ["parameterSchema", "properties.region.default", "eu", "eu"],
  ["jobVariables", "env", [{ name: "VAULT_TOKEN", value: "p" }], [{ name: "VAULT_TOKEN", value: "(hidden)" }]],
  ["jobVariables", "env", [{ name: "STAGE", value: "p" }], [{ name: "STAGE", value: "p" }]],
  [
    "jobVariables",
    "env",
    [{ name: "VAULT_TOKEN", valueFrom: { secretKeyRef: { name: "vault", key: "x" } } }],
    [{ name: "VAULT_TOKEN", valueFrom: { secretKeyRef: { name: "vault", key: "x" } } }],
  ],
  [
    "jobVariables",
    "env",
    [{ Name: "dbPassword", StringValue: "p" }],
    [{ Name: "dbPassword", StringValue: "(hidden)" }],
  ],
  ["jobVariables", "settings", [{ key: "api-key", val: 5 }], [{ key: "api-key", val: "(hidden)" }]],
  ["jobVariables", "containers", [{ name: "auth", image: "i" }], [{ name: "auth", image: "i" }]],
  ["jobVariables", "args", ["--token", "p", "--stage", "a"], ["--token", "(hidden)", "--stage", "a"]],
  ["jobVariables", "args", ["--token=p", "-v"], ["(hidden)", "-v"]],
  ["jobVariables", "headers", [["Authorization", "p"]], [["Authorization", "(hidden)"]]],
  ["jobVariables", "command", "export DB_PASSWORD=p && run", "(hidden)"],
  ["jobVariables", "command", ["sh", "-c", "export DB_PASSWORD=p && run"], ["sh", "-c", "(hidden)"]],
  ["jobVariables", "command", "export DB_PASSWORD=$P && run", "export DB_PASSWORD=$P && run"],
  ["parameters", "url", "postgres://etl:p4ss@db/x", "(hidden)"],
  ["description", "", "ghp_0123456789abcdefghij", "(hidden)"],
  ["tags", "", ["auth", "etl"], ["auth", "etl"]],
]
for (const [field, path, value, shown] of named) {
  t.test(`${field} ${path} ${JSON.stringify(value)} is shown as ${JSON.stringify(shown)}`, async (t) => {
    t.strictSame(concealDiff({ field, path, live: value, desired: value }, how), { live: shown, desired: shown })
  })
}

t.test("a configured secret is hidden in values and their names even when values are shown", async (t) => {
  const diff = {
    field: "parameters",
    path: "x",
    live: "configured",
    desired: [{ "y configured": "configured" }],
  } as const

  t.notMatch(JSON.stringify(concealDiff(diff, { showValues: true, mask })), "configured")
})

/** What Prefect has, what Git says, and what of the former is shown: what Git has nothing for stays hidden. */
const lists: readonly (readonly [string, Json, Json, Json])[] = [
  ["another variable", [{ name: "A", value: "p" }], [{ name: "B", value: "b" }], ["(hidden)"]],
  ["the same variable", [{ name: "A", value: "a" }], [{ name: "A", value: "b" }], [{ name: "A", value: "a" }]],
  [
    "one more before",
    [
      { name: "X", value: "p" },
      { name: "A", value: "a" },
    ],
    [{ name: "A", value: "a" }],
    ["(hidden)", { name: "A", value: "a" }],
  ],
  ["another member", [{ name: "A", value: "p" }], [{ name: "A", from: "f" }], [{ name: "A", value: "(hidden)" }]],
  ["other arguments", ["run", "--key-of-mine", "p"], ["run", "x", "y"], ["run", "(hidden)", "(hidden)"]],
  ["the same arguments, moved", ["b", "a"], ["a", "b"], ["b", "a"]],
  ["numbers", [1, 2], [2, 3], ["(hidden)", 2]],
  ["lists in lists", [["a", "p"]], [["a", "b"]], [["a", "(hidden)"]]],
  ["maps of no name", [{ host: "p", port: 1 }], [{ host: "h", port: 1 }], [{ host: "(hidden)", port: 1 }]],
  ["another kind of step", [{ git_clone: { branch: "p" } }], [{ pull_s3: { branch: "b" } }], ["(hidden)"]],
  [
    "the same step",
    [{ git_clone: { branch: "a", token2: "p" } }],
    [{ git_clone: { branch: "b" } }],
    [{ git_clone: { branch: "a", token2: "(hidden)" } }],
  ],
  ["a list for a map", ["p"], { a: 1 }, "(hidden)"],
  ["a text for a list", "p", ["a"], "(hidden)"],
]
for (const field of ["parameters", "jobVariables", "pullSteps"] as const)
  for (const [title, live, desired, shown] of lists) {
    t.test(`${field}, a list with ${title}: ${JSON.stringify(shown)}`, async (t) => {
      t.strictSame(concealDiff({ field, path: "l", live, desired }, how).live, shown)
      t.strictSame(concealDiff({ field, path: "l", live, desired }, { ...how, showValues: true }).live, live)
    })
  }

t.test("a container's live variables, arguments and command stay hidden where Git has others", async (t) => {
  const container = (env: Json, args: readonly string[]): JsonObject => ({
    job_manifest: { spec: { containers: [{ name: "flow", env, args, command: ["sh", "-c", args.join(" ")] }] } },
  })
  const wanted = declared("a/b", { jobVariables: container([{ name: "STAGE", value: "prod" }], ["--stage"]) })
  const live = container([{ name: "VAULT_TOKEN", value: secret }], [secret])

  const plan = planOf({ declared: [wanted], live: [owned("analytics", "a/b", { jobVariables: live }, wanted)] })

  const texts = [planText(plan), planMarkdown(plan), JSON.stringify(presentPlan(plan, how))]
  for (const text of texts) {
    t.match(text, /VAULT_TOKEN|\(hidden\)/)
    t.notMatch(text, secret.slice(0, 5))
  }
})

t.test("a secret's value in Git and in Prefect is hidden under the same name", async (t) => {
  const env = (value: string): JsonObject => ({ env: [{ name: "VAULT_TOKEN", value }] })
  const wanted = declared("a/b", { jobVariables: env("from-git-7") })

  const plan = planOf({ declared: [wanted], live: [owned("analytics", "a/b", { jobVariables: env(secret) }, wanted)] })

  t.notMatch(planText(plan), /from-git-7|hunter2/)
  t.match(planText(plan), "VAULT_TOKEN")
})

/** Anything with the secret in it somewhere: beside a name, in a list, under a key, inside a longer text. */
const texts = fc.constantFrom(secret, `export X=${secret}`, `https://x/${secret}`, `${secret}${"x".repeat(600)}`)
const strange = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    texts,
    fc.integer(),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.record({ name: fc.constantFrom("A", "VAULT_TOKEN"), value: texts }),
    fc.dictionary(fc.constantFrom("a", "b", "name", "value"), tie("value"), { maxKeys: 3 }),
  ),
})).value
/** What Git has in its place: other lists, other maps, or nothing; nowhere a single value under the same key. */
const wanted = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    fc.array(fc.oneof(fc.constantFrom<Json>("x", 1), tie("value")), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "c"), tie("value"), { maxKeys: 3 }),
  ),
})).value
const keys = fc.constantFrom("a", "b", "c")

for (const field of ["parameters", "jobVariables"] as const)
  t.test(`what only Prefect has under ${field} is never shown, whatever Git has there`, async (t) => {
    fc.assert(
      fc.property(fc.dictionary(keys, strange), fc.dictionary(keys, wanted), (live, git) => {
        const asked = declared("a/b", { [field]: git as JsonObject })
        const plan = planOf({
          declared: [asked],
          live: [owned("analytics", "a/b", { [field]: live as JsonObject }, asked)],
        })
        const shown = [planText(plan), planMarkdown(plan), JSON.stringify(presentPlan(plan, how))]
        return shown.every((text) => !text.includes(secret.slice(0, 5)))
      }),
      { numRuns: 300 },
    )
    t.pass()
  })

t.test("values are shown when they are asked for", async (t) => {
  const diff: FieldDiff = { field: "parameters", path: "password", live: secret }

  t.equal(concealDiff(diff, { showValues: true, mask }).live, secret)
})
