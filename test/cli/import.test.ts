import { execFileSync } from "node:child_process"
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"
import fc from "fast-check"
import t, { type Test } from "tap"
import { Secrets } from "../../src/config/secrets.ts"
import type { PlanParts } from "../../src/cli/plan-sources.ts"
import type { Json, JsonObject } from "../../src/core/json.ts"
import type { LiveAutomation, LiveDeployment, LiveFields } from "../../src/core/model.ts"
import type { Workspace } from "../../src/core/source.ts"
import { openRender } from "../../src/open-render.ts"
import { desiredOf } from "../render/desired.ts"
import { gitWith, workspaceWith } from "./eyes.ts"
import { live, liveSchedule, owned, planOf, revision } from "./plans.ts"
import { lockstep, now, type Shell } from "./shell.ts"

const render = openRender()
const flow = 'from prefect import flow\n\n\n@flow(name="etl")\ndef flow_function():\n    pass\n'

interface World {
  readonly live: readonly LiveDeployment[]
  readonly files?: Readonly<Record<string, string>>
}

/** `lockstep import` in a checkout, before a workspace; what it looked at. */
function importing(t: Test, { live: deployments, files = { "flow.py": flow } }: World, shell: Shell = {}) {
  const folder = t.testdir({})
  execFileSync("git", ["init", "--quiet", folder])
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true })
    writeFileSync(join(folder, path), text)
  }
  const asked: Workspace[] = []
  const environment = { PREFECT_API_URL: "http://127.0.0.1:4200/api", ...shell.environment }
  const openPlan = async (): Promise<PlanParts> => {
    const secrets = new Secrets(environment)
    return {
      git: gitWith({}, revision),
      render,
      images: { ask: () => Promise.reject(new Error("no image is asked for")) },
      secrets,
      clock: { now: () => now, elapsed: () => now, sleep: () => Promise.resolve(), random: () => 0.5 },
      workspace: async (workspace) => {
        asked.push(workspace)
        // As a client does before its first request.
        if (workspace.auth.kind === "apiKey") await secrets.read(workspace.auth.key)
        return workspaceWith(deployments)
      },
      [Symbol.asyncDispose]: async () => undefined,
    }
  }
  const run = (...argv: string[]) => lockstep(["import", ...argv], { folder, openPlan, ...shell, environment })
  return { folder, asked, run }
}

const at = { entrypoint: "flow.py:flow_function" }
const one = (name: string, fields: Partial<LiveFields> = {}): LiveDeployment =>
  live(`etl/${name}`, { ...at, ...fields })

/** The lines of the one entry, without those that every entry has. */
async function entryOf(t: Test, fields: Partial<LiveFields>): Promise<string> {
  const { out } = await importing(t, { live: [one("prod", fields)] }).run()
  return out.slice(out.indexOf("\ndeployments:\n") + 14)
}

const plainEntry = "  - name: prod\n    entrypoint: flow.py:flow_function\n    work_pool:\n      name: pool\n"

const said: readonly (readonly [string, Partial<LiveFields>, string])[] = [
  ["nothing but defaults", {}, plainEntry],
  [
    "a description that the flow doesn't have",
    { description: "Loads." },
    plainEntry.replace("    entry", "    description: Loads.\n    entry"),
  ],
  ['the "None" of `prefect deploy` is no description', { description: "None" }, plainEntry],
  ["a version of its own", { version: "1.0" }, plainEntry.replace("    work", '    version: "1.0"\n    work')],
  ["a version that is a commit", { version: "0f1e2d3c" }, plainEntry],
  ["a version that is a digest of the flow's file", { version: "d41d8cd98f00b204e9800998ecf8427e" }, plainEntry],
  ["tags", { tags: ["b", "a"] }, plainEntry.replace("    work", "    tags: [b, a]\n    work")],
  [
    "parameters",
    { parameters: { yes: "no", at: "1:30" } },
    plainEntry.replace("    work", '    parameters:\n      "yes": "no"\n      at: "1:30"\n    work'),
  ],
  [
    "unenforced parameters",
    { enforceParameterSchema: false },
    plainEntry.replace("    work", "    enforce_parameter_schema: false\n    work"),
  ],
  [
    "a queue and job variables",
    { workQueue: "urgent", jobVariables: { env: { A: "1" } } },
    `${plainEntry}      work_queue_name: urgent\n      job_variables:\n        env:\n          A: "1"\n`,
  ],
  ["what stands for no job variables on old servers", { jobVariables: { env: {} } }, plainEntry],
  ["a limit", { concurrencyLimit: 3 }, `${plainEntry}    concurrency_limit: 3\n`],
  [
    "a limit and what happens at it",
    { concurrencyLimit: 3, concurrencyOptions: { collisionStrategy: "CANCEL_NEW", gracePeriodSeconds: 90 } },
    `${plainEntry}    concurrency_limit:\n      limit: 3\n      collision_strategy: CANCEL_NEW\n      grace_period_seconds: 90\n`,
  ],
  [
    "what happens at a limit that isn't there",
    { concurrencyOptions: { collisionStrategy: "ENQUEUE", gracePeriodSeconds: null } },
    `${plainEntry}    concurrency_limit:\n      collision_strategy: ENQUEUE\n`,
  ],
  ["paused", { paused: true }, `${plainEntry}    paused: true\n`],
  [
    "schedules by their names, each kind",
    {
      schedules: [
        liveSchedule("0 3 * * *", { slug: "b", active: false, parameters: { n: 1 } }),
        {
          ...liveSchedule("x", { slug: "a" }),
          spec: { kind: "interval", seconds: 3600, anchor: "2024-01-31T10:00:00Z", timezone: "UTC" },
        },
        {
          ...liveSchedule("y", { slug: "c" }),
          spec: { kind: "rrule", rrule: "DTSTART:20200101T000000\nFREQ=DAILY", timezone: "Asia/Tokyo" },
        },
      ],
    },
    `${plainEntry}    schedules:
      - interval: 3600
        anchor_date: "2024-01-31T10:00:00Z"
        slug: a
      - cron: "0 3 * * *"
        slug: b
        active: false
        parameters:
          n: 1
      - rrule: FREQ=DAILY
        timezone: Asia/Tokyo
        slug: c
`,
  ],
]
for (const [what, fields, text] of said) {
  t.test(`said as a person would: ${what}`, async (t) => {
    t.equal(await entryOf(t, fields), text)
  })
}

const step = (directory: string): JsonObject => ({ "prefect.deployments.steps.set_working_directory": { directory } })

t.test("pull steps that several share stand once, at the top; the others say their own", async (t) => {
  const { run } = importing(t, {
    live: [
      one("a", { pullSteps: [step("/one")] }),
      one("b", { pullSteps: [step("/two")] }),
      one("c", { pullSteps: [step("/two")] }),
      one("d", { pullSteps: [] }),
    ],
  })

  const { out } = await run()

  t.equal(
    out,
    `# The deployments of http://127.0.0.1:4200/api as they run, written by \`lockstep import\`.
# What is at its default isn't said, and so not managed: an edit of it in Prefect stays.
# Read it before you commit it: a secret that doesn't look like one stands as it is.

pull:
  - prefect.deployments.steps.set_working_directory:
      directory: /two

deployments:
  - name: a
    entrypoint: flow.py:flow_function
    work_pool:
      name: pool
    pull:
      - prefect.deployments.steps.set_working_directory:
          directory: /one

  - name: b
    entrypoint: flow.py:flow_function
    work_pool:
      name: pool

  - name: c
    entrypoint: flow.py:flow_function
    work_pool:
      name: pool

  - name: d
    entrypoint: flow.py:flow_function
    work_pool:
      name: pool
    pull: []
`,
  )
})

const left: readonly (readonly [string, LiveDeployment, string, string])[] = [
  ["without an entrypoint", one("x", { entrypoint: null }), "entrypoint-missing", "it has no entrypoint"],
  ["served by a process", one("x", { workPool: null }), "work-pool-missing", "it has no work pool"],
  ["of another checkout", one("x", { entrypoint: "other.py:f" }), "flow-file-missing", "there is no file other.py"],
  ["of no function here", one("x", { entrypoint: "flow.py:gone" }), "flow-not-found", "flow.py"],
  ["of a flow that was renamed", live("old/x", at), "flow-elsewhere", 'is another flow in this checkout: "etl"'],
  ["of Lockstep", owned("billing", "etl/x", at), "already-owned", "source billing of installation test owns it"],
  ["with steps that are none", one("x", { pullSteps: ["echo"] }), "not-sayable", "pull steps"],
  ["with half a letter in its steps", one("x", { pullSteps: [{ a: "\ud800" }] }), "not-sayable", "pull steps"],
]
for (const [what, deployment, code, message] of left) {
  t.test(`left out: a deployment ${what}`, async (t) => {
    const { run } = importing(t, { live: [deployment, one("prod")] })

    const { code: exit, out, err } = await run()

    t.equal(exit, 0, "the others are imported")
    t.match(out, plainEntry)
    const line = err.split("\n").find((text) => text.includes(`[${code}]`)) ?? ""
    t.match(line, `warning: left out: `)
    t.match(line, message)
    t.match(line, `(${deployment.key})`)
    t.match(err, "Imported 1 deployment, 1 left out.\n")
  })
}

t.test("what another manifest of the checkout declares isn't declared twice", async (t) => {
  const files = {
    "flow.py": flow,
    "a/prefect.yaml": "deployments:\n  - { name: x, entrypoint: flow.py:flow_function, work_pool: { name: pool } }\n",
    "b/prefect.yaml": "deployments: [",
  }
  const { run } = importing(t, { live: [one("x"), one("prod")], files })

  const { out, err } = await run()

  t.match(out, plainEntry)
  t.match(err, "warning: left out: a/prefect.yaml:2 declares it (etl/x) [already-declared]\n")
  t.match(err, "other manifests of this checkout have 1 error, so they may declare some of these too")
})

const open: readonly (readonly [string, Partial<LiveFields>, string, RegExp])[] = [
  ["tags", { tags: ["gitops-x"] }, "tags", /Lockstep's own mark/],
  [
    "parameters",
    { parameters: { a: { b: "x {{ y }}" } } },
    "parameters",
    /a placeholder to prefect\.yaml \(`\{\{ y \}\}`/,
  ],
  ["job variables", { jobVariables: { a: "{{ y }}" } }, "job_variables", /a placeholder to prefect\.yaml/],
  [
    "job variables with a variable",
    { jobVariables: { a: "{{ prefect.variables.y }}" } },
    "job_variables",
    /variable "y"/,
  ],
  [
    "parameters with a block",
    { parameters: { a: "{{ prefect.blocks.secret.x }}" } },
    "parameters",
    /is resolved by no run/,
  ],
  ["description", { description: "{{ x }}" }, "description", /placeholder/],
  ["version", { version: "{{ x }}" }, "version", /placeholder/],
  ["a queue", { workQueue: "{{ x }}" }, "work_queue_name", /placeholder/],
  [
    "a grace period",
    { concurrencyOptions: { collisionStrategy: "ENQUEUE", gracePeriodSeconds: 5 } },
    "concurrency_limit",
    /60 to 86400/,
  ],
  ["schedules", { schedules: [liveSchedule("not a cron")] }, "schedules", /isn't a cron expression/],
  ["half a letter", { parameters: { a: "\udfff" } }, "parameters", /can't be written as YAML/],
  ["a key beyond YAML", { jobVariables: { ["k".repeat(2000)]: 1 } }, "job_variables", /can't be written as YAML/],
  ["a blank tag", { tags: ["a", " "] }, "tags", /can't be said as it is/],
]
for (const [what, fields, key, why] of open) {
  t.test(`left open: ${what} that a manifest can't say`, async (t) => {
    const { run } = importing(t, { live: [one("prod", { ...fields, paused: true })] })

    const { code, out, err } = await run()

    t.equal(code, 0)
    t.notMatch(out, new RegExp(`^ +${key}:`, "m"), "it isn't said")
    t.match(out, "    paused: true\n", "the rest is")
    t.match(out, `  # \`${key}\` isn't managed and stays as it is in Prefect: `)
    const line = err.split("\n").find((text) => text.includes("[field-left-out]")) ?? ""
    t.match(line, `\`${key}\` isn't managed`)
    t.match(line, why)
  })
}

const starts = { type: "run-deployment", source: "selected" }
function automation(name: string, more: Partial<LiveAutomation> = {}): LiveAutomation {
  return {
    id: name,
    key: one("prod").key,
    name,
    description: "",
    enabled: true,
    created: "2026-11-24T10:00:00Z",
    updated: "2026-11-24T10:00:00Z",
    tags: [],
    trigger: { type: "event", expect: ["x.y"], match: { a: ["1"] }, match_related: [{ b: ["2", "3"] }] },
    actions: [starts],
    reactions: {},
    startsOnly: true,
    ...more,
  }
}

t.test("automations become triggers, numbered as Prefect does, and named where it wouldn't", async (t) => {
  const automations = [
    automation("after", { actions: [{ ...starts, parameters: { n: 1 }, schedule_after: 60 }], description: "Later." }),
    automation("prod__automation_2", { enabled: false }),
    automation("prod__automation_1", { trigger: { type: "sequence", triggers: [{ type: "event", expect: ["z"] }] } }),
    automation("more", { startsOnly: false }),
  ]

  const { out, err } = await importing(t, { live: [one("prod", { automations })] }).run()

  t.match(
    out,
    `    triggers:
      - type: sequence
        triggers:
          - expect: [z]
      - enabled: false
        expect: [x.y]
        match:
          a: "1"
        match_related:
          b: ["2", "3"]
      - name: after
        description: Later.
        expect: [x.y]
        match:
          a: "1"
        match_related:
          b: ["2", "3"]
        parameters:
          n: 1
        schedule_after: 60
`,
  )
  t.match(out, '  # the automation "more" stays as it is: it does something else than start this\n')
  t.match(err, /\(etl\/prod\) \[trigger-left-out\]/)
})

t.test("two automations of one name can't both be said", async (t) => {
  const automations = [automation("same", { id: "1" }), automation("same", { id: "2" })]

  const { out } = await importing(t, { live: [one("prod", { automations })] }).run()

  t.notMatch(out, "    triggers:")
  t.match(out, '# `triggers` isn\'t managed and stays as it is in Prefect: two triggers are named "same"')
})

t.test("names of people's making stay within their comment", async (t) => {
  const key = "etl/x\ndeployments: []\u0085- name: evil"
  const { run } = importing(t, { live: [live(key, { ...at, workPool: null }), one("prod")] })

  const { out, err } = await run()

  t.match(out, "\n#   etl/x deployments: [] - name: evil: it has no work pool")
  t.notMatch(out, /^(?:deployments: \[\]|- name)/m)
  t.notMatch(err, "\u0085")
})

t.test("secrets become placeholders, one name for one value", async (t) => {
  const clone = (url: string): JsonObject => ({ "prefect.deployments.steps.git_clone": { repository: url } })
  const { run } = importing(t, {
    live: [
      one("a", {
        jobVariables: { env: { DB_PASSWORD: "hunter2", PLAIN: "x", KEY: "AKIAABCDEFGHIJKLMNOP" } },
        parameters: { api_key: "hunter2", token: "{{ prefect.blocks.secret.x.y z }}", secret: { deep: ["hunter3"] } },
        pullSteps: [clone("https://ada:hunter4@git.example.com/a.git")],
        schedules: [liveSchedule("0 3 * * *", { parameters: { password: "hunter5" } })],
      }),
      one("b", {
        jobVariables: { env: { DB_PASSWORD: "hunter6" } },
        pullSteps: [clone("https://ada:hunter4@git.example.com/a.git")],
      }),
      one("c", { jobVariables: { env: { DB_PASSWORD: "hunter2", NAMED: "{{ $TAKEN }}", TAKEN: "" } } }),
    ],
  })

  const { out, err } = await run()

  t.notMatch(out + err, "hunter")
  t.match(out, '          DB_PASSWORD: "{{ $DB_PASSWORD }}"\n          PLAIN: x\n          KEY: "{{ $KEY }}"\n')
  t.match(out, '      api_key: "{{ $ETL_API_KEY }}"\n')
  t.match(out, '        deep: ["{{ $ETL_DEEP }}"]\n')
  t.match(out, '        parameters:\n          password: "{{ $ETL_PASSWORD }}"\n')
  t.match(out, 'pull:\n  - prefect.deployments.steps.git_clone:\n      repository: "{{ $REPOSITORY }}"\n')
  t.match(out, '          DB_PASSWORD: "{{ $DB_PASSWORD_2 }}"\n')
  t.match(
    out,
    "# What looks like a secret stands as {{ $NAME }}: give each NAME under `env` of the source in lockstep.yaml.\n",
  )
  t.match(err, "    DB_PASSWORD: { env: DB_PASSWORD } # etl/a, job_variables.env.DB_PASSWORD, and 1 more\n")

  const shown = await run("--show-values")
  t.match(shown.out, "          DB_PASSWORD: hunter2\n")
  t.notMatch(shown.out, "What looks like a secret")
})

const stepWith = (name: string, inputs: JsonObject): JsonObject => ({ [`prefect.deployments.steps.${name}`]: inputs })
const placed: readonly (readonly [string, Partial<LiveFields>, string])[] = [
  [
    "a list of texts",
    { jobVariables: { command: ["load", "--password", "hunter2", "--token=hunter2", "-u", "a:hunter2", "-v"] } },
    '- "--password"\n          - "{{ $ETL_COMMAND }}"\n          - "{{ $ETL_COMMAND_2 }}"\n          - "-u"\n          - "{{ $ETL_COMMAND_3 }}"\n          - "-v"\n',
  ],
  [
    "the environment of Kubernetes",
    {
      jobVariables: {
        env: [
          { name: "API_TOKEN", value: "hunter2" },
          { name: "STAGE", value: "prod" },
        ],
      },
    },
    '- name: API_TOKEN\n            value: "{{ $API_TOKEN }}"\n          - name: STAGE\n            value: prod\n',
  ],
  [
    "a script of a step",
    { pullSteps: [stepWith("run_shell_script", { script: "export TOKEN=hunter2\nrun" })] },
    'script: "{{ $SCRIPT }}"',
  ],
  [
    "an input of a step",
    { pullSteps: [stepWith("pull_from_s3", { bucket: "b", secretKey: "hunter2" })] },
    'secretKey: "{{ $SECRET_KEY }}"',
  ],
  [
    "a schedule",
    { schedules: [liveSchedule("0 3 * * *", { parameters: { url: "https://a.example.com/?sig=hunter2" } })] },
    'url: "{{ $ETL_URL }}"',
  ],
  [
    "a header",
    { parameters: { headers: { Authorization: "Bearer hunter2" } } },
    'Authorization: "{{ $ETL_AUTHORIZATION }}"',
  ],
  [
    "a header that names a block",
    { pullSteps: [stepWith("x", { Authorization: "Bearer {{ prefect.blocks.secret.x }}" })] },
    "Authorization: Bearer {{ prefect.blocks.secret.x }}\n",
  ],
]
for (const [what, fields, written] of placed) {
  t.test(`a secret in ${what} stands as a placeholder, and can be read back`, async (t) => {
    const { run } = importing(t, { live: [one("prod", fields)] })

    const { code, out, err } = await run()

    t.equal(code, 0)
    t.notMatch(out + err, "hunter2")
    t.match(out, written)
    t.notMatch(err, "[field-left-out]")
    if (JSON.stringify(fields).includes("hunter2")) t.match((await run("--show-values")).out, "hunter2")
  })
}

t.test("a placeholder for a whole script is told", async (t) => {
  const { run } = importing(t, {
    live: [one("prod", { pullSteps: [stepWith("run_shell_script", { script: "export TOKEN=hunter2\nrun" })] })],
  })

  const { out, err } = await run()

  const place = "pull[0].prefect.deployments.steps.run_shell_script.script"
  t.match(
    err,
    `a part of it looks like a secret, so ${place} as a whole stands as {{ $SCRIPT }} (etl/prod) [text-hidden]`,
  )
  t.match(out, `  # a part of it looks like a secret, so ${place} as a whole`)
})

const unplaced: readonly (readonly [string, Partial<LiveFields>])[] = [
  ["description", { description: "Run it with --password hunter2." }],
  ["tags", { tags: ["a", "token=hunter2"] }],
  ["version", { version: "https://a:hunter2@x" }],
  ["parameters", { parameters: { "https://a:hunter2@x": "run --token hunter2" } }],
  ["triggers", { automations: [automation("x", { description: "password=hunter2" })] }],
]
for (const [key, fields] of unplaced) {
  t.test(`a secret in ${key} where no placeholder can stand is left out, and told`, async (t) => {
    const { run } = importing(t, { live: [one("prod", { ...fields, paused: true })] })

    const { code, out, err } = await run()

    t.equal(code, 0)
    t.notMatch(out + err, "hunter2")
    t.match(out, "    paused: true\n", "the rest is said")
    t.match(err, `\`${key}\` isn't said: it looks like a secret`)
    t.match(err, "[secret-left-out]")
    t.match((await run("--show-values")).out, "hunter2")
  })
}

t.test("a secret in what a trigger waits for, or gives, stands as a placeholder", async (t) => {
  const trigger = { type: "event", expect: ["x"], match: { token: ["hunter2"] } }
  const actions = [{ ...starts, parameters: { auth: "hunter3" } }]
  const { run } = importing(t, { live: [one("prod", { automations: [automation("x", { trigger, actions })] })] })

  const { out, err } = await run()

  t.notMatch(out + err, "hunter")
  t.match(out, 'token: "{{ $ETL_TOKEN }}"')
  t.match(out, 'auth: "{{ $ETL_AUTH }}"')
})

t.test("a secret where every entry has something leaves the deployment out", async (t) => {
  const pullSteps = [stepWith("x", { "https://a:hunter2@x": "1" })]

  const { out, err } = await importing(t, {
    live: [one("prod", { pullSteps }), one("remote", { entrypoint: "https://a:hunter2@x/flow.py:f" }), one("other")],
  }).run()

  t.notMatch(out + err, "hunter2")
  t.match(err, /left out: its entrypoint, .* looks like a secret.*\(etl\/prod\) \[not-sayable\]/)
  t.match(err, /\(etl\/remote\) \[not-sayable\]/)
})

t.test("what other manifests need of the config is no error of theirs", async (t) => {
  const files = {
    "flow.py": flow,
    "prefect.yaml":
      'deployments:\n  - name: x\n    entrypoint: flow.py:flow_function\n    work_pool: { name: pool }\n    parameters: { a: "{{ $A }}" }\n',
  }

  const { err } = await importing(t, { live: [one("prod")], files }).run("--output", "new.yaml")

  t.notMatch(err, "other manifests of this checkout have")
})

t.test("a secret that the config reads is written by no option", async (t) => {
  const config = `installation: test
workspaces: [{ name: default, apiUrl: "http://127.0.0.1:1/api", apiKey: { env: KEY } }]
sources: []
`
  const environment = { KEY: "configured-key" }
  const { run } = importing(
    t,
    {
      live: [one("a", { parameters: { note: "it is configured-key" } })],
      files: { "flow.py": flow, "lockstep.yaml": config },
    },
    { environment },
  )

  const { out, err } = await run("--show-values")

  t.notMatch(out + err, "configured-key")
  t.match(out, 'note: "{{ $ETL_NOTE }}"')
})

t.test("--json gives the manifest and all that there is to say, and no secret", async (t) => {
  const { run } = importing(t, {
    live: [
      one("a", { jobVariables: { env: { TOKEN: "hunter2" } } }),
      one("b", { tags: ["gitops-x"] }),
      one("c", { workPool: null }),
    ],
  })

  const { code, out, err } = await run("--json")

  t.equal(code, 0)
  t.equal(err, "")
  t.notMatch(out, "hunter2")
  t.match(JSON.parse(out), {
    manifest: /^# The deployments of/,
    deployments: ["etl/a", "etl/b"],
    leftOut: [{ code: "work-pool-missing", key: "etl/c" }],
    remarks: [{ code: "field-left-out", key: "etl/b" }],
    env: [{ name: "TOKEN", uses: [{ key: "etl/a", place: "job_variables.env.TOKEN" }] }],
    triggersUnread: false,
    unsure: 0,
  })
})

t.test("--output writes a new file and never another's", async (t) => {
  const { folder, run } = importing(t, { live: [one("prod")] })

  const first = await run("--output", "etl.yaml")
  t.strictSame(
    { code: first.code, out: first.out, err: first.err },
    {
      code: 0,
      out: "",
      err: "Wrote etl.yaml: 1 deployment.\nNext: read it (a secret that doesn't look like one stands as it is), commit it with the flows, add the source to lockstep.yaml, and look:  lockstep plan\n",
    },
  )
  t.match(readFileSync(join(folder, "etl.yaml"), "utf8"), plainEntry)
  writeFileSync(join(folder, "etl.yaml"), "mine")
  t.match(await run("--output", "etl.yaml"), { code: 64, err: /etl\.yaml is there already, and is never overwritten/ })
  t.equal(readFileSync(join(folder, "etl.yaml"), "utf8"), "mine")
})

t.test("entrypoints are relative to the manifest's folder, or one above", async (t) => {
  const { run } = importing(t, { live: [one("prod")], files: { "etl/flow.py": flow, "ml/x.py": "" } })

  t.match(await run("--output", "ml/prefect.yaml"), {
    code: 1,
    err: /did you mean etl\/flow\.py\?.*\[flow-file-missing\]/,
  })
  t.match(await run("--working-tree", "etl"), { code: 0, out: /name: prod/ }, "on stdout it is for that folder")
  t.match(await run("--output", "etl/prefect.yaml"), { code: 0 })
  t.match(await run(), { code: 0, err: /etl\/prefect\.yaml:\d+ declares it/ }, "and from then on it is declared")
})

t.test("--select takes the ones that are meant, and says when there are none", async (t) => {
  const { run } = importing(t, { live: [one("prod-a"), one("prod-b"), one("dev")] })

  t.match(JSON.parse((await run("--json", "--select", "etl/prod-*")).out), {
    deployments: ["etl/prod-a", "etl/prod-b"],
  })
  t.match(await run("--select", "etl/x*", "--select", "y/z"), {
    code: 1,
    err: "error: no deployment of the workspace matches etl/x* or y/z\n",
  })
})

t.test("nothing to import is no mistake, but nothing that could be is one", async (t) => {
  t.match(await importing(t, { live: [] }).run(), { code: 0, out: "", err: "Nothing to import: 0 deployments.\n" })
  const managed = importing(t, { live: [owned("main", "etl/prod", at)] })
  t.match(await managed.run(), { code: 0, out: "" })
  const elsewhere = importing(t, { live: [one("prod")], files: {} })
  const { code, out, err } = await elsewhere.run()
  t.equal(code, 1)
  t.equal(out, "")
  t.match(
    err,
    `Nothing to import: 0 deployments, 1 left out.\nAre the flows in ${elsewhere.folder}? Else give --working-tree`,
  )
})

t.test("in a workspace of many repositories the names of the others don't drown the rest", async (t) => {
  const others = Array.from({ length: 300 }, (_, n) => one(`o${n}`, { entrypoint: "other.py:f" }))
  const { run } = importing(t, { live: [...others, one("prod", { tags: ["gitops-x"] })] })

  const { err } = await run()

  t.match(err, /^warning: `tags` isn't managed/)
  t.match(err, "\n… and 280 more [flow-file-missing]; --json lists all\n")
  t.ok(err.split("\n").length < 30)
})

const config = (workspaces: readonly string[]): string =>
  JSON.stringify({
    installation: "test",
    workspaces: workspaces.map((name) => ({ name, apiUrl: `http://${name}.example.com/api` })),
    sources: [],
  })

t.test("the workspace is the config's, the one that is named, or a server's", async (t) => {
  const files = { "flow.py": flow, "lockstep.yaml": config(["one"]), "two.yaml": config(["one", "two"]) }
  const { asked, run } = importing(t, { live: [one("prod")], files })
  await run()
  await run("--config", "two.yaml", "--workspace", "two")
  await run("--api-url", "http://127.0.0.1:1/api/")
  t.strictSame(
    asked.map(({ apiUrl, auth }) => [apiUrl, auth.kind]),
    [
      ["http://one.example.com/api", "none"],
      ["http://two.example.com/api", "none"],
      ["http://127.0.0.1:1/api", "none"],
    ],
  )
  t.match(await run("--config", "two.yaml"), {
    code: 64,
    err: "error: the config has several workspaces: give --workspace one or two\n",
  })
  t.match(await run("--config", "two.yaml", "--workspace", "tow"), {
    code: 64,
    err: 'error: the config has no workspace "tow" (did you mean two?)\n',
  })
})

t.test("without a config $PREFECT_API_URL and Prefect's own credentials count", async (t) => {
  const { asked, run } = importing(t, { live: [] }, { environment: { PREFECT_API_KEY: "k" } })
  await run()
  t.match(asked, [{ apiUrl: "http://127.0.0.1:4200/api", auth: { kind: "apiKey", key: { name: "PREFECT_API_KEY" } } }])
  const basic = importing(t, { live: [] }, { environment: { PREFECT_API_AUTH_STRING: "u:p", PREFECT_API_KEY: "k" } })
  await basic.run()
  t.match(basic.asked, [{ auth: { kind: "basic" } }], "as Prefect has it: with both, this one wins")
})

// ---- whatever is live ----

const text = fc.oneof(
  fc.constantFrom(
    "yes",
    "1:30",
    "017",
    "2024-01-01",
    "{{ x }}",
    "{{ a b }}",
    "{{ $X }}",
    "{{ prefect.variables.v }}",
    "a: b",
    "# x",
    " x ",
    "one\ntwo\n",
    "\ud800",
    "",
    "None",
    "gitops-x",
  ),
  fc.string({ unit: "grapheme", maxLength: 12 }),
)
const { value } = fc.letrec<{ value: Json }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    text,
    fc.constantFrom<Json>(null, true, false, 1.5, 1e21, 2n ** 70n, -0),
    fc.integer(),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.oneof(text, fc.constantFrom("password", "env")), tie("value"), {
      maxKeys: 3,
    }) as fc.Arbitrary<Json>,
  ),
}))
const map = fc.dictionary(text, value, { maxKeys: 3 }) as fc.Arbitrary<JsonObject>
const textOrNone = fc.oneof(text, fc.constant(null))
const anything: fc.Arbitrary<Partial<LiveFields>> = fc.record({
  description: textOrNone,
  version: textOrNone,
  tags: fc.uniqueArray(text, { maxLength: 3 }),
  paused: fc.boolean(),
  parameters: map,
  enforceParameterSchema: fc.boolean(),
  pullSteps: fc.array(fc.dictionary(text, map, { maxKeys: 2 }) as fc.Arbitrary<JsonObject>, { maxLength: 2 }),
  workQueue: textOrNone,
  jobVariables: map,
  concurrencyLimit: fc.constantFrom(null, 1, 7),
  concurrencyOptions: fc.constantFrom(
    null,
    { collisionStrategy: "ENQUEUE", gracePeriodSeconds: null },
    { collisionStrategy: "CANCEL_NEW", gracePeriodSeconds: 5 },
  ),
  schedules: fc
    .array(
      fc.record({
        cron: fc.constantFrom("0 3 * * *", "@daily", "nonsense"),
        slug: fc.constantFrom(null, "a", "yes", "1:30"),
        active: fc.boolean(),
        parameters: map,
      }),
      { maxLength: 3 },
    )
    .map((all) =>
      all.map(({ cron, ...more }, i) => liveSchedule(cron, { ...more, slug: more.slug && `${more.slug}${i || ""}` })),
    ),
})

t.test("whatever is live, a plan of its manifest only adopts", async (t) => {
  let [imported, open] = [0, 0]
  await fc.assert(
    fc.asyncProperty(fc.array(anything, { minLength: 1, maxLength: 4 }), async (all) => {
      const deployments = all.map((fields, i) => one(`d${i}`, fields))
      const { out } = await importing(t, { live: deployments }).run("--json", "--show-values")
      const told = JSON.parse(out) as {
        manifest: string
        deployments: string[]
        leftOut: unknown[]
        remarks: { code: string }[]
      }
      if (told.deployments.length + told.leftOut.length !== all.length) return false
      const desired = desiredOf({ "prefect.yaml": told.manifest, "flow.py": flow })
      const { changes } = planOf({ declared: [...desired.deployments.values()], live: deployments })
      imported += told.deployments.length
      open += told.remarks.length
      return (
        desired.deployments.size === told.deployments.length &&
        changes.every((change) => change.action === "adopt" && change.diffs.length === 0)
      )
    }),
    { numRuns: 60 },
  )
  t.ok(imported > 50, `${imported} were imported`)
  t.ok(open > 10, `${open} fields were left open`)
})
