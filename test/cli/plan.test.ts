import { writeFileSync } from "node:fs"
import { join } from "node:path"
import t, { type Test } from "tap"
import { Secrets } from "../../src/config/secrets.ts"
import type { PlanParts } from "../../src/cli/plan-sources.ts"
import type { Json } from "../../src/core/json.ts"
import type { LiveDeployment } from "../../src/core/model.ts"
import { gitWith, render, workspaceWith } from "./eyes.ts"
import { declared, live, owned, revision } from "./plans.ts"
import { lockstep, now, type Shell } from "./shell.ts"

const config = `
installation: test
workspaces: [{ name: default, apiUrl: "http://127.0.0.1:4200/api" }]
sources:
  - { name: analytics, url: "https://git.example.com/analytics.git" }
  - { name: billing, url: "https://git.example.com/billing.git" }
`

interface World {
  readonly analytics?: string | null
  readonly billing?: string | null
  readonly live?: readonly LiveDeployment[]
  readonly record?: Json
}

function planning(t: Test, world: World, shell: Shell = {}) {
  const folder = t.testdir({ checkout: {} })
  writeFileSync(join(folder, "lockstep.yaml"), config)
  const { analytics = "", billing = "" } = world
  const git = gitWith(
    { "https://git.example.com/analytics.git": analytics, "https://git.example.com/billing.git": billing },
    revision,
  )
  let open = 0
  const openPlan = async (): Promise<PlanParts> => {
    open++
    return {
      git,
      render,
      images: { ask: () => Promise.reject(new Error("no image is named here")) },
      secrets: new Secrets({}),
      clock: { now: () => now, elapsed: () => now, sleep: () => Promise.resolve(), random: () => 0.5 },
      workspace: async () => workspaceWith(world.live ?? [], world.record),
      [Symbol.asyncDispose]: async () => void open--,
    }
  }
  const plan = (...argv: string[]) => lockstep(["plan", ...argv], { folder, openPlan, ...shell })
  return { folder, plan, stillOpen: () => open }
}

const same = declared("etl/prod", {})

t.test("nothing to do ends with 0, and everything that was opened is closed", async (t) => {
  const { plan, stillOpen } = planning(t, { analytics: "etl/prod", live: [owned("analytics", "etl/prod", {}, same)] })

  t.strictSame(await plan("--source", "analytics"), {
    code: 0,
    out: `analytics at 7f3c2a1, workspace default

Plan: nothing to do, 1 unchanged.
`,
    err: "",
  })
  t.equal(stillOpen(), 0)
})

t.test("changes end with 2, and several sources have a sum", async (t) => {
  const { plan } = planning(t, {
    analytics: "etl/prod\netl/dev",
    billing: "bill/prod",
    live: [owned("billing", "bill/prod", {}, same)],
  })

  t.strictSame(await plan(), {
    code: 2,
    out: `analytics at 7f3c2a1, workspace default

  + etl/dev  new in Git
  + etl/prod  new in Git

Plan: 2 to create.

billing at 7f3c2a1: nothing to do, 1 unchanged.

2 sources. Plan: 2 to create, 1 unchanged.
`,
    err: "",
  })
})

t.test("an error ends with 1, changes or not, and stops no other source", async (t) => {
  const { plan } = planning(t, { analytics: "etl/prod\n!etl/bad", billing: null })

  t.strictSame(await plan(), {
    code: 1,
    out: `analytics at 7f3c2a1, workspace default

  ! etl/bad  skipped: its entry has a problem, so it is left alone
  + etl/prod  new in Git

  Problems
    prefect.yaml:2:2: error: etl/bad is wrong [bad]

Plan: 1 to create, 1 skipped, 1 problem.

billing: error: https://git.example.com/billing.git can't be reached

2 sources. Plan: 1 to create, 1 skipped, 1 problem. 1 source could not be planned.
`,
    err: "",
  })
})

t.test("what moved between two sources is taken over, also when just one of them is asked about", async (t) => {
  const { plan } = planning(t, { analytics: "etl/prod", billing: "", live: [owned("billing", "etl/prod", {})] })

  const { out } = await plan("--source", "analytics")

  t.match(out, "⇄ etl/prod  adopt: taken over from billing")
})

t.test("--working-tree plans the folder instead of the remote", async (t) => {
  const { folder, plan } = planning(t, { analytics: null })
  writeFileSync(join(folder, "checkout/prefect.yaml"), "fresh/prod\n")
  writeFileSync(join(folder, "checkout/.git"), "gitdir: /nowhere\n")

  const { code, out } = await plan("--source", "analytics", "--working-tree", "checkout")

  t.equal(code, 2)
  t.match(out, "analytics at no commit, workspace default\n\n  + fresh/prod  new in Git\n")
})

t.test("--working-tree wants to know which source the folder is a checkout of", async (t) => {
  const { plan } = planning(t, {})

  t.match(await plan("--working-tree", "."), { code: 64, err: /^error: --working-tree needs the source/ })
})

t.test("a name that no source has is told, with the nearest", async (t) => {
  const { plan } = planning(t, {})

  t.match(await plan("analitics"), { code: 64, err: /did you mean analytics/ })
  t.match(await plan("wholly-different"), {
    code: 64,
    err: /the config has no source "wholly-different": it has .*analytics/,
  })
  t.match(await plan("analytics", "--source", "other"), {
    code: 64,
    err: /give one source, analytics or --source other/,
  })
  t.strictSame(await plan("analytics"), await plan("--source", "analytics"))
  t.strictSame(await plan("--source", "analitics"), {
    code: 64,
    out: "",
    err: 'error: the config has no source "analitics" (did you mean analytics?)\n',
  })
})

t.test("a suspended source is told and not planned", async (t) => {
  const suspend = { reason: "incident 42", by: "ada", since: "2026-11-24T10:00:00Z", until: null }
  const { plan } = planning(t, { analytics: "etl/prod", record: { suspend } })

  t.strictSame(await plan("--source", "analytics"), {
    code: 0,
    out: "analytics: suspended by ada since 2026-11-24T10:00:00Z: incident 42\n",
    err: "",
  })
})

t.test("a pinned source is planned at its pin, and says so", async (t) => {
  const pin = { reason: "bad release", by: "ada", since: "2026-11-24T10:00:00Z", until: null, revision }
  const { plan } = planning(t, { analytics: "", record: { pin } })

  const { out } = await plan("--source", "analytics")

  t.match(out, "analytics at 7f3c2a1, workspace default, pinned by ada since 2026-11-24T10:00:00Z: bad release\n")
})

t.test("--json gives the API's form with hold and workspace, and hides what the text hides", async (t) => {
  const { plan } = planning(t, {
    analytics: "etl/prod",
    live: [live("etl/prod", {}), owned("analytics", "old/prod", { parameters: { key: "hunter2" } })],
  })

  const { code, out } = await plan("--source", "analytics", "--json")

  t.equal(code, 2)
  t.match(JSON.parse(out), {
    sources: [
      {
        source: "analytics",
        workspace: "default",
        outcome: "planned",
        revision,
        owned: 1,
        changes: [
          { action: "adopt", key: "etl/prod", id: "id-of-etl/prod", reason: "existed without an owner", fields: [] },
          { action: "retire", key: "old/prod", reason: "no longer in Git" },
        ],
        // Without a record nobody can say that the source is what it was.
        hold: { reasons: [{ code: "source-changed" }], victims: [{ kind: "deployment", key: "old/prod" }] },
        held: ["old/prod"],
        pin: null,
      },
    ],
  })
  t.notMatch(out, "hunter2")
})

t.test("--markdown gives a block for each source", async (t) => {
  const { plan } = planning(t, { analytics: "etl/prod", billing: null })

  t.equal(
    (await plan("--markdown")).out,
    `### Lockstep plan: analytics at 7f3c2a1

**Plan: 1 to create.**

\`\`\`diff
+ etl/prod  new in Git
\`\`\`

### Lockstep plan: billing

    error: https://git.example.com/billing.git can't be reached
`,
  )
})

t.test("progress goes to a terminal's stderr, and is taken away again", async (t) => {
  const { plan } = planning(t, { analytics: "etl/prod" }, { isTTY: true })

  const { err } = await plan("--source", "analytics")

  t.equal(err, "\r\u001b[2Kplanning analytics (1 of 1)\r\u001b[2K")
})
