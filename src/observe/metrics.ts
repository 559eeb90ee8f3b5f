import { collectDefaultMetrics, type Counter, type Gauge, Registry } from "prom-client"
import { fieldNames, fieldTitle } from "../core/fields.ts"
import { instantMs } from "../core/instant.ts"
import type { SourceName, WorkspaceName } from "../core/model.ts"
import type { Counts, Outcome, OutcomeKind, Trigger } from "../core/outcome.ts"
import { initialStatus, reduceStatus, sourceStates, type SourceStatus } from "../core/status.ts"
import type { Listener, LockstepEvent } from "./events.ts"
import { listener } from "./listener.ts"
import { type MetricSet, metricsIn, type PrefectLabels } from "./metric-set.ts"

/** Beyond this many, series of open label sets go under `other`: a strange server must not fill the memory. */
const openSeriesMax = 2000

/** Gauges that end like counters; the same is in `nodejs_active_resources` and its like. */
const misnamed = ["resources", "handles", "requests"].map((what) => `nodejs_active_${what}_total`)

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
const verdicts = ["there", "missing", "unknown"] as const
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
    // Node's own, by the names that its dashboards know: process_*, nodejs_eventloop_lag_*, nodejs_heap_*.
    collectDefaultMetrics({ register: this.#registry })
    for (const name of misnamed) this.#registry.removeSingleMetric(name)
    this.#set.buildInfo.set({ version: build.version, node_version: build.nodeVersion }, 1)
    for (const result of reloads) this.#set.configReloads.inc({ result }, 0)
    for (const result of verdicts) this.#set.registryRequests.inc({ result }, 0)
  }

  readonly take: Listener = listener({
    "source-added": ({ source, workspace }) => this.#add(source, workspace),
    "source-removed": ({ source }) => this.#remove(source),
    triggered: ({ source, trigger }) => this.#triggered(source, trigger),
    "turn-ended": ({ outcome }) => this.#end(outcome),
    written: (event) => this.#written(event),
    "git-request": ({ operation, result }) => this.#set.gitRequests.inc({ operation, result }),
    "registry-request": ({ result }) => this.#set.registryRequests.inc({ result }),
    "prefect-request": (event) => this.#requested(event),
    "config-loaded": ({ result }) => {
      this.#set.configReloads.inc({ result })
      this.#set.configValid.set(result === "invalid" ? 0 : 1)
    },
  })

  /** Takes in what time alone has changed since the last event: called before each exposition. */
  watch(statuses: readonly SourceStatus[], waitsMs: ReadonlyMap<SourceName, number>): void {
    for (const { name: source, workspace, state, problems } of statuses) {
      const labels = { source, workspace }
      this.#set.turnWait.set(labels, (waitsMs.get(source) ?? 0) / 1000)
      for (const one of sourceStates) this.#set.state.set({ ...labels, state: one }, one === state ? 1 : 0)
      if (problems.some(({ code }) => code === "overdue")) this.#set.ready.set(labels, 0)
    }
  }

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
    const status = initialStatus(source, workspace)
    this.#sources.set(source, status)
    for (const series of closedSeries(this.#set, source, workspace)) series.zero()
    this.#set.state.set({ source, workspace, state: status.state }, 1)
    for (const histogram of this.#set.ofWorkspace) histogram.zero({ workspace })
  }

  #remove(source: SourceName): void {
    const status = this.#sources.get(source)
    if (!status) return
    this.#sources.delete(source)
    const { workspace } = status
    for (const series of closedSeries(this.#set, source, workspace)) series.remove()
    this.#forgetRevision(status)
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

/** Every series of a source whose labels all come from closed sets. */
function closedSeries(set: MetricSet, source: SourceName, workspace: WorkspaceName): Series[] {
  return [
    ...set.ofSource.map((gauge) => oneSeries(gauge, { source, workspace })),
    ...sourceStates.map((state) => oneSeries(set.state, { source, workspace, state })),
    ...Object.keys(resourceStates).map((state) => oneSeries(set.resources, { source, kind, state })),
    oneSeries(set.pruneHeld, { source }),
    ...outcomes.map((outcome) => oneSeries(set.turns, { source, outcome })),
    ...actions.flatMap((action) => results.map((result) => oneSeries(set.changes, { source, kind, action, result }))),
    ...fieldNames.map((field) => oneSeries(set.driftCorrected, { source, kind, field: fieldTitle(field) })),
    ...triggers.map((trigger) => oneSeries(set.triggers, { source, kind: trigger })),
  ]
}

type Series = { readonly zero: () => void; readonly remove: () => void }

function oneSeries<L extends string>(metric: Counter<L> | Gauge<L>, labels: Record<L, string>): Series {
  return { zero: () => metric.inc(labels, 0), remove: () => metric.remove(labels) }
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
