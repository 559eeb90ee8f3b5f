import { mayInsist } from "../core/delay.ts"
import type { SourceName } from "../core/model.ts"
import type { Trigger } from "../core/outcome.ts"

export interface Wish {
  readonly source: SourceName
  readonly trigger: Trigger
  /** The newest request that asks for fresh knowledge, else null. */
  readonly requestedAt: number | null
}

/** A turn to be run. */
export interface Taken extends Wish {
  /** Turns are numbered as they are taken: one with a higher number knows every wish that came before it. */
  readonly turn: number
}

/**
 * A queue of keys, not of events: fair, and free of repetition. Any number of triggers for a source collapse into at
 * most one running and one waiting turn, and a source never runs twice at once.
 */
export class Queue {
  readonly #dirty = new Map<SourceName, Wish>()
  readonly #active = new Set<SourceName>()
  readonly #takers = new Set<() => void>()
  #turns = 0

  /** Marks a source as due. Returns the number of the newest turn so far: any later one of this source knows of it. */
  add(source: SourceName, trigger: Trigger, requestedAt: number | null = null): number {
    const waiting = this.#dirty.get(source)
    const added = { source, trigger, requestedAt }
    this.#dirty.set(source, waiting ? merged(waiting, added) : added)
    this.#wake()
    return this.#turns
  }

  /** The next source that isn't running; waits for one. Rejects with the signal's reason. */
  async take(signal: AbortSignal): Promise<Taken> {
    for (;;) {
      signal.throwIfAborted()
      const next = [...this.#dirty.values()].find(({ source }) => !this.#active.has(source))
      if (next) {
        this.#dirty.delete(next.source)
        this.#active.add(next.source)
        return { ...next, turn: ++this.#turns }
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

/** Who insists wins over who hints, and of these a person over the clock, because a person asks for fresh knowledge. */
function merged(waiting: Wish, added: Wish): Wish {
  const [before, now] = [mayInsist(waiting.trigger), mayInsist(added.trigger)]
  const keeps = before === now ? waiting.requestedAt !== null || added.requestedAt === null : before
  const requestedAt = added.requestedAt ?? waiting.requestedAt
  return { source: waiting.source, trigger: keeps ? waiting.trigger : added.trigger, requestedAt }
}
