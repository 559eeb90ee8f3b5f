import type { Logger } from "pino"
import type { Act } from "../core/act.ts"
import type { Problem, SourceName } from "../core/model.ts"
import type { Outcome } from "../core/outcome.ts"
import { countDone, initialStatus, reduceStatus, type SourceStatus } from "../core/status.ts"
import type { Listener, LockstepEvent } from "./events.ts"
import { listener } from "./listener.ts"

/** One turn of a broken repository must not flood the log; the status has all problems. */
const problemLinesMax = 50
const shortCommit = 10

const done = {
  create: "created",
  update: "updated",
  adopt: "adopted",
  retire: "retired",
  restore: "restored",
  prune: "pruned",
} as const

/**
 * Events as log lines: one for each write; one for a turn that did something or changed the state; one for each problem
 * that is new or solved, each hold, suspension and pin. A turn that found nothing to do says so at debug only.
 */
export function narrate(log: Logger): Listener {
  const statuses = new Map<SourceName, SourceStatus>()
  return listener({
    "source-added": ({ source, workspace }) => {
      if (statuses.get(source)?.workspace === workspace) return
      statuses.set(source, initialStatus(source, workspace))
      log.info({ source, workspace }, "source added")
    },
    "source-removed": ({ source }) => {
      statuses.delete(source)
      log.info({ source }, "source removed")
    },
    triggered: ({ source, trigger }) => log.debug({ source, trigger }, "triggered"),
    "turn-started": ({ source, trigger, turn }) => log.debug({ source, trigger, turn }, "turn started"),
    "turn-ended": ({ turn, outcome }) => {
      const before = statuses.get(outcome.source) ?? initialStatus(outcome.source, outcome.workspace)
      const after = reduceStatus(before, outcome)
      // A source that was removed during its last turn isn't remembered again.
      if (statuses.has(outcome.source)) statuses.set(outcome.source, after)
      narrateTurn(log, { turn, outcome, before, after })
    },
    "next-turn": ({ source, at }) => log.debug({ source, at }, "next turn"),
    written: (event) => narrateWrite(log, event),
    acted: ({ act }) => narrateAct(log, act),
    "git-request": ({ operation, result }) => log.debug({ operation, result }, "git request"),
    "registry-request": ({ result }) => log.debug({ result }, "registry request"),
    "prefect-request": ({ kind: _kind, ...request }) => log.debug(request, "prefect request"),
    "config-loaded": (event) => narrateConfig(log, event),
    listening: ({ address }) => log.info({ address }, "listening"),
    stopping: ({ reason }) => log.info({ reason }, "stopping"),
  })
}

interface Ended {
  readonly turn: number
  readonly outcome: Outcome
  readonly before: SourceStatus
  readonly after: SourceStatus
}

function narrateTurn(log: Logger, ended: Ended): void {
  const { turn, outcome, before, after } = ended
  const { source, kind, trigger, durationMs, failure } = outcome
  const lost = missingFrom(before.problems, after.problems)
  const found = missingFrom(after.problems, before.problems)
  const { keep: _keep, skip: _skip, ...counts } = countDone(outcome)
  const changes = Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0))
  const failureChanged = failure?.code !== before.failure?.code
  const news = [
    Object.keys(changes).length > 0,
    after.state !== before.state,
    failureChanged,
    found.length,
    lost.length,
  ]
  const fields = {
    source,
    turn,
    state: after.state,
    trigger,
    ...(after.revision.observed !== null && { commit: after.revision.observed.slice(0, shortCommit) }),
    ...(Object.keys(changes).length > 0 && { changes }),
    problems: after.problems.length,
    durationMs,
    ...(failure && { code: failure.code, error: failure.message }),
  }
  log[news.some(Boolean) ? turnLevel(outcome) : "debug"](fields, `turn ${kind}`)
  narrateProblems(log, source, found, "problem found")
  narrateProblems(log, source, lost, "problem solved")
  narrateControls(log, ended)
}

function turnLevel({ failure, kind }: Outcome): "info" | "warn" | "error" {
  if (failure) return failure.kind === "stalled" ? "error" : "warn"
  return kind === "degraded" || kind === "held" ? "warn" : "info"
}

function narrateProblems(log: Logger, source: SourceName, problems: readonly Problem[], title: string): void {
  for (const problem of problems.slice(0, problemLinesMax)) {
    const { severity, code, key, message } = problem
    const level = title === "problem solved" ? "info" : severity === "error" ? "error" : "warn"
    log[level]({ source, code, at: placeOf(problem), ...(key !== undefined && { key }), problem: message }, title)
  }
  if (problems.length > problemLinesMax) log.warn({ source, more: problems.length - problemLinesMax }, title)
}

function narrateControls(log: Logger, { before, after }: Ended): void {
  const source = after.name
  const { hold, suspend, pin } = after
  if (hold && hold.digest !== before.hold?.digest) {
    const reasons = hold.reasons.map(({ code, message }) => `${code}: ${message}`)
    const { digest, release, victims } = hold
    log.warn({ source, reasons, victims: victims.length, digest, release }, "held")
  }
  if (suspend && !before.suspend) log.info({ source, ...suspend }, "suspended")
  if (pin && pin.revision !== before.pin?.revision) log.info({ source, ...pin }, "pinned")
  const over = { "hold released": "hold", resumed: "suspend", unpinned: "pin" } as const
  for (const [title, name] of Object.entries(over)) if (before[name] && !after[name]) log.info({ source }, title)
}

function narrateWrite(log: Logger, event: LockstepEvent & { readonly kind: "written" }): void {
  const { source, revision, action, key, fields, corrected, reason, result, message } = event
  const commit = revision.slice(0, shortCommit)
  const said = { source, commit, action, key, fields, reason, ...(corrected.length > 0 && { corrected }) }
  if (result === "ok") log.info(said, done[action])
  else log.warn({ ...said, error: message }, "write failed")
}

/** One line for each act of a person: who, what, why. */
function narrateAct(log: Logger, { act, result, victims, ...rest }: Act): void {
  const told = Object.entries(rest).filter(([, value]) => value !== null && (!Array.isArray(value) || value.length > 0))
  const fields = {
    act,
    result,
    ...Object.fromEntries(told),
    ...(victims.length > 0 && { count: victims.length, victims }),
  }
  log[result === "done" ? "info" : "warn"](fields, `${act} ${result === "done" ? "asked for" : result}`)
}

function narrateConfig(log: Logger, { result, problems }: LockstepEvent & { readonly kind: "config-loaded" }): void {
  if (result !== "invalid") return log.info({ result }, "config loaded")
  for (const problem of problems.slice(0, problemLinesMax)) log.error({ problem }, "config problem")
  log.error({ problems: problems.length }, "config is invalid, the one before stays in force")
}

/** Those of `some` that `others` hasn't; a problem that only moved to another line is the same one. */
function missingFrom(some: readonly Problem[], others: readonly Problem[]): readonly Problem[] {
  const known = new Set(others.map((problem) => identity(problem)))
  return some.filter((problem) => !known.has(identity(problem)))
}

function identity({ severity, code, file, key, message }: Problem): string {
  return JSON.stringify([severity, code, file, key, message])
}

function placeOf({ file, line, column }: Problem): string | undefined {
  return file === undefined ? undefined : [file, line, column].filter((part) => part !== undefined).join(":")
}
