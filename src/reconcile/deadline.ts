import type { Clock } from "../lib/clock.ts"
import { LockstepError } from "../lib/errors.ts"
import type { Walk } from "./walk.ts"

/** Aborts when the turn has taken `ms` for itself, unless it was aborted before. */
export function deadline(walk: Walk, ms: number, clock: Clock): AbortController {
  const controller = new AbortController()
  const wait = async (): Promise<void> => {
    for (let left = ms; left > 0; left = ms - walk.ownMs()) await clock.sleep(left, controller.signal)
    const on = walk.stop ? `, and waits for ${walk.stop.on}` : ""
    const message = `the turn took longer than ${Math.round(ms / 60_000)} minutes${on}`
    controller.abort(new LockstepError(message, { kind: "transient", code: "turn-too-long" }))
  }
  void wait().catch(() => undefined)
  return controller
}
