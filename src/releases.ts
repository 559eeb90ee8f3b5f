import type { SourceName } from "./core/model.ts"
import { toError } from "./lib/errors.ts"
import type { TurnContext } from "./reconcile/context.ts"
import { releaseLeft, type Left } from "./reconcile/release.ts"

const triesMax = 10
const firstDelayMs = 1_000
const delayMaxMs = 300_000
const tryMs = 30_000
/** A new config waits this long for what it takes away: as a rule a release is one request. */
const patienceMs = 5_000

/** Writes down which sources left the config; what can't be written now is tried again, beside everything else. */
export class Releases implements AsyncDisposable {
  readonly #context: TurnContext
  readonly #warn: (message: string) => void
  readonly #pending = new Map<SourceName, { readonly stop: AbortController; readonly ended: Promise<void> }>()

  constructor(context: TurnContext, warn: (message: string) => void) {
    this.#context = context
    this.#warn = warn
  }

  /** Resolves when all of them are written down, or after a while: the rest goes on without anybody waiting. */
  async take(left: readonly Left[]): Promise<void> {
    for (const one of left) {
      const stop = new AbortController()
      const ended = this.#release(one, stop.signal).finally(() => this.#pending.delete(one.source))
      this.#pending.set(one.source, { stop, ended })
    }
    if (left.length === 0) return
    const over = new AbortController()
    const late = this.#context.clock.sleep(patienceMs, over.signal).catch(() => undefined)
    await Promise.race([Promise.all([...this.#pending.values()].map(({ ended }) => ended)), late])
    over.abort()
  }

  /** The source is back: nothing may be written about it any more once this resolves. */
  async forget(source: SourceName): Promise<void> {
    const pending = this.#pending.get(source)
    pending?.stop.abort(new Error("the source is back"))
    await pending?.ended
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const source of this.#pending.keys()) await this.forget(source)
  }

  async #release(left: Left, stop: AbortSignal): Promise<void> {
    const { clock } = this.#context
    await left.ended
    for (let tries = 1; tries <= triesMax && !stop.aborted; tries++) {
      if (await this.#try(left, stop, tries)) return
      await clock.sleep(Math.min(delayMaxMs, firstDelayMs * 2 ** tries), stop).catch(() => undefined)
    }
  }

  async #try(left: Left, stop: AbortSignal, tries: number): Promise<boolean> {
    try {
      await releaseLeft(this.#context, left, AbortSignal.any([stop, AbortSignal.timeout(tryMs)]))
      return true
    } catch (error) {
      const then = tries < triesMax ? "this is tried again" : `once Prefect is back: lockstep release ${left.source}`
      const isTold = !stop.aborted && (tries === 1 || tries === triesMax)
      if (isTold)
        this.#warn(`source ${left.source} left the config, and can't be released (${toError(error).message}); ${then}`)
      return false
    }
  }
}
