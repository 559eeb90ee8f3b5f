import type { Clock } from "../lib/clock.ts"

/** So many requests a second on average; short bursts of one second's worth go at once. */
export class Budget {
  readonly #perSecond: number
  readonly #clock: Clock
  /** When the next request may start, if all before it had gone at their pace. */
  #next = Number.NEGATIVE_INFINITY

  constructor(perSecond: number, clock: Clock) {
    this.#perSecond = perSecond
    this.#clock = clock
  }

  async take(signal: AbortSignal): Promise<void> {
    const now = this.#clock.elapsed()
    const earliest = Math.max(this.#next, now - 1_000)
    this.#next = earliest + 1_000 / this.#perSecond
    if (earliest > now) await this.#clock.sleep(earliest - now, signal)
  }
}

/** At most `width` at a time, in order of arrival; the width may change while others wait. */
export class Gate {
  readonly #waiting: (() => void)[] = []
  #inside = 0
  #width: number

  constructor(width: number) {
    this.#width = width
  }

  get width(): number {
    return this.#width
  }

  set width(width: number) {
    this.#width = Math.max(1, width)
    this.#admit()
  }

  async through<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#enter(signal)
    try {
      return await work()
    } finally {
      this.#inside--
      this.#admit()
    }
  }

  #enter(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    return new Promise((resolve, reject) => {
      const admit = (): void => {
        signal.removeEventListener("abort", leave)
        this.#inside++
        resolve()
      }
      const leave = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(admit), 1)
        reject(signal.reason as Error)
      }
      signal.addEventListener("abort", leave, { once: true })
      this.#waiting.push(admit)
      this.#admit()
    })
  }

  #admit(): void {
    while (this.#inside < this.#width) {
      const next = this.#waiting.shift()
      if (!next) return
      next()
    }
  }
}
