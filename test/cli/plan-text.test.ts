import { stripVTControlCharacters } from "node:util"
import t from "tap"
import { siblingOf } from "../core/builders.ts"
import { planMarkdown } from "../../src/cli/plan-markdown.ts"
import { planText } from "../../src/cli/plan-text.ts"
import { paintFor } from "../../src/cli/terminal.ts"
import type { DeploymentKey, SourceName, WorkspaceName } from "../../src/core/model.ts"
import {
  declared,
  live,
  liveSchedule,
  owned,
  planOf,
  revision,
  schedule,
  schema,
  sourceOf,
  verdictOf,
  type World,
} from "./plans.ts"

const workspace = "default" as WorkspaceName

t.test("a plan with nothing to do says so in one line", async (t) => {
  const same = declared("etl/prod", {})

  const text = planText(planOf({ declared: [same], live: [owned("analytics", "etl/prod", {}, same)] }), { workspace })

  t.equal(
    text,
    `analytics at 7f3c2a1, workspace default

Plan: nothing to do, 1 unchanged.
`,
  )
})

t.test("each change is a line with its reason, and a line for each field below", async (t) => {
  const created = declared("etl/prod", {
    entrypoint: "flows/etl.py:etl",
    workPool: "k8s",
    parameters: { limit: 5, note: "a b", text: "5" },
    tags: ["nightly", "x"],
    schedules: [
      schedule("", {
        slug: "daily",
        spec: { kind: "cron", cron: "0 6 * * *", timezone: "Europe/Berlin", dayOr: true },
      }),
      schedule("", { spec: { kind: "interval", seconds: 3600, anchor: null, timezone: null }, active: false }),
    ],
    parameterSchema: schema,
    description: "not told: too long for a plan",
  })
  const updated = declared("clean/prod", {
    entrypoint: "flows/clean.py:clean",
    paused: false,
    tags: ["a", "b"],
    concurrencyLimit: 3,
    description: "Cleans\nup",
    schedules: [schedule("0 6 * * *", { slug: "daily" }), schedule("0 7 * * *", { slug: "more" })],
    pullSteps: [{ "prefect.deployments.steps.git_clone": { branch: "main", commit_sha: revision } }],
  })
  const same = declared("same/prod", {})
  const plan = planOf({
    declared: [created, updated, same, declared("x/y", { workPool: "nope" })],
    live: [
      owned(
        "analytics",
        "clean/prod",
        {
          entrypoint: "clean.py:clean",
          paused: true,
          tags: ["b", "c"],
          schedules: [liveSchedule("0 5 * * *", { slug: "daily" }), liveSchedule("1 1 * * *", { slug: "gone" })],
          pullSteps: [{ "prefect.deployments.steps.git_clone": { branch: "main", commit_sha: "1".repeat(40) } }],
        },
        updated,
      ),
      owned("analytics", "same/prod", {}, same),
      owned("analytics", "old/prod", {}),
    ],
    problems: [
      {
        severity: "warning",
        code: "triggers-not-managed",
        message: "triggers are left alone",
        file: "a/prefect.yaml",
        line: 9,
      },
      {
        severity: "error",
        code: "schedule-invalid",
        message: "no such key",
        file: "a/prefect.yaml",
        line: 12,
        column: 5,
        key: "a/b" as DeploymentKey,
      },
    ],
  })

  t.equal(
    planText(plan),
    `analytics at 7f3c2a1

  ~ clean/prod  changed in Git
      description: null → "Cleans\\nup"
      tags: +a -c
      paused: true → false
      entrypoint: clean.py:clean → flows/clean.py:clean
      pull_steps[0].git_clone.commit_sha: 1111111 → 7f3c2a1
      concurrency_limit: null → 3
      schedules[daily].cron: "0 5 * * *" → "0 6 * * *"
      schedules[more]: added, cron "0 7 * * *"
      schedules[gone]: removed, cron "1 1 * * *"
  + etl/prod  new in Git
      entrypoint: flows/etl.py:etl
      work_pool_name: k8s
      schedules: every 3600 s, inactive
      schedules[daily]: cron "0 6 * * *" Europe/Berlin
      parameters.limit: 5
      parameters.note: "a b"
      parameters.text: "5"
      tags: nightly, x
  - old/prod  retire: no longer in Git
  ! x/y  skipped: work-pool-not-found

  Problems
    a/prefect.yaml:12:5: error: no such key (a/b) [schedule-invalid]
    prefect.yaml:3:5: error: the workspace has no work pool "nope": create it, or name another (x/y) [work-pool-not-found]
    a/prefect.yaml:9: warning: triggers are left alone [triggers-not-managed]

Plan: 1 to create, 1 to update, 1 to retire, 1 skipped, 1 unchanged, 3 problems.
`,
  )
})

t.test("a hold shows why, what, and the command that lets it go", async (t) => {
  const world: World = {
    declared: [declared("mine/prod", { paused: false })],
    live: [live("mine/prod", { paused: true })],
  }
  const plan = planOf(world)
  const { hold } = verdictOf(plan, world)

  t.equal(
    planText(plan, { hold }),
    `analytics at 7f3c2a1

  ≈ mine/prod  adopt: existed without an owner (held)
      paused: true → false

  Held, because
    1 that nobody owns differ from Git: confirm to take over and change them, or set adopt: unowned [adopt-differs]
    these: mine/prod
    to go on: lockstep confirm analytics ${hold?.digest}

Plan: 1 to adopt (1 held).
`,
  )
})

t.test("a hand-over, a restoration and a deletion have words of their own", async (t) => {
  const moved = declared("moved/prod", {})
  const back = declared("back/prod", {})
  const retired = owned("analytics", "gone/prod", { paused: true })
  const returning = owned("analytics", "back/prod", { paused: true }, back)
  const plan = planOf({
    declared: [moved, back],
    live: [
      owned("billing", "moved/prod", {}),
      { ...returning, allTags: [...returning.allTags, "gitops-prune=pending"] },
      { ...retired, updated: "2026-11-01T00:00:00Z", allTags: [...retired.allTags, "gitops-prune=pending"] },
    ],
    input: {
      siblings: new Map([["billing" as SourceName, siblingOf()]]),
    },
  })

  t.equal(
    planText(plan),
    `analytics at 7f3c2a1

  ↺ back/prod  restore: back in Git
      paused: true → false
  - gone/prod  delete: no longer in Git, grace over
  ⇄ moved/prod  adopt: taken over from billing

Plan: 1 to adopt, 1 to restore, 1 to delete.
`,
  )
})

t.test("what only Prefect has, and what is called a secret, is hidden unless values are asked for", async (t) => {
  const wanted = declared("etl/prod", {
    parameters: { limit: 2, api_key: "{{ prefect.blocks.secret.key }}" },
    jobVariables: { env: { STAGE: "prod" } },
  })
  const plan = planOf({
    declared: [wanted],
    live: [
      owned(
        "analytics",
        "etl/prod",
        {
          parameters: { limit: 1, api_key: "k-1234", by_hand: "hunter2" },
          jobVariables: { env: { STAGE: "dev", EXTRA: "hunter2" }, image: "x" },
        },
        wanted,
      ),
    ],
  })
  const lines = (text: string) =>
    text
      .split("\n")
      .slice(3, -3)
      .map((line) => line.trim())

  t.strictSame(lines(planText(plan)), [
    'parameters.api_key: (hidden) → "{{ prefect.blocks.secret.key }}"',
    "parameters.by_hand: (hidden) → (none)",
    "parameters.limit: 1 → 2",
    "job_variables.env.EXTRA: (hidden) → (none)",
    "job_variables.env.STAGE: dev → prod",
    "job_variables.image: (hidden) → (none)",
  ])
  t.strictSame(lines(planText(plan, { showValues: true })), [
    'parameters.api_key: k-1234 → "{{ prefect.blocks.secret.key }}"',
    "parameters.by_hand: hunter2 → (none)",
    "parameters.limit: 1 → 2",
    "job_variables.env.EXTRA: hunter2 → (none)",
    "job_variables.env.STAGE: dev → prod",
    "job_variables.image: x → (none)",
  ])
})

t.test("a configured secret is hidden even when values are asked for", async (t) => {
  const plan = planOf({ declared: [declared("etl/prod", { jobVariables: { env: { URL: "https://u:hunter2@x/" } } })] })

  const text = planText(plan, { showValues: true, mask: (one) => one.replaceAll("hunter2", "[secret]") })

  t.match(text, "job_variables.env.URL: (hidden)")
  t.notMatch(text, "hunter2")
})

t.test("a changed parameter schema is told by parameter", async (t) => {
  const wanted = declared("etl/prod", { parameterSchema: schema })
  const before = (properties: Record<string, object>) =>
    planText(
      planOf({
        declared: [wanted],
        live: [
          owned(
            "analytics",
            "etl/prod",
            { parameterSchema: { type: "object", properties: properties as never } },
            wanted,
          ),
        ],
      }),
    )
      .split("\n")
      .slice(3, -3)
      .map((line) => line.trim())

  t.strictSame(before({ limit: { type: "number", position: 1 }, gone: { type: "string", position: 0 } }), [
    "parameter_openapi_schema.gone: removed",
    "parameter_openapi_schema.limit: type number → integer",
    "parameter_openapi_schema.name: added (string, default x)",
    "parameter_openapi_schema: required none → limit",
  ])
  t.strictSame(before({}), [
    "parameter_openapi_schema.limit: added (integer)",
    "parameter_openapi_schema.name: added (string, default x)",
    "parameter_openapi_schema: required none → limit",
  ])
})

t.test("long values are cut around what differs, and many fields are counted", async (t) => {
  const long = (day: string) => `https://example.com/${"path/".repeat(20)}${day}.csv`
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`p${String(i).padStart(2, "0")}`, i]))
  const wanted = declared("etl/prod", { parameters: { a: long("24"), ...many } })
  const plan = planOf({
    declared: [wanted],
    live: [owned("analytics", "etl/prod", { parameters: { a: long("23") } }, wanted)],
  })

  const lines = planText(plan)
    .split("\n")
    .map((line) => line.trim())

  t.equal(lines[3], "parameters.a: …/path/path/23.csv → …/path/path/24.csv")
  t.equal(lines[23], "… and 11 more (--json shows all)")
})

t.test("no control character of a repository reaches the terminal", async (t) => {
  const plan = planOf({
    declared: [
      declared("etl/p\u001b[2Jrod", { tags: ["\u202eevil", "bell\u0007"], parameters: { "k\u009b": "v\u001b]0;x" } }),
    ],
    problems: [{ severity: "error", code: "x", message: "say \u001b[31m\nfoo", file: "\u001b.yaml", line: 1 }],
  })

  const text = planText(plan)

  t.notMatch(text.replaceAll("\n", ""), /\p{Cc}|\u202e/u)
  t.match(text, "+ etl/p\\u001b[2Jrod  new in Git")
})

t.test("colours are there when asked for and change nothing else", async (t) => {
  const plan = planOf({ declared: [declared("etl/prod", {})] })
  const tty = { isTTY: true, write: () => true }

  const coloured = planText(plan, { paint: paintFor(tty, {}) })

  t.match(coloured, "\u001b[32m+ etl/prod\u001b[39m")
  t.equal(stripVTControlCharacters(coloured), planText(plan))
  t.equal(planText(plan, { paint: paintFor(tty, { NO_COLOR: "1" }) }), planText(plan))
  t.equal(planText(plan, { paint: paintFor({ ...tty, isTTY: false }, {}) }), planText(plan))
})

t.test("Markdown holds everything foreign in a block that nothing in it can end", async (t) => {
  const world: World = {
    declared: [declared("etl/prod", { tags: ["```", "@everybody"] })],
    source: sourceOf("analytics"),
  }

  t.equal(
    planMarkdown(planOf(world)),
    `### Lockstep plan: analytics at 7f3c2a1

**Plan: 1 to create.**

\`\`\`\`diff
+ etl/prod  new in Git
    tags: @everybody, \`\`\`
\`\`\`\`
`,
  )
})

t.test("Markdown without anything to tell is two lines", async (t) => {
  t.equal(
    planMarkdown(planOf({})),
    `### Lockstep plan: analytics at 7f3c2a1

**Plan: nothing to do.**
`,
  )
})
