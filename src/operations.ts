import type { SourceName } from "./core/model.ts"
import type { SourceStatus } from "./core/status.ts"
import { isoTime, type Clock } from "./lib/clock.ts"
import { LockstepError } from "./lib/errors.ts"
import type { StatusBoard } from "./observe/board.ts"
import type { TurnContext } from "./reconcile/context.ts"
import type { Loop } from "./reconcile/loop.ts"
import { changeRecord, confirmHold, type Refusal } from "./reconcile/operate.ts"
import { releaseEverywhere } from "./reconcile/release.ts"
import type { Operated, Operations } from "./server/ports.ts"

/** An answer waits this long for the turn that carries the wish out, and else tells the status as it is. */
const turnWaitMs = 30_000

/** What people do to a source, over the loop: write it down where it outlives us, then look at the source at once. */
export function openOperations(parts: {
  readonly context: TurnContext
  readonly loop: Loop
  readonly board: StatusBoard
  readonly clock: Clock
}): Operations {
  const { context, loop, clock } = parts
  const place = (name: SourceName) => {
    const found = loop.find(name)
    if (found) return found
    throw new LockstepError(`there is no source "${name}"`, { kind: "stalled", code: "unknown-source" })
  }
  const then = async (name: SourceName, refusal: Refusal, signal: AbortSignal): Promise<Operated> =>
    refusal ? { kind: "refused", ...refusal } : { kind: "done", status: await statusAfterTurn(parts, name, signal) }
  return {
    async suspend(name, request, signal) {
      const suspend = { ...request, since: isoTime(clock.now()) }
      return then(name, await changeRecord(context, place(name), { suspend }, signal), signal)
    },
    async resume(name, signal) {
      return then(name, await changeRecord(context, place(name), { suspend: null }, signal), signal)
    },
    async pin(name, request, signal) {
      const { source } = place(name)
      // A pin outlives us: one to a commit that isn't there would stop the source until somebody looks.
      await context.git.tree(source.remote, request.revision, signal)
      const pin = { ...request, since: isoTime(clock.now()) }
      return then(name, await changeRecord(context, place(name), { pin }, signal), signal)
    },
    async unpin(name, signal) {
      return then(name, await changeRecord(context, place(name), { pin: null }, signal), signal)
    },
    async confirm(name, digest, signal) {
      return then(name, confirmHold(place(name), digest), signal)
    },
    async release(name, by, signal) {
      const home = loop.find(name)?.workspace.name
      const others = loop.workspaces().filter((workspace) => workspace.name !== home)
      const { workspaces, failed } = await releaseEverywhere(context, others, { source: name, by }, signal)
      for (const { sources } of others.filter((one) => workspaces.includes(one.name)))
        for (const one of sources.keys()) loop.trigger(one, "sibling")
      if (workspaces.length > 0) return { kind: "done", workspaces, unread: failed.map(({ workspace }) => workspace) }
      if (failed[0]) throw failed[0].error
      return home === undefined ? nothingToRelease(name) : stillConfigured(name)
    },
  }
}

function nothingToRelease(name: SourceName) {
  const message = `no workspace has a record of a source "${name}" of this installation, or a deployment with its mark`
  return { kind: "refused", code: "nothing-to-release", message } as const
}

function stillConfigured(name: SourceName) {
  const message = `"${name}" is a source of this config: take it out of it, and it is released by itself`
  return { kind: "refused", code: "still-configured", message } as const
}

async function statusAfterTurn(
  { loop, board, clock }: { readonly loop: Loop; readonly board: StatusBoard; readonly clock: Clock },
  name: SourceName,
  signal: AbortSignal,
): Promise<SourceStatus> {
  const turn = loop.trigger(name, "sync")
  const timeout = new AbortController()
  void clock.sleep(turnWaitMs, timeout.signal).then(
    () => timeout.abort(),
    () => undefined,
  )
  const waited = await board.waitForTurn(name, turn, AbortSignal.any([signal, timeout.signal])).catch(() => null)
  timeout.abort()
  const status = waited ?? board.view(name)?.status
  if (status) return status
  throw new LockstepError(`there is no source "${name}"`, { kind: "stalled", code: "unknown-source" })
}
