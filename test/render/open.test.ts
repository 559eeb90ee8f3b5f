import t from "tap"
import type { Json, JsonObject } from "../../src/core/json.ts"
import { isJsonObject } from "../../src/core/json.ts"
import type { Desired } from "../../src/core/model.ts"
import type { Rendering } from "../../src/core/source.ts"
import { unknownOffline } from "../../src/cli/validate.ts"
import { desiredOf, flow, one } from "./desired.ts"

/** What a placeholder stands for where nobody knows its value, as for `validate` without `--env`. */

const entry: JsonObject = {
  name: "d",
  version: "1",
  version_type: "vcs:git",
  description: "words",
  flow_name: "my-flow",
  entrypoint: "flow.py:my_flow",
  tags: ["a", "b"],
  work_pool: { name: "p", work_queue_name: "q", job_variables: { image: "x", env: { A: "1" } } },
  concurrency_limit: { limit: 3, collision_strategy: "ENQUEUE", grace_period_seconds: 60 },
  parameters: { n: 1 },
  paused: false,
  enforce_parameter_schema: true,
  schedules: [
    { cron: "0 3 * * *", timezone: "Europe/Berlin", day_or: true, active: true, slug: "s", parameters: { n: 2 } },
    { interval: 3600, anchor_date: "2024-01-01T00:00:00Z", timezone: "UTC" },
    { rrule: "FREQ=DAILY", timezone: "UTC" },
  ],
  triggers: [
    {
      type: "event",
      name: "e",
      description: "words",
      enabled: true,
      posture: "Proactive",
      threshold: 3,
      within: 60,
      expect: ["x"],
      after: ["y"],
      for_each: ["z"],
      match: { "prefect.resource.id": "a" },
      match_related: [{ "prefect.resource.id": "b" }],
      parameters: { n: 1 },
      job_variables: { image: "x" },
      schedule_after: 60,
    },
    { type: "compound", require: 1, within: 60, triggers: [{ type: "event", threshold: 2 }] },
    { type: "metric", metric: { name: "lateness", threshold: 1, operator: ">", range: 600, firing_for: 600 } },
  ],
}

/** Read by Prefect before it resolves placeholders, so one that stands there is an error whatever its value. */
const readFirst = new Set([
  "concurrency_limit",
  "concurrency_limit.limit",
  "concurrency_limit.grace_period_seconds",
  "parameters",
  "paused",
  "enforce_parameter_schema",
  "schedules",
  "schedules.0",
  "schedules.1",
  "schedules.2",
  "schedules.0.parameters",
  "schedules.1.interval",
  "triggers",
  "triggers.0",
  "triggers.1",
  "triggers.2",
  "work_pool",
  "work_pool.job_variables",
])

type Path = readonly (string | number)[]

function* pathsOf(value: Json, path: Path = []): Generator<Path> {
  if (path.length > 0) yield path
  if (Array.isArray(value)) for (const [i, item] of value.entries()) yield* pathsOf(item as Json, [...path, i])
  else if (isJsonObject(value))
    for (const [key, member] of Object.entries(value)) yield* pathsOf(member, [...path, key])
}

function withAt(value: Json, [first, ...rest]: Path, text: string): Json {
  if (first === undefined) return text
  if (Array.isArray(value)) return value.map((item: Json, i) => (i === first ? withAt(item, rest, text) : item))
  const members = value as JsonObject
  return { ...members, [first]: withAt(members[first] ?? null, rest, text) }
}

t.test("without its value a placeholder is accused of nothing, wherever it stands", async (t) => {
  t.strictSame(one(entry).problems, [])
  for (const path of pathsOf(entry)) {
    const place = path.join(".")
    if (place === "entrypoint") continue
    for (const text of ["{{ $UNKNOWN }}", "{{ prefect.variables.unknown }}", "{{ UNKNOWN }}"]) {
      const found = one(withAt(entry, path, text) as JsonObject).problems
      const errors = found.filter(({ code }) => !unknownOffline.has(code))
      if (readFirst.has(place)) t.ok(errors.length > 0, `${place} is read first`)
      else t.strictSame(errors, [], `${text} as ${place}`)
      // What a trigger's parameters leave open is filled in when it fires.
      if (!readFirst.has(place) && !place.startsWith("triggers.0.parameters"))
        t.ok(found.length > 0, `${text} as ${place} is told`)
    }
  }
})

t.test("what a placeholder doesn't hide is still checked", async (t) => {
  const schedule = { cron: "{{ $CRON }}", timezone: "Mars/Base" }
  const ofSchedule = one({ schedules: [schedule] })
  t.strictSame(codes(ofSchedule).toSorted(), ["env-missing", "schedule-invalid"])
  t.ok(ofSchedule.problems.some(({ message }) => message.includes("Mars")))
  const ofTrigger = one({ triggers: [{ threshold: "{{ $N }}", within: "soon" }] })
  t.strictSame(codes(ofTrigger).toSorted(), ["env-missing", "trigger-invalid"])
  t.ok(ofTrigger.problems.some(({ message }) => message.includes("within")))
})

t.test("a placeholder that Prefect reads too early is told to be one", async (t) => {
  for (const [key, wanted] of [
    ["parameters", "a mapping"],
    ["paused", "true or false"],
    ["concurrency_limit", "the whole number"],
  ] as const) {
    const inputs = { variables: new Map<string, Json>([["x", { a: 1 }]]) }
    const message = new RegExp(`\`${key}\` can't be a placeholder, since Prefect reads it before.*write ${wanted} here`)
    t.match(one({ [key]: "{{ prefect.variables.x }}" }, {}, { inputs }).problems, [{ code: "wrong-type", message }])
  }
})

const textsOfTop: readonly (readonly [string, readonly string[]])[] = [
  ["prefect-version: 3\n", ["wrong-type"]],
  ["prefect-version: 3.2\n", ["wrong-type"]],
  ["prefect_version: [1]\n", ["wrong-type"]],
  ["name: 5\n", ["wrong-type"]],
  ["name: 2024-01-01\n", ["wrong-type"]],
  ["name: true\n", ["wrong-type"]],
  ["name: 5\nprefect-version: 3\n", ["wrong-type", "wrong-type"]],
  ['prefect-version: "3"\nname: null\n', []],
  ["prefect-version:\nname: x\n", []],
  ["description: 5\nrequired_inputs: 3\n", []],
]

t.test("a number as the file's name or version costs all its entries, as with Prefect", async (t) => {
  const deployments = "deployments:\n- { name: d, entrypoint: flow.py:my_flow, work_pool: { name: p } }\n"
  for (const [top, expected] of textsOfTop) {
    const desired = desiredOf({ "prefect.yaml": top + deployments, "flow.py": flow })
    t.strictSame(codes(desired), expected, top)
    t.equal(desired.deployments.size, expected.length > 0 ? 0 : 1, top)
    t.equal(desired.kind, expected.length > 0 ? "partial" : "complete", top)
  }
})

t.test("an entrypoint's placeholders are resolved before its flow is read", async (t) => {
  const key = "my-flow/d"
  const given = (env: Rendering["env"], entrypoint: string, values: Record<string, string>) =>
    one({ entrypoint }, {}, { rendering: { env }, inputs: { env: new Map(Object.entries(values)) } })
  const file = { FILE: "flow.py", FUNCTION: "my_flow" }
  for (const text of ["{{ $FILE }}:my_flow", "{{ FILE }}:{{ $FUNCTION }}", "flow.py:{{$FUNCTION}}"]) {
    const desired = given(file, text, file)
    t.strictSame(desired.problems, [], text)
    t.match(desired.deployments.get(key as never)?.fields.entrypoint, { kind: "declared", value: "flow.py:my_flow" })
  }
  t.strictSame(codes(given({}, "{{ $FILE }}:my_flow", {})), ["env-missing"])
  t.match(given({ FILE: { kind: "env", name: "SECRET" } }, "{{ $FILE }}:my_flow", file).problems, [
    { code: "entrypoint-invalid", message: /as plain texts in the source's env/ },
  ])
  const varying = one({ entrypoint: "{{ prefect.variables.file }}:my_flow" })
  t.strictSame(codes(varying).toSorted(), ["entrypoint-invalid", "variable-missing"])
  t.ok(varying.problems.some(({ message }) => message.includes("can't hold a Prefect variable")))
})

t.test("entrypoints name functions and files in any language, as getattr finds them", async (t) => {
  const text =
    "from prefect import flow\n\n\n@flow\ndef größe(n: int = 1):\n    pass\n\n\n@flow\ndef \ufb01le():\n    pass\n"
  const entry = { name: "d", work_pool: { name: "p" } }
  const read = (entrypoint: string, path = "flow.py") =>
    desiredOf({ "prefect.yaml": JSON.stringify({ deployments: [{ ...entry, entrypoint }] }), [path]: text })
  t.strictSame([...read("flow.py:größe").deployments.keys()], ["größe/d"])
  t.strictSame([...read("flow:größe").deployments.keys()], ["größe/d"])
  t.strictSame([...read("größe.größe", "größe.py").deployments.keys()], ["größe/d"])
  t.strictSame([...read("ordner/größe.py:größe", "ordner/größe.py").deployments.keys()], ["größe/d"])
  // Python writes names in NFKC, and what an entrypoint names is looked for as it stands.
  t.strictSame([...read("flow.py:file").deployments.keys()], ["file/d"])
  for (const other of ["flow.py:\ufb01le", `flow.py:${"größe".normalize("NFD")}`])
    t.strictSame(codes(read(other)), ["flow-not-found"], other)
})

const answers: readonly (readonly [string, "whole" | "short" | "branch" | null])[] = [
  ["git rev-parse HEAD", "whole"],
  ["git rev-parse --verify HEAD", "whole"],
  ["git rev-parse @", "whole"],
  ["git rev-parse --short HEAD", "short"],
  ["git rev-parse --verify --short HEAD", "short"],
  ["git log -1 --format=%H", "whole"],
  ["git log -n 1 --format=%H", "whole"],
  ["git log -n1 --pretty=format:'%H'", "whole"],
  ['git log --max-count=1 --format="%h"', "short"],
  ['git log --format="format:%h" -n 1', "short"],
  ["git --no-pager log -1 --format=%H HEAD", "whole"],
  ["git show -s --format=%H", "whole"],
  ["git show --no-patch --format=%h HEAD", "short"],
  ["git describe --always --exclude '*'", "short"],
  ["git branch --show-current", "branch"],
  ["git rev-parse --abbrev-ref HEAD", "branch"],
  ["git symbolic-ref --short HEAD", "branch"],
  ["git describe --always", null],
  ["git describe --tags --always", null],
  ["git log -2 --format=%H", null],
  ["git log -1 --format=%H main", null],
  ["git log -1 --format=%H -- flows", null],
  ["git rev-parse HEAD^", null],
  ["git rev-parse HEAD && echo x", null],
]

t.test("commands of Git that the commit answers are known, and the advice for others names them", async (t) => {
  for (const [script, answer] of answers) {
    const build = [{ "prefect.deployments.steps.run_shell_script": { id: "git", script } }]
    const desired = one({ version: "{{ git.stdout }}" }, { build })
    const value = [...desired.deployments.values()][0]?.fields.version
    const revision = "1234567890abcdef1234567890abcdef12345678"
    const expected = answer === "whole" ? revision : answer === "short" ? revision.slice(0, 7) : "main"
    if (answer !== null) t.match(value, { value: expected }, script)
    else t.match(desired.problems, [{ code: "step-output-missing", message: /knows `git rev-parse HEAD`/ }], script)
  }
  const build = [{ "prefect_docker.deployments.steps.build_docker_image": { id: "b", image_name: "x" } }]
  t.match(one({ version: "{{ b.image }}" }, { build }).problems, [{ message: /give the step a `tag`/ }])
})

function codes(desired: Desired): readonly string[] {
  return desired.problems.map(({ code }) => code)
}
