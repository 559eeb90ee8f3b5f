import { Counter, Gauge, Histogram, Registry } from "prom-client"
import { fieldNames, fieldTitle } from "../core/fields.ts"
import { instantMs } from "../core/instant.ts"
import type { SourceName, WorkspaceName } from "../core/model.ts"
import type { Counts, Outcome, OutcomeKind, Trigger } from "../core/outcome.ts"
import { initialStatus, reduceStatus, sourceStates, type SourceStatus } from "../core/status.ts"
import type { Listener, LockstepEvent } from "./events.ts"
import { listener } from "./listener.ts"

/** Beyond this many, series of open label sets go under `other`: a strange server must not fill the memory. */
const openSeriesMax = 2000

const outcomes = ["converged", "degraded", "held", "failed", "suspended"] as const satisfies readonly OutcomeKind[]
const triggers = [
  "start",
  "interval",
  "drift",
  "retry",
  "sync",
  "webhook",
  "config",
  "sibling",
] as const satisfies readonly Trigger[]
const actions = ["create", "update", "adopt", "retire", "restore", "prune"] as const
const results = ["ok", "failed"] as const
const reloads = ["ok", "invalid", "unchanged"] as const
const kind = "deployment"
/** The states as labels, and where each comes from. */
const resourceStates: Readonly<Record<string, keyof Counts>> = {
  desired: "desired",
  owned: "owned",
  drifted: "drifted",
  problem: "problems",
  conflict: "conflicts",
  held: "held",
  orphan: "orphans",
}
const turnSecondsBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]
const appliedSecondsBuckets = [1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 21_600, 86_400]
const requestSecondsBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/**
 * The metrics, computed from events alone. Every series with labels from closed sets is there from the moment its
 * source is, because an alert on `rate()` misses the first increment of a series that appears with it; and all series
 * of a source go with it.
 */
export class Metrics {
  readonly #registry = new Registry()
  readonly #set = metricsIn(this.#registry)
  readonly #sources = new Map<SourceName, SourceStatus>()
  readonly #prefectSeries = new Map<WorkspaceName, Map<string, PrefectLabels>>()

  constructor(build: { readonly version: string; readonly nodeVersion: string }) {
    this.#set.buildInfo.set({ version: build.version, node_version: build.nodeVersion }, 1)
    for (const result of reloads) this.#set.configReloads.inc({ result }, 0)
  }

  readonly take: Listener = listener({
    "source-added": ({ source, workspace }) => this.#add(source, workspace),
    "source-removed": ({ source }) => this.#remove(source),
    triggered: ({ source, trigger }) => this.#triggered(source, trigger),
    "turn-ended": ({ outcome }) => this.#end(outcome),
    written: (event) => this.#written(event),
    "git-request": ({ operation, result }) => this.#set.gitRequests.inc({ operation, result }),
    "prefect-request": (event) => this.#requested(event),
    "config-loaded": ({ result }) => {
      this.#set.configReloads.inc({ result })
      this.#set.configValid.set(result === "invalid" ? 0 : 1)
    },
  })

  /** The exposition, in the format that the scraper asked for. */
  async text(openMetrics: boolean): Promise<{ readonly contentType: string; readonly body: string }> {
    const body = await this.#registry.metrics()
    return openMetrics
      ? { contentType: Registry.OPENMETRICS_CONTENT_TYPE, body: toOpenMetrics(body) }
      : { contentType: Registry.PROMETHEUS_CONTENT_TYPE, body }
  }

  #add(source: SourceName, workspace: WorkspaceName): void {
    const before = this.#sources.get(source)
    if (before?.workspace === workspace) return
    if (before) this.#remove(source)
    this.#sources.set(source, initialStatus(source, workspace))
    const labels = { source, workspace }
    for (const gauge of this.#set.ofSource) gauge.set(labels, 0)
    for (const state of sourceStates) this.#set.state.set({ ...labels, state }, state === "unknown" ? 1 : 0)
    for (const state of Object.keys(resourceStates)) this.#set.resources.set({ source, kind, state }, 0)
    this.#set.pruneHeld.set({ source }, 0)
    for (const outcome of outcomes) this.#set.turns.inc({ source, outcome }, 0)
    for (const action of actions)
      for (const result of results) this.#set.changes.inc({ source, kind, action, result }, 0)
    for (const field of fieldNames) this.#set.driftCorrected.inc({ source, kind, field: fieldTitle(field) }, 0)
    for (const trigger of triggers) this.#set.triggers.inc({ source, kind: trigger }, 0)
    for (const histogram of this.#set.ofWorkspace) histogram.zero({ workspace })
  }

  #remove(source: SourceName): void {
    const status = this.#sources.get(source)
    if (!status) return
    this.#sources.delete(source)
    const { workspace } = status
    for (const gauge of this.#set.ofSource) gauge.remove({ source, workspace })
    for (const state of sourceStates) this.#set.state.remove({ source, workspace, state })
    this.#forgetRevision(status)
    for (const state of Object.keys(resourceStates)) this.#set.resources.remove({ source, kind, state })
    this.#set.pruneHeld.remove({ source })
    for (const outcome of outcomes) this.#set.turns.remove({ source, outcome })
    for (const action of actions)
      for (const result of results) this.#set.changes.remove({ source, kind, action, result })
    for (const field of fieldNames) this.#set.driftCorrected.remove({ source, kind, field: fieldTitle(field) })
    for (const trigger of triggers) this.#set.triggers.remove({ source, kind: trigger })
    if (![...this.#sources.values()].some((other) => other.workspace === workspace)) this.#removeWorkspace(workspace)
  }

  #removeWorkspace(workspace: WorkspaceName): void {
    for (const histogram of this.#set.ofWorkspace) histogram.remove({ workspace })
    for (const labels of this.#prefectSeries.get(workspace)?.values() ?? []) this.#set.prefectRequests.remove(labels)
    this.#prefectSeries.delete(workspace)
  }

  #triggered(source: SourceName, trigger: Trigger): void {
    if (this.#sources.has(source)) this.#set.triggers.inc({ source, kind: trigger })
  }

  #end(outcome: Outcome): void {
    const before = this.#sources.get(outcome.source)
    if (!before) return
    const status = reduceStatus(before, outcome)
    this.#sources.set(outcome.source, status)
    const { source, workspace } = outcome
    const labels = { source, workspace }
    const endedAtSeconds = (instantMs(outcome.startedAt) + outcome.durationMs) / 1000
    this.#set.turns.inc({ source, outcome: outcome.kind })
    this.#set.turnSeconds.observe({ workspace }, outcome.durationMs / 1000)
    // Suspended says nothing about how it would be otherwise.
    if (outcome.kind !== "suspended") this.#set.ready.set(labels, outcome.kind === "converged" ? 1 : 0)
    for (const state of sourceStates) this.#set.state.set({ ...labels, state }, state === status.state ? 1 : 0)
    this.#set.anotherWriter.set(labels, otherWriters(status))
    this.#set.suspended.set(labels, status.suspend ? 1 : 0)
    this.#set.pinned.set(labels, status.pin ? 1 : 0)
    this.#set.lastAttempt.set(labels, endedAtSeconds)
    if (outcome.kind === "converged") this.#set.lastSuccess.set(labels, endedAtSeconds)
    this.#set.consecutiveFailures.set(labels, status.consecutiveFailures)
    this.#set.pruneHeld.set({ source }, status.hold?.victims.length ?? 0)
    for (const [state, count] of Object.entries(resourceStates))
      this.#set.resources.set({ source, kind, state }, status.deployments[count])
    this.#followRevision(before, status, outcome)
  }

  #followRevision(before: SourceStatus, status: SourceStatus, outcome: Outcome): void {
    const { applied } = status.revision
    if (applied === null || applied === before.revision.applied) return
    this.#forgetRevision(before)
    this.#set.revisionInfo.set({ source: status.name, workspace: status.workspace, revision: applied }, 1)
    // The first revision after a start has been there for an unknown time.
    if (before.revision.applied === null || outcome.observedAt === null) return
    const endedAtMs = instantMs(outcome.startedAt) + outcome.durationMs
    const seconds = Math.max(0, (endedAtMs - instantMs(outcome.observedAt)) / 1000)
    this.#set.appliedSeconds.observe({ workspace: status.workspace }, seconds)
  }

  #forgetRevision({ name, workspace, revision }: SourceStatus): void {
    if (revision.applied !== null)
      this.#set.revisionInfo.remove({ source: name, workspace, revision: revision.applied })
  }

  #written(event: LockstepEvent & { kind: "written" }): void {
    const { source, action, result } = event
    if (!this.#sources.has(source)) return
    this.#set.changes.inc({ source, kind, action, result })
    if (result !== "ok") return
    const known = new Set(fieldNames.map((field) => fieldTitle(field)))
    for (const field of event.corrected) if (known.has(field)) this.#set.driftCorrected.inc({ source, kind, field })
  }

  #requested({ workspace, method, route, status, durationMs }: LockstepEvent & { kind: "prefect-request" }): void {
    const series = this.#prefectSeries.get(workspace) ?? new Map<string, PrefectLabels>()
    this.#prefectSeries.set(workspace, series)
    const own = { workspace, method, route, status }
    const key = `${method} ${route} ${status}`
    const labels = series.has(key) || series.size < openSeriesMax ? own : { ...own, route: "other" }
    series.set(`${labels.method} ${labels.route} ${labels.status}`, labels)
    this.#set.prefectRequests.inc(labels)
    this.#set.prefectSeconds.observe({ workspace }, durationMs / 1000)
  }
}

type PrefectLabels = Record<"workspace" | "method" | "route" | "status", string>

function metricsIn(registry: Registry) {
  const registers = [registry]
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name: `lockstep_${name}`, help, labelNames, registers })
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name: `lockstep_${name}`, help, labelNames, registers })
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `lockstep_${name}`, help, buckets, labelNames: ["workspace"] as const, registers })
  const ofSource = ["source", "workspace"] as const
  const ready = gauge(
    "source_ready",
    "Whether the last turn left nothing to do, to hold or to complain about.",
    ofSource,
  )
  const suspended = gauge("source_suspended", "Whether the source is suspended.", ofSource)
  const pinned = gauge("source_pinned", "Whether the source is pinned to a revision.", ofSource)
  const lastAttempt = gauge("source_last_attempt_timestamp_seconds", "End of the last turn.", ofSource)
  const lastSuccess = gauge("source_last_success_timestamp_seconds", "End of the last converged turn.", ofSource)
  const consecutiveFailures = gauge("source_consecutive_failures", "Failed turns since the last good one.", ofSource)
  const anotherWriter = gauge(
    "source_another_writer",
    "Deployments that something else writes too, and 1 more when another daemon does.",
    ofSource,
  )
  const turnSeconds = histogram("turn_duration_seconds", "How long turns take.", turnSecondsBuckets)
  const appliedSeconds = histogram(
    "commit_to_applied_seconds",
    "From first seeing a revision to having applied it.",
    appliedSecondsBuckets,
  )
  const prefectSeconds = histogram(
    "prefect_request_duration_seconds",
    "How long requests to Prefect take.",
    requestSecondsBuckets,
  )
  return {
    ready,
    suspended,
    pinned,
    lastAttempt,
    lastSuccess,
    consecutiveFailures,
    anotherWriter,
    state: gauge("source_state", "1 for the state that the source is in, 0 for the others.", [...ofSource, "state"]),
    ofSource: [ready, suspended, pinned, lastAttempt, lastSuccess, consecutiveFailures, anotherWriter],
    turnSeconds,
    appliedSeconds,
    prefectSeconds,
    ofWorkspace: [turnSeconds, appliedSeconds, prefectSeconds],
    revisionInfo: gauge("source_revision_info", "The revision last applied; always 1.", [...ofSource, "revision"]),
    resources: gauge("resources", "Resources of a source by state.", ["source", "kind", "state"]),
    pruneHeld: gauge("prune_held", "Resources that a hold keeps from being changed or removed.", ["source"]),
    configValid: gauge("config_valid", "Whether the config file, as it is now, can be used.", []),
    buildInfo: gauge("build_info", "What is running; always 1.", ["version", "node_version"]),
    turns: counter("turns_total", "Turns by outcome.", ["source", "outcome"]),
    changes: counter("changes_total", "Writes by action and result.", ["source", "kind", "action", "result"]),
    driftCorrected: counter("drift_corrected_total", "Fields set back after somebody changed them in Prefect.", [
      "source",
      "kind",
      "field",
    ]),
    gitRequests: counter("git_requests_total", "Requests to Git servers.", ["operation", "result"]),
    prefectRequests: counter("prefect_requests_total", "Requests to Prefect.", [
      "workspace",
      "method",
      "route",
      "status",
    ]),
    configReloads: counter("config_reloads_total", "Looks at a changed config file, by result.", ["result"]),
    triggers: counter("triggers_total", "Reasons to look at a source.", ["source", "kind"]),
  }
}

/** Who else writes is told by problems (`prefect deploy`, a script) and by a hold (a second daemon). */
function otherWriters({ problems, hold }: SourceStatus): number {
  const superseded = hold?.reasons.some(({ code }) => code === "superseded") ?? false
  return problems.filter(({ code }) => code === "another-writer").length + (superseded ? 1 : 0)
}

/**
 * The same exposition as OpenMetrics 1.0: a counter's family is named without `_total`, no empty lines, an end mark.
 * (The library's own switch renames its metrics for good, so the two formats could not be served side by side.)
 */
function toOpenMetrics(text: string): string {
  const counters = new Set([...text.matchAll(/^# TYPE (\S+)_total counter$/gm)].map(([, family]) => `${family}_total`))
  const lines = text.split("\n").filter((line) => line !== "")
  const renamed = lines.map((line) => {
    const [, word, name] = /^# (HELP|TYPE) (\S+)/.exec(line) ?? []
    if (word === undefined || name === undefined || !counters.has(name)) return line
    return line.replace(name, name.slice(0, -"_total".length))
  })
  return `${[...renamed, "# EOF"].join("\n")}\n`
}
