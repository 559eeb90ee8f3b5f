import fc from "fast-check"
import t from "tap"
import type { ImageVerdict } from "../../src/core/image.ts"
import type { Json, JsonObject } from "../../src/core/json.ts"
import type { Desired, DesiredFields, DeploymentKey, Revision } from "../../src/core/model.ts"
import type { Rendering } from "../../src/core/source.ts"
import { clonedCommit } from "../../src/render/pull.ts"
import { desiredOf, flow, imagesOf, noOverrides, one, revision, url, type Files, type Settings } from "./desired.ts"

const key = "my-flow/d" as DeploymentKey
const clone = "prefect.deployments.steps.git_clone"
const fieldsOf = (desired: Desired): DesiredFields | undefined => desired.deployments.get(key)?.fields
const codes = (desired: Desired): readonly string[] => desired.problems.map(({ code }) => code)
const declared = <T>(value: T) => ({ kind: "declared", value }) as const
const absent = { kind: "absent" } as const

t.test("an entry's fields: what stands there is declared, the rest is absent or derived", async (t) => {
  const fields = fieldsOf(one({}))
  t.strictSame(fields?.description, absent)
  for (const name of [
    "version",
    "tags",
    "paused",
    "parameters",
    "schedules",
    "concurrencyLimit",
    "jobVariables",
    "workQueue",
  ] as const) {
    t.strictSame(fields?.[name], absent, name)
  }
  t.strictSame(fields?.entrypoint, declared("flow.py:my_flow"))
  t.match(fields?.parameterSchema, { kind: "derived", value: { properties: { n: { type: "integer", default: 1 } } } })
  t.strictSame(fields?.pullSteps, { kind: "derived", value: [{ [clone]: { repository: url, commit_sha: revision } }] })
})

const values: readonly (readonly [string, JsonObject, Partial<DesiredFields>])[] = [
  ["a description", { description: "x" }, { description: declared("x") }],
  ["an empty list of tags is enforced", { tags: [] }, { tags: declared([]) }],
  ["numbers as tags become texts", { tags: [1, "b"] }, { tags: declared(["1", "b"]) }],
  ["tags keep their blanks", { tags: [" a ", "", true, null] }, { tags: declared([" a ", "True", "None"]) }],
  ["an empty description is none", { description: "" }, { description: declared(null) }],
  ["an empty version is none", { version: "" }, { version: absent }],
  ["a name like a file's", { name: "d.py" }, { entrypoint: declared("flow.py:my_flow") }],
  ["booleans as pydantic reads them", { paused: "Off", enforce_parameter_schema: 0 }, { paused: declared(false) }],
  ["a limit as a text", { concurrency_limit: "2" }, { concurrencyLimit: declared(2) }],
  [
    "letters of other languages in a placeholder's place",
    { description: "{{ x y }}" },
    { description: declared("{{ x y }}") },
  ],
  [
    "an interval in days",
    { schedules: [{ interval: "1 days, 02:00:00", anchor_date: "2024-01-01 10:00:00+05:30" }] },
    {
      schedules: declared([
        {
          slug: null,
          active: null,
          parameters: null,
          spec: { kind: "interval", seconds: 93_600, anchor: "2024-01-01T10:00:00+05:30", timezone: null },
        },
      ]),
    },
  ],
  ["a version of null is none", { version: null }, { version: absent }],
  [
    "an empty queue is the default one",
    { work_pool: { name: "p", work_queue_name: "" } },
    { workQueue: declared(null) },
  ],
  ["parameters", { parameters: { n: 3 } }, { parameters: declared({ n: 3 }) }],
  ["paused as a text", { paused: "true" }, { paused: declared(true) }],
  ["paused as another text", { paused: "no" }, { paused: declared(false) }],
  ["paused as a number", { paused: 1 }, { paused: declared(true) }],
  ["a limit", { concurrency_limit: 3 }, { concurrencyLimit: declared(3), concurrencyOptions: absent }],
  [
    "a limit with a strategy",
    { concurrency_limit: { limit: 1, collision_strategy: "CANCEL_NEW" } },
    {
      concurrencyLimit: declared(1),
      concurrencyOptions: declared({ collisionStrategy: "CANCEL_NEW", gracePeriodSeconds: null }),
    },
  ],
  ["no limit", { concurrency_limit: null }, { concurrencyLimit: declared(null) }],
  [
    "a queue",
    { work_pool: { name: "p", work_queue_name: "q" } },
    { workPool: declared("p"), workQueue: declared("q") },
  ],
  [
    "an empty queue is the default one",
    { work_pool: { name: "p", work_queue_name: "" } },
    { workQueue: declared(null) },
  ],
  [
    "job variables",
    { work_pool: { name: "p", job_variables: { env: { A: "1" } } } },
    { jobVariables: declared({ env: { A: "1" } }) },
  ],
  ["no pull steps at all", { pull: [] }, { pullSteps: declared([]) }],
  ["no schedules at all", { schedules: [] }, { schedules: declared([]) }],
  ["the empty schedule of prefect init says nothing", { schedule: {} }, { schedules: absent }],
  [
    "an older single schedule",
    { schedule: { cron: "0 3 * * *" } },
    {
      schedules: declared([
        {
          slug: null,
          active: null,
          parameters: null,
          spec: { kind: "cron", cron: "0 3 * * *", timezone: null, dayOr: true },
        },
      ]),
    },
  ],
  [
    "an interval as ISO 8601",
    { schedules: [{ interval: "PT1H30M", slug: "s" }] },
    {
      schedules: declared([
        {
          slug: "s",
          active: null,
          parameters: null,
          spec: { kind: "interval", seconds: 5400, anchor: null, timezone: null },
        },
      ]),
    },
  ],
  [
    "an interval as a clock",
    { schedules: [{ interval: "01:00:30", active: false }] },
    {
      schedules: declared([
        {
          slug: null,
          active: false,
          parameters: null,
          spec: { kind: "interval", seconds: 3630, anchor: null, timezone: null },
        },
      ]),
    },
  ],
  [
    "a rule as JSON text",
    { schedules: [{ rrule: '{"rrule": "FREQ=DAILY", "timezone": "Europe/Berlin"}' }] },
    {
      schedules: declared([
        {
          slug: null,
          active: null,
          parameters: null,
          spec: { kind: "rrule", rrule: "FREQ=DAILY", timezone: "Europe/Berlin" },
        },
      ]),
    },
  ],
]
t.test("values as Prefect reads them", async (t) => {
  for (const [what, entry, expected] of values) {
    const desired = one(entry)
    t.match(fieldsOf(desired), expected, what)
    t.strictSame(desired.problems, [], what)
  }
})

const refusals: readonly (readonly [string, JsonObject, string, RegExp])[] = [
  ["no name", { name: null }, "name-missing", /name/],
  ["a number as the name", { name: 3 }, "wrong-type", /text/],
  ["a slash in the name", { name: "a/b" }, "name-invalid", /a\/b/],
  ["no work pool", { work_pool: null }, "work-pool-missing", /work_pool/],
  ["a pool without a name", { work_pool: {} }, "work-pool-missing", /work_pool/],
  ["no entrypoint", { entrypoint: null }, "entrypoint-missing", /entrypoint/],
  ["a file that isn't there", { entrypoint: "nope.py:f" }, "flow-file-missing", /nope\.py/],
  ["a file outside", { entrypoint: "../x.py:f" }, "entrypoint-outside", /out of the repository/],
  ["an absolute path", { entrypoint: "/opt/x.py:f" }, "entrypoint-outside", /absolute/],
  ["no such function", { entrypoint: "flow.py:other" }, "flow-not-found", /other/],
  ["nonsense", { entrypoint: "flow" }, "entrypoint-invalid", /path\/to\/file/],
  ["an entrypoint that begins with a blank", { entrypoint: " flow.py:my_flow" }, "flow-file-missing", /flow\.py/],
  ["an entrypoint that ends with a blank", { entrypoint: "flow.py:my_flow " }, "entrypoint-invalid", /path\/to\/file/],
  ["a pool without letters", { work_pool: { name: "" } }, "work-pool-missing", /work_pool/],
  ["tags as a mapping", { tags: { a: "b" } }, "wrong-type", /list of texts/],
  ["pull as a text", { pull: "clone" }, "wrong-type", /`pull` must be a list of steps/],
  ["a text among the steps", { build: [{ a: {} }, "b"] }, "wrong-type", /`build` must be a list of steps/],
  [
    "parameters of a schedule as null",
    { schedules: [{ cron: "0 3 * * *", parameters: null }] },
    "schedule-invalid",
    /mapping/,
  ],
  [
    "more schedules than anybody has",
    { schedules: Array.from({ length: 1001 }, (_, n) => ({ interval: n + 1 })) },
    "schedule-invalid",
    /at most 1000/,
  ],
  ["a minute beyond 59", { schedules: [{ cron: "99 3 * * *" }] }, "schedule-invalid", /"99" is no minute/],
  ["a word that is no weekday", { schedules: [{ cron: "0 3 * * monday" }] }, "schedule-invalid", /weekday/],
  ["a hashed cron", { schedules: [{ cron: "H 3 * * *" }] }, "schedule-invalid", /"H" is no minute/],
  [
    "a time zone in another spelling",
    { schedules: [{ cron: "0 3 * * *", timezone: "europe/berlin" }] },
    "schedule-invalid",
    /IANA/,
  ],
  [
    "an offset as the time zone",
    { schedules: [{ cron: "0 3 * * *", timezone: "+02:00" }] },
    "schedule-invalid",
    /IANA/,
  ],
  ["a tag of ours", { tags: ["gitops=x/y"] }, "tag-reserved", /gitops=x\/y/],
  [
    "a type of version that Prefect doesn't know",
    { version_type: "vcs:none" },
    "wrong-type",
    /prefect:simple, vcs:github/,
  ],
  ["a number as the type of version", { version_type: 1 }, "wrong-type", /text/],
  ["parameters as null", { parameters: null }, "wrong-type", /mapping/],
  [
    "an unknown key in a schedule",
    { schedules: [{ cron: "0 3 * * *", catchup: true }] },
    "schedule-invalid",
    /catch-up/,
  ],
  [
    "a schedule as the API has it",
    { schedules: [{ schedule: { cron: "0 3 * * *" } }] },
    "schedule-invalid",
    /stands in the schedule itself/,
  ],
  ["a name in a schedule", { schedules: [{ cron: "0 3 * * *", name: "x" }] }, "schedule-invalid", /`slug`/],
  [
    "two kinds in a schedule",
    { schedules: [{ cron: "0 3 * * *", interval: 3 }] },
    "schedule-invalid",
    /cron and interval/,
  ],
  [
    "a time zone that isn't one",
    { schedules: [{ cron: "0 3 * * *", timezone: "Mars/Base" }] },
    "schedule-invalid",
    /Mars/,
  ],
  ["schedules as a mapping", { schedules: { cron: "0 3 * * *" } }, "schedule-invalid", /list/],
  ["a limit of zero", { concurrency_limit: 0 }, "wrong-type", /above 0/],
  ["a strategy that isn't one", { concurrency_limit: { limit: 1, collision_strategy: "X" } }, "wrong-type", /ENQUEUE/],
  ["an environment value that nobody gives", { parameters: { a: "{{ $MISSING }}" } }, "env-missing", /MISSING/],
  [
    "a Prefect variable that isn't there",
    { parameters: { a: "{{ prefect.variables.nope }}" } },
    "variable-missing",
    /no value is known of the Prefect variable "nope": create it/,
  ],
  [
    "a block where nobody resolves it",
    { parameters: { a: "{{ prefect.blocks.secret.x }}" } },
    "block-in-parameters",
    /secret\.x/,
  ],
  ["parameters as null", { parameters: null }, "wrong-type", /take the key out/],
  ["tags as null", { tags: null }, "wrong-type", /list of texts/],
  ["a placeholder where Prefect wants a boolean", { paused: "{{ $FLAG }}" }, "wrong-type", /paused/],
  ["a placeholder where Prefect wants a number", { concurrency_limit: "{{ $N }}" }, "wrong-type", /whole number/],
  ["a placeholder where Prefect wants a mapping", { parameters: "{{ prefect.variables.x }}" }, "wrong-type", /mapping/],
  ["an empty schedule in a list", { schedules: [{}] }, "schedule-invalid", /cron, interval, or rrule/],
  ["an hour that isn't one", { schedules: [{ cron: "0 24 * * *" }] }, "schedule-invalid", /0 24/],
  ["a rule with an unknown part", { schedules: [{ rrule: "FREQ=DAILY;FOO=1" }] }, "schedule-invalid", /FOO/],
  ["an item that Prefect drops", { tags: ["{{ commit.stdout }}"] }, "placeholder-unresolved", /dropped/],
  ["a block by its id", { parameters: { a: { $ref: { block_document_id: "x" } } } }, "block-in-parameters", /\$ref/],
  ["a list as the one schedule", { schedule: [{ cron: "0 3 * * *" }] }, "schedule-invalid", /call it `schedules`/],
  [
    "an environment value without its $",
    { description: "{{ STAGE }}" },
    "env-missing",
    /add STAGE to the source's env/,
  ],
  ["a name that means nothing", { description: "{{ what }}" }, "placeholder-unresolved", /what/],
]
t.test("what can't be is a problem of that entry, with its place; the entry is hands-off", async (t) => {
  for (const [what, entry, code, message] of refusals) {
    const desired = one(entry)
    t.equal(desired.kind, "partial", what)
    t.strictSame(desired.deployments.size, 0, what)
    const problem = desired.problems.find((found) => found.code === code)
    t.match(problem, { severity: "error", message, line: 1 }, what)
  }
})

t.test("a placeholder is shown where it stands, deep in a value too", async (t) => {
  const lines = [
    "deployments:",
    "- name: d",
    "  entrypoint: flow.py:my_flow",
    "  work_pool:",
    "    name: p",
    "    job_variables:",
    "      env:",
    "        TOKEN: '{{ $NONE }}'",
    "  parameters:",
    "    a: 1",
    "    b:",
    "    - x: 2",
    "    - x: '{{ prefect.blocks.secret.x }}'",
  ]
  const desired = desiredOf({ "prefect.yaml": lines.join("\n"), "flow.py": flow.replace("n: int = 1", "a=1, b=2") })
  const places = desired.problems.map(({ code, line, column }) => [code, line, column])
  t.strictSame(places, [
    ["env-missing", 8, 9],
    ["block-in-parameters", 13, 7],
  ])
})

t.test("a step that can't be run is said, once, and stays as it is", async (t) => {
  const entry = { name: "d", entrypoint: "flow.py:my_flow", work_pool: { name: "p" } }
  const rows: readonly (readonly [Json, RegExp | null])[] = [
    [{ [clone]: null, id: "x", repository: url }, /`id` stands beside/],
    [{ "prefect.projects.steps.git_clone_project": { repository: url } }, /`prefect\.deployments\.steps\.git_clone`/],
    [{ "prefect.deployments.steps.pip_install_requiements": {} }, /`prefect\.deployments\.steps\.pip_install_req/],
    [{ "prefect.deployments.steps.pull.git_clone": { repository: url } }, null],
    [{ "prefect.deployments.steps.of_a_later_version": {} }, null],
    [{ "my_package.steps.git_clone_project": {} }, null],
    [{}, null],
  ]
  for (const [step, message] of rows) {
    const manifest = { pull: [step], deployments: [entry, { ...entry, name: "e" }] }
    const desired = desiredOf({ "prefect.yaml": JSON.stringify(manifest), "flow.py": flow })
    t.match(desired.problems, message ? [{ severity: "warning", code: "step-invalid", message }] : [])
    t.equal(desired.problems.length, message ? 1 : 0, JSON.stringify(step))
    t.strictSame(fieldsOf(desired)?.pullSteps, declared([step]))
  }
  const own = one({ push: { "prefect.projects.steps.run_shell_script": {} } })
  t.match(own.problems, [{ code: "step-invalid", message: /run_shell_script/ }])
})

t.test("a file with keys but without deployments is said to deploy nothing", async (t) => {
  const desired = desiredOf({ "prefect.yaml": "name: x\nentrypoint: flow.py:my_flow\nflows: []\n", "flow.py": flow })
  t.equal(desired.kind, "complete")
  t.strictSame(codes(desired), ["deployments-missing", "unknown-key", "unknown-key"])
  for (const quiet of ["name: x\n", "name: x\nbuild: null\n.anchor: 1\n", "deployments: []\nflows: []\n"])
    t.notOk(codes(desiredOf({ "prefect.yaml": quiet })).includes("deployments-missing"), quiet)
})

t.test("tags that nobody can mean are made as Prefect makes them, and said", async (t) => {
  const rows: readonly (readonly [JsonObject["tags"], readonly string[], RegExp])[] = [
    ["ab", ["a", "b"], /each of its letters/],
    [[["x", "it's"], "y"], [`['x', "it's"]`, "y"], /the one tag/],
    [[{ team: [true, null, 7] }], ["{'team': [True, None, 7]}"], /the one tag/],
    [[["\u00e9\u200b\u00a0\\'\""]], [String.raw`['é\u200b\xa0\\\'"']`], /the one tag/],
  ]
  for (const [tags, made, message] of rows) {
    const desired = one({ tags: tags ?? null })
    t.strictSame(fieldsOf(desired)?.tags, declared(made))
    t.match(desired.problems, [{ severity: "warning", code: "tag-unmeant", message }])
  }
  const inputs = { variables: new Map<string, Json>([["list", [1]]]) }
  const hidden = one({ tags: [["{{ prefect.variables.list }}"]] }, {}, { inputs })
  t.match(hidden.problems, [{ code: "wrong-type", message: /placeholder for a list/ }])
})

t.test("what Prefect resolves in several passes, or puts into a text in Python's notation, is refused", async (t) => {
  const inputs = { env: new Map([["OUTER", "{{ $INNER }}"]]), variables: new Map([["list", ["a"]]]) }
  t.match(one({ description: "{{ $OUTER }}" }, {}, { inputs }).problems, [{ code: "placeholder-unresolved" }])
  t.match(one({ description: "x {{ prefect.variables.list }}" }, {}, { inputs }).problems, [{ code: "wrong-type" }])
})

t.test("a bare name in pull steps is the worker's, even if the environment knows it", async (t) => {
  const pull = [{ "prefect.deployments.steps.set_working_directory": { directory: "{{ STAGE }}" } }]
  const fields = fieldsOf(one({ pull }, {}, { inputs: { env: new Map([["STAGE", "prod"]]) } }))
  t.strictSame(fields?.pullSteps, declared(pull))
})

t.test("types that only YAML has: a float as a tag, a date as a text", async (t) => {
  const manifest = (lines: string): Desired =>
    desiredOf({
      "prefect.yaml": `deployments:\n- name: d\n  entrypoint: flow.py:my_flow\n  work_pool: { name: p }\n  ${lines}\n`,
      "flow.py": flow,
    })
  t.match(
    fieldsOf(manifest("tags: [1.0, 1e3, 2024-01-01T00:00:00Z]"))?.tags,
    declared(["1.0", "1e3", "2024-01-01T00:00:00Z"]),
  )
  t.match(manifest("parameters: { 1: a }").problems, [{ code: "wrong-type", message: /key 1/ }])
  t.match(manifest("version: 2024-01-01").problems, [{ code: "wrong-type", message: /date in quotes/ }])
  t.match(manifest("schedules: [{ interval: 60, anchor_date: 2024-01-01, slug: s }]").problems, [
    { code: "schedule-invalid" },
  ])
  t.match(manifest("schedules: [{ interval: 60, anchor_date: 2024-01-01 }]").problems, [])
})

t.test("a build step without a tag still says its image's name, and its variables are resolved", async (t) => {
  const step = { id: "b", image_name: "{{ prefect.variables.registry }}/etl" }
  const build = [{ "prefect_docker.deployments.steps.build_docker_image": step }]
  const inputs = { variables: new Map([["registry", "r.example.com"]]) }
  const settings = { inputs, rendering: { images: "trust" as const } }
  const withName = one(
    { work_pool: { name: "p", job_variables: { image: "{{ image_name }}:1" } } },
    { build },
    settings,
  )
  t.strictSame(fieldsOf(withName)?.jobVariables, declared({ image: "r.example.com/etl:1" }))
  const withTag = one({ work_pool: { name: "p", job_variables: { image: "{{ b.image }}" } } }, { build }, settings)
  t.match(withTag.problems, [{ code: "step-output-missing", message: /stepOutputs\.b/ }])
})

t.test("an empty description is none: the flow's own counts", async (t) => {
  const files = {
    "prefect.yaml": JSON.stringify({
      deployments: [{ name: "d", entrypoint: "flow.py:my_flow", work_pool: { name: "p" }, description: "" }],
    }),
    "flow.py": 'from prefect import flow\n\n\n@flow\ndef my_flow():\n    """Says what it does."""\n',
  }
  t.strictSame(fieldsOf(desiredOf(files))?.description, { kind: "derived", value: "Says what it does." })
})

t.test("problems name what was probably meant", async (t) => {
  const moved = one({ entrypoint: "old/flow.py:my_flow" })
  t.match(moved.problems, [{ code: "flow-file-missing", message: /did you mean flow\.py\?/ }])
  const top = desiredOf({
    "prefect.yaml": JSON.stringify({ name: "x", entrypoint: "flow.py:my_flow" }),
    "flow.py": flow,
  })
  t.match(top.problems, [
    { code: "deployments-missing" },
    { severity: "warning", code: "unknown-key", message: /entry of `deployments:`/ },
  ])
})

t.test("a template of manifests isn't read, and that is said", async (t) => {
  const desired = desiredOf({ "templates/{{ cookiecutter.name }}/prefect.yaml": "{% if x %}", "flow.py": flow })
  t.equal(desired.kind, "complete")
  const told = desired.problems.filter(({ code }) => code === "manifest-template")
  t.match(told, [{ severity: "warning", message: /isn't read/ }])
})

t.test("a package of another project of the repository is followed", async (t) => {
  const files = {
    "prefect.yaml": JSON.stringify({
      deployments: [{ name: "d", entrypoint: "deploy/flow.py:my_flow", work_pool: { name: "p" } }],
    }),
    "deploy/flow.py":
      "from climate.query import Query\nfrom prefect import flow\n\n\n@flow\ndef my_flow(query: Query): pass\n",
    "packages/climate/pyproject.toml": "[project]\n",
    "packages/climate/src/climate/query.py":
      "from pydantic import BaseModel\n\n\nclass Query(BaseModel):\n    year: int\n",
  }
  const desired = desiredOf(files)
  t.strictSame(desired.problems, [])
  t.match(fieldsOf(desired)?.parameterSchema, { value: { definitions: { Query: { required: ["year"] } } } })
})

t.test("entrypoints are also relative to the folder of the clone that pull changes to", async (t) => {
  const entry = { name: "d", entrypoint: "flow.py:my_flow", work_pool: { name: "p" } }
  const cloned = { [clone]: { id: "clone", repository: url } }
  const changed = (directory: string) => ({ "prefect.deployments.steps.set_working_directory": { directory } })
  const desired = (pull: Json, files: Files = { "flows/flow.py": flow }, rendering: Partial<Rendering> = {}) =>
    desiredOf({ ...files, "deploy/prefect.yaml": JSON.stringify({ pull, deployments: [entry] }) }, { rendering })

  const found = desired([cloned, changed("{{ clone.directory }}/flows/")])
  t.strictSame(found.problems, [])
  t.strictSame(fieldsOf(found)?.entrypoint, declared("flow.py:my_flow"))

  const near = { "flows/flow.py": "", "deploy/flow.py": flow }
  t.strictSame(desired([cloned, changed("{{ clone.directory }}/flows")], near).problems, [], "a nearer file counts")

  const pulls: readonly (readonly [string, Json])[] = [
    ["no clone", [changed("{{ clone.directory }}/flows")]],
    ["another step", [cloned, changed("{{ other.directory }}/flows")]],
    ["a folder of the worker", [cloned, changed("/flows")]],
    ["a later change", [cloned, changed("{{ clone.directory }}/flows"), changed("/srv")]],
    ["out of the clone", [cloned, changed("{{ clone.directory }}/../flows")]],
    ["strange steps", [cloned, { "prefect.deployments.steps.set_working_directory": "flows" }]],
  ]
  for (const [title, pull] of pulls) t.ok(codes(desired(pull)).includes("flow-file-missing"), title)
  const manifest = desired([cloned, changed("{{ clone.directory }}/flows")], undefined, { baseDir: "manifest" })
  t.strictSame(codes(manifest), ["flow-file-missing"], "baseDir: manifest")
})

t.test("keys that Prefect ignores are warnings that name the right one", async (t) => {
  const cases = [
    ["job_variables", /below `work_pool:`/],
    ["is_schedule_active", /active/],
    ["paramters", /`parameters`/],
    ["pool", /work_pool: \{ name/],
    ["infrastructure", /work pools/],
    ["flow_variables", /job_variables/],
    ["slug", /in the schedule/],
  ] as const
  for (const [name, message] of cases) {
    const desired = one({ [name]: {} })
    t.match(desired.problems, [{ severity: "warning", code: "unknown-key", message }], name)
    t.equal(desired.kind, "complete")
  }
  const inside = [
    [{ work_pool: { name: "pool", work_queue: "x" } }, /`work_queue_name`/],
    [{ work_pool: { name: "pool", env: {} } }, /below `job_variables:`/],
    [{ work_pool: { name: "pool", work_queue_nam: "x" } }, /did you mean `work_queue_name`/],
    [{ concurrency_limit: { limit: 1, collision_strategy: "ENQUEUE", grace_period: 60 } }, /`grace_period_seconds`/],
    [{ concurrency_limit: { limit: 1, collision_strategy: "ENQUEUE", other: 60 } }, /`other` here$/],
    [{ triggers: [{ expct: ["x"] }] }, /did you mean `expect`/],
  ] as const
  for (const [entry, message] of inside)
    t.match(one(entry).problems, [{ severity: "warning", code: "unknown-key", message }], JSON.stringify(entry))
  t.match(one({ sla: [] }).problems, [{ code: "sla-not-managed", severity: "warning" }])
})

t.test("steps of the file that are none cost all its entries, as with Prefect", async (t) => {
  const own = [{ "prefect.deployments.steps.set_working_directory": { directory: "/own" } }]
  for (const pull of ["text", ["text"], 3]) {
    const desired = one({ pull: own }, { pull })
    t.strictSame([desired.kind, desired.deployments.size], ["partial", 0])
    t.match(desired.problems, [{ code: "wrong-type", message: /`pull` must be a list of steps/ }])
  }
  for (const pull of [null, {}, [], own[0] ?? null]) t.strictSame(one({ pull: own }, { pull }).problems, [])
})

t.test("one bad entry leaves the others as they are", async (t) => {
  const good = { name: "d", entrypoint: "flow.py:my_flow", work_pool: { name: "pool" } }
  const alone = one({})
  const both = desiredOf({
    "prefect.yaml": JSON.stringify({ deployments: [{ ...good, name: "bad", schedules: "x" }, good] }),
    "flow.py": flow,
  })
  t.strictSame(both.deployments.get(key)?.fields, alone.deployments.get(key)?.fields)
  t.strictSame([...both.handsOff], ["my-flow/bad"])
  const broken = desiredOf({
    "prefect.yaml": JSON.stringify({ deployments: [good] }),
    "bad/prefect.yaml": "a: [",
    "flow.py": flow,
  })
  t.match(broken.problems, [{ code: "yaml-syntax", file: "bad/prefect.yaml", line: 1 }])
  t.strictSame([broken.kind, broken.deployments.size], ["partial", 1])
})

t.test("declared twice: both are told, neither is touched", async (t) => {
  const entry = { name: "d", entrypoint: "flow.py:my_flow", work_pool: { name: "pool" } }
  const text = JSON.stringify({ deployments: [entry] })
  const desired = desiredOf({ "a/prefect.yaml": text, "b/prefect.yaml": `${text} `, "flow.py": flow })
  t.strictSame(codes(desired), ["declared-twice", "declared-twice"])
  t.strictSame([desired.deployments.size, [...desired.handsOff]], [0, [key]])
})

t.test("steps inherit as prefect deploy has it", async (t) => {
  const top = { pull: [{ "prefect.deployments.steps.set_working_directory": { directory: "/srv" } }] }
  const own = [{ "prefect.deployments.steps.set_working_directory": { directory: "/own" } }]
  t.match(fieldsOf(one({}, top))?.pullSteps, declared(top.pull))
  t.match(fieldsOf(one({ pull: own }, top))?.pullSteps, declared(own))
  t.match(fieldsOf(one({ pull: [] }, top))?.pullSteps, declared([]))
  t.match(fieldsOf(one({ pull: null }, top))?.pullSteps, declared(top.pull))
  t.match(fieldsOf(one({}, { pull: [] }))?.pullSteps, declared([]))
  for (const pull of [null, {}]) t.match(fieldsOf(one({ pull }, { pull: [] }))?.pullSteps, { kind: "derived" })
})

t.test("placeholders: env, variables, outputs of steps, and what others resolve later", async (t) => {
  const inputs = { env: new Map([["STAGE", "prod"]]), variables: new Map([["limit", 7]]) }
  const build = [
    { "prefect.deployments.steps.run_shell_script": { id: "commit", script: "git rev-parse --short HEAD" } },
  ]
  const desired = one(
    {
      description: "on {{ $STAGE }} at {{ commit.stdout }}",
      parameters: { n: "{{ prefect.variables.limit }}" },
      work_pool: {
        name: "pool-{{ $STAGE }}",
        job_variables: { env: { TOKEN: "{{ prefect.blocks.secret.t }}", RUN: "{{ ctx.flow_run.name }}" } },
      },
      pull: [
        {
          [clone]: {
            repository: url,
            access_token: "{{ prefect.blocks.secret.t }}",
            branch: "{{ $UNSET }}",
            x: "{{ $STAGE }}",
          },
        },
      ],
    },
    { build },
    { inputs },
  )
  t.strictSame(desired.problems, [])
  t.match(fieldsOf(desired), {
    description: declared("on prod at 1234567"),
    parameters: declared({ n: 7 }),
    workPool: declared("pool-prod"),
    jobVariables: declared({ env: { TOKEN: "{{ prefect.blocks.secret.t }}", RUN: "{{ ctx.flow_run.name }}" } }),
    pullSteps: declared([
      { [clone]: { access_token: "{{ prefect.blocks.secret.t }}", branch: "{{ $UNSET }}", x: "prod" } },
    ]),
  })
})

const image = "prefect_docker.deployments.steps.build_docker_image"
t.test("where CI has pushed the code is known to the steps that pull it from there", async (t) => {
  const pull = (step: string, ...names: readonly string[]) => [
    { [step]: Object.fromEntries(names.map((name) => [name, `{{ push_code.${name} }}`])) },
  ]
  const cases = [
    ["prefect_aws.deployments.steps.push_to_s3", "prefect_aws.deployments.steps.pull_from_s3", "bucket"],
    ["prefect_gcp.deployments.steps.push_to_gcs", "prefect_gcp.deployments.steps.pull_from_gcs", "bucket"],
    [
      "prefect_azure.deployments.steps.push_to_azure_blob_storage",
      "prefect_azure.deployments.steps.pull_from_azure_blob_storage",
      "container",
    ],
  ] as const
  for (const [to, from, place] of cases) {
    const push = [{ [to]: { id: "push_code", [place]: "code", folder: "{{ $STAGE }}/etl" } }]
    const settings = { inputs: { env: new Map([["STAGE", "prod"]]) } }
    const bound = one({}, { push, pull: pull(from, place, "folder") }, settings)
    t.strictSame(fieldsOf(bound)?.pullSteps, declared([{ [from]: { [place]: "code", folder: "prod/etl" } }]), to)
    const open = one({}, { push, pull: pull(from, place, "folder") })
    t.match(open.problems, [{ code: "step-output-missing", message: /stepOutputs\.push_code/ }], `${to} without env`)
  }
})

t.test("a block without a type and a name is a problem also where the worker would look it up", async (t) => {
  const job = (token: string) => ({ work_pool: { name: "pool", job_variables: { env: { TOKEN: token } } } })
  const message = /names no block/
  t.match(one(job("{{ prefect.blocks.secret }}")).problems, [{ code: "placeholder-unresolved", message }])
  const pull = [{ [clone]: { repository: "https://x", access_token: "{{ prefect.blocks.secret }}" } }]
  t.match(one({ pull }).problems, [{ code: "placeholder-unresolved", message }])
  t.strictSame(one(job("{{ prefect.blocks.json.a.b[0].c }}")).problems, [])
})

t.test("an output that only running its step tells is a problem wherever it stands", async (t) => {
  const shell = (script: string, id?: string) => ({
    "prefect.deployments.steps.run_shell_script": { ...(id && { id }), script },
  })
  const head = shell("git rev-parse HEAD", "commit")
  const said = (directory: string) => ({
    pull: [{ "prefect.deployments.steps.set_working_directory": { directory } }],
  })
  const missing = { code: "step-output-missing", severity: "error" }
  const cases = [
    ["of a step with an id, in pull", [shell("date", "now")], "{{ now.stdout }}", /stepOutputs\.now/],
    ["merged", [shell("date", "now")], "{{ stdout }}", /stepOutputs\.now/],
    ["merged, after one that is known", [head, shell("date")], "{{ stdout }}", /give the step an id/],
    ["by the id of one that is known", [head, shell("date", "commit")], "{{ commit.stdout }}", /stepOutputs\.commit/],
    ["after a step of any kind", [head, { "my.steps.tag": {} }], "{{ stdout }}", /give the step an id/],
    ["an image's id", [{ [image]: { id: "i", image_name: "r/x", tag: "1" } }], "{{ i.image_id }}", /stepOutputs\.i/],
    [
      "a mapping that is known in part",
      [{ [image]: { id: "i", image_name: "r/x", tag: "1" } }],
      "{{ i }}",
      /stepOutputs/,
    ],
  ] as const
  for (const [name, build, directory, message] of cases) {
    t.match(one(said(directory), { build }).problems, [{ ...missing, message }], `${name}, in pull`)
    t.match(one({ description: directory }, { build }).problems, [{ ...missing, message }], name)
  }
  const after = [head, { "my.steps.tag": {} }]
  t.strictSame(fieldsOf(one({ description: "{{ commit.stdout }}" }, { build: after }))?.description, declared(revision))
  const again = [shell("date"), head]
  t.strictSame(fieldsOf(one({ description: "{{ stdout }}" }, { build: again }))?.description, declared(revision))
})

t.test("an image that CI builds is held until somebody vouches for it", async (t) => {
  const build = [
    { "prefect_docker.deployments.steps.build_docker_image": { id: "image", image_name: "r/x", tag: "1.0" } },
  ]
  const entry = { work_pool: { name: "pool", job_variables: { image: "{{ image.image }}" } } }
  const held = one(entry, { build })
  t.match(held.deployments.get(key), {
    fields: { jobVariables: { kind: "undecided" } },
    createWaits: { code: "image-unverified" },
  })
  const trusted = one(entry, { build }, { rendering: { images: "trust" } })
  t.match(trusted.deployments.get(key), { fields: { jobVariables: declared({ image: "r/x:1.0" }) }, createWaits: null })
  const untagged = [{ "prefect_docker.deployments.steps.build_docker_image": { id: "image", image_name: "r/x" } }]
  t.match(one(entry, { build: untagged }).problems, [{ code: "step-output-missing", message: /stepOutputs\.image/ }])
  const given: Settings = { rendering: { stepOutputs: { image: { image: "r/x:2" } } } }
  t.match(fieldsOf(one(entry, { build: untagged }, given))?.jobVariables, declared({ image: "r/x:2" }))
  t.match(
    one(entry, {}, given).problems,
    [{ code: "placeholder-unresolved", message: /no output of a step/ }],
    "an output that is given, of a step that isn't there",
  )
})

t.test("with images: registry only an image that is there is moved to", async (t) => {
  const build = [
    { "prefect.deployments.steps.run_shell_script": { id: "commit", script: "git rev-parse --short HEAD" } },
    {
      "prefect_docker.deployments.steps.build_docker_image": {
        id: "build",
        image_name: "r.io/x",
        tag: "{{ commit.stdout }}",
      },
    },
  ]
  const image = "r.io/x:1234567"
  const settings = (verdict: ImageVerdict | null, rendering: Partial<Rendering> = {}): Settings => ({
    rendering: { images: "registry", ...rendering },
    inputs: { images: new Map(verdict ? [[image, verdict]] : []) },
  })
  const entryWith = (job_variables: JsonObject): JsonObject => ({ work_pool: { name: "pool", job_variables } })
  const ways: Record<string, JsonObject> = {
    "the step's image": { image: "{{ build.image }}" },
    "its parts": { image: "{{ build.image_name }}:{{ build.tag }}" },
    "the commit alone": { image: "r.io/x:{{ commit.stdout }}" },
    "deep inside": { config: { containers: [{ image: "{{ build.image }}" }] } },
    "a part elsewhere": { env: { TAG: "{{ build.tag }}" } },
  }
  for (const [way, job_variables] of Object.entries(ways)) {
    const entry = entryWith(job_variables)
    t.match(imagesOf(entry, { build }, settings(null)), new Map([[image, [key]]]), way)
    const there = one(entry, { build }, settings({ kind: "there" }))
    t.match(there, { problems: [], kind: "complete" })
    t.match(there.deployments.get(key), { fields: { jobVariables: { kind: "declared" } }, createWaits: null }, way)
    const missing = one(entry, { build }, settings({ kind: "missing", message: "r.io has no x:1234567" }))
    t.match(missing.deployments.get(key), { fields: { jobVariables: { kind: "undecided" } } }, way)
    t.match(missing, {
      kind: "complete",
      problems: [
        { severity: "warning", code: "image-unverified", key, message: /isn't there: r\.io has no x:1234567/ },
      ],
    })
    const unknown = one(entry, { build }, settings({ kind: "unknown", message: "r.io is away" }))
    t.match(unknown.problems, [{ code: "image-unverified", message: /isn't known: r\.io is away/ }], way)
    t.match(one(entry, { build }, settings(null)).problems, [{ message: /isn't known: its registry wasn't asked/ }])
  }
  const vouched: readonly (readonly [JsonObject, Partial<Rendering>])[] = [
    [{ image: "r.io/x:stable" }, {}],
    [{ env: { COMMIT: "{{ commit.stdout }}" } }, {}],
    [{ image: "{{ build.image }}" }, { images: "trust" }],
    [{ image: "{{ build.image }}" }, { stepOutputs: { build: { image: "r.io/x:9" } } }],
    [{ image: "{{ build.image }}" }, { overrides: { ...noOverrides, jobVariables: { image: "r.io/x:9" } } }],
  ]
  for (const [job_variables, rendering] of vouched) {
    const desired = one(entryWith(job_variables), { build }, settings(null, rendering))
    t.match(desired, { problems: [] }, JSON.stringify([job_variables, rendering]))
    t.match(desired.deployments.get(key), { fields: { jobVariables: { kind: "declared" } }, createWaits: null })
  }
})

t.test("an image tagged with the commit is held like one of a docker step", async (t) => {
  const build = [{ "prefect.deployments.steps.run_shell_script": { id: "commit", script: "git rev-parse HEAD" } }]
  const entry = { work_pool: { name: "pool", job_variables: { image: "r.io/x:{{ commit.stdout }}" } } }
  t.match(one(entry, { build }).deployments.get(key), {
    fields: { jobVariables: { kind: "undecided" } },
    createWaits: { code: "image-unverified" },
  })
})

t.test("overrides make one manifest serve several environments", async (t) => {
  const overrides = {
    workPool: "k8s",
    workQueue: "q",
    nameSuffix: "-prod",
    tags: ["prod"],
    jobVariables: { env: { B: "2" } },
    paused: true,
  }
  const desired = one(
    { tags: ["a"], work_pool: { name: "x", job_variables: { env: { A: "1" } } } },
    {},
    { rendering: { overrides } },
  )
  t.match(desired.deployments.get("my-flow/d-prod" as DeploymentKey)?.fields, {
    workPool: declared("k8s"),
    workQueue: declared("q"),
    tags: declared(["a", "prod"]),
    jobVariables: declared({ env: { A: "1", B: "2" } }),
    paused: declared(true),
  })
})

t.test("select leaves out, scope refuses", async (t) => {
  const selection = { manifests: ["**/prefect.yaml"], exclude: [], select: ["other/*"] }
  const unselected = one({}, {}, { source: { selection } })
  t.strictSame([unselected.kind, unselected.deployments.size, unselected.handsOff.size], ["complete", 0, 0])
  const scoped = one({}, {}, { source: { scope: { workPools: ["k8s-*"], flows: [] } } })
  t.match(scoped.problems, [{ code: "out-of-scope", message: /k8s-\*/, key }])
})

t.test("an undecidable name needs a hint, an undecidable schema keeps the live one", async (t) => {
  const named =
    'from prefect import flow\nfrom os import getenv\n\n\n@flow(name=getenv("X"))\ndef my_flow(n: int = 1):\n    pass\n'
  const files = (entry: object) => ({
    "prefect.yaml": JSON.stringify({
      deployments: [{ name: "d", entrypoint: "flow.py:my_flow", work_pool: { name: "p" }, ...entry }],
    }),
    "flow.py": named,
  })
  t.match(desiredOf(files({})).problems, [{ code: "flow-name-undecided", file: "prefect.yaml" }])
  t.ok(desiredOf(files({ flow_name: "hinted" })).deployments.has("hinted/d" as DeploymentKey))
  const typed =
    "from prefect import flow\nfrom elsewhere import Thing\n\n\n@flow\ndef my_flow(x: Thing, n: int = 1):\n    pass\n"
  const desired = desiredOf({ ...files({}), "flow.py": typed })
  t.match(desired.problems, [{ code: "schema-undecided", severity: "warning", file: "flow.py", message: /`x`/ }])
  t.match(fieldsOf(desired), {
    parameterSchema: { kind: "undecided", create: { properties: { x: {}, n: { type: "integer" } } } },
    enforceParameterSchema: { kind: "undecided", create: false },
  })
  const made = desiredOf({ ...files({ flow_name: "hinted" }), "flow.py": "from elsewhere import my_flow\n" })
  t.match(made.problems, [{ code: "schema-undecided", message: /^the schema of the parameters can't be known/ }])
})

t.test("a clone is at the commit that it keeps, and an explicit one only when it is asked for", async (t) => {
  const pin = "a".repeat(40) as Revision
  const pins = new Map([[key, pin]])
  t.match(fieldsOf(one({}, {}, { inputs: { pins } }))?.pullSteps, { value: [{ [clone]: { commit_sha: pin } }] })
  t.match(fieldsOf(one({}, {}, { rendering: { pullCommit: "none" } }))?.pullSteps, {
    value: [{ [clone]: { repository: url, branch: "main" } }],
  })
  const explicit = {
    pull: [{ [clone]: { repository: "git@git.example.com:data/etl.git", branch: "main", access_token: "x" } }],
  }
  t.strictSame(
    fieldsOf(one(explicit, {}, { rendering: { pinClones: true } }))?.pullSteps,
    declared([
      { [clone]: { repository: "git@git.example.com:data/etl.git", access_token: "x", commit_sha: revision } },
    ]),
  )
  t.equal(clonedCommit([{ [clone]: { repository: url, commit_sha: pin } }], "https://git.example.com/data/etl"), pin)
  t.equal(clonedCommit([{ [clone]: { repository: "https://elsewhere.example.com/x", commit_sha: pin } }], url), null)
})

t.test("the order of files never matters, and the digest follows the content", async (t) => {
  const entry = (name: string) =>
    JSON.stringify({ deployments: [{ name, entrypoint: "flow.py:my_flow", work_pool: { name: "p" } }] })
  const files = { "a/prefect.yaml": entry("a"), "b/prefect.yaml": entry("b"), "flow.py": flow }
  const turned = Object.fromEntries(Object.entries(files).toReversed())
  t.strictSame(desiredOf(files), desiredOf(turned))
  t.not(desiredOf(files).digest, desiredOf({ ...files, "b/prefect.yaml": entry("c") }).digest)
})

t.test("whatever stands in a manifest, it is a problem at worst", async (t) => {
  const junk: fc.Arbitrary<JsonObject> = fc.dictionary(
    fc.constantFrom(
      "name",
      "entrypoint",
      "schedules",
      "schedule",
      "work_pool",
      "parameters",
      "tags",
      "pull",
      "build",
      "concurrency_limit",
      "description",
      "paused",
      "version",
      "flow_name",
    ),
    fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonObject[string]>,
  )
  fc.assert(
    fc.property(
      junk,
      junk,
      (entry, top) =>
        desiredOf({ "prefect.yaml": JSON.stringify({ ...top, deployments: [entry] }), "flow.py": flow }).deployments
          .size <= 1,
    ),
    { numRuns: 400, seed: 3 },
  )
  t.pass()
})
