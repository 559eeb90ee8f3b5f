import type { SourceName } from "../core/model.ts"
import type { Trigger } from "../core/outcome.ts"

/** One turn to be taken. `requestedAt` is the oldest request that asks for fresh knowledge, else null. */
export interface Taken {
  readonly source: SourceName
  readonly trigger: Trigger
  readonly requestedAt: number | null
}

/**
 * A queue of keys, not of events: fair, and free of repetition. Any number of triggers for a source collapse into at
 * most one running and one waiting turn, and a source never runs twice at once.
 */
export class Queue {
  readonly #dirty = new Map<SourceName, Taken>()
  readonly #active = new Set<SourceName>()
  readonly #takers = new Set<() => void>()

  /** Marks a source as due. Person-made triggers win over the clock's, because they ask for fresh knowledge. */
  add(source: SourceName, trigger: Trigger, requestedAt: number | null = null): void {
    const waiting = this.#dirty.get(source)
    const keep = waiting && (waiting.requestedAt !== null || requestedAt === null)
    this.#dirty.set(source, keep ? waiting : { source, trigger, requestedAt })
    this.#wake()
  }

  /** The next source that isn't running; waits for one. Rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<Taken> {
    for (;;) {
      signal.throwIfAborted()
      const next = [...this.#dirty.values()].find(({ source }) => !this.#active.has(source))
      if (next) {
        this.#dirty.delete(next.source)
        this.#active.add(next.source)
        return next
      }
      await this.#change(signal)
    }
  }

  /** The turn is over; what was added meanwhile becomes due. */
  done(source: SourceName): void {
    this.#active.delete(source)
    this.#wake()
  }

  forget(source: SourceName): void {
    this.#dirty.delete(source)
  }

  #wake(): void {
    for (const wake of this.#takers) wake()
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (): void => {
        this.#takers.delete(settle)
        signal.removeEventListener("abort", settle)
        if (signal.aborted) reject(signal.reason as Error)
        else resolve()
      }
      this.#takers.add(settle)
      signal.addEventListener("abort", settle)
    })
  }
}
