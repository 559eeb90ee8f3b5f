import type { SourceName } from "../core/model.ts"

/** Where a turn is at the moment. */
export interface Stop {
  /** Whom it asks, or stands in line for, in words: `Git host git.example.com`. */
  readonly on: string
  readonly sinceMs: number
}

/** The way of one turn through the places outside: where it is now, and how long it has only stood in line. */
export class Walk {
  readonly source: SourceName
  readonly startedMs: number
  readonly #now: () => number
  readonly #onStop: (stop: Stop | null) => void
  readonly #stops = new Set<Stop>()
  #lines = 0
  #lineSinceMs = 0
  #inLineMs = 0

  constructor(source: SourceName, now: () => number, onStop: (stop: Stop | null) => void) {
    this.source = source
    this.startedMs = now()
    this.#now = now
    this.#onStop = onStop
  }

  /** What it waits for longest; null = for nothing. */
  get stop(): Stop | null {
    const [oldest] = this.#stops
    return oldest ?? null
  }

  /** The time that the turn took for itself: others were before it in the rest. */
  ownMs(): number {
    const now = this.#now()
    const waiting = this.#lines > 0 ? now - this.#lineSinceMs : 0
    return now - this.startedMs - this.#inLineMs - waiting
  }

  async at<T>(on: string, work: () => Promise<T>): Promise<T> {
    const stop = { on, sinceMs: this.#now() }
    this.#stops.add(stop)
    this.#onStop(this.stop)
    try {
      return await work()
    } finally {
      this.#stops.delete(stop)
      this.#onStop(this.stop)
    }
  }

  async inLine<T>(line: Promise<T>): Promise<T> {
    if (this.#lines++ === 0) this.#lineSinceMs = this.#now()
    try {
      return await line
    } finally {
      if (--this.#lines === 0) this.#inLineMs += this.#now() - this.#lineSinceMs
    }
  }
}
