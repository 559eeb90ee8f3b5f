import type { World } from "../support/daemon.ts"

/**
 * A workspace as years of work by hand leave it: deployments of every kind, made through Prefect's API as its own clients
 * make them, and the flow files that they come from.
 */

const flowFile = (flows: string): string => `from prefect import flow\n\n${flows}`

/** Files of the checkout, without any manifest. */
export const flowFiles: Readonly<Record<string, string>> = {
  "flows/etl.py": flowFile(`
@flow(name="etl")
def etl(limit: int = 5, query: str = "select 1", options: dict = {}):
    """Loads it all."""


@flow(name="plain")
def plain():
    pass
`),
  "flows/report.py": flowFile(`
NAME = open("/etc/hostname").read()


@flow(name=NAME)
def report():
    pass
`),
  "flows/named.py": flowFile(`
@flow(name="new name")
def renamed():
    pass
`),
}

const etlSchema = {
  title: "Parameters",
  type: "object",
  properties: {
    limit: { title: "limit", type: "integer", position: 0, default: 5 },
    query: { title: "query", type: "string", position: 1, default: "select 1" },
    options: { title: "options", type: "object", position: 2, default: {}, additionalProperties: true },
  },
}
const noParameters = { title: "Parameters", type: "object", properties: {} }
const clone = {
  "prefect.deployments.steps.git_clone": {
    repository: "https://git.example.com/data/etl.git",
    branch: "main",
    access_token: "{{ prefect.blocks.secret.git-token }}",
  },
}

/** Looks like something else to YAML 1.1, or to whoever fills in placeholders. */
const treacherous = {
  words: ["yes", "No", "on", "y", "null", "~", "true"],
  numbers: ["017", "1:30", "1_000", "0x1f", "1e3", "1.0", "08", "-5", ""],
  dates: ["2024-01-31", "2024-01-31T10:00:00Z"],
  braces: ["{{ a b }}", "{{}}", "{{ x | upper }}", "{a: 1}", "[x]"],
  marks: ["# no comment", "a: b", "- x", "*star", "&anchor", "%", "@", "`tick`", "'", '"', "\\n"],
  lines: "one\n\n  two\nthree\n",
  spaces: "  both  ",
  others: ["ü", "日本", "😀", "\u00a0", "\t", "\u0007", "\u2028"],
  values: { yes: 1, "1": 2, "": 3, "a b": 4, null: null, none: {}, empty: [], deep: [[1, [2]], { a: [{ b: 1.5 }] }] },
}

interface Varied {
  readonly flow: string
  readonly name: string
  readonly [field: string]: unknown
}

const etl = {
  entrypoint: "flows/etl.py:etl",
  parameter_openapi_schema: etlSchema,
  work_pool_name: "pool",
  pull_steps: [clone],
}
const plain = {
  entrypoint: "flows/etl.py:plain",
  parameter_openapi_schema: noParameters,
  work_pool_name: "pool",
  pull_steps: [clone],
}

/** Those that a manifest can say whole. */
export const sayable: readonly Varied[] = [
  {
    ...etl,
    flow: "etl",
    name: "nightly",
    description: "Loads it all.",
    version: "1.0",
    tags: ["nightly", "team: data", "2024"],
    parameters: { limit: 10, query: "select '{{ now | upper }}'" },
    schedules: [
      { slug: "nightly", schedule: { cron: "0 3 * * *", timezone: "Europe/Berlin" } },
      {
        slug: "weekend",
        schedule: { cron: "0 6 * * 6", timezone: "UTC", day_or: false },
        active: false,
        parameters: { limit: 1 },
      },
    ],
    concurrency_limit: 2,
    concurrency_options: { collision_strategy: "CANCEL_NEW" },
  },
  {
    ...etl,
    flow: "etl",
    name: "hourly",
    description: "Loads it all.",
    schedules: [{ schedule: { interval: 3600, anchor_date: "2024-01-31T10:00:00Z" } }],
  },
  {
    ...etl,
    flow: "etl",
    name: "treacherous",
    description: 'First line.\n\nA second one: with {braces}, # and "quotes".\n',
    parameters: { options: treacherous },
    tags: ["yes", "1:30", "a, b"],
  },
  {
    ...etl,
    flow: "etl",
    name: "loose",
    description: "Loads\tit all, loosely.",
    enforce_parameter_schema: false,
    parameters: { unknown: 1 },
    version: "a1b2c3d4",
  },
  { ...plain, flow: "plain", name: "plain" },
  { ...plain, flow: "plain", name: "paused by hand", paused: true, description: "None" },
  {
    ...plain,
    flow: "plain",
    name: "rules",
    schedules: [
      { schedule: { rrule: "FREQ=DAILY;BYHOUR=9", timezone: "Europe/Paris" } },
      { schedule: { rrule: "DTSTART:20240131T100000\nRRULE:FREQ=WEEKLY" }, slug: "weekly" },
      {
        schedule: { interval: 90.5, anchor_date: "2024-01-31T10:00:00.25+02:00", timezone: "Asia/Tokyo" },
        slug: "odd",
      },
      { schedule: { cron: "@daily" }, slug: "daily" },
    ],
  },
  {
    ...plain,
    flow: "plain",
    name: "containers",
    work_queue_name: "urgent",
    job_variables: {
      image: "registry.example.com/etl:1.4",
      env: { STAGE: "prod", TOKEN: "{{ prefect.blocks.secret.api }}", RETRIES: "3", EMPTY: "" },
      labels: { team: "data" },
      cpu: 1.5,
    },
    pull_steps: [{ "prefect.deployments.steps.set_working_directory": { directory: "/opt/etl" } }],
    concurrency_limit: 1,
  },
  { ...plain, flow: "plain", name: "no pull", pull_steps: [], job_variables: { command: "python -m x" } },
  {
    entrypoint: "flows/report.py:report",
    parameter_openapi_schema: noParameters,
    work_pool_name: "pool",
    pull_steps: [clone],
    flow: "report-host-7",
    name: "undecided",
  },
]

/** Those that it can't say, or not whole. */
export const awkward: readonly Varied[] = [
  { ...plain, flow: "plain", name: "served", work_pool_name: null },
  { ...plain, flow: "plain", name: "nowhere", entrypoint: null },
  { ...plain, flow: "other", name: "elsewhere", entrypoint: "flows/other.py:other" },
  { ...plain, flow: "old name", name: "renamed", entrypoint: "flows/named.py:renamed" },
  { ...plain, flow: "new name", name: "renamed", entrypoint: "flows/named.py:renamed" },
  { ...plain, flow: "plain", name: "script.py" },
  { ...plain, flow: "plain", name: "reserved", tags: ["gitops-team", "x"] },
  { ...etl, flow: "etl", name: "template", description: "Loads it all.", parameters: { limit: 1, query: "{{ now }}" } },
  { ...etl, flow: "etl", name: "undescribed", parameter_openapi_schema: noParameters },
  {
    ...plain,
    flow: "plain",
    name: "secrets",
    job_variables: {
      env: {
        DB_PASSWORD: "hunter2",
        DATABASE_URL: "postgresql://app:hunter3@db/app",
        STAGE: "prod",
        apiKey: "hunter4",
      },
    },
    schedules: [{ slug: "nightly", schedule: { cron: "0 3 * * *" }, parameters: {} }],
    pull_steps: [
      {
        "prefect.deployments.steps.git_clone": {
          repository: "https://x-access-token:hunter5@git.example.com/data/etl.git",
        },
      },
    ],
  },
  { ...plain, flow: "plain", name: "other-secrets", job_variables: { env: { DB_PASSWORD: "hunter6" } } },
  {
    ...etl,
    flow: "etl",
    name: "numeric-secret",
    description: "Loads it all.",
    parameters: { options: { password: 1234 } },
  },
]

/** Flows, pools and deployments, each as given. */
export async function fill(world: World, deployments: readonly Varied[]): Promise<void> {
  for (const { flow, ...body } of deployments) {
    const { id } = await world.call<{ id: string }>("POST", "/flows/", { name: flow })
    const { schedules = [], ...rest } = body as { schedules?: readonly object[] }
    await world.call("POST", "/deployments/", {
      ...rest,
      flow_id: id,
      schedules: schedules.map((schedule) => ({ active: true, ...schedule })),
    })
  }
}

interface Made {
  readonly id: string
  readonly flow_id: string
  readonly name: string
}

/** Automations as the UI makes them: one that starts a deployment, one beside it that does more, and a compound one. */
export async function automate(world: World, deployment: string): Promise<void> {
  const found = await world.call<readonly Made[]>("POST", "/deployments/filter", {
    deployments: { name: { any_: [deployment] } },
  })
  const start = {
    type: "run-deployment",
    source: "selected",
    deployment_id: found[0]?.id,
    parameters: { limit: 3, options: { from: "{{ event.id }}" } },
    job_variables: null,
  }
  const event = { type: "event", expect: ["prefect.flow-run.Completed"], posture: "Reactive", threshold: 1, within: 0 }
  const matching = { ...event, match: { "prefect.resource.id": "prefect.flow-run.*" } }
  const made = [
    { name: `${deployment}__automation_1`, trigger: matching, actions: [start] },
    {
      name: "after both",
      description: "When both are done.",
      enabled: false,
      trigger: { type: "compound", require: "all", within: 3600, triggers: [matching, { ...event, expect: ["x.y"] }] },
      actions: [start],
    },
    { name: "does more", trigger: event, actions: [start, { type: "do-nothing" }] },
  ]
  for (const automation of made) await world.call("POST", "/automations/", automation)
}

/** A concurrency limit that others use too. */
export async function shareLimit(world: World, deployment: string): Promise<void> {
  const { id } = await world.call<{ id: string }>("POST", "/v2/concurrency_limits/", { name: "database", limit: 3 })
  const found = await world.call<readonly Made[]>("POST", "/deployments/filter", {
    deployments: { name: { any_: [deployment] } },
  })
  await world.call("PATCH", `/deployments/${found[0]?.id}`, { global_concurrency_limit_id: id })
}
