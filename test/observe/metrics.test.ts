import { execFile } from "node:child_process"
import { promisify } from "node:util"
import t from "tap"
import type { SourceName, WorkspaceName } from "../../src/core/model.ts"
import { StatusBoard } from "../../src/observe/board.ts"
import { Metrics } from "../../src/observe/metrics.ts"
import { ManualClock } from "../support/manual-clock.ts"
import { converged, etl, failed, first, hold, second, workspace } from "./samples.ts"

const other = "other" as SourceName

function metrics(...sources: SourceName[]): Metrics {
  const made = new Metrics({ version: "1.2.3", nodeVersion: "24.0.0" })
  for (const source of sources) made.take({ kind: "source-added", source, workspace })
  return made
}

/** The samples whose line begins so, as `name{labels}` to value. */
async function samples(made: Metrics, start: string): Promise<Record<string, number>> {
  const { body } = await made.text(false)
  const lines = body.split("\n").filter((line) => line.startsWith(start))
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.lastIndexOf(" ")), Number(line.split(" ").at(-1))]))
}

await t.test("the metrics are those of the design, with their types and labels, and no others", async (t) => {
  const made = metrics(etl)
  made.take({ kind: "turn-ended", turn: 1, outcome: converged })
  made.take({ kind: "git-request", operation: "ls-refs", result: "ok" })
  made.take({ kind: "registry-request", result: "missing" })
  const request = { method: "GET", route: "/deployments/{id}", status: "200", durationMs: 12 }
  made.take({ kind: "prefect-request", workspace, ...request })
  const { body } = await made.text(false)

  const found = [...body.matchAll(/^# TYPE (lockstep_\S+) (\S+)$/gm)].map(([, name, type]) => {
    const sample = new RegExp(`^${name}(?:_count)?(?:\\{(.*)\\})? `, "m").exec(body)?.[1] ?? ""
    return `${type} ${name} ${sample.replaceAll(/="[^"]*"/g, "")}`.trim()
  })
  t.strictSame(found.toSorted(), [
    "counter lockstep_changes_total source,kind,action,result",
    "counter lockstep_config_reloads_total result",
    "counter lockstep_drift_corrected_total source,kind,field",
    "counter lockstep_git_requests_total operation,result",
    "counter lockstep_prefect_requests_total workspace,method,route,status",
    "counter lockstep_registry_requests_total result",
    "counter lockstep_triggers_total source,kind",
    "counter lockstep_turns_total source,outcome",
    "gauge lockstep_build_info version,node_version",
    "gauge lockstep_config_valid",
    "gauge lockstep_prune_held source",
    "gauge lockstep_resources source,kind,state",
    "gauge lockstep_source_another_writer source,workspace",
    "gauge lockstep_source_consecutive_failures source,workspace",
    "gauge lockstep_source_last_attempt_timestamp_seconds source,workspace",
    "gauge lockstep_source_last_success_timestamp_seconds source,workspace",
    "gauge lockstep_source_pinned source,workspace",
    "gauge lockstep_source_ready source,workspace",
    "gauge lockstep_source_revision_info source,workspace,revision",
    "gauge lockstep_source_state source,workspace,state",
    "gauge lockstep_source_suspended source,workspace",
    "gauge lockstep_turn_wait_seconds source,workspace",
    "histogram lockstep_commit_to_applied_seconds workspace",
    "histogram lockstep_prefect_request_duration_seconds workspace",
    "histogram lockstep_turn_duration_seconds workspace",
  ])
})

await t.test("Node's own metrics are there by the names that its dashboards know", async (t) => {
  const names = ["process_resident_memory_bytes", "process_cpu_seconds_total", "nodejs_eventloop_lag_p99_seconds"]
  for (const name of names) t.not(Object.keys(await samples(metrics(etl), name)).length, 0, name)
})

await t.test(
  "what only time tells is taken in before a scrape: how long a turn waits, and that a look is overdue",
  async (t) => {
    const clock = new ManualClock()
    const [board, made] = [new StatusBoard(clock), new Metrics({ version: "1.2.3", nodeVersion: "24.0.0" })]
    for (const event of [
      { kind: "source-added", source: etl, workspace },
      { kind: "paced", source: etl, intervalMs: 60_000 },
      { kind: "turn-ended", turn: 1, outcome: converged },
      { kind: "turn-started", source: etl, trigger: "interval", turn: 2 },
    ] as const)
      for (const listener of [board.take, made.take]) listener(event)
    const look = () => made.watch(board.snapshot(), board.waitsMs())
    clock.step(100_000)
    look()
    t.strictSame(Object.values(await samples(made, "lockstep_turn_wait_seconds")), [100])
    t.strictSame(Object.values(await samples(made, "lockstep_source_ready")), [1])
    clock.step(100_000)
    look()
    t.strictSame(Object.values(await samples(made, "lockstep_source_ready")), [0])
    t.match(await samples(made, "lockstep_source_state"), {
      'lockstep_source_state{source="etl",workspace="default",state="degraded"}': 1,
      'lockstep_source_state{source="etl",workspace="default",state="synced"}': 0,
    })
  },
)

await t.test("every series of a closed set is there from the start, at zero", async (t) => {
  const made = metrics(etl)
  const series = async (start: string) => Object.entries(await samples(made, start))

  for (const [start, count] of [
    ['lockstep_turns_total{source="etl"', 5],
    ['lockstep_changes_total{source="etl"', 12],
    ['lockstep_triggers_total{source="etl"', 8],
    ['lockstep_resources{source="etl"', 7],
    ['lockstep_drift_corrected_total{source="etl"', 16],
    ["lockstep_config_reloads_total", 3],
    ["lockstep_source_", 7 + 8],
    ["lockstep_turn_duration_seconds_count", 1],
  ] as const) {
    const found = await series(start)
    t.equal(found.length, count, start)
    t.strictSame(
      found.filter(([, value]) => value !== 0).map(([name]) => name),
      start === "lockstep_source_" ? ['lockstep_source_state{source="etl",workspace="default",state="unknown"}'] : [],
      `${start} is zero`,
    )
  }
})

await t.test("a source takes all its series with it, and a workspace goes with its last source", async (t) => {
  const made = metrics(etl, other)
  for (const source of [etl, other]) made.take({ kind: "turn-ended", turn: 1, outcome: { ...converged, source } })
  const request = { method: "GET", route: "/a", status: "200", durationMs: 12 }
  made.take({ kind: "prefect-request", workspace, ...request })

  made.take({ kind: "source-removed", source: etl, workspace })
  made.take({ kind: "turn-ended", turn: 2, outcome: converged })
  made.take({ kind: "triggered", source: etl, trigger: "sync" })
  t.notMatch((await made.text(false)).body, 'source="etl"')
  t.match((await made.text(false)).body, 'workspace="default"')
  made.take({ kind: "source-removed", source: other, workspace })
  t.notMatch((await made.text(false)).body, 'source="')
  t.notMatch((await made.text(false)).body, 'workspace="')
})

await t.test("a source that moves to another workspace leaves no series in the old one", async (t) => {
  const made = metrics(etl)
  made.take({ kind: "turn-ended", turn: 1, outcome: converged })
  made.take({ kind: "source-added", source: etl, workspace: "cloud" as WorkspaceName })
  t.notMatch((await made.text(false)).body, 'workspace="default"')
})

await t.test("the gauges follow the last turn", async (t) => {
  const made = metrics(etl)
  const of = 'source="etl",workspace="default"'
  const counts = { desired: 3, owned: 4, drifted: 1, problems: 2, conflicts: 5, held: 6, orphans: 7 }

  made.take({ kind: "turn-ended", turn: 1, outcome: { ...converged, kind: "held", hold, counts } })
  t.strictSame(await samples(made, "lockstep_resources"), {
    'lockstep_resources{source="etl",kind="deployment",state="desired"}': 3,
    'lockstep_resources{source="etl",kind="deployment",state="owned"}': 4,
    'lockstep_resources{source="etl",kind="deployment",state="drifted"}': 1,
    'lockstep_resources{source="etl",kind="deployment",state="problem"}': 2,
    'lockstep_resources{source="etl",kind="deployment",state="conflict"}': 5,
    'lockstep_resources{source="etl",kind="deployment",state="held"}': 6,
    'lockstep_resources{source="etl",kind="deployment",state="orphan"}': 7,
  })
  t.strictSame(await samples(made, "lockstep_prune_held"), { 'lockstep_prune_held{source="etl"}': 1 })
  t.strictSame(await samples(made, "lockstep_source_ready"), { [`lockstep_source_ready{${of}}`]: 0 })

  made.take({ kind: "turn-ended", turn: 2, outcome: converged })
  const at = Date.parse("2026-11-24T10:00:01.500Z") / 1000
  t.match(await samples(made, "lockstep_source_"), {
    [`lockstep_source_ready{${of}}`]: 1,
    [`lockstep_source_last_success_timestamp_seconds{${of}}`]: at,
    [`lockstep_source_revision_info{${of},revision="${first}"}`]: 1,
  })
  made.take({ kind: "turn-ended", turn: 3, outcome: { ...failed, startedAt: "2026-11-24T11:00:00.000Z" } })
  t.match(await samples(made, "lockstep_source_"), {
    [`lockstep_source_ready{${of}}`]: 0,
    [`lockstep_source_consecutive_failures{${of}}`]: 1,
    [`lockstep_source_last_success_timestamp_seconds{${of}}`]: at,
    [`lockstep_source_last_attempt_timestamp_seconds{${of}}`]: at + 3600,
  })
  const suspend = { reason: "", by: "", since: "", until: null }
  made.take({ kind: "turn-ended", turn: 4, outcome: { ...converged, kind: "suspended", suspend } })
  t.match(await samples(made, "lockstep_source_"), {
    [`lockstep_source_suspended{${of}}`]: 1,
    [`lockstep_source_ready{${of}}`]: 0,
  })
})

await t.test(
  "one revision is shown at a time; the way from seeing to applying it is measured after the first",
  async (t) => {
    const made = metrics(etl)
    made.take({ kind: "turn-ended", turn: 1, outcome: converged })
    const count = 'lockstep_commit_to_applied_seconds_count{workspace="default"}'
    const sum = 'lockstep_commit_to_applied_seconds_sum{workspace="default"}'
    t.match(await samples(made, "lockstep_commit"), { [count]: 0 })

    const outcome = { ...converged, observed: second, applied: second }
    made.take({ kind: "turn-ended", turn: 2, outcome })
    made.take({ kind: "turn-ended", turn: 3, outcome })
    t.match(await samples(made, "lockstep_commit"), { [count]: 1, [sum]: 11.5 })
    t.strictSame(Object.keys(await samples(made, "lockstep_source_revision_info")), [
      `lockstep_source_revision_info{source="etl",workspace="default",revision="${second}"}`,
    ])
  },
)

await t.test("writes count by result, and corrected fields only when the write went through", async (t) => {
  const made = metrics(etl)
  const write = {
    kind: "written",
    source: etl,
    action: "update",
    key: "a/b",
    revision: first,
    fields: ["tags"],
    corrected: ["tags", "job_variables", "invented by a server"],
    reason: "",
    message: null,
  } as const
  made.take({ ...write, result: "ok" })
  made.take({ ...write, result: "failed" })

  const labels = 'source="etl",kind="deployment"'
  t.match(await samples(made, "lockstep_changes_total"), {
    [`lockstep_changes_total{${labels},action="update",result="ok"}`]: 1,
    [`lockstep_changes_total{${labels},action="update",result="failed"}`]: 1,
  })
  const corrected = await samples(made, "lockstep_drift_corrected_total")
  t.strictSame(Object.keys(corrected).length, 16)
  t.match(corrected, {
    [`lockstep_drift_corrected_total{${labels},field="tags"}`]: 1,
    [`lockstep_drift_corrected_total{${labels},field="job_variables"}`]: 1,
  })
})

await t.test("an invalid config shows until a valid one is loaded", async (t) => {
  const made = metrics()
  const valid = async () => (await samples(made, "lockstep_config_valid"))["lockstep_config_valid"]
  for (const [result, expected] of [
    ["ok", 1],
    ["invalid", 0],
    ["unchanged", 1],
  ] as const) {
    made.take({ kind: "config-loaded", result, problems: [] })
    t.equal(await valid(), expected, result)
  }
})

await t.test("routes without end don't fill the memory", async (t) => {
  const made = metrics(etl)
  for (let i = 0; i < 2500; i++)
    made.take({ kind: "prefect-request", workspace, method: "GET", route: `/${i}`, status: "200", durationMs: 1 })
  const series = await samples(made, "lockstep_prefect_requests_total")
  t.equal(Object.keys(series).length, 2001)
  const other = 'lockstep_prefect_requests_total{workspace="default",method="GET",route="other",status="200"}'
  t.equal(series[other], 500)
})

await t.test("both formats are what they say, also one after the other", async (t) => {
  const made = metrics(etl)
  const before = await made.text(false)
  const open = await made.text(true)
  t.match(open.contentType, "application/openmetrics-text; version=1.0.0")
  t.match(open.body, /# TYPE lockstep_turns counter\n(?:lockstep_turns_total\{.*\} 0\n)+/)
  t.match(open.body, /\n# EOF\n$/)
  t.notMatch(open.body, "\n\n")
  t.match(before.contentType, "text/plain; version=0.0.4")
  const ours = (body: string) => body.split("\n").filter((line) => line.includes("lockstep_"))
  t.strictSame(ours((await made.text(false)).body), ours(before.body))
})

const hasPromtool = await promisify(execFile)("promtool", ["--version"]).then(
  () => true,
  () => false,
)
if (hasPromtool)
  await t.test("promtool has nothing to say", async (t) => {
    const made = metrics(etl)
    made.take({ kind: "turn-ended", turn: 1, outcome: converged })
    const running = promisify(execFile)("promtool", ["check", "metrics"])
    running.child.stdin?.end((await made.text(false)).body)
    const { stdout, stderr } = await running
    t.strictSame([stdout, stderr], ["", ""])
  })
