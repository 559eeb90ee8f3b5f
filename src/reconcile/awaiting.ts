import { awaitedAfter, isThere, lookAgainMs, type Awaited, type Push } from "../core/awaited.ts"
import type { Revision, SourceName } from "../core/model.ts"
import type { Outcome } from "../core/outcome.ts"
import type { Clock } from "../lib/clock.ts"
import type { LockstepEvent } from "../observe/events.ts"

interface Waiting {
  awaited: Awaited
  tries: number
  /** Ends the pending wait for the next look; null = a turn decides whether there is one. */
  timer: AbortController | null
}

/**
 * A webhook may be faster than the replica that is polled: what it names is looked for again, a few times at growing
 * distances, until the polls show it. Each look is a hint as the webhook was, so a source that rests goes on resting.
 */
export class Awaiting implements Disposable {
  readonly #clock: Clock
  readonly #look: (source: SourceName) => void
  readonly #waiting = new Map<SourceName, Waiting>()

  constructor(clock: Clock, look: (source: SourceName) => void) {
    this.#clock = clock
    this.#look = look
  }

  /** `observed` is what the source's polls have shown so far. */
  expect(source: SourceName, push: Push, observed: Revision | null): void {
    const awaited = awaitedAfter(push, this.#waiting.get(source)?.awaited ?? null, observed)
    this.#forget(source)
    if (awaited) this.#waiting.set(source, { awaited, tries: 0, timer: null })
  }

  readonly take = (event: LockstepEvent): void => {
    if (event.kind === "turn-ended") this.#afterTurn(event.outcome)
    if (event.kind === "source-removed") this.#forget(event.source)
  };

  [Symbol.dispose](): void {
    for (const source of this.#waiting.keys()) this.#forget(source)
  }

  #afterTurn({ source, kind, observed, pin }: Outcome): void {
    const waiting = this.#waiting.get(source)
    // A turn that failed is repeated anyway, and says nothing about the ref.
    if (!waiting || kind === "failed") return
    if (kind === "suspended" || pin !== null || isThere(waiting.awaited, observed)) this.#forget(source)
    else if (waiting.timer === null) this.#lookAgain(source, waiting)
  }

  #lookAgain(source: SourceName, waiting: Waiting): void {
    const delayMs = lookAgainMs(waiting.tries++)
    if (delayMs === null) return this.#forget(source)
    waiting.timer = new AbortController()
    this.#clock.sleep(delayMs, waiting.timer.signal).then(
      () => this.#due(source, waiting),
      () => undefined,
    )
  }

  #due(source: SourceName, waiting: Waiting): void {
    waiting.timer = null
    this.#look(source)
  }

  #forget(source: SourceName): void {
    this.#waiting.get(source)?.timer?.abort()
    this.#waiting.delete(source)
  }
}
