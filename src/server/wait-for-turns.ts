import { lookAgainWhileWaitedMs, showsCommit } from "../core/awaited.ts"
import type { Revision, SourceName } from "../core/model.ts"
import type { SourceStatus } from "../core/status.ts"
import type { Clock } from "../lib/clock.ts"
import type { Daemon } from "./ports.ts"
import { HttpProblem } from "./problem.ts"

interface Around {
  readonly daemon: Daemon
  readonly clock: Clock
  readonly closing: AbortSignal
}
interface Wanted {
  readonly names: readonly SourceName[]
  /** Turns with a higher number count. */
  readonly after: number
  /** Only a turn that saw it counts. */
  readonly commit: Revision | null
  readonly waitMs: number
}

/**
 * The statuses after such a turn of each; null when the time is up before.
 * @throws HttpProblem when a commit is wanted that can't be seen, or isn't when the time is up: never a 200 for another one
 */
export async function waitForTurns(
  around: Around,
  wanted: Wanted,
  gone: AbortSignal,
): Promise<readonly (SourceStatus | null)[] | null> {
  const { daemon, clock, closing } = around
  const { names, after, commit, waitMs } = wanted
  const turn = (source: SourceName): Promise<SourceStatus | null> =>
    commit === null
      ? daemon.board.waitForTurn(source, after, gone)
      : waitForCommit(around, { source, commit, after }, gone)
  const turns = Promise.all(names.map((name) => turn(name)))
  const over = clock.sleep(waitMs, AbortSignal.any([gone, closing])).then(() => null)
  const ended = await Promise.race([turns, over])
  const now = commit !== null && ended === null ? names.flatMap((name) => daemon.board.view(name)?.status ?? []) : []
  for (const status of now) if (commit !== null && !showsCommit(status, commit)) throw notShown(status, commit)
  return ended
}

/** Looks again until a turn saw the commit; null when the source is gone. */
async function waitForCommit(
  { daemon, clock }: Around,
  wanted: { readonly source: SourceName; readonly commit: Revision; readonly after: number },
  signal: AbortSignal,
): Promise<SourceStatus | null> {
  const { source, commit } = wanted
  for (let [tries, after] = [0, wanted.after]; ; tries++) {
    const status = await daemon.board.waitForTurn(source, after, signal)
    if (!status || showsCommit(status, commit)) return status
    if (status.pin || status.suspend) throw notShown(status, commit)
    await clock.sleep(lookAgainWhileWaitedMs(tries), signal)
    after = daemon.trigger([source], "webhook")
  }
}

function notShown(status: SourceStatus, commit: Revision): HttpProblem {
  return new HttpProblem(409, `commit ${commit} wasn't seen: ${whyNot(status)}`, {
    members: { code: "commit-not-shown" },
  })
}

function whyNot({ revision, pin, suspend, failure }: SourceStatus): string {
  if (suspend) return "the source is suspended: resume it first"
  if (pin) return `the source is pinned at ${pin.revision}: unpin it first`
  if (failure) return `the last turn failed (${failure.code}): see the source's status`
  const at = revision.observed ?? "no commit"
  return `the Git server shows ${at} for the source's ref, and not that commit yet, or it has moved on: wait longer, or look at the ref`
}
