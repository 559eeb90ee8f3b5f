import { Counter, Gauge, Histogram, type Registry } from "prom-client"

const turnSecondsBuckets = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600]
const appliedSecondsBuckets = [1, 2.5, 5, 10, 20, 30, 60, 120, 300, 600, 1800, 3600, 21_600, 86_400]
const requestSecondsBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

export type PrefectLabels = Record<"workspace" | "method" | "route" | "status", string>
export type MetricSet = ReturnType<typeof metricsIn>

/** All metrics there are, with their names, labels and help texts, made in a registry. */
export function metricsIn(registry: Registry) {
  return { ...gaugesIn(registry), ...countersIn(registry), ...histogramsIn(registry) }
}

function gaugesIn(registry: Registry) {
  const gauge = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Gauge({ name: `lockstep_${name}`, help, labelNames, registers: [registry] })
  const ofSource = ["source", "workspace"] as const
  const ready = gauge("source_ready", "Whether the last turn left nothing to do, to hold or to complain of.", ofSource)
  const suspended = gauge("source_suspended", "Whether the source is suspended.", ofSource)
  const pinned = gauge("source_pinned", "Whether the source is pinned to a revision.", ofSource)
  const lastAttempt = gauge("source_last_attempt_timestamp_seconds", "End of the last turn.", ofSource)
  const lastSuccess = gauge("source_last_success_timestamp_seconds", "End of the last converged turn.", ofSource)
  const consecutiveFailures = gauge("source_consecutive_failures", "Failed turns since the last good one.", ofSource)
  const waits = "For how long the turn that is due has been under way or has waited; 0 when none is."
  const turnWait = gauge("turn_wait_seconds", waits, ofSource)
  const writers = "Deployments that something else writes too, and 1 more when another daemon does."
  const anotherWriter = gauge("source_another_writer", writers, ofSource)
  return {
    ready,
    suspended,
    pinned,
    lastAttempt,
    lastSuccess,
    consecutiveFailures,
    anotherWriter,
    turnWait,
    ofSource: [ready, suspended, pinned, lastAttempt, lastSuccess, consecutiveFailures, anotherWriter, turnWait],
    state: gauge("source_state", "1 for the state that the source is in, 0 for the others.", [...ofSource, "state"]),
    revisionInfo: gauge("source_revision_info", "The revision last applied; always 1.", [...ofSource, "revision"]),
    resources: gauge("resources", "Resources of a source by state.", ["source", "kind", "state"]),
    pruneHeld: gauge("prune_held", "Resources that a hold keeps from being changed or removed.", ["source"]),
    configValid: gauge("config_valid", "Whether the config file, as it is now, can be used.", []),
    buildInfo: gauge("build_info", "What is running; always 1.", ["version", "node_version"]),
  }
}

function countersIn(registry: Registry) {
  const counter = <L extends string>(name: string, help: string, labelNames: readonly L[]) =>
    new Counter({ name: `lockstep_${name}_total`, help, labelNames, registers: [registry] })
  const corrected = "Fields set back after somebody changed them in Prefect."
  const prefectLabels = ["workspace", "method", "route", "status"] as const
  return {
    turns: counter("turns", "Turns by outcome.", ["source", "outcome"]),
    changes: counter("changes", "Writes by action and result.", ["source", "kind", "action", "result"]),
    driftCorrected: counter("drift_corrected", corrected, ["source", "kind", "field"]),
    gitRequests: counter("git_requests", "Requests to Git servers.", ["operation", "result"]),
    prefectRequests: counter("prefect_requests", "Requests to Prefect.", prefectLabels),
    registryRequests: counter("registry_requests", "Looks for images in registries.", ["result"]),
    configReloads: counter("config_reloads", "Looks at a changed config file, by result.", ["result"]),
    triggers: counter("triggers", "Reasons to look at a source.", ["source", "kind"]),
  }
}

function histogramsIn(registry: Registry) {
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({
      name: `lockstep_${name}_seconds`,
      help,
      buckets,
      labelNames: ["workspace"] as const,
      registers: [registry],
    })
  const applied = "From first seeing a revision to having applied it."
  const turnSeconds = histogram("turn_duration", "How long turns take.", turnSecondsBuckets)
  const appliedSeconds = histogram("commit_to_applied", applied, appliedSecondsBuckets)
  const prefectSeconds = histogram(
    "prefect_request_duration",
    "How long Prefect takes to answer.",
    requestSecondsBuckets,
  )
  return { turnSeconds, appliedSeconds, prefectSeconds, ofWorkspace: [turnSeconds, appliedSeconds, prefectSeconds] }
}
