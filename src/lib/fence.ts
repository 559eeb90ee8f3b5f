import { ageMs, readingOf, type Clock, type Reading } from "./clock.ts"

/** What was known when a write was decided, no longer stands: it isn't sent. */
export class FencedError extends Error {
  override readonly name = "FencedError"
}

/** Says why a write must not go any more, or null; asks anew each time. */
export type Ask = (signal: AbortSignal) => Promise<string | null>
/** Something that writes rest on, and when it was last read. */
export interface Ground {
  readonly ask: Ask
  readonly read: Reading
}

/** A process may sleep between any two steps (a paused machine, a stopped process), and others work on meanwhile. */
const standsMs = 3_000
/** Where each answer takes longer than it stands, the last of so many counts: nobody slept through all of them. */
const asksMax = 3
const fences = new WeakMap<AbortSignal, Fence>()

/**
 * Stands before the write requests of one change: when what they rest on was read longer ago than it stands, by any
 * clock, it is read again right before the request leaves. Travels with the signal that every request is given.
 */
export class Fence {
  readonly signal: AbortSignal
  readonly #clock: Clock
  readonly #asked: AbortSignal
  #grounds: readonly Ground[]

  constructor(clock: Clock, signal: AbortSignal, grounds: readonly Ground[]) {
    this.signal = AbortSignal.any([signal])
    this.#clock = clock
    this.#asked = signal
    this.#grounds = grounds
    fences.set(this.signal, this)
  }

  /** @throws FencedError */
  async pass(): Promise<void> {
    for (let tries = 0; tries < asksMax && this.#isStale(); tries++) {
      const grounds: Ground[] = []
      for (const { ask } of this.#grounds) {
        // Before the question: its answer may have waited for us while we slept.
        const read = readingOf(this.#clock)
        const obstacle = await ask(this.#asked)
        if (obstacle !== null) throw new FencedError(obstacle)
        grounds.push({ ask, read })
      }
      this.#grounds = grounds
    }
  }

  #isStale(): boolean {
    return this.#grounds.some(({ read }) => ageMs(this.#clock, read) > standsMs)
  }
}

/** The fence that a signal carries, if it does. */
export function fenceOf(signal: AbortSignal): Fence | null {
  return fences.get(signal) ?? null
}
